// Small helpers to build the page; text is always text, never markup.

export const $ = (selector, inside = document) => inside.querySelector(selector);

/** Make an element: attributes, listeners (on…), properties (text, value, checked), children. */
export function make(name, options = {}, ...children) {
  const svg = ["svg", "g", "path", "text", "circle", "line", "rect"].includes(name);
  const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "text") element.textContent = value;
    else if (key === "style") Object.entries(value).forEach(([property, one]) => element.style.setProperty(property, one));
    else if (key === "dataset") Object.assign(element.dataset, value);
    else if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "value" || key === "checked") element[key] = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

export const percent = (share) => `${Math.round(share * 100)} %`;

/** Call a function when calls have stopped coming for a while. */
export function settled(act, milliseconds) {
  let timer;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...values), milliseconds);
  };
}

/** Tell those who listen rather than look. */
export function announce(text) {
  $("#status").textContent = text;
}

let hiding;
/** Show what went wrong or was done, for a while. */
export function notify(text, kind = "error") {
  const notice = $("#notice");
  notice.textContent = text;
  notice.className = kind;
  notice.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => (notice.hidden = true), 8000);
}

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

export const percent = (share) => `${Math.round(share * 100)}%`;

/** How an element can be found again after its surroundings were drawn anew. */
function handleOf(element) {
  if (element.id) return `#${CSS.escape(element.id)}`;
  for (const name of ["name", "aria-label"]) {
    if (element.getAttribute(name)) return `${element.localName}[${name}="${CSS.escape(element.getAttribute(name))}"]`;
  }
  return null;
}

/** Draw part of the page anew without taking the keyboard's place away. */
export function keepingFocus(part, redraw) {
  const focused = part.contains(document.activeElement) ? handleOf(document.activeElement) : null;
  redraw();
  if (focused) part.querySelector(focused)?.focus();
}

/** Copy a text; where the browser allows it only by hand, show it. */
export async function copy(text, done, byHand) {
  try {
    await navigator.clipboard.writeText(text);
    notify(done, "done");
  } catch {
    const field = make("textarea", { rows: "4", readonly: true, "aria-label": byHand, value: text });
    const notice = $("#notice");
    notify(byHand, "done");
    notice.append(field);
    clearTimeout(hiding);
    field.select();
  }
}

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
/** Show what went wrong or was done, for a while, with a button for what can be done about it. */
export function notify(text, kind = "error", action = null) {
  const notice = $("#notice");
  notice.textContent = text;
  // A dialog shuts off everything outside of it.
  ($("#detail").open ? $("#detail") : document.body).append(notice);
  if (action) {
    notice.append(" ", make("button", { type: "button", text: action.text, onclick: () => {
      notice.hidden = true;
      action.act();
    } }));
  }
  notice.className = kind;
  notice.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => (notice.hidden = true), 8000);
}

// The plane as an explorer: it fits the data, zooms, shows the picture under the pointer, and a lasso encloses points.

import { thumbnail } from "./api.js";
import { make } from "./dom.js";
import { t } from "./language.js";

// How close a pointer must come to a point, in pixels, and how far zoom goes.
const NEAR = 10;
const CLOSEST = 0.02;
const FACTOR = 1.25;
const MARGIN = 0.06;

/** The part of the plane that holds every point, with a margin. */
export function fitting(points) {
  const part = (values) => {
    let [low, high] = [255, 0];
    for (let number = 0; number < points.count; number++) {
      if (values[number] < low) low = values[number];
      if (values[number] > high) high = values[number];
    }
    if (low > high) return [0, 1];
    const more = MARGIN * Math.max(0.1, (high - low) / 255);
    return [Math.max(0, low / 255 - more), Math.min(1, high / 255 + more)];
  };
  return { valence: part(points.valence), arousal: part(points.arousal) };
}

/** Whether a place lies inside of a line that is closed; by the number of sides to its right. */
export function inside(x, y, line) {
  let found = false;
  for (let at = 0, before = line.length - 1; at < line.length; before = at++) {
    const [[x0, y0], [x1, y1]] = [line[at], line[before]];
    if (y0 > y !== y1 > y && x < ((x1 - x0) * (y - y0)) / (y1 - y0) + x0) found = !found;
  }
  return found;
}

/** Bring the explorer to life on the area of a plane. */
export function explore({ area, element, points, at, view, look, enclose }) {
  const whole = fitting(points);
  const line = make("path", { class: "lasso" });
  const drawing = make("svg", { class: "drawing", viewBox: "0 0 100 100", preserveAspectRatio: "none", "aria-hidden": "true" }, line);
  const picture = make("img", { class: "hovered", alt: "", hidden: true });
  const button = (key, sign, act, options = {}) => make("button", { type: "button", title: t(key), "aria-label": t(key), text: sign, onclick: act, ...options });
  const lasso = button("lasso", "◌", () => lasso.setAttribute("aria-pressed", String(lasso.getAttribute("aria-pressed") !== "true")), { "aria-pressed": "false" });
  area.append(drawing);
  element.append(picture, make("div", { class: "tools" }, button("zoomIn", "+", () => zoom(FACTOR)), button("zoomOut", "−", () => zoom(1 / FACTOR)), button("fit", "⤢", () => look(whole)), lasso));

  /** Zoom around a place, by default the middle; never beyond the plane. */
  function zoom(factor, around = null) {
    const part = ([low, high], axis) => {
      const length = Math.min(1, Math.max(CLOSEST, (high - low) / factor));
      const fixed = around ? around[axis] : (low + high) / 2;
      const start = Math.min(1 - length, Math.max(0, fixed - ((fixed - low) / (high - low)) * length));
      return [start, start + length];
    };
    look({ valence: part(view().valence, 0), arousal: part(view().arousal, 1) });
  }

  area.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(FACTOR ** (-event.deltaY / 100), at(event));
  }, { passive: false });
  area.addEventListener("dblclick", () => look(whole));
  area.addEventListener("keydown", (event) => {
    const keys = { "+": () => zoom(FACTOR), "-": () => zoom(1 / FACTOR), 0: () => look(whole) };
    if (keys[event.key]) {
      event.preventDefault();
      keys[event.key]();
    }
  });

  /** The point nearest to a pointer, if it is near enough. */
  function nearest(event) {
    const box = area.getBoundingClientRect();
    const { valence, arousal } = view();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const [wide, high] = [box.width / (255 * (valence[1] - valence[0])), box.height / (255 * (arousal[1] - arousal[0]))];
    let [best, found] = [NEAR ** 2, null];
    for (let number = 0; number < points.count; number++) {
      const across = (points.valence[number] - 255 * valence[0]) * wide - x;
      const down = box.height - (points.arousal[number] - 255 * arousal[0]) * high - y;
      const far = across * across + down * down;
      if (far < best) [best, found] = [far, number];
    }
    return found;
  }

  let path = null;
  area.addEventListener("pointerdown", (event) => {
    if (lasso.getAttribute("aria-pressed") !== "true" && !event.shiftKey) return;
    // The brush does not begin then.
    event.preventDefault();
    event.stopImmediatePropagation();
    area.setPointerCapture(event.pointerId);
    path = [at(event)];
  }, { capture: true });
  let asked = false;
  area.addEventListener("pointermove", (event) => {
    if (path) {
      path.push(at(event));
      const { valence, arousal } = view();
      const drawn = path.map(([v, a]) => `${(100 * (v - valence[0])) / (valence[1] - valence[0])} ${100 - (100 * (a - arousal[0])) / (arousal[1] - arousal[0])}`);
      line.setAttribute("d", `M${drawn.join("L")}Z`);
    } else if (!asked && event.pointerType === "mouse" && !event.buttons) {
      asked = true;
      requestAnimationFrame(() => {
        asked = false;
        hover(nearest(event), event);
      });
    }
  });
  area.addEventListener("pointerleave", () => (picture.hidden = true));
  area.addEventListener("pointercancel", () => {
    path = null;
    line.removeAttribute("d");
  });
  area.addEventListener("pointerup", () => {
    if (!path) return;
    const drawn = path;
    path = null;
    line.removeAttribute("d");
    const ids = [];
    for (let number = 0; number < points.count; number++) {
      if (inside(points.valence[number] / 255, points.arousal[number] / 255, drawn)) ids.push(points.ids[number]);
    }
    enclose(ids);
  });

  function hover(number, event) {
    picture.hidden = number === null;
    if (number === null) return;
    const source = thumbnail(points.ids[number], 240);
    if (!picture.src.endsWith(source)) picture.src = source;
    const box = element.getBoundingClientRect();
    picture.style.setProperty("left", `${Math.min(event.clientX - box.left + 14, box.width - 130)}px`);
    picture.style.setProperty("top", `${event.clientY - box.top + 14}px`);
  }

  look(whole);
}

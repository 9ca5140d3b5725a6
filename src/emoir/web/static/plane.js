// The valence-arousal plane: every image a point; click to ask, drag to keep what lies inside.

import { announce, make } from "./dom.js";
import { NEUTRAL, colourOf } from "./emotions.js";
import { t } from "./language.js";

const SIDE = 260;
const STEP = 0.02;
// Shorter drags are clicks.
const CLICK = 6;
const WHOLE = { valence: [0, 1], arousal: [0, 1] };

const limited = (value) => Math.min(1, Math.max(0, value));
const rgb = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));

/**
 * Draw a plane.
 *
 * choose(valence, arousal) is called for a click or Enter; select(range) for a brush, with null when it is taken away;
 * enclose(ids) for a lasso. Without select there is neither brush nor zoom. moved(valence, arousal) is called when the
 * keyboard moves the point.
 */
export function plane({ choose, select = null, enclose = null, moved = () => {} }) {
  const canvas = make("canvas", { width: 2 * SIDE, height: 2 * SIDE, class: "plane" });
  const marker = make("div", { class: "marker", hidden: true });
  const brush = make("div", { class: "brush", hidden: true });
  const area = make("div", { class: "area", role: "application", tabindex: "0", "aria-label": t("planeLabel") }, canvas, brush, marker);
  const element = make(
    "div",
    { class: "planebox" },
    make("span", { class: "axis top", text: t("exciting") }),
    make("span", { class: "axis bottom", text: t("calm") }),
    make("span", { class: "axis left", text: t("unpleasant") }),
    make("span", { class: "axis right", text: t("pleasant") }),
    area,
  );
  let place = [0.5, 0.5];
  let range = null;
  let view = WHOLE;
  let drawn = null;

  const across = (value, [low, high]) => (value - low) / (high - low);
  const at = (event) => {
    const box = area.getBoundingClientRect();
    const [x, y] = [limited((event.clientX - box.left) / box.width), 1 - limited((event.clientY - box.top) / box.height)];
    return [x, y].map((share, axis) => {
      const [low, high] = axis ? view.arousal : view.valence;
      return low + share * (high - low);
    });
  };

  function put() {
    marker.style.setProperty("left", `${100 * across(place[0], view.valence)}%`);
    marker.style.setProperty("top", `${100 * (1 - across(place[1], view.arousal))}%`);
    brush.hidden = !range;
    if (!range) return;
    const [left, right] = range.valence.map((value) => across(value, view.valence));
    const [low, high] = range.arousal.map((value) => across(value, view.arousal));
    brush.style.setProperty("left", `${100 * left}%`);
    brush.style.setProperty("width", `${100 * (right - left)}%`);
    brush.style.setProperty("top", `${100 * (1 - high)}%`);
    brush.style.setProperty("height", `${100 * (high - low)}%`);
  }

  function mark(valence, arousal) {
    place = [valence, arousal];
    marker.hidden = false;
    put();
  }

  function show(wanted) {
    range = wanted;
    put();
  }

  const between = ([v0, a0], [v1, a1]) => ({ valence: [Math.min(v0, v1), Math.max(v0, v1)], arousal: [Math.min(a0, a1), Math.max(a0, a1)] });

  let begun = null;
  area.addEventListener("pointerdown", (event) => {
    if (event.defaultPrevented || event.target.closest("button")) return;
    begun = { x: event.clientX, y: event.clientY, at: at(event), dragged: false };
    area.setPointerCapture(event.pointerId);
  });
  area.addEventListener("pointermove", (event) => {
    if (!begun || !select) return;
    begun.dragged ||= Math.hypot(event.clientX - begun.x, event.clientY - begun.y) > CLICK;
    if (begun.dragged) show(between(begun.at, at(event)));
  });
  area.addEventListener("pointerup", (event) => {
    if (!begun) return;
    if (begun.dragged) select(between(begun.at, at(event)));
    else {
      mark(...at(event));
      choose(...place);
    }
    begun = null;
  });
  area.addEventListener("pointercancel", () => (begun = null));
  area.addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] };
    if (moves[event.key]) {
      event.preventDefault();
      nudge(...moves[event.key]);
    } else if (event.key === "Enter" && event.target === area) {
      event.preventDefault();
      choose(...place);
    } else if (event.key === "Escape" && select) select(null);
  });

  function nudge(valence, arousal) {
    mark(limited(place[0] + valence), limited(place[1] + arousal));
    announce(t("at", place[0].toFixed(2), place[1].toFixed(2)));
    moved(...place);
  }

  /** Draw what lies in the view straight into pixels: as fast for 100,000 points as for ten. */
  function paint() {
    const context = canvas.getContext("2d");
    const size = canvas.width;
    const image = context.createImageData(size, size);
    const { points, colours } = drawn;
    const unsure = rgb(NEUTRAL);
    const closer = 1 / (view.valence[1] - view.valence[0]);
    const seen = points.count / closer ** 2;
    const dot = seen > 20000 ? 2 : seen > 2000 ? 3 : seen > 200 ? 7 : 13;
    const strength = Math.max(60, Math.min(220, Math.round(900000 / Math.max(1, seen))));
    const [left, bottom] = [255 * view.valence[0], 255 * view.arousal[0]];
    const [wide, high] = [view.valence, view.arousal].map(([low, most]) => (size - dot) / (255 * (most - low)));
    const data = image.data;
    for (let number = 0; number < points.count; number++) {
      const x0 = Math.round((points.valence[number] - left) * wide);
      const y0 = size - dot - Math.round((points.arousal[number] - bottom) * high);
      if (x0 < 0 || y0 < 0 || x0 + dot > size || y0 + dot > size) continue;
      const colour = colours[points.top[number]] || unsure;
      for (let y = y0; y < y0 + dot; y++) {
        for (let x = x0; x < x0 + dot; x++) {
          const spot = 4 * (y * size + x);
          const before = data[spot + 3];
          const share = before ? strength / (before + strength) : 1;
          data[spot] += (colour[0] - data[spot]) * share;
          data[spot + 1] += (colour[1] - data[spot + 1]) * share;
          data[spot + 2] += (colour[2] - data[spot + 2]) * share;
          data[spot + 3] = Math.min(255, before + strength);
        }
      }
    }
    context.putImageData(image, 0, 0);
    put();
  }

  let waiting = false;
  /** Look at a part of the plane; drawn with the next frame. */
  function look(part) {
    view = part;
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      paint();
    });
  }

  async function draw(points, names) {
    drawn = { points, colours: names.map((name, number) => rgb(colourOf(name, number))) };
    if (select) (await import("./explorer.js")).explore({ area, element, points, at, view: () => view, look, enclose });
    else paint();
  }

  return { element, mark, show, draw, nudge, hide: () => (marker.hidden = true), value: () => place };
}

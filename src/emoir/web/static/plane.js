// The valence-arousal plane: every image a point; click to ask, drag to keep what lies inside.

import { announce, make } from "./dom.js";
import { colourOf } from "./emotions.js";
import { t } from "./language.js";

const SIDE = 260;
const STEP = 0.02;
// Shorter drags are clicks.
const CLICK = 6;

function rgb(colour) {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
}

/**
 * Draw a plane.
 *
 * choose(valence, arousal) is called for a click or Enter; select(range) for a brush, with null when it is taken away.
 * Without select there is no brush. moved(valence, arousal) is called when the keyboard moves the point.
 */
export function plane({ choose, select = null, moved = () => {} }) {
  const canvas = make("canvas", { width: 2 * SIDE, height: 2 * SIDE, class: "plane" });
  const marker = make("div", { class: "marker", hidden: true });
  const brush = make("div", { class: "brush", hidden: true });
  const area = make(
    "div",
    { class: "area", role: "application", tabindex: "0", "aria-label": t("planeLabel") },
    canvas,
    brush,
    marker,
  );
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

  const at = (event) => {
    const box = area.getBoundingClientRect();
    const limit = (value) => Math.min(1, Math.max(0, value));
    return [limit((event.clientX - box.left) / box.width), 1 - limit((event.clientY - box.top) / box.height)];
  };

  function mark(valence, arousal) {
    place = [valence, arousal];
    marker.style.setProperty("left", `${100 * valence}%`);
    marker.style.setProperty("top", `${100 * (1 - arousal)}%`);
    marker.hidden = false;
  }

  function show(range) {
    brush.hidden = !range;
    if (!range) return;
    brush.style.setProperty("left", `${100 * range.valence[0]}%`);
    brush.style.setProperty("width", `${100 * (range.valence[1] - range.valence[0])}%`);
    brush.style.setProperty("top", `${100 * (1 - range.arousal[1])}%`);
    brush.style.setProperty("height", `${100 * (range.arousal[1] - range.arousal[0])}%`);
  }

  const between = ([v0, a0], [v1, a1]) => ({
    valence: [Math.min(v0, v1), Math.max(v0, v1)],
    arousal: [Math.min(a0, a1), Math.max(a0, a1)],
  });

  let begun = null;
  area.addEventListener("pointerdown", (event) => {
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
    } else if (event.key === "Enter") {
      event.preventDefault();
      choose(...place);
    } else if (event.key === "Escape" && select) select(null);
  });

  function nudge(valence, arousal) {
    const limit = (value) => Math.min(1, Math.max(0, value));
    mark(limit(place[0] + valence), limit(place[1] + arousal));
    announce(t("at", place[0].toFixed(2), place[1].toFixed(2)));
    moved(...place);
  }

  /** Draw all images at once, straight into pixels: as fast for 100,000 as for ten. */
  function draw(points, names) {
    const context = canvas.getContext("2d");
    const image = context.createImageData(canvas.width, canvas.height);
    const colours = names.map((name, number) => rgb(colourOf(name, number)));
    const dot = points.count > 20000 ? 1 : points.count > 2000 ? 2 : 5;
    const scale = (canvas.width - dot) / 255;
    const strength = Math.max(60, Math.min(220, Math.round(900000 / Math.max(1, points.count))));
    for (let number = 0; number < points.count; number++) {
      const left = Math.round(points.valence[number] * scale);
      const top = Math.round((255 - points.arousal[number]) * scale);
      const [red, green, blue] = colours[points.top[number]] || [128, 128, 128];
      for (let y = top; y < top + dot; y++) {
        for (let x = left; x < left + dot; x++) {
          const at = 4 * (y * canvas.width + x);
          const before = image.data[at + 3];
          const share = before ? strength / (before + strength) : 1;
          image.data[at] += (red - image.data[at]) * share;
          image.data[at + 1] += (green - image.data[at + 1]) * share;
          image.data[at + 2] += (blue - image.data[at + 2]) * share;
          image.data[at + 3] = Math.min(255, before + strength);
        }
      }
    }
    context.putImageData(image, 0, 0);
  }

  return { element, mark, show, draw, nudge, hide: () => (marker.hidden = true), value: () => place };
}

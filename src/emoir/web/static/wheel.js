// The wheel: eight emotions to choose from.

import { make } from "./dom.js";
import { WHEEL, colourOf, inkOn } from "./emotions.js";
import { emotionName } from "./language.js";

const SIZE = 220;
const [INNER, OUTER] = [27, 108];
// At the width that the wheel has on a page, labels are 12 pixels high or more.
const LABEL = 10.2;

function point(angle, radius) {
  return `${(Math.cos(angle) * radius).toFixed(2)} ${(Math.sin(angle) * radius).toFixed(2)}`;
}

function sector(from, to) {
  return `M${point(from, INNER)}L${point(from, OUTER)}A${OUTER} ${OUTER} 0 0 1 ${point(to, OUTER)}L${point(to, INNER)}A${INNER} ${INNER} 0 0 0 ${point(from, INNER)}Z`;
}

/** Draw a wheel; `choose` is called with the emotion's name. Pressed ones can be marked through `mark`. */
export function wheel(choose, { keys = false } = {}) {
  const svg = make("svg", { viewBox: `${-SIZE / 2} ${-SIZE / 2} ${SIZE} ${SIZE}`, class: "wheel", role: "group" });
  const sectors = new Map();
  WHEEL.forEach((name, place) => {
    // The first sector is centred on the right, where pleasant stands in the plane.
    const [from, to] = [place - 0.5, place + 0.5].map((step) => (-step * 2 * Math.PI) / WHEEL.length);
    const middle = (from + to) / 2;
    // Where the row of a label is longest: far out above and below the middle, and flatter than its sector beside them.
    const [across, along] = place % 2 ? [82, 68] : [68, 86];
    const x = Math.cos(middle) * across;
    // A key stands below its label.
    const y = Math.sin(middle) * along - (keys && Math.sin(middle) >= 0 ? 6 : 0);
    const act = () => choose(name);
    const label = emotionName(name);
    const one = make(
      "g",
      {
        role: "button",
        tabindex: "0",
        "aria-label": keys ? `${place + 1}: ${label}` : label,
        "aria-pressed": "false",
        onclick: act,
        onkeydown: (event) => {
          if (event.key === "Enter" || event.key === " ") {
            event.preventDefault();
            act();
          }
        },
      },
      make("path", { d: sector(to, from), fill: colourOf(name) }),
      make("text", { x, y, "text-anchor": "middle", "dominant-baseline": "middle", style: { "font-size": `${LABEL}px`, fill: inkOn(colourOf(name)) }, text: label }),
    );
    if (keys) one.append(make("text", { x, y: y + 13, "text-anchor": "middle", class: "key", style: { "font-size": `${LABEL}px`, fill: inkOn(colourOf(name)) }, text: String(place + 1) }));
    sectors.set(name, one);
    svg.append(one);
  });
  const mark = (chosen) => sectors.forEach((one, name) => one.setAttribute("aria-pressed", String(name === chosen)));
  return { element: svg, mark };
}

// Bars: shares of emotions, and palettes.

import { make, percent } from "./dom.js";
import { colourOf } from "./emotions.js";
import { emotionName } from "./language.js";

/** A bar per emotion, largest first. */
export function bars(shares) {
  const sorted = Object.entries(shares).sort((first, second) => second[1] - first[1]);
  return make(
    "dl",
    { class: "bars" },
    sorted.map(([name, share], place) =>
      make(
        "div",
        {},
        make("dt", { text: emotionName(name) }),
        make(
          "dd",
          {},
          make("span", { class: "bar", style: { width: `${100 * share}%`, background: colourOf(name, place) } }),
          make("span", { class: "number", text: percent(share) }),
        ),
      ),
    ),
  );
}

/** All emotions in one line, each as wide as its share. */
export function mix(shares, title) {
  const spoken = Object.entries(shares)
    .sort((first, second) => second[1] - first[1])
    .slice(0, 3)
    .map(([name, share]) => `${emotionName(name)} ${percent(share)}`)
    .join(", ");
  return make(
    "div",
    { class: "mix", role: "img", "aria-label": `${title}: ${spoken}`, title: spoken },
    Object.entries(shares).map(([name, share], place) =>
      make("span", { style: { "flex-grow": String(share), background: colourOf(name, place) } }),
    ),
  );
}

/** Colours side by side, each as wide as its share. */
export function palette(colours, title) {
  const total = Object.values(colours).reduce((sum, share) => sum + share, 0);
  return make(
    "div",
    { class: "palette", role: "img", "aria-label": `${title}: ${Object.keys(colours).join(", ")}` },
    Object.entries(colours).map(([colour, share]) =>
      make("span", { title: `${colour} ${percent(share)}`, style: { "flex-grow": String(share / total), background: colour } }),
    ),
  );
}

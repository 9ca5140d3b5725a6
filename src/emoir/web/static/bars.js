// Bars: shares of emotions, and palettes.

import { go } from "./address.js";
import { copy, make, percent } from "./dom.js";
import { colourOf } from "./emotions.js";
import { emotionName, t } from "./language.js";

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

/** Colours side by side, each as wide as its share; a click copies one and finds pictures in it. */
export function palette(colours, title) {
  const total = Object.values(colours).reduce((sum, share) => sum + share, 0);
  return make(
    "div",
    { class: "palette", role: "group", "aria-label": title },
    Object.entries(colours).map(([colour, share]) =>
      make("button", {
        type: "button",
        title: `${colour} ${percent(share)}`,
        "aria-label": t("copyColour", colour),
        style: { "flex-grow": String(share / total), background: colour },
        onclick: () => {
          copy(colour, t("copied"), t("copyByHand"));
          go({ view: "gallery", q: `near:${colour}`, like: [], unlike: [], image: null });
        },
      }),
    ),
  );
}

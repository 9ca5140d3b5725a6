// Chips: the terms of a query as one sees them, each with its weight.

import { thumbnail } from "./api.js";
import { make, settled } from "./dom.js";
import { t } from "./language.js";

// Pictures that were shown in this tab; the service keeps none.
const shown = new Map();
const KEPT = 20;

export function remember(code, file) {
  shown.set(code, URL.createObjectURL(file));
  const [oldest] = shown.keys();
  if (shown.size > KEPT) {
    URL.revokeObjectURL(shown.get(oldest));
    shown.delete(oldest);
  }
}

/** A query of terms, in the query grammar. */
export function queryOf(terms) {
  return terms
    .map(({ text, weight }, place) => {
      const sign = weight < 0 ? "- " : place ? "+ " : "";
      const size = Math.abs(weight);
      return `${sign}${size === 1 ? "" : `${Number(size.toFixed(2))}:`}${text}`;
    })
    .join(" ");
}

function label(term) {
  if (term.kind === "image") return t("imageNumber", term.text.slice(3));
  if (term.kind === "reading") return t("picture");
  if (term.kind === "point") return t("pointAt", ...term.text.slice(3).split(","));
  if (term.kind === "colours") return term.text.slice(5);
  return term.text.replaceAll('"', "");
}

function badge(term) {
  if (term.kind === "image") return make("img", { src: thumbnail(term.text.slice(3), 240), alt: "", width: 28, height: 28 });
  if (term.kind === "reading" && shown.has(term.text.slice(8))) return make("img", { src: shown.get(term.text.slice(8)), alt: "", width: 28, height: 28 });
  if (term.kind === "colours") {
    return term.text.slice(5).split(",").map((colour) => make("span", { class: "swatch", style: { background: colour } }));
  }
  return null;
}

const plainChip = (kind, text) => make("div", { class: `chip ${kind}` }, make("span", { text }));

/** What was looked for in the picture; a minus sign stands before what must not be there. */
function contentText(word, similarity) {
  const [wanted, unwanted] = similarity ? ["shownSimilar", "notShownSimilar"] : ["shown", "notShown"];
  return word.startsWith("- ") ? t(unwanted, word.slice(2)) : t(wanted, word);
}

/** Chips of words that were not searched, and of words that were looked for in what pictures show. */
export const wordChips = ({ unknown, content, similarity }) => [
  ...content.map((word) => plainChip("read", contentText(word, similarity))),
  ...unknown.map((word) => plainChip("unused", t("notSearched", word))),
];

/** Draw the chips of a query; `change` is called with the new query. */
export function chips(terms, change) {
  const later = settled(change, 250);
  return terms.map((term, place) => {
    const name = label(term);
    const number = make("output", { text: term.weight.toFixed(1) });
    const slider = make("input", {
      type: "range",
      min: "-2",
      max: "2",
      step: "0.25",
      value: String(term.weight),
      "aria-label": t("weight", name),
      oninput: () => {
        // A weight of nothing is no term; the remove button is for that.
        const weight = Number(slider.value) || 0.25;
        number.textContent = weight.toFixed(1);
        later(queryOf(terms.map((other, at) => (at === place ? { ...other, weight } : other))));
      },
    });
    const remove = make("button", {
      type: "button",
      class: "plain",
      "aria-label": t("remove", name),
      text: "×",
      onclick: () => change(queryOf(terms.filter((_, at) => at !== place))),
    });
    return make("div", { class: term.weight < 0 ? "chip against" : "chip" }, badge(term), make("span", { class: "word", text: name }), slider, number, remove);
  });
}

// Filters: conditions that images must meet.

import { $, keepingFocus, make } from "./dom.js";
import { current, go } from "./address.js";
import { t } from "./language.js";

const number = (value) => (value === "" ? "" : String(Math.min(1, Math.max(0, Number(value)))));

function pair(name, text) {
  const [low = "", high = ""] = (current().filters[name] || "..").split("..");
  const field = (part, value) =>
    make("input", { type: "number", min: "0", max: "1", step: "0.05", name: `${name}-${part}`, value, "aria-label": `${text} ${t(part)}` });
  return make("fieldset", { class: "pair" }, make("legend", { text }), field("from", low), make("span", { text: "–", "aria-hidden": "true" }), field("to", high));
}

function choice(name, text, options) {
  const select = make(
    "select",
    { name },
    options.map(([value, label]) => make("option", { value, text: label })),
  );
  select.value = current().filters[name] || "";
  return make("label", {}, make("span", { text }), select);
}

function check(name, text) {
  return make("label", { class: "check" }, make("input", { type: "checkbox", name, checked: current().filters[name] === "true" }), make("span", { text }));
}

/** What the form says, as the address holds it. */
function values(form) {
  const data = new FormData(form);
  const found = { ...current().filters };
  for (const name of ["valence", "arousal"]) {
    const [low, high] = ["from", "to"].map((part) => number(data.get(`${name}-${part}`)));
    found[name] = low || high ? `${low}..${high}` : "";
  }
  const sure = number(data.get("confidence"));
  found.confidence = sure && sure !== "0" ? `${sure}..` : "";
  for (const name of ["orientation", "monochrome", "taken", "sort"]) found[name] = data.get(name);
  for (const name of ["diverse", "all"]) found[name] = data.get(name) ? "true" : "";
  return found;
}

export function draw() {
  const form = $("#filters");
  const confidence = (current().filters.confidence || "").replace("..", "");
  form.onchange = () => go({ filters: values(form) });
  form.onsubmit = (event) => {
    event.preventDefault();
    go({ filters: values(form) });
  };
  keepingFocus(form, () => form.replaceChildren(
    make("h2", { text: t("filters") }),
    pair("valence", t("valence")),
    pair("arousal", t("arousal")),
    make("label", {}, make("span", { text: t("confidence") }), make("input", { type: "number", min: "0", max: "1", step: "0.05", name: "confidence", value: confidence })),
    choice("orientation", t("orientation"), [["", t("any")], ...["landscape", "portrait", "square"].map((name) => [name, t(name)])]),
    choice("monochrome", t("colours"), [["", t("any")], ["false", t("inColour")], ["true", t("monochrome")]]),
    make("label", {}, make("span", { text: t("taken") }), make("input", { type: "text", name: "taken", value: current().filters.taken || "" })),
    choice("sort", t("order"), [["", t("best")], ["newest", t("newest")], ["oldest", t("oldest")]]),
    check("diverse", t("diverse")),
    check("all", t("all")),
    make("button", { type: "button", name: "clear", text: t("clear"), onclick: () => go({ filters: {}, like: [], unlike: [] }) }),
  ));
}

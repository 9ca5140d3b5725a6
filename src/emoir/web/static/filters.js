// Filters: conditions that images must meet, as the service describes them, and the order of what is found.

import { $, keepingFocus, make } from "./dom.js";
import { current, filterControls, go } from "./address.js";
import { language, t } from "./language.js";

const inLanguage = ([english, chinese]) => (language === "zh" ? chinese : english);

function range({ name, help, most }, text) {
  const [low = "", high = ""] = (current().filters[name] || "..").split("..");
  const field = (part, value) =>
    make("input", { type: "number", min: "0", max: String(most), step: String(most / 20), name: `${name}-${part}`, value, title: help, "aria-label": `${text} ${t(part)}` });
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

function control(filter) {
  const text = inLanguage(filter.label);
  if (filter.kind === "range") return range(filter, text);
  if (filter.kind === "choice") {
    return choice(filter.name, text, [["", t("any")], ...Object.entries(filter.choices).map(([value, names]) => [value, inLanguage(names)])]);
  }
  const field = make("input", { type: "text", name: filter.name, value: current().filters[filter.name] || "", placeholder: filter.example, title: filter.help });
  return make("label", {}, make("span", { text }), field);
}

/** What the form says, as the address holds it. */
function values(form) {
  const data = new FormData(form);
  const found = { ...current().filters };
  for (const { name, kind, most } of filterControls) {
    const number = (value) => (value === "" ? "" : String(Math.min(most, Math.max(0, Number(value)))));
    const [low, high] = ["from", "to"].map((part) => number(data.get(`${name}-${part}`) || ""));
    found[name] = kind !== "range" ? data.get(name) : low || high ? `${low}..${high}` : "";
  }
  found.sort = data.get("sort");
  for (const name of ["diverse", "all"]) found[name] = data.get(name) ? "true" : "";
  return found;
}

export function draw() {
  const form = $("#filters");
  form.onchange = () => go({ filters: values(form) });
  form.onsubmit = (event) => {
    event.preventDefault();
    go({ filters: values(form) });
  };
  keepingFocus(form, () => form.replaceChildren(
    make("h2", { text: t("filters") }),
    ...filterControls.map(control),
    choice("sort", t("order"), [["", t("best")], ["newest", t("newest")], ["oldest", t("oldest")]]),
    check("diverse", t("diverse")),
    check("all", t("all")),
    make("button", { type: "button", name: "clear", text: t("clear"), onclick: () => go({ filters: {}, like: [], unlike: [] }) }),
  ));
}

// Filters: conditions that images must meet, as the service describes them, and the order of what is found.

import { $, keepingFocus, make } from "./dom.js";
import { current, filterControls, go } from "./address.js";
import { language, t } from "./language.js";
import { disturbing } from "./veil.js";

const inLanguage = ([english, chinese]) => (language === "zh" ? chinese : english);
const ORDERS = ["newest", "oldest"];
const CHECKS = ["diverse", "all"];
const STEPS = 20;

/** Two sliders on one line, and what they say in numbers. */
function range({ name, help, most }, text) {
  const [low = "", high = ""] = (current().filters[name] || "..").split("..");
  const said = make("output", {});
  const slider = (part, value) =>
    make("input", { type: "range", min: "0", max: String(most), step: String(most / STEPS), name: `${name}-${part}`, value, title: help, "aria-label": `${text} ${t(part)}`, oninput: say });
  const [from, to] = [slider("from", low || "0"), slider("to", high || String(most))];
  function say(event) {
    // One does not pass the other.
    if (event && Number(from.value) > Number(to.value)) event.target.value = event.target === from ? to.value : from.value;
    said.textContent = spoken(from.value, to.value, most);
  }
  say();
  return make("fieldset", { class: "range" }, make("legend", { text }), said, make("div", { class: "dual" }, from, to));
}

function spoken(low, high, most) {
  if (Number(low) <= 0 && Number(high) >= most) return t("any");
  return `${Number(low)} – ${Number(high)}`;
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
    const [low, high] = ["from", "to"].map((part) => data.get(`${name}-${part}`));
    const [open, end] = [Number(low) <= 0, Number(high) >= most];
    found[name] = kind !== "range" ? data.get(name) : open && end ? "" : `${open ? "" : low}..${end ? "" : high}`;
  }
  found.sort = data.get("sort");
  for (const name of CHECKS) found[name] = data.get(name) ? "true" : "";
  return found;
}

/** What narrows the results now, each with a way to take it away, and one for all. */
export function filterChips() {
  const { filters } = current();
  const named = filterControls.filter(({ name }) => filters[name]).map(({ name, kind, label, most, choices }) => {
    const value = filters[name];
    const [low, high] = value.split("..");
    const text = kind === "range" ? spoken(low || 0, high || most, most) : choices[value] ? inLanguage(choices[value]) : value;
    return [name, `${inLanguage(label)}: ${text}`];
  });
  if (filters.folder) named.push(["folder", t("inFolder", filters.folder.split(/[/\\]/).pop())]);
  if (ORDERS.includes(filters.sort)) named.push(["sort", t(filters.sort)]);
  for (const name of CHECKS) if (filters[name]) named.push([name, t(name)]);
  const chips = named.map(([name, text]) =>
    make("div", { class: "chip filter" }, make("span", { text }), make("button", { type: "button", class: "plain", "aria-label": t("remove", text), text: "×", onclick: () => go({ filters: { ...filters, [name]: "" } }) })),
  );
  if (chips.length > 1) chips.push(make("button", { type: "button", class: "plain", text: t("clearFilters"), onclick: () => go({ filters: {} }) }));
  return chips;
}

export function draw() {
  const form = $("#filters");
  form.onchange = (event) => event.target.name && go({ filters: values(form) });
  form.onsubmit = (event) => {
    event.preventDefault();
    go({ filters: values(form) });
  };
  keepingFocus(form, () => form.replaceChildren(
    make("h2", { text: t("filters") }),
    ...filterControls.map(control),
    choice("sort", t("order"), [["", t("best")], ...ORDERS.map((name) => [name, t(name)])]),
    ...CHECKS.map((name) => check(name, t(name))),
    disturbing(),
    make("button", { type: "button", name: "clear", text: t("clear"), onclick: () => go({ filters: {}, like: [], unlike: [] }) }),
  ));
}

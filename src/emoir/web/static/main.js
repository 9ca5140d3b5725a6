// The page: reads its address, asks the service, draws; every action is a new address.

import * as api from "./api.js";
import { current, go, searchValues } from "./address.js";
import { chips, queryOf, remember } from "./chips.js";
import * as detail from "./detail.js";
import { $, announce, make, notify, settled } from "./dom.js";
import { WHEEL } from "./emotions.js";
import * as filters from "./filters.js";
import { tile, walkable } from "./grid.js";
import { emotionName, language, learnNames, setLanguage, startLanguage, t } from "./language.js";
import * as overview from "./overview.js";
import { plane } from "./plane.js";
import * as rating from "./rating.js";
import * as selection from "./selection.js";
import { wheel } from "./wheel.js";

const PAGE = 60;
const SHELF = 12;
const SAVED = "emoir.saved";

let spaces = [];
let points = null;
let instruments = null;
// What the results show now.
let shown = { key: "", hits: [], next: null, terms: [] };
let asking = null;
let drawn = "";

const acts = {
  open: (image) => go({ image: image.id }),
  more: (image) => go({ view: "gallery", q: `id:${image.id}`, like: [], unlike: [], image: null }),
  like: (image) => feedback("like", image),
  unlike: (image) => feedback("unlike", image),
  toggle: selection.toggle,
  chosen: selection.isChosen,
};

function feedback(kind, image) {
  const asked = current();
  const other = kind === "like" ? "unlike" : "like";
  // Without a query there is nothing to move: the image itself is the query.
  if (!asked.q) return acts.more(image);
  go({ view: "gallery", [kind]: [...new Set([...asked[kind], image.id])], [other]: asked[other].filter((id) => id !== image.id), image: null });
}

// The box, its suggestions, colours and pictures.

function search(q) {
  go({ view: "gallery", q, like: [], unlike: [], image: null });
}

function addTerm(text) {
  const terms = shown.terms.length && current().q ? [...shown.terms, { text, weight: 1 }] : [{ text, weight: 1 }];
  search(queryOf(terms));
}

let completing = false;
const suggest = settled(async () => {
  const input = $("#query");
  const list = $("#words");
  // Only the word under the cursor is completed.
  const before = input.value.slice(0, input.selectionStart);
  const word = before.match(/[^\s+\-:,"，、]+$/)?.[0] || "";
  let found = [];
  if (word && document.activeElement === input) {
    try {
      found = await api.words(word);
    } catch {
      found = [];
    }
  }
  // The question may have been sent off meanwhile.
  if (before !== input.value.slice(0, input.selectionStart) || !completing) return;
  list.replaceChildren(
    ...found.map((one, place) =>
      make("li", { role: "option", id: `word-${place}`, "aria-selected": "false", text: one.word, onmousedown: (event) => {
        event.preventDefault();
        complete(one.word, word.length);
      } }),
    ),
  );
  list.hidden = !found.length;
  input.setAttribute("aria-expanded", String(found.length > 0));
  input.removeAttribute("aria-activedescendant");
}, 120);

function closeWords() {
  completing = false;
  $("#words").hidden = true;
  $("#query").setAttribute("aria-expanded", "false");
}

function complete(word, length) {
  const input = $("#query");
  const at = input.selectionStart;
  const start = at - length;
  input.value = input.value.slice(0, start) + word + input.value.slice(at);
  input.setSelectionRange(start + word.length, start + word.length);
  closeWords();
  input.focus();
}

function startBox() {
  const input = $("#query");
  const list = $("#words");
  input.addEventListener("input", () => {
    completing = true;
    suggest();
  });
  input.addEventListener("blur", closeWords);
  input.addEventListener("keydown", (event) => {
    const options = [...list.children];
    const at = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
    if (list.hidden) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const next = (at + (event.key === "ArrowDown" ? 1 : options.length - (at < 0 ? 0 : 1))) % options.length;
      options.forEach((option, place) => option.setAttribute("aria-selected", String(place === next)));
      input.setAttribute("aria-activedescendant", options[next].id);
    } else if (event.key === "Enter" && at >= 0) {
      event.preventDefault();
      const word = input.value.slice(0, input.selectionStart).match(/[^\s+\-:,"，、]+$/)?.[0] || "";
      complete(options[at].textContent, word.length);
    } else if (event.key === "Escape") closeWords();
  });
  $("#search").addEventListener("submit", (event) => {
    event.preventDefault();
    closeWords();
    if (input.value.trim()) search(input.value.trim());
  });
  $("#colour").addEventListener("change", (event) => addTerm(`near:${event.target.value}`));
  $("#upload").addEventListener("change", (event) => {
    const [file] = event.target.files;
    if (file) ask(file);
    event.target.value = "";
  });
  document.addEventListener("paste", (event) => {
    const file = [...event.clipboardData.files].find((one) => one.type.startsWith("image/"));
    if (file) ask(file);
  });
  const drop = $("#drop");
  document.addEventListener("dragover", (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    drop.hidden = false;
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) drop.hidden = true;
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.hidden = true;
    if (event.dataTransfer.files[0]) ask(event.dataTransfer.files[0]);
  });
}

/** Search by the feeling of a picture that is not indexed. */
async function ask(file) {
  notify(t("reading"), "done");
  try {
    const description = await api.describe(file);
    remember(description.code, file);
    $("#notice").hidden = true;
    search(`reading:${description.code}`);
  } catch (error) {
    notify(t("failed", error.message));
  }
}

// Wheel and plane.

function startInstruments() {
  const round = wheel((name) => search(name));
  const field = plane({
    choose: (valence, arousal) => search(`va:${valence.toFixed(2)},${arousal.toFixed(2)}`),
    select: (range) => {
      const asked = current();
      const written = (values) => `${values[0].toFixed(2)}..${values[1].toFixed(2)}`;
      const middle = (values) => ((values[0] + values[1]) / 2).toFixed(2);
      const more = range ? { valence: written(range.valence), arousal: written(range.arousal) } : { valence: "", arousal: "" };
      const q = asked.q || (range ? `va:${middle(range.valence)},${middle(range.arousal)}` : "");
      go({ view: "gallery", q, filters: { ...asked.filters, ...more }, image: null });
    },
  });
  $("#wheel").replaceChildren(round.element);
  $("#plane").replaceChildren(field.element, make("p", { class: "quiet", text: t("planeHelp") }));
  instruments = { round, field };
  if (points) field.draw(points, spaces[0].classes);
  mark();
}

function range(text) {
  const [low, high] = (text || "..").split("..");
  return [low ? Number(low) : 0, high ? Number(high) : 1];
}

function mark() {
  const asked = current();
  instruments.round.mark(WHEEL.includes(asked.q) ? asked.q : null);
  const point = asked.q.match(/^va:([\d.]+),([\d.]+)$/);
  if (point) instruments.field.mark(Number(point[1]), Number(point[2]));
  else instruments.field.hide();
  const { valence, arousal } = asked.filters;
  instruments.field.show(valence || arousal ? { valence: range(valence), arousal: range(arousal) } : null);
}

// Results.

function state(key, ...more) {
  $("#results").replaceChildren(make("p", { class: "state", text: t(key) }), ...more);
}

function skeleton() {
  $("#summary").replaceChildren();
  $("#results").replaceChildren(make("div", { class: "grid waiting", "aria-hidden": "true" }, Array.from({ length: 12 }, () => make("div", { class: "tile" }))));
  announce(t("loading"));
}

function failed(error) {
  const query = error.problem?.query;
  const detail = error instanceof api.Refused ? t("failed", error.message) : t("offline");
  const pointer = query ? [make("pre", { class: "pointer" }, query.slice(0, error.problem.at), make("mark", { text: query.slice(error.problem.at) || " " }))] : [];
  $("#summary").replaceChildren();
  $("#results").replaceChildren(
    make("div", { class: "state", role: "alert" }, make("p", { text: detail }), pointer, make("button", { type: "button", text: t("retry"), onclick: () => results(true) })),
  );
}

async function results(again = false) {
  const asked = current();
  const key = JSON.stringify([searchValues(asked), language]);
  if (!again && key === shown.key) return;
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  shown = { key, hits: [], next: null, terms: [] };
  skeleton();
  $("#chips").replaceChildren(...saved());
  try {
    if (asked.q) await found(asked, signal);
    else await shelves(asked, signal);
  } catch (error) {
    if (signal.aborted) return;
    shown.key = "";
    failed(error);
  }
}

async function found(asked, signal) {
  const page = await api.search({ ...searchValues(asked), limit: PAGE }, signal);
  if (signal.aborted) return;
  shown.terms = page.terms;
  $("#chips").replaceChildren(...chips(page.terms, (q) => go({ q, like: [], unlike: [] })), ...saved());
  summary(page);
  if (!page.hits.length) {
    state("nothing", make("p", { class: "quiet", text: t("nothingHint") }));
    announce(t("nothing"));
    return;
  }
  const grid = make("div", { class: "grid" });
  walkable(grid);
  $("#results").replaceChildren(grid);
  append(page);
  announce($("#summary").textContent);
}

function append(page) {
  shown.hits.push(...page.hits);
  shown.next = page.next;
  $("#results .grid").append(...page.hits.map((hit) => tile(hit, acts)));
}

function summary(page) {
  const parts = [make("span", { text: t("found", page.next ? t("moreThan", page.hits.length) : page.hits.length, page.searched.toLocaleString()) })];
  if (page.hidden && !current().filters.all) {
    parts.push(
      make("span", {}, ` ${t("hidden", page.hidden.toLocaleString())} `, make("button", { type: "button", class: "plain", text: t("showThem"), onclick: () => go({ filters: { ...current().filters, all: "true" } }) })),
    );
  }
  if (page.unknown.length) parts.push(make("strong", { text: ` ${t("unknown", page.unknown.join(", "))}` }));
  $("#summary").replaceChildren(...parts);
}

/** Without a query: a shelf for every emotion. */
async function shelves(asked, signal) {
  const classes = spaces[0].classes;
  const order = WHEEL.filter((name) => classes.includes(name)).concat(classes.filter((name) => !WHEEL.includes(name)));
  const pages = await Promise.all(order.map((name) => api.search({ ...asked.filters, q: name, limit: SHELF, diverse: true, all: true }, signal)));
  if (signal.aborted) return;
  if (!pages[0].searched) return state("empty");
  shown.hits = pages.flatMap((page) => page.hits);
  const box = make("div", {}, make("h1", { text: t("byFeeling") }));
  order.forEach((name, place) => {
    const strip = make("div", { class: "grid strip" }, pages[place].hits.map((hit) => tile(hit, acts)));
    walkable(strip);
    box.append(
      make("h2", { class: "shelf" }, make("span", { text: emotionName(name) }), " ", make("button", { type: "button", class: "plain", "aria-label": `${t("showAll")}: ${emotionName(name)}`, text: t("showAll"), onclick: () => search(name) })),
      strip,
    );
  });
  $("#results").replaceChildren(box);
  announce(t("byFeeling"));
}

function startEnd() {
  let waiting = false;
  new IntersectionObserver(
    async ([end]) => {
      if (!end.isIntersecting || !shown.next || waiting) return;
      waiting = true;
      const { key } = shown;
      try {
        const page = await api.search({ ...searchValues(current()), limit: PAGE, cursor: shown.next });
        if (key === shown.key) append(page);
      } catch (error) {
        notify(t("failed", error.message));
      }
      waiting = false;
    },
    { rootMargin: "1200px" },
  ).observe($("#end"));
}

// Searches that are kept in this browser.

const kept = () => JSON.parse(localStorage.getItem(SAVED) || "[]");
const keep = (list) => {
  localStorage.setItem(SAVED, JSON.stringify(list));
  shown.key = "";
  results(true);
};

function saved() {
  const asked = current();
  const list = kept();
  const parts = [];
  if (asked.q) {
    const address = location.pathname + location.search;
    parts.push(
      make("button", { type: "button", class: "plain", text: t("save"), onclick: () => {
        keep([...list.filter((one) => one.address !== address), { name: asked.q.startsWith("reading:") ? t("picture") : asked.q, address }]);
        notify(t("savedDone"), "done");
      } }),
      make("button", { type: "button", class: "plain", text: t("copyLink"), onclick: async () => {
        await navigator.clipboard.writeText(location.href);
        notify(t("copied"), "done");
      } }),
    );
  }
  if (list.length) {
    parts.push(
      make(
        "details",
        { class: "saved" },
        make("summary", { text: t("saved") }),
        make("ul", {}, list.map((one) =>
          make("li", {}, make("a", { href: one.address, text: one.name }), make("button", { type: "button", class: "plain", "aria-label": t("forget", one.name), text: "×", onclick: () => keep(list.filter((other) => other !== one)) })),
        )),
      ),
    );
  }
  return parts;
}

// The page follows its address.

function draw() {
  const asked = current();
  for (const view of ["gallery", "collection", "rate"]) $(`#${view}`).hidden = view !== asked.view;
  for (const link of document.querySelectorAll("nav [data-view]")) {
    if (link.dataset.view === asked.view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = asked.q && !asked.q.startsWith("reading:") ? `${asked.q} · emoir` : "emoir";
  const view = `${asked.view} ${language}`;
  if (asked.view === "gallery") {
    rating.leave();
    if (document.activeElement !== $("#query")) $("#query").value = asked.q.startsWith("reading:") ? "" : asked.q;
    mark();
    filters.draw();
    results();
  } else if (view !== drawn) {
    rating.leave();
    if (asked.view === "collection") overview.draw(acts);
    else rating.draw();
  }
  drawn = view;
  if (asked.image) showDetail(asked.image);
  else if ($("#detail").open) $("#detail").close();
}

function showDetail(id) {
  detail.open(id, {
    ...acts,
    ask: (q) => search(q),
    closed: () => {
      if (current().image) go({ image: null }, { replace: true });
      $(`.tile[data-id="${id}"] .open`)?.focus();
    },
    step: (by) => {
      const place = shown.hits.findIndex((hit) => hit.id === id);
      const next = shown.hits[place + by];
      if (place >= 0 && next) go({ image: next.id }, { replace: true });
    },
  });
}

function theme() {
  const kept = localStorage.getItem("emoir.theme");
  if (kept) document.documentElement.dataset.theme = kept;
  $("#theme").addEventListener("click", () => {
    const dark = getComputedStyle(document.documentElement).getPropertyValue("color-scheme").includes("dark");
    document.documentElement.dataset.theme = dark ? "light" : "dark";
    localStorage.setItem("emoir.theme", document.documentElement.dataset.theme);
  });
}

function switchLanguage() {
  setLanguage(language === "zh" ? "en" : "zh");
  languageButton();
  shown.key = "";
  startInstruments();
  selection.draw();
  draw();
}

function languageButton() {
  const button = $("#language");
  button.textContent = language === "zh" ? "English" : "中文";
  button.lang = language === "zh" ? "en" : "zh";
}

async function start() {
  startLanguage();
  languageButton();
  theme();
  startBox();
  startEnd();
  // A narrow page begins with the results.
  if (matchMedia("(max-width: 60rem)").matches) $("#ask").open = false;
  $("#language").addEventListener("click", switchLanguage);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link || link.origin !== location.origin || link.pathname !== "/" || event.ctrlKey || event.metaKey || event.button) return;
    event.preventDefault();
    history.pushState({}, "", link.href);
    draw();
  });
  addEventListener("popstate", draw);
  addEventListener("emoir:address", draw);
  try {
    spaces = await api.spaces();
  } catch (error) {
    startInstruments();
    failed(error);
    return;
  }
  learnNames(spaces);
  startInstruments();
  draw();
  api.plane().then((found) => {
    points = found;
    instruments.field.draw(points, spaces[0].classes);
  }, () => {});
}

start();

// Results: a page of hits after the other, or a shelf for every emotion.

import * as api from "./api.js";
import { conditions, current, go, searchValues } from "./address.js";
import { search } from "./box.js";
import { chips, wordChips } from "./chips.js";
import { $, announce, keepingFocus, make, notify } from "./dom.js";
import { WHEEL } from "./emotions.js";
import { first, inSight, ratioOf, tile, walkable } from "./grid.js";
import { filterChips } from "./filters.js";
import { examples } from "./help.js";
import { emotionName, language, t } from "./language.js";
import { saving } from "./saved.js";

const PAGE = 60;
const FEW = 4;
// The height of the pictures on a shelf, in pixels.
const ROW = 144;
const PATIENCE = 5000;
const BAD_REQUEST = 400;

// What the results show now.
let shown = { key: "", hits: [], next: null, terms: [] };
let asking = null;
let lookAgain = () => {};
let acts = null;
let space = null;

/** Say what tiles do, and which space the shelves are of. */
export function prepare(given, first) {
  acts = given;
  space = first;
}

export const shownTerms = () => shown.terms;
export const shownHits = () => shown.hits;

/** Let other lists of images be walked in the detail. */
export function listed(images) {
  shown = { key: "", hits: images, next: null, terms: [] };
}

/** Let the next drawing begin anew. */
export function forget() {
  shown.key = "";
}

function state(key, ...more) {
  $("#results").replaceChildren(make("p", { class: "state", text: t(key) }), ...more);
}

function skeleton(asked) {
  $("#summary").replaceChildren();
  $("#results").replaceChildren(make("div", { class: asked.q ? "grid waiting asked" : "grid waiting", "aria-hidden": "true" }, Array.from({ length: 12 }, () => make("div", { class: "tile" }))));
  announce(t("loading"));
}

/** Show what went wrong, and a way to try again if that can help. */
export function failed(error, retry = () => results(true)) {
  const { query, suggestions: suggested } = error.problem ?? {};
  const detail = error instanceof api.Refused ? t("failed", error.message) : t("offline");
  const pointer = query ? [make("pre", { class: "pointer" }, query.slice(0, error.problem.at), make("mark", { text: query.slice(error.problem.at) || " " }))] : [];
  $("#summary").replaceChildren();
  $("#results").replaceChildren(
    make("div", { class: "state", role: "alert" }, make("p", { text: detail }), pointer, error.status === BAD_REQUEST ? examples(suggested?.length ? suggested : undefined) : make("button", { type: "button", text: t("retry"), onclick: retry })),
  );
}

/** Show what the address asks for. */
export async function results(again = false) {
  const asked = current();
  const key = JSON.stringify([searchValues(asked), language]);
  if (!again && key === shown.key) return;
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  const walking = $("#results").contains(document.activeElement);
  shown = { key, hits: [], next: null, terms: [] };
  skeleton(asked);
  $("#results").setAttribute("aria-busy", "true");
  $("#chips").replaceChildren(...filterChips());
  try {
    if (asked.q) await found(asked, signal);
    else await shelves(asked, signal);
    // Who walked over the images by keyboard goes on walking.
    if (walking && document.activeElement === document.body) $("#results .open")?.focus();
  } catch (error) {
    if (signal.aborted) return;
    shown.key = "";
    failed(error);
  } finally {
    if (!signal.aborted) $("#results").removeAttribute("aria-busy");
  }
}

async function found(asked, signal) {
  const page = await api.search({ ...searchValues(asked), limit: PAGE }, signal);
  if (signal.aborted) return;
  shown.terms = page.terms;
  keepingFocus($("#chips"), () =>
    $("#chips").replaceChildren(...chips(page.terms, (q) => go({ q, like: [], unlike: [] })), ...wordChips(page), ...filterChips(), ...saving(acts.canWrite)),
  );
  summary(page);
  if (!page.hits.length) {
    state("nothing", make("p", { class: "quiet", text: t("nothingHint") }), wayOut(asked), examples());
    announce(t("nothing"));
    return;
  }
  const grid = make("div", { class: "grid" });
  walkable(grid);
  $("#results").replaceChildren(grid);
  append(page);
  first(grid);
  announce($("#summary").textContent);
}

/** Leads from a search without hits to one that has some. */
function wayOut(asked) {
  const narrowed = Object.values(asked.filters).some(Boolean);
  const act = narrowed ? () => go({ filters: {} }) : () => go({ q: "", like: [], unlike: [], filters: {} });
  return make("p", { class: "state" }, make("button", { type: "button", text: t(narrowed ? "clearFilters" : "allByFeeling"), onclick: act }));
}

/** Show images that were chosen in another way than by a question, all of them selected. */
export function showImages(images, text) {
  asking?.abort();
  shown = { key: "chosen", hits: images, next: null, terms: [] };
  $("#chips").replaceChildren();
  $("#summary").replaceChildren(make("span", { text }), " ", make("button", { type: "button", class: "plain", text: t("selectAll"), onclick: () => acts.choose(images) }), " ", make("button", { type: "button", class: "plain", text: t("clear"), onclick: () => results(true) }));
  const grid = make("div", { class: "grid" }, images.map((image) => tile(image, acts)));
  walkable(grid);
  $("#results").replaceChildren(grid);
  announce(text);
}

function append(page) {
  shown.hits.push(...page.hits);
  shown.next = page.next;
  // What was asked for need not be said again.
  const wanted = shown.terms.filter((term) => term.weight > 0).flatMap((term) => [term.text, ...term.emotions]);
  $("#results .grid").append(...page.hits.map((hit) => tile(hit, acts, wanted)));
  lookAgain();
}

function summary(page) {
  // How many stay when near duplicates collapse shows only at the end.
  const open = page.next && current().filters.diverse;
  const count = page.next ? page.searched - page.hidden : page.hits.length;
  const parts = [make("span", { text: t("found", open ? t("moreThan", page.hits.length) : count, page.searched) })];
  if (page.hidden && !current().filters.all) {
    parts.push(
      make("span", {}, " ", make("button", { type: "button", class: "plain", text: t("showHidden", page.hidden), title: t("hidden"), onclick: () => go({ filters: { ...current().filters, all: "true" } }) })),
    );
  }
  $("#summary").replaceChildren(...parts);
}

/** Without a query: a shelf for every emotion. */
async function shelves(asked, signal) {
  const page = await api.shelves(conditions(asked), signal);
  if (signal.aborted) return;
  if (!page.images) return state("empty");
  const place = ({ emotion }) => (WHEEL.includes(emotion) ? WHEEL.indexOf(emotion) : WHEEL.length);
  const thin = ({ hits }) => hits.length < FEW;
  // What meets the eye first is no shelf with hardly anything on it.
  const filled = page.shelves.toSorted((one, other) => thin(one) - thin(other) || place(one) - place(other));
  shown.hits = filled.flatMap(({ hits }) => hits);
  const box = make("div", {}, make("h1", { text: t("byFeeling") }), examples());
  if (!shown.hits.length) box.append(make("p", { class: "quiet", text: t("noneSure") }));
  $("#results").replaceChildren(box);
  if (filled.every(thin) && (await few(asked, box, signal))) return;
  const late = [];
  const shelf = (heading, images, asked) => {
    const strip = make("div", { class: "grid strip" });
    const add = (some) => strip.append(...some.map((image) => tile(image, acts, asked)));
    walkable(strip);
    box.append(heading, strip);
    // What is out of sight comes after the pictures that are in sight.
    const { top, width } = strip.getBoundingClientRect();
    let left = 0;
    const early = top < innerHeight ? images.findIndex((image) => (left += ratioOf(image) * ROW) > width) + 1 || images.length : 0;
    add(images.slice(0, early));
    // The first shelf is whole before the others begin.
    for (const picture of strip.querySelectorAll("img")) picture.fetchPriority = late.length ? "low" : "high";
    late.push(() => add(images.slice(early)));
  };
  for (const { emotion, hits } of filled) {
    await new Promise((done) => setTimeout(done));
    if (signal.aborted) return;
    const name = emotionName(emotion);
    const all = make("button", { type: "button", class: "plain", "aria-label": `${t("showAll")}: ${name}`, text: t("showAll"), onclick: () => search(emotion) });
    shelf(make("h2", { class: "shelf" }, make("span", { text: name }), " ", all), hits, [emotion]);
  }
  if (page.unsure.length) {
    shown.hits = [...shown.hits, ...page.unsure];
    const all = make("a", { href: `?${new URLSearchParams({ q: "va:0.5,0.5", confidence: `..${space.unsure_below}`, all: "true" })}`, text: t("showAll") });
    shelf(make("h2", { class: "others" }, t("unsureShelf"), " ", all), page.unsure.map((hit) => ({ ...hit, score: undefined })), []);
  }
  announce(t("byFeeling"));
  inSight(box).then(async () => {
    for (const act of late) {
      if (signal.aborted) return;
      act();
      await new Promise((done) => setTimeout(done));
    }
  });
}

/** Where no shelf fills and one page holds all images: these in one order, which needs no certainty. */
async function few(asked, box, signal) {
  const page = await api.search({ ...searchValues({ q: "va:1,0.5", filters: asked.filters }), limit: PAGE, min_score: 0 }, signal);
  if (page.next || signal.aborted) return signal.aborted;
  shown.hits = page.hits.toSorted((one, other) => other.valence - one.valence);
  const grid = make("div", { class: "grid" }, shown.hits.map((hit) => tile({ ...hit, score: undefined }, acts)));
  walkable(grid);
  box.append(make("h2", { class: "others", text: t("byValence") }), grid);
  announce(t("byFeeling"));
  return true;
}

/** Fetch the next page whenever the end comes near. */
export function startEnd() {
  let waiting = false;
  const observer = new IntersectionObserver(
    async (entries) => {
      if (!entries[entries.length - 1].isIntersecting || !shown.next || waiting) return;
      waiting = true;
      const { key } = shown;
      try {
        const page = await api.search({ ...searchValues(current()), limit: PAGE, cursor: shown.next });
        if (key === shown.key) append(page);
      } catch (error) {
        notify(t("failed", error.message));
        await new Promise((resolve) => setTimeout(resolve, PATIENCE));
      }
      waiting = false;
      again();
    },
    { rootMargin: "1200px" },
  );
  // It tells of changes only: an end that is still near after a page must be looked at anew.
  const again = () => {
    observer.unobserve($("#end"));
    observer.observe($("#end"));
  };
  lookAgain = again;
  again();
}

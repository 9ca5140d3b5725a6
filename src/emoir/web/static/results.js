// Results: a page of hits after the other, or a shelf for every emotion.

import * as api from "./api.js";
import { current, go, searchValues } from "./address.js";
import { search } from "./box.js";
import { chips, unusedChips } from "./chips.js";
import { $, announce, keepingFocus, make, notify } from "./dom.js";
import { WHEEL } from "./emotions.js";
import { first, inSight, tile, walkable } from "./grid.js";
import { filterChips } from "./filters.js";
import { examples } from "./help.js";
import { emotionName, language, t } from "./language.js";
import { saving } from "./saved.js";

const PAGE = 60;
const SHELF = 12;
const FEW = 4;
// Of the pictures on a shelf, in pixels.
const SLIMMEST = 160;
const PLEASANT = ["amusement", "awe", "contentment", "excitement", "joy"];
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
    $("#chips").replaceChildren(...chips(page.terms, (q) => go({ q, like: [], unlike: [] })), ...unusedChips(page.unknown), ...filterChips(), ...saving(acts.canWrite)),
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

// A shelf holds only images that are named by its emotion: those of which the model is sure.
const shelf = ({ filters }, q, signal) =>
  api.search({ ...searchValues({ q, filters }), confidence: filters.confidence || `${space.unsure_below}..`, limit: 4 * SHELF, diverse: true, min_score: 0 }, signal);

/** Without a query: a shelf for every emotion. */
async function shelves(asked, signal) {
  const { classes } = space;
  // What the model is not sure of, from the middle of the plane outwards.
  const doubtful = { q: "va:0.5,0.5", confidence: `..${space.unsure_below}` };
  const order = WHEEL.filter((name) => classes.includes(name)).concat(classes.filter((name) => !WHEEL.includes(name)));
  const [unsure, ...pages] = await Promise.all([
    api.search({ ...searchValues({ q: doubtful.q, filters: asked.filters }), confidence: doubtful.confidence, limit: SHELF, diverse: true, min_score: 0 }, signal),
    ...order.map((name) => shelf(asked, name, signal)),
  ]);
  if (signal.aborted) return;
  // No image is searched where none is sure, too.
  if (!pages.some((page) => page.searched) && !(await api.ready()).images) return state("empty");
  if (signal.aborted) return;
  // Near the middle of the plane a pleasant word may be said of a picture that is not.
  const fits = (hit, name) => (hit.rated ? hit.rated === name : hit.sure && hit.emotion === name && !(PLEASANT.includes(name) && hit.valence < 0.5));
  const held = pages.map((page, place) => page.hits.filter((hit) => fits(hit, order[place])).slice(0, SHELF));
  // What meets the eye first is no shelf with hardly anything on it.
  const filled = [...held.keys()].filter((place) => held[place].length).sort((a, b) => (held[a].length < FEW) - (held[b].length < FEW));
  shown.hits = filled.flatMap((place) => held[place]);
  const box = make("div", {}, make("h1", { text: t("byFeeling") }), examples());
  if (!shown.hits.length) box.append(make("p", { class: "quiet", text: t("noneSure") }));
  $("#results").replaceChildren(box);
  if (!filled.some((place) => held[place].length >= FEW) && (await few(asked, box, signal))) return;
  // What is out of sight comes after the pictures that are in sight.
  const early = 1 + Math.ceil(box.clientWidth / SLIMMEST);
  const late = [];
  for (const place of filled) {
    await new Promise((done) => setTimeout(done));
    if (signal.aborted) return;
    const name = order[place];
    const tiles = (hits) => hits.map((hit) => tile(hit, acts, [name]));
    const strip = make("div", { class: "grid strip" }, tiles(held[place].slice(0, early)));
    late.push(() => strip.append(...tiles(held[place].slice(early))));
    walkable(strip);
    box.append(
      make("h2", { class: "shelf" }, make("span", { text: emotionName(name) }), " ", make("button", { type: "button", class: "plain", "aria-label": `${t("showAll")}: ${emotionName(name)}`, text: t("showAll"), onclick: () => search(name) })),
      strip,
    );
  }
  inSight(box).then(() => !signal.aborted && late.forEach((act) => act()));
  const others = unsure.hits.slice(0, SHELF);
  if (others.length) {
    shown.hits = [...shown.hits, ...others];
    const strip = make("div", { class: "grid strip" }, others.map((hit) => tile({ ...hit, score: undefined }, acts)));
    walkable(strip);
    box.append(make("h2", { class: "others" }, t("unsureShelf"), " ", make("a", { href: `?${new URLSearchParams({ ...doubtful, all: "true" })}`, text: t("showAll") })), strip);
  }
  announce(t("byFeeling"));
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

// The page: reads its address, asks the service, draws; every action is a new address.

import * as api from "./api.js";
import { current, go, learnFilters } from "./address.js";
import { search, startBox } from "./box.js";
import { $, make, notify } from "./dom.js";
import { WHEEL } from "./emotions.js";
import * as filters from "./filters.js";
import { language, learnNames, setLanguage, startLanguage, t } from "./language.js";
import { help } from "./help.js";
import { failed, forget, listed, prepare, results, showImages, shownHits, shownTerms, startEnd } from "./results.js";
import * as selection from "./selection.js";
import { startVeils } from "./veil.js";
import { recall, remember } from "./storage.js";

// So many images of a lasso are shown.
const ENCLOSED = 500;
let spaces = [];
let points = null;
let instruments = null;
let drawn = "";
let readOnly = false;
// What the first page does without is loaded when it is first needed.
let rating = null;
let detail = null;

const acts = {
  open: (image) => go({ image: image.id }),
  more: (image) => go({ view: "gallery", q: `id:${image.id}`, like: [], unlike: [], image: null }),
  like: (image) => feedback("like", image),
  unlike: (image) => feedback("unlike", image),
  toggle: selection.toggle,
  choose: selection.choose,
  chosen: selection.isChosen,
  putOn: async (image) => (await import("./boards.js")).choose([image.id]),
  get canWrite() {
    return !readOnly;
  },
  listed,
};

function feedback(kind, image) {
  const asked = current();
  const other = kind === "like" ? "unlike" : "like";
  // Without a query there is nothing to move: the image itself is the query.
  if (!asked.q) return acts.more(image);
  go({ view: "gallery", [kind]: [...new Set([...asked[kind], image.id])], [other]: asked[other].filter((id) => id !== image.id), image: null });
}

// Wheel and plane.

/** Draw them where they are seen: a narrow page shows them when they are asked for. */
async function startInstruments() {
  if (!$("#ask").open) return $("#ask").addEventListener("toggle", startInstruments, { once: true });
  const [{ wheel }, { plane }] = await Promise.all([import("./wheel.js"), import("./plane.js")]);
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
    enclose: async (ids) => {
      if (!ids.length) return notify(t("enclosedNone"));
      try {
        showImages(await api.selectedImages(ids.slice(0, ENCLOSED)), t("enclosed", ids.length));
      } catch (error) {
        notify(t("failed", error.message));
      }
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
  if (!instruments) return;
  const asked = current();
  instruments.round.mark(WHEEL.includes(asked.q) ? asked.q : null);
  const point = asked.q.match(/^va:([\d.]+),([\d.]+)$/);
  if (point) instruments.field.mark(Number(point[1]), Number(point[2]));
  else instruments.field.hide();
  const { valence, arousal } = asked.filters;
  instruments.field.show(valence || arousal ? { valence: range(valence), arousal: range(arousal) } : null);
}

// The page follows its address.

function draw() {
  const asked = current();
  for (const view of ["gallery", "collection", "boards", "rate"]) $(`#${view}`).hidden = view !== asked.view;
  for (const link of document.querySelectorAll("nav [data-view]")) {
    if (link.dataset.view === asked.view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  // The chips say in words what the grammar writes as id:, va:, near: and reading:.
  const words = /(^|[\s&:])(id|va|near|reading):/.test(asked.q) ? "" : asked.q;
  document.title = words ? `${words} · emoir` : "emoir";
  const view = `${asked.view} ${asked.view === "boards" ? asked.board : ""} ${language}`;
  if (!asked.image && $("#detail").open) $("#detail").close();
  // What stands in front comes first.
  const front = asked.image ? showDetail(asked.image) : Promise.resolve();
  if (asked.view === "gallery") {
    rating?.leave();
    if (document.activeElement !== $("#query")) $("#query").value = words;
    mark();
    filters.draw();
    front.then(() => results());
  } else if (view !== drawn) {
    rating?.leave();
    drawView(asked.view);
  }
  drawn = view;
}

async function drawView(name) {
  const module = await import({ collection: "./overview.js", boards: "./boards.js", rate: "./rating.js" }[name]);
  if (name === "rate") rating = module;
  if (current().view === name) module.draw(acts);
}

async function showDetail(id) {
  detail ??= await import("./detail.js");
  if (current().image !== id) return;
  await detail.open(id, {
    ...acts,
    ask: (q) => search(q),
    canWrite: !readOnly,
    rated: () => {
      forget();
      if (current().view === "gallery") results(true);
    },
    view: async (first) => {
      const { view } = await import("./viewer.js");
      const hits = shownHits();
      // An image that came by a link stands alone.
      view(hits.some((hit) => hit.id === first) ? hits : [detail.shownImage()], first, (last) => go({ image: last }, { replace: true }));
    },
    closed: () => {
      if (current().image) {
        if (history.state?.detail) history.back();
        else go({ image: null }, { replace: true });
      }
      $(`.tile[data-id="${id}"] .open`)?.focus();
    },
    step: (by) => {
      const place = shownHits().findIndex((hit) => hit.id === id);
      const next = shownHits()[place + by];
      if (place >= 0 && next) go({ image: next.id }, { replace: true });
    },
  });
}

function theme() {
  const kept = recall("emoir.theme");
  if (kept) document.documentElement.dataset.theme = kept;
  $("#theme").addEventListener("click", () => {
    const dark = getComputedStyle(document.documentElement).getPropertyValue("color-scheme").includes("dark");
    document.documentElement.dataset.theme = dark ? "light" : "dark";
    remember("emoir.theme", document.documentElement.dataset.theme);
  });
}

function switchLanguage() {
  setLanguage(language === "zh" ? "en" : "zh");
  languageButton();
  forget();
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
  startBox(shownTerms);
  startEnd();
  // A narrow page begins with the results.
  $("#ask").open = matchMedia("(min-width: 60rem)").matches;
  startVeils();
  $("#help").addEventListener("click", help);
  document.addEventListener("keydown", (event) => {
    if (event.target.matches("input, textarea, select") || event.ctrlKey || event.metaKey || document.querySelector("dialog[open]")) return;
    if (event.key === "?") help();
    else if (event.key === "/") $("#query").focus();
    else return;
    event.preventDefault();
  });
  $("#language").addEventListener("click", switchLanguage);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    const elsewhere = !link || link.origin !== location.origin || link.pathname !== location.pathname || link.getAttribute("href").startsWith("#");
    if (elsewhere || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    history.pushState({}, "", link.href);
    draw();
  });
  addEventListener("popstate", draw);
  addEventListener("emoir:address", draw);
  await begin();
}

/** Ask what the model knows, then draw; again if that failed. */
async function begin() {
  try {
    const [known, controls, ready] = await Promise.all([api.spaces(), api.filters(), api.ready()]);
    spaces = known;
    learnFilters(controls);
    readOnly = ready.read_only;
    $("#logout").hidden = !ready.login;
    $('nav [data-view="rate"]').hidden = readOnly;
  } catch (error) {
    startInstruments();
    failed(error, begin);
    return;
  }
  learnNames(spaces);
  prepare(acts, spaces[0]);
  selection.prepare(acts);
  startInstruments();
  draw();
  drawPoints();
}

/** The points of the plane come last, and only where they are seen. */
function drawPoints() {
  new IntersectionObserver(async ([entry], observer) => {
    if (!entry.isIntersecting) return;
    observer.disconnect();
    try {
      points = await api.plane();
      instruments?.field.draw(points, spaces[0].classes);
    } catch (error) {
      notify(t("failed", error.message));
    }
  }).observe($("#plane"));
}

start();

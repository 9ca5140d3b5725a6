// The address of the page holds what is asked, so that it can be shared and the back button works.

import { rater } from "./storage.js";

const OPTIONS = ["sort", "diverse", "all", "folder"];
const LISTS = ["like", "unlike"];
// The service names the filters.
export let filterControls = [];

export function learnFilters(controls) {
  filterControls = controls;
}

const optionNames = () => [...filterControls.map((control) => control.name), ...OPTIONS];

export function current() {
  const pairs = new URLSearchParams(location.search);
  const asked = { view: pairs.get("view") || "gallery", q: pairs.get("q") || "", image: Number(pairs.get("image")) || null, board: Number(pairs.get("board")) || null, filters: {} };
  for (const name of optionNames()) if (pairs.get(name)) asked.filters[name] = pairs.get(name);
  for (const name of LISTS) asked[name] = pairs.getAll(name).map(Number).filter((id) => id > 0);
  return asked;
}

export function addressOf(asked) {
  const pairs = new URLSearchParams();
  if (asked.view !== "gallery") pairs.set("view", asked.view);
  if (asked.q) pairs.set("q", asked.q);
  for (const name of optionNames()) if (asked.filters[name]) pairs.set(name, asked.filters[name]);
  for (const name of LISTS) for (const id of asked[name]) pairs.append(name, id);
  if (asked.view === "boards" && asked.board) pairs.set("board", asked.board);
  if (asked.image) pairs.set("image", asked.image);
  const text = pairs.toString();
  return text ? `${location.pathname}?${text}` : location.pathname;
}

/** Go to another state; the page redraws itself. */
export function go(change, { replace = false } = {}) {
  const address = addressOf({ ...current(), ...change });
  if (address === location.pathname + location.search) return;
  const detail = Boolean(change.image);
  // A picture that was opened from a list goes back to that list when it is closed.
  history[replace ? "replaceState" : "pushState"]({ detail: detail && (!replace || Boolean(history.state?.detail)) }, "", address);
  dispatchEvent(new Event("emoir:address"));
}

/** What the search route takes. */
export function searchValues(asked) {
  const { all, diverse } = asked.filters;
  return {
    q: asked.q,
    ...conditions(asked),
    diverse,
    min_score: all ? 0 : undefined,
    positive_ids: asked.like,
    negative_ids: asked.unlike,
  };
}

/** What searches and shelves take. */
export function conditions(asked) {
  const { all, diverse, folder, ...filters } = asked.filters;
  for (const { name, several } of filterControls) if (several && filters[name]) filters[name] = filters[name].split(/[,，]/);
  return { rater: rater(), ...filters, folders: folder };
}

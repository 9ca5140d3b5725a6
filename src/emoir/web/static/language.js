// The texts of the page, English and Chinese.

import { recall, remember } from "./storage.js";

// One catalogue for the gallery and the report; relative to the page.
const TEXTS = await (await fetch("static/texts.json")).json();

// Until the service says more.
let names = {};
export let language = "en";

/** A text of the page, with its blanks filled; the last number decides between one and many. */
export function t(key, ...values) {
  const text = TEXTS[key][language === "zh" ? 1 : 0];
  const count = values.findLast((value) => typeof value === "number");
  const chosen = Array.isArray(text) ? text[count === 1 ? 0 : 1] : text;
  const shown = values.map((value) => (typeof value === "number" ? value.toLocaleString(document.documentElement.lang) : value));
  return chosen.replace(/%(\d)/g, (whole, place) => shown[place - 1] ?? whole);
}

/** An emotion's name in the language of the page. */
export const emotionName = (name) => (language === "zh" && names[name]) || name;

export function learnNames(spaces) {
  for (const space of spaces) {
    space.classes.forEach((name, place) => {
      if (space.chinese) names[name] = space.chinese[place];
    });
  }
}

function preferred() {
  const kept = recall("emoir.language");
  return kept || (navigator.language.startsWith("zh") ? "zh" : "en");
}

/** Set the language of the page, and remember it. */
export function setLanguage(wanted) {
  language = wanted;
  remember("emoir.language", wanted);
  document.documentElement.lang = wanted === "zh" ? "zh-Hans" : "en";
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of document.querySelectorAll("[data-t-placeholder]")) element.placeholder = t(element.dataset.tPlaceholder);
  for (const element of document.querySelectorAll("[data-t-label]")) element.setAttribute("aria-label", t(element.dataset.tLabel));
  for (const element of document.querySelectorAll("[data-t-title]")) element.title = t(element.dataset.tTitle);
}

export const startLanguage = () => setLanguage(preferred());

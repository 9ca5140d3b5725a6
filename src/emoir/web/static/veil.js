// Disturbing pictures: veiled until they are asked for, one by one or all of them.

import { make } from "./dom.js";
import { t } from "./language.js";
import { recall, remember } from "./storage.js";

const SHOWN = "emoir.disturbing";

/** Whether all of them are shown. */
export const allShown = () => recall(SHOWN) === "shown";

export function startVeils() {
  document.documentElement.dataset.disturbing = allShown() ? "shown" : "veiled";
}

/** The one switch, which is remembered. */
export function disturbing() {
  const box = make("input", { type: "checkbox", checked: allShown(), onchange: () => {
    remember(SHOWN, box.checked ? "shown" : "veiled");
    startVeils();
  } });
  return make("label", { class: "check" }, box, make("span", { text: t("showDisturbing") }));
}

/** Covers a disturbing picture until it is asked for. */
export function veil(box) {
  return make("button", { type: "button", class: "veil", text: t("disturbing"), onclick: (event) => {
    box.classList.remove("disturbing");
    event.currentTarget.remove();
  } });
}

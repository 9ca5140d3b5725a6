// The tray: images that were selected, and what can be done with them.

import { selection as fetchSelection } from "./api.js";
import { $, copy, make, notify } from "./dom.js";
import { t } from "./language.js";

const chosen = new Map();
// What may be done with them.
let acts = {};

export function prepare(given) {
  acts = given;
}

export const isChosen = (id) => chosen.has(id);

export function toggle(image) {
  if (!chosen.delete(image.id)) chosen.set(image.id, image);
  draw();
}

/** Select several. */
export function choose(images) {
  for (const image of images) chosen.set(image.id, image);
  for (const tile of document.querySelectorAll(".tile")) {
    if (chosen.has(Number(tile.dataset.id))) tile.querySelector(".choose")?.setAttribute("aria-pressed", "true");
  }
  draw();
}

/** Hand a file to the browser to keep. */
function keep(blob, name) {
  const address = URL.createObjectURL(blob);
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}

async function fetched(kind, name) {
  try {
    keep(await fetchSelection(kind, [...chosen.keys()]), name);
  } catch (error) {
    notify(t("failed", error.message));
  }
}

function clear() {
  chosen.clear();
  for (const pressed of document.querySelectorAll(".choose[aria-pressed=true]")) pressed.setAttribute("aria-pressed", "false");
  draw();
}

const copyPaths = () => copy([...chosen.values()].map((image) => image.path).join("\n"), t("copied"), t("copyByHand"));

export function draw() {
  const tray = $("#selection");
  tray.hidden = !chosen.size;
  const button = (key, act) => make("button", { type: "button", text: t(key), onclick: act });
  tray.replaceChildren(
    make("strong", { text: t("selected", chosen.size) }),
    acts.canWrite ? button("putOn", async () => (await import("./boards.js")).choose([...chosen.keys()])) : "",
    button("copyPaths", copyPaths),
    button("asTable", () => fetched("table", "selection.csv")),
    button("asZip", () => fetched("files", "emoir.zip")),
    button("clear", clear),
  );
}

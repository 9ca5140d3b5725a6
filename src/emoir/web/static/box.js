// The box: words with completion, colours, and pictures that are chosen, pasted or dropped.

import * as api from "./api.js";
import { current, go } from "./address.js";
import { queryOf, remember } from "./chips.js";
import { $, make, notify, settled } from "./dom.js";
import { t } from "./language.js";

// The picture whose reading is awaited.
let asked = null;

/** Ask a new question. */
export function search(q) {
  asked = null;
  go({ view: "gallery", q, like: [], unlike: [], image: null });
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

/** Bring the box to life; `terms` gives the terms that the page shows. */
export function startBox(terms) {
  const addTerm = (text) => {
    const others = current().q ? terms().filter((term) => term.text !== text) : [];
    search(queryOf([...others, { text, weight: 1 }]));
  };
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
  asked = file;
  try {
    const description = await api.describe(file);
    // Another picture, or another question, may have come meanwhile.
    if (asked !== file) return;
    remember(description.code, file);
    $("#notice").hidden = true;
    search(`reading:${description.code}`);
  } catch (error) {
    notify(error instanceof api.Refused ? t("failed", error.message) : t("offline"));
  }
}

// Saved searches: kept in this browser, nowhere else.

import { current } from "./address.js";
import { copy, make, notify } from "./dom.js";
import { t } from "./language.js";
import { recall, remember } from "./storage.js";

const SAVED = "emoir.saved";

const kept = () => JSON.parse(recall(SAVED) || "[]");
const keep = (list) => remember(SAVED, JSON.stringify(list));

/** What can be done with the question, and the questions that were kept; `redraw` is called when they change. */
export function saved(redraw) {
  const asked = current();
  const list = kept();
  const parts = [];
  if (asked.q) {
    const address = location.pathname + location.search;
    parts.push(
      make("button", { type: "button", class: "plain", text: t("save"), onclick: () => {
        keep([...list.filter((one) => one.address !== address), { name: asked.q.startsWith("reading:") ? t("picture") : asked.q, address }]);
        redraw();
        notify(t("savedDone"), "done");
      } }),
      make("button", { type: "button", class: "plain", text: t("copyLink"), onclick: () => copy(location.href, t("copied"), t("copyByHand")) }),
    );
  }
  if (list.length) {
    parts.push(
      make(
        "details",
        { class: "saved" },
        make("summary", { text: t("saved") }),
        make("ul", {}, list.map((one) =>
          make("li", {}, make("a", { href: one.address, text: one.name }), make("button", { type: "button", class: "plain", "aria-label": t("forget", one.name), text: "×", onclick: () => {
            keep(list.filter((other) => other !== one));
            redraw();
          } })),
        )),
      ),
    );
  }
  return parts;
}

// Saved searches: kept in the index, for everybody who uses it.

import * as api from "./api.js";
import { current } from "./address.js";
import { copy, make, notify } from "./dom.js";
import { t } from "./language.js";

/** What can be done with the question: save it, copy a link to it. */
export function saving(canWrite) {
  const asked = current();
  if (!asked.q) return [];
  const name = asked.q.startsWith("reading:") ? t("picture") : asked.q;
  const save = async () => {
    try {
      await api.saveSearch({ name: name.slice(0, 80), address: location.search });
      notify(t("savedDone"), "done");
    } catch (error) {
      notify(t("failed", error.message));
    }
  };
  return [
    canWrite ? make("button", { type: "button", class: "plain", text: t("save"), onclick: save }) : "",
    make("button", { type: "button", class: "plain", text: t("copyLink"), onclick: () => copy(location.href, t("copied"), t("copyByHand")) }),
  ];
}

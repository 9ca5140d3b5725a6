// Help: how to ask, with examples to click, and the keys.

import { make } from "./dom.js";
import { language, t } from "./language.js";

const EXAMPLES = {
  en: ["awe", "a quiet lonely evening", "joy & excitement", "sad but hopeful", "calm - sadness", "blue & calm", "2:awe - fear"],
  zh: ["敬畏", "宁静但有点孤独", "快乐 & 兴奋", "温馨的家", "平静 - 悲伤", "蓝色 & 宁静"],
};
const KEYS = [
  ["/", "keySearch"],
  ["← → ↑ ↓", "keyWalk"],
  ["Enter", "keyOpen"],
  ["f", "keyWhole"],
  ["1 – 8", "keyFeel"],
  ["m", "more"],
  ["l  u", "keyLike"],
  ["x", "select"],
  ["b", "putOn"],
  ["Alt ← →", "keyMove"],
  ["?", "help"],
];

/** Questions to click: examples, or those given. */
export const examples = (questions = EXAMPLES[language]) =>
  make("p", { class: "examples" }, make("span", { class: "quiet", text: `${t("tryThese")} ` }), questions.map((q) => make("a", { class: "example", href: `?${new URLSearchParams({ q })}`, text: q })));

/** Show what can be asked and which keys do what. */
export function help() {
  const dialog = make("dialog", { class: "help", "aria-labelledby": "help-title", onclose: () => dialog.remove() });
  const list = examples();
  list.addEventListener("click", () => dialog.close());
  dialog.append(
    make("h2", { id: "help-title", text: t("help") }),
    make("p", { text: t("helpAsk") }),
    list,
    make("h3", { text: t("keys") }),
    make("dl", { class: "keys" }, KEYS.map(([key, text]) => make("div", {}, make("dt", {}, make("kbd", { text: key })), make("dd", { text: t(text) })))),
    make("h3", { text: t("signs") }),
    make("dl", { class: "keys" }, [["✓", "select"], ["≈", "more"], ["+", "like"], ["−", "unlike"], ["⋯", "actions"]].map(([sign, text]) => make("div", {}, make("dt", { text: sign }), make("dd", { text: t(text) })))),
    make("p", {}, make("button", { type: "button", class: "main", text: t("close"), onclick: () => dialog.close() })),
  );
  document.body.append(dialog);
  dialog.showModal();
}

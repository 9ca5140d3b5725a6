// The sheet at the bottom of a telephone: what can be done with a picture.

import { thumbnail } from "./api.js";
import { make } from "./dom.js";
import { t } from "./language.js";

/** Show the actions of a picture; `acts` are those of its tile. */
export function sheet(image, acts) {
  const dialog = make("dialog", { class: "sheet", "aria-label": t("actions"), onclose: () => dialog.remove() });
  const button = (key, act) => make("button", { type: "button", text: t(key), onclick: () => {
    dialog.close();
    act(image);
  } });
  dialog.append(
    make("p", { class: "which" }, make("img", { src: thumbnail(image.id, 240), alt: "", class: image.disturbing ? "veiled" : "" }), make("span", { text: image.record?.title || image.name })),
    button("openIt", acts.open),
    button("more", acts.more),
    button("like", acts.like),
    button("unlike", acts.unlike),
    button(acts.chosen(image.id) ? "deselect" : "select", acts.select),
    ...(acts.canWrite ? [button("putOn", acts.putOn)] : []),
    make("button", { type: "button", class: "main", text: t("close"), onclick: () => dialog.close() }),
  );
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
}

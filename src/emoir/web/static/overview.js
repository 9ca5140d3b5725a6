// The collection on the whole: what it evokes, where and when, its extremes and its failures.

import * as api from "./api.js";
import { bars, mix, palette } from "./bars.js";
import { $, make } from "./dom.js";
import { go } from "./address.js";
import { tile } from "./grid.js";
import { emotionName, language, t } from "./language.js";

export async function draw(acts) {
  const box = $("#collection");
  box.replaceChildren(make("h1", { text: t("collection") }), make("p", { class: "quiet", text: t("loading") }));
  let found;
  try {
    found = await api.collection();
  } catch (error) {
    box.replaceChildren(make("h1", { text: t("collection") }), make("p", { text: t("failed", error.message) }));
    return;
  }
  acts.listed([...Object.values(found.most).flat(), ...found.uncertain]);
  const part = (key, ...children) => make("section", {}, make("h2", { text: t(key) }), children);
  const strip = (images, name) => make("div", { class: "grid strip" }, images.map((image) => tile(image, acts, [name])));
  const rows = (shares) =>
    make(
      "table",
      { class: "shares" },
      make(
        "tbody",
        {},
        shares.map((share) =>
          make(
            "tr",
            {},
            make("th", { scope: "row" }, share.folder ? make("a", { href: `?${new URLSearchParams({ folder: share.folder })}`, text: share.name, title: share.folder }) : share.name || t("allOthers")),
            make("td", { class: "number", text: t("images", share.images) }),
            make("td", {}, mix(share.emotions, share.name)),
          ),
        ),
      ),
    );
  const palettes = Object.entries(found.palettes);
  box.replaceChildren(
    make("h1", { text: t("collection") }),
    make("p", {}, `${t("images", found.images)} · ${t("unsureCount", found.unsure)} · ${found.model} · `, make("a", { href: api.exportAddress, text: t("exportAll") })),
    make(
      "div",
      { class: "halves" },
      part("emotions", bars(found.emotions)),
      part(
        "palettes",
        palettes.length
          ? make(
              "dl",
              { class: "palettes" },
              palettes.map(([name, colours]) => make("div", {}, make("dt", { text: emotionName(name) }), make("dd", {}, palette(colours, emotionName(name))))),
            )
          : make("p", { class: "quiet", text: t("noneSure") }),
      ),
    ),
    part("folders", rows(found.folders)),
    found.months.length ? part("months", rows(found.months)) : "",
    part(
      "most",
      Object.entries(found.most).map(([name, images]) =>
        make(
          "div",
          {},
          make("h3", {}, make("button", { type: "button", class: "plain", text: emotionName(name), onclick: () => go({ view: "gallery", q: name }) })),
          strip(images, name),
        ),
      ),
    ),
    part("uncertain", strip(found.uncertain)),
    part(
      "failures",
      found.failures.length
        ? make("ul", { class: "files" }, found.failures.map((failure) => make("li", { text: `${failure.path}: ${language === "zh" ? failure.chinese : failure.cause}` })))
        : make("p", { class: "quiet", text: t("noFailures") }),
    ),
  );
}

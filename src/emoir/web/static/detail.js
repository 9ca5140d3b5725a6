// The detail of one image: large, what it evokes, and why.

import * as api from "./api.js";
import { bars, palette } from "./bars.js";
import { $, copy, keepingFocus, make, notify, percent } from "./dom.js";
import { WHEEL, colourOf } from "./emotions.js";
import { emotionName, language, t } from "./language.js";
import { plane } from "./plane.js";
import { rater } from "./storage.js";
import { veil } from "./veil.js";

const STRENGTH = 0.7;
let asking = null;
let image = null;

/** The image that is shown. */
export const shownImage = () => image;

/**
 * Show an image; acts has more, like, unlike, step(±1) and closed. The dialog stays until it is closed.
 */
export async function open(id, acts) {
  const dialog = $("#detail");
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  dialog.onclose = () => {
    asking?.abort();
    document.body.append($("#notice"));
    acts.closed();
  };
  dialog.onkeydown = (event) => {
    if (event.target.matches("input, [role=application]")) return;
    if (event.key === "ArrowRight") acts.step(1);
    if (event.key === "ArrowLeft") acts.step(-1);
    if (event.key === "f") acts.view(id);
    if (WHEEL[event.key - 1]) $(`.feeling button[name=${WHEEL[event.key - 1]}]`, dialog)?.click();
  };
  if (!dialog.open) {
    $("#detail-content").replaceChildren(make("p", { class: "state", id: "detail-name", text: t("loading") }));
    dialog.showModal();
  }
  try {
    image = await api.image(id, rater());
  } catch (error) {
    if (signal.aborted) return;
    dialog.close();
    notify(t("failed", error.message));
    return;
  }
  if (signal.aborted) return;
  $("#detail-content").replaceChildren(...content(image, acts, signal));
  $("button.close", dialog).focus();
}

function content(image, acts, signal) {
  const [space] = Object.keys(image.reading.distributions);
  const why = make("section", { class: "why" }, make("h3", { text: t("why") }), make("button", { type: "button", text: t("askWhy"), onclick: () => explain(image, space, why, map, signal) }));
  const large = make("img", { src: api.thumbnail(image.id, 1600), alt: image.name, class: "large", fetchpriority: "high", width: image.width, height: image.height, style: { "background-image": `url("${api.thumbnail(image.id, 480)}")` } });
  const map = make("img", { alt: "", class: "map", hidden: true, style: { opacity: STRENGTH } });
  const frame = make("div", { class: "frame", style: { "--ratio": image.width / image.height } }, make("button", { type: "button", class: "enlarge", title: t("fullScreen"), "aria-label": t("fullScreen"), onclick: () => acts.view(image.id) }, large), map);
  const stage = make("div", { class: image.disturbing ? "stage disturbing" : "stage" }, frame);
  if (image.disturbing) stage.append(veil(stage));
  const point = plane({ choose: (valence, arousal) => acts.ask(`va:${valence.toFixed(2)},${arousal.toFixed(2)}`) });
  point.mark(image.valence, image.arousal);
  const button = (key, act) => make("button", { type: "button", text: t(key), onclick: act });
  return [
    make(
      "div",
      { class: "bar" },
      make("h2", { id: "detail-name" }, make("span", { text: title(image) }), " ", make("small", { class: "quiet", text: image.name })),
      button("previous", () => acts.step(-1)),
      button("next", () => acts.step(1)),
      make("button", { type: "button", class: "close", text: t("close"), onclick: () => $("#detail").close() }),
    ),
    make(
      "div",
      { class: "columns" },
      stage,
      make(
        "div",
        { class: "facts" },
        make(
          "p",
          { class: "acts" },
          button("more", () => acts.more(image)),
          button("like", () => acts.like(image)),
          button("unlike", () => acts.unlike(image)),
          acts.canWrite ? button("putOn", () => acts.putOn(image)) : "",
          acts.canWrite ? button(image.disturbing ? "notDisturbing" : "isDisturbing", () => mark(image, acts)) : "",
          make("a", { href: api.fileAddress(image.id), class: "button", text: t("download") }),
        ),
        ...(acts.canWrite ? [feeling(image, acts)] : []),
        bars(image.reading.distributions[space]),
        make("p", { text: t("sure", percent(image.confidence)) }),
        !image.sure ? make("p", { class: "quiet", text: t("unsure") }) : null,
        why,
        make("h3", { text: t("plane") }),
        point.element,
        make("h3", { text: t("palette") }),
        palette(image.colours, t("palette")),
        ...record(image.record),
        make("h3", { text: t("files") }),
        make("ul", { class: "files" }, image.files.map(file)),
        make("p", { class: "quiet", text: facts(image) }),
        camera(image.id, signal),
        make("p", { class: "quiet", text: t("limits") }),
      ),
    ),
  ];
}

/** What a picture is called: by what it evokes, where the model is sure of it. */
const heading = (image) => (image.rating?.emotion ? t("yours", emotionName(image.rating.emotion)) : image.sure ? emotionName(image.emotion) : t("unsureShort"));

/** What stands above the picture. */
const title = (image) => image.record?.title || heading(image);

/** Eight emotions to say what the viewer feels: one tap is a rating, a second one takes it back. */
function feeling(image, acts) {
  const box = make("fieldset", { class: "feeling" });
  const keep = async (emotion, quiet = false) => {
    const before = image.rating;
    try {
      if (emotion) image.rating = await api.rate({ image: image.id, rater: rater(), emotion, valence: before?.valence, arousal: before?.arousal });
      else {
        await api.unrate(before.id);
        image.rating = null;
      }
    } catch (error) {
      notify(t("failed", error.message));
      return;
    }
    keepingFocus(box, draw);
    $("#detail-name span").textContent = title(image);
    acts.rated();
    if (quiet) notify(t("undone"), "done");
    else notify(emotion ? t("keptAsYours", emotionName(emotion), rater()) : t("undone"), "done", { text: t("takeBack"), act: () => keep(before?.emotion, true) });
  };
  const draw = () =>
    box.replaceChildren(
      make("legend", { text: t("rateQuestion") }),
      ...WHEEL.map((name, place) => {
        const hers = image.rating?.emotion === name;
        return make("button", { type: "button", name, title: String(place + 1), "aria-pressed": String(hers), onclick: () => keep(hers ? null : name) },
          make("span", { class: "dot", style: { background: colourOf(name) } }), emotionName(name));
      }),
    );
  draw();
  return box;
}

/** Say by hand that a picture is disturbing, or that it is not. */
async function mark(image, acts) {
  try {
    await api.mark(image.id, !image.disturbing);
  } catch (error) {
    notify(t("failed", error.message));
    return;
  }
  acts.rated();
  open(image.id, acts);
}

/** A file's path, with a way to take it along and one to its folder. */
function file(path) {
  const folder = path.replace(/[/\\][^/\\]*$/, "");
  return make(
    "li",
    {},
    make("span", { text: path }),
    make("span", { class: "acts" },
      make("button", { type: "button", class: "plain", text: t("copyPath"), onclick: () => copy(path, t("copied"), t("copyByHand")) }),
      make("a", { href: `?${new URLSearchParams({ folder })}`, text: t("showFolder") }),
    ),
  );
}

/** What the camera wrote; it comes when it comes. */
function camera(id, signal) {
  const box = make("dl", { class: "record" });
  api.camera(id, signal).then((settings) => {
    const rows = Object.entries(settings).map(([name, value]) => make("div", {}, make("dt", { text: t(name) }), make("dd", { text: value })));
    if (rows.length) box.replaceChildren(...rows);
  }, () => {});
  return box;
}

/** Size, time, and whether a part of the picture is missing. */
function facts(image) {
  const known = [`${image.width} × ${image.height}`];
  if (image.taken) known.push(t("taken2", image.taken));
  if (image.incomplete) known.push(t("incomplete"));
  return known.join(" · ");
}

/** What the catalogue says; an address becomes a link only if it leads to the web. */
function record(entry) {
  if (!entry) return [];
  const address = /^https?:\/\//i.test(entry.url || "") ? make("a", { href: entry.url, rel: "noreferrer", target: "_blank", text: entry.url }) : entry.url;
  const rows = [["id", entry.id], ["url", address], ...Object.entries(entry.columns)].filter(([, value]) => value);
  return [
    make("h3", { text: t("record") }),
    make("dl", { class: "record" }, rows.map(([name, value]) => make("div", {}, make("dt", { text: name }), make("dd", {}, value)))),
  ];
}

async function explain(image, space, why, map, signal, emotion = undefined) {
  let found;
  why.setAttribute("aria-busy", "true");
  why.replaceChildren(make("h3", { text: t("why") }), make("p", { class: "quiet", text: t("explaining") }));
  try {
    found = await api.explanation(image.id, { emotion, language }, signal);
  } catch (error) {
    if (!signal.aborted) why.replaceChildren(make("h3", { text: t("why") }), make("p", { class: "quiet", text: t("failed", error.message) }));
    return;
  }
  if (signal.aborted) return;
  why.removeAttribute("aria-busy");
  map.src = found.map;
  const where = make("input", {
    type: "range",
    min: "0",
    max: "1",
    step: "0.05",
    value: String(STRENGTH),
    "aria-label": t("where"),
    oninput: () => (map.style.opacity = where.value),
  });
  map.style.opacity = where.value;
  map.hidden = false;
  const legend = make("span", { class: "legend" }, make("i", { class: "for" }), t("speaksFor"), make("i", { class: "against" }), t("speaksAgainst"));
  const names = Object.keys(image.reading.distributions[space]);
  const choice = make(
    "select",
    { "aria-label": t("explain"), onchange: () => explain(image, space, why, map, signal, `${space}.${choice.value}`) },
    names.map((name) => make("option", { value: name, text: emotionName(name) })),
  );
  choice.value = found.emotion;
  keepingFocus(why, () => why.replaceChildren(
    make("h3", { text: t("why") }),
    make("p", { class: "sentence", text: found.sentence }),
    make("p", { class: "choices" }, choice, make("label", {}, `${t("where")} `, where), legend),
    make(
      "div",
      { class: "changed" },
      [{ name: emotionName(found.emotion), probability: found.probability, picture: found.seen }, ...found.changed].map((one) =>
        make(
          "figure",
          {},
          make("img", { src: one.picture, alt: "", style: { "aspect-ratio": `${image.width} / ${image.height}` } }),
          make("figcaption", {}, make("span", { text: one.change === undefined ? one.name : t(one.name) }), make("strong", { text: one.probability.toFixed(2) })),
        ),
      ),
    ),
  ));
}

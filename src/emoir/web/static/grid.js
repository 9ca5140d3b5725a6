// The grid: images in rows of one height, without end, walked by keyboard.

import { thumbnail } from "./api.js";
import { make, percent } from "./dom.js";
import { colourOf } from "./emotions.js";
import { emotionName, t } from "./language.js";
import { veil } from "./veil.js";

const SIDES = [240, 480];
const FIRST = 4;
const PATIENCE = 2000;
const NARROW = 0.4;
const WIDE = 3.2;
// Narrower pictures have no room for a whole caption.
const SLIM = 1;

/** What a caption says of the emotion: not what was asked for anyway. */
function named(image, asked) {
  if (image.rated) return t("yours", emotionName(image.rated));
  if (!image.sure) return t("unsureShort");
  return asked.includes(image.emotion) ? "" : emotionName(image.emotion);
}

/** What an image evokes and how well it fits, in one line. */
export const caption = (image) =>
  [image.rated ? t("yours", emotionName(image.rated)) : image.sure ? emotionName(image.emotion) : t("unsureShort"), image.score === undefined ? "" : t("fits", percent(image.score))].filter(Boolean).join(" · ");

/** How much wider than high a tile is. */
export const ratioOf = (image) => Math.min(WIDE, Math.max(NARROW, image.width / image.height));

/** A tile; `acts` has open, more, like, unlike, toggle and chosen; `asked` are the emotions that were asked for. */
export function tile(image, acts, asked = []) {
  const ratio = ratioOf(image);
  // What the image evokes most is one thing, how well it fits what was asked another.
  const fit = image.score === undefined ? "" : t("fits", percent(image.score));
  const title = image.record?.title || image.name;
  const picture = make("img", {
    loading: "lazy",
    // As large as it is shown, before it is asked for.
    sizes: "auto, 20rem",
    srcset: SIDES.map((side) => `${thumbnail(image.id, side)} ${Math.round(side * Math.min(1, image.width / image.height))}w`).join(", "),
    src: thumbnail(image.id, 480),
    alt: "",
    decoding: "async",
    onerror: () => figure.classList.add("gone"),
  });
  const open = make(
    "button",
    {
      type: "button",
      class: "open",
      title,
      "aria-label": [t("open", title, image.sure ? emotionName(image.emotion) : t("unsureShort")), fit].filter(Boolean).join(", "),
      onclick: () => acts.open(image),
    },
    picture,
  );
  const button = (key, sign, act) =>
    make("button", { type: "button", tabindex: "-1", title: t(key), "aria-label": `${t(key)}: ${image.name}`, text: sign, onclick: () => act(image) });
  const choose = make("button", {
    type: "button",
    tabindex: "-1",
    class: "choose",
    title: t("select"),
    "aria-label": `${t("select")}: ${image.name}`,
    "aria-pressed": String(acts.chosen(image.id)),
    text: "✓",
    onclick: () => {
      acts.toggle(image);
      choose.setAttribute("aria-pressed", String(acts.chosen(image.id)));
    },
  });
  const figure = make(
    "figure",
    { class: ["tile", image.disturbing && "disturbing", ratio < SLIM && "slim"].filter(Boolean).join(" "), style: { "--ratio": ratio }, dataset: { id: String(image.id) } },
    open,
    make(
      "figcaption",
      {},
      make("span", { class: "dot", style: { background: image.rated ? colourOf(image.rated) : image.sure ? colourOf(image.emotion) : "var(--quiet, #8a8a92)" } }),
      make("span", { class: "name", text: named(image, asked) }),
      make("span", { class: "score" }, make("span", { class: "wide", text: fit }), make("span", { class: "narrow", text: fit && percent(image.score) })),
    ),
    make("div", { class: "acts" }, choose, button("more", "≈", acts.more), button("like", "+", acts.like), button("unlike", "−", acts.unlike)),
    make("button", { type: "button", tabindex: "-1", class: "menu", "aria-label": `${t("actions")}: ${image.name}`, text: "⋯", onclick: async () => (await import("./sheet.js")).sheet(image, { ...acts, chosen: acts.chosen, select: () => choose.click() }) }),
  );
  if (image.disturbing) figure.append(veil(figure));
  figure.addEventListener("keydown", (event) => {
    const keys = { m: () => acts.more(image), l: () => acts.like(image), u: () => acts.unlike(image), x: () => choose.click(), b: () => acts.canWrite && acts.putOn(image) };
    if (keys[event.key] && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      keys[event.key]();
    }
  });
  return figure;
}

/** Let the first pictures of a container come before all others. */
export function first(container) {
  for (const picture of [...container.querySelectorAll("img")].slice(0, FIRST)) picture.fetchPriority = "high";
}

/** Wait until the pictures of a container that are in sight can be seen, or for a while. */
export async function inSight(container) {
  const seen = [...container.querySelectorAll("img")].filter((picture) => {
    const { top, left } = picture.getBoundingClientRect();
    return top < innerHeight && left < innerWidth;
  });
  await Promise.race([Promise.allSettled(seen.map((picture) => picture.decode())), new Promise((done) => setTimeout(done, PATIENCE))]);
  await new Promise(requestAnimationFrame);
}

/** Let arrow keys walk over the tiles of a container. */
export function walkable(container) {
  container.addEventListener("keydown", (event) => {
    const from = event.target.closest?.(".tile");
    if (!from || event.target.className !== "open") return;
    const tiles = [...container.querySelectorAll(".tile")];
    const place = tiles.indexOf(from);
    const box = from.getBoundingClientRect();
    const middle = box.left + box.width / 2;
    const beside = (one) => Math.abs(one.getBoundingClientRect().left + one.getBoundingClientRect().width / 2 - middle);
    const row = (tops) => tops.length && tops.reduce((best, one) => (beside(one) < beside(best) ? one : best));
    const steps = {
      ArrowRight: () => tiles[place + 1],
      ArrowLeft: () => tiles[place - 1],
      Home: () => tiles[0],
      End: () => tiles[tiles.length - 1],
      ArrowDown: () => {
        const below = tiles.slice(place + 1).filter((one) => one.getBoundingClientRect().top > box.bottom - 4);
        const top = below[0]?.getBoundingClientRect().top;
        return row(below.filter((one) => Math.abs(one.getBoundingClientRect().top - top) < 4));
      },
      ArrowUp: () => {
        const above = tiles.slice(0, place).filter((one) => one.getBoundingClientRect().bottom < box.top + 4);
        const top = above[above.length - 1]?.getBoundingClientRect().top;
        return row(above.filter((one) => Math.abs(one.getBoundingClientRect().top - top) < 4));
      },
    };
    const next = steps[event.key]?.();
    if (steps[event.key]) event.preventDefault();
    next?.querySelector(".open").focus();
  });
}

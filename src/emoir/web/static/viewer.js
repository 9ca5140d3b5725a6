// The viewer: one image on the whole screen; zoom, swipe, keys. PhotoSwipe does it, loaded when it is first needed.

import { thumbnail } from "./api.js";
import { make } from "./dom.js";
import { caption } from "./grid.js";
import { t } from "./language.js";
import { allShown } from "./veil.js";

const SIDES = [480, 1600, 3200];
const LARGE = 1600;
const WHOLE = {
  isCustomSVG: true,
  inner: '<path d="M6 6h8v3H9v5H6zM18 6h8v8h-3V9h-5zM23 18h3v8h-8v-3h5zM6 18h3v5h5v3H6z" id="pswp__icn-whole"/>',
  outlineID: "pswp__icn-whole",
};
// Disturbing pictures that were asked for, until the page is left.
const revealed = new Set();

function library() {
  const address = new URL("./vendor/photoswipe/photoswipe.css", import.meta.url).href;
  if (!document.querySelector(`link[href="${address}"]`)) document.head.append(make("link", { rel: "stylesheet", href: address }));
  return import("./vendor/photoswipe/photoswipe.esm.min.js");
}

/** An image as PhotoSwipe takes it: larger versions come when it is zoomed. */
function slide(image) {
  const longest = Math.max(image.width, image.height);
  const width = (side) => Math.min(image.width, Math.round((side * image.width) / longest));
  const sides = SIDES.filter((side, place) => !place || SIDES[place - 1] < longest);
  return {
    src: thumbnail(image.id, LARGE),
    srcset: sides.map((side) => `${thumbnail(image.id, side)} ${width(side)}w`).join(", "),
    width: image.width,
    height: image.height,
    alt: image.name,
    image,
  };
}

/** Show an image among others; `closed` is called with the one that was shown last. */
export async function view(images, id, closed) {
  const { default: PhotoSwipe } = await library();
  // A dialog of its own, so that nothing below it can be reached meanwhile.
  const dialog = make("dialog", { class: "viewer", "aria-label": t("fullScreen") });
  document.body.append(dialog);
  dialog.showModal();
  const pswp = new PhotoSwipe({
    dataSource: images.map(slide),
    index: Math.max(0, images.findIndex((image) => image.id === id)),
    appendToEl: dialog,
    bgOpacity: 1,
    loop: false,
    secondaryZoomLevel: (zoom) => Math.max(1, 2.5 * zoom.fit),
    maxZoomLevel: (zoom) => Math.max(4, 6 * zoom.fit),
    // Small pictures fill the screen, too.
    initialZoomLevel: (zoom) => Math.min(3, zoom.elementSize.x && Math.min(zoom.panAreaSize.x / zoom.elementSize.x, zoom.panAreaSize.y / zoom.elementSize.y)),
    showHideAnimationType: "fade",
    closeTitle: t("close"),
    zoomTitle: t("zoom"),
    arrowPrevTitle: t("previous"),
    arrowNextTitle: t("next"),
    indexIndicatorSep: " / ",
    errorMsg: t("gone"),
  });
  const shown = () => pswp.currSlide.data.image;
  const whole = () => (document.fullscreenElement ? document.exitFullscreen() : pswp.element.requestFullscreen?.());
  pswp.on("uiRegister", () => {
    pswp.ui.registerElement({ name: "whole", order: 8, isButton: true, title: t("fullScreen"), ariaLabel: t("fullScreen"), html: WHOLE, onClick: whole });
    pswp.ui.registerElement({ name: "caption", order: 9, appendTo: "root", onInit: (element) => {
      const draw = () => element.replaceChildren(make("strong", { text: shown().record?.title || shown().name }), " ", make("span", { text: caption(shown()) }), unveil());
      pswp.on("change", draw);
    } });
  });
  const isVeiled = (image) => image.disturbing && !allShown() && !revealed.has(image.id);
  const unveil = () => (isVeiled(shown()) ? make("button", { type: "button", text: t("disturbing"), onclick: (event) => {
    revealed.add(shown().id);
    pswp.currSlide.content.element.classList.remove("veiled");
    event.currentTarget.remove();
  } }) : "");
  pswp.on("contentAppend", ({ content }) => content.element?.classList.toggle("veiled", isVeiled(content.data.image)));
  pswp.on("keydown", ({ originalEvent }) => {
    if (originalEvent.key === "f") whole();
    if (originalEvent.key === "+") pswp.zoomTo(1.5 * pswp.currSlide.currZoomLevel, undefined, 150);
    if (originalEvent.key === "-") pswp.zoomTo(pswp.currSlide.currZoomLevel / 1.5, undefined, 150);
  });
  let last = id;
  pswp.on("change", () => (last = shown().id));
  pswp.on("destroy", () => {
    dialog.close();
    dialog.remove();
    closed(last);
  });
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    pswp.close();
  });
  pswp.init();
}

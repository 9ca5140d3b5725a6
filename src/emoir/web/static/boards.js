// Boards: images that were put together, in an order of the person's own, and saved searches beside them.

import * as api from "./api.js";
import { current, go } from "./address.js";
import { $, announce, make, notify } from "./dom.js";
import { tile, walkable } from "./grid.js";
import { t } from "./language.js";

const EXPORTS = ["page", "sheet", "zip", "csv", "xmp"];

/** SortableJS, which drags by mouse and by finger; loaded when a board is first opened. */
async function sortable() {
  await import("./vendor/sortable/Sortable.min.js");
  return window.Sortable;
}

async function attempt(act) {
  try {
    return await act();
  } catch (error) {
    notify(t("failed", error.message));
    return null;
  }
}

export async function draw(acts) {
  const box = $("#boards");
  const { board } = current();
  box.replaceChildren(make("h1", { text: t("boards") }), make("p", { class: "quiet", text: t("loading") }));
  const found = await attempt(() => (board ? api.board(board) : Promise.all([api.boards(), api.searches()])));
  if (!found) box.replaceChildren(make("h1", { text: t("boards") }), make("p", { class: "state" }, make("button", { type: "button", text: t("retry"), onclick: () => draw(acts) })));
  else if (board) one(box, found, acts);
  else all(box, ...found, acts);
}

function all(box, boards, searches, acts) {
  const card = (board) =>
    make(
      "li",
      {},
      make(
        "a",
        { class: "card", href: `?${new URLSearchParams({ view: "boards", board: board.id })}` },
        board.cover ? make("img", { src: api.thumbnail(board.cover, 480), alt: "", loading: "lazy" }) : make("span", { class: "blank", "aria-hidden": "true", text: "＋" }),
        make("strong", { text: board.name }),
        make("span", { class: "quiet", text: t("images", board.ids.length) }),
      ),
    );
  box.replaceChildren(
    make("h1", { text: t("boards") }),
    acts.canWrite ? newBoard((name) => api.newBoard({ name }), (board) => go({ view: "boards", board: board.id })) : "",
    boards.length ? make("ul", { class: "cards" }, boards.map(card)) : make("p", { class: "quiet", text: t("noBoards") }),
    make("h2", { text: t("saved") }),
    searches.length
      ? make("ul", { class: "searches" }, searches.map((search) =>
          make("li", {}, make("a", { href: search.address, text: search.name }), acts.canWrite
            ? make("button", { type: "button", class: "plain", "aria-label": t("forget", search.name), text: "×", onclick: async () => {
                await attempt(() => api.forgetSearch(search.id));
                draw(acts);
              } })
            : "")))
      : make("p", { class: "quiet", text: t("noSearches") }),
  );
}

/** A form for a new board; `made` is called with it. */
function newBoard(create, made) {
  const name = make("input", { type: "text", name: "board-name", required: true, maxlength: "80", autocomplete: "off", placeholder: t("newBoard"), "aria-label": t("newBoard") });
  return make(
    "form",
    { class: "newboard", onsubmit: async (event) => {
      event.preventDefault();
      const board = name.value.trim() && (await attempt(() => create(name.value.trim())));
      if (board) made(board);
    } },
    name,
    make("button", { class: "main", text: t("create") }),
  );
}

function one(box, board, acts) {
  acts.listed(board.images);
  const change = (values) => {
    Object.assign(board, values);
    return attempt(() => api.changeBoard(board.id, values));
  };
  const readonly = !acts.canWrite;
  const field = (name, options, tag = "input") =>
    make(tag, { name, value: board[name], readonly, "aria-label": t(name === "name" ? "boardName" : "notes"), onchange: (event) => change({ [name]: event.target.value }), ...options });
  const grid = make("div", { class: "grid board" });
  const count = make("p", { class: "quiet", text: t("images", board.ids.length) });
  const order = () => [...grid.querySelectorAll(".tile")].map((element) => Number(element.dataset.id));
  const keep = async () => {
    count.textContent = t("images", order().length);
    await change({ ids: order() });
  };
  const move = (element, by) => {
    const tiles = [...grid.querySelectorAll(".tile")];
    const next = tiles[tiles.indexOf(element) + by];
    if (!next) return;
    if (by > 0) next.after(element);
    else next.before(element);
    $(".open", element).focus();
    announce(t("moved", tiles.indexOf(element) + by + 1, tiles.length));
    keep();
  };
  const figure = (image) => {
    const element = tile(image, acts);
    if (readonly) return element;
    const button = (key, sign, act) => make("button", { type: "button", tabindex: "-1", title: t(key), "aria-label": `${t(key)}: ${image.name}`, text: sign, onclick: act });
    $(".acts", element).replaceChildren(
      button("earlier", "‹", () => move(element, -1)),
      button("later", "›", () => move(element, 1)),
      button("cover", "★", async () => (await change({ cover: image.id })) && notify(t("isCover"), "done")),
      button("takeOff", "×", () => {
        element.remove();
        keep();
      }),
    );
    element.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!event.altKey || !by) return;
      event.preventDefault();
      event.stopPropagation();
      move(element, by);
    });
    return element;
  };
  grid.append(...board.images.map(figure));
  walkable(grid);
  if (!readonly) sortable().then((Sortable) => {
    new Sortable(grid, { animation: 150, delay: 200, delayOnTouchOnly: true, draggable: ".tile", onEnd: keep });
    grid.classList.add("movable");
  });
  box.replaceChildren(
    make("p", {}, make("a", { href: "?view=boards", text: `‹ ${t("boards")}` })),
    make("h1", { class: "unseen", text: board.name }),
    field("name", { class: "title", type: "text", maxlength: "80", required: true }),
    field("notes", { rows: "2", maxlength: "10000", placeholder: t("notes") }, "textarea"),
    make("p", { class: "acts" },
      ...(board.images.length ? EXPORTS.map((kind) => make("a", { class: "button", href: api.boardExport(board.id, kind), download: "", text: t(`as_${kind}`) })) : []),
      readonly ? "" : make("button", { type: "button", text: t("removeBoard"), onclick: () => remove(board) }),
    ),
    count,
    board.images.length ? grid : make("p", { class: "state", text: t("emptyBoard") }),
    board.images.length && !readonly ? make("p", { class: "quiet", text: t("boardHelp") }) : "",
  );
}

/** Take a board away; until the notice is gone it can be had back. */
async function remove(board) {
  if ((await attempt(() => api.removeBoard(board.id))) === null) return;
  go({ view: "boards", board: null });
  notify(t("boardRemoved", board.name), "done", { text: t("takeBack"), act: async () => {
    const again = await attempt(() => api.newBoard({ name: board.name, notes: board.notes, ids: board.ids }));
    if (again) go({ view: "boards", board: again.id });
  } });
}

/** Ask on which board to put images, or on a new one. */
export async function choose(ids) {
  const boards = await attempt(() => api.boards());
  if (!boards) return;
  const dialog = make("dialog", { class: "chooser", "aria-label": t("putOn"), onclose: () => dialog.remove() });
  const done = (board) => {
    dialog.close();
    notify(t("isOn", board.name, ids.length), "done", { text: t("openBoard"), act: () => go({ view: "boards", board: board.id, image: null }) });
  };
  dialog.append(
    make("h2", { text: t("putOn") }),
    make("ul", {}, boards.map((board) =>
      make("li", {}, make("button", { type: "button", onclick: async () => {
        const changed = await attempt(() => api.addToBoard(board.id, ids));
        if (changed) done(changed);
      } }, board.name, " ", make("span", { class: "quiet", text: t("images", board.ids.length) }))))),
    newBoard((name) => api.newBoard({ name, ids }), done),
    make("button", { type: "button", text: t("close"), onclick: () => dialog.close() }),
  );
  document.body.append(dialog);
  dialog.showModal();
}

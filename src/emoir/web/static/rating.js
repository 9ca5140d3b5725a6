// Rating: one picture at a time; an emotion, a point, the next.

import * as api from "./api.js";
import { $, announce, make, notify } from "./dom.js";
import { WHEEL, colourOf } from "./emotions.js";
import { emotionName, t } from "./language.js";
import { plane } from "./plane.js";
import { wheel } from "./wheel.js";
import { rater, recall, remember, rememberRater } from "./storage.js";

const KEYS = "emoir.keys";
// The service takes at most so many skipped pictures.
const MOST_PASSED = 500;
// Of this rater, since the view was opened.
let saved = [];
let passed = [];
// Counts openings of the view: what arrives for an earlier one is late.
let opening = 0;
let keys = null;

/** Leave the view: keys are no answers any more. */
export function leave() {
  opening += 1;
  silence();
}

function silence() {
  if (keys) document.removeEventListener("keydown", keys);
  keys = null;
}

export function draw() {
  leave();
  const input = make("input", { type: "text", name: "rater", required: true, maxlength: "80", value: rater(), autocomplete: "off" });
  const form = make(
    "form",
    {
      class: "rater",
      onsubmit: (event) => {
        event.preventDefault();
        const name = input.value.trim();
        if (!name) return;
        if (name !== rater()) [saved, passed] = [[], []];
        rememberRater(name);
        // Until the next picture is there, keys are no answers.
        leave();
        $("#rating").replaceChildren();
        document.activeElement?.blur();
        next();
      },
    },
    make("label", {}, make("span", { text: t("rater") }), input),
    make("button", { class: "main", text: t("start") }),
    make("p", { class: "quiet", text: t("raterHint") }),
  );
  const who = make("details", { class: "who", open: !matchMedia("(max-width: 40rem)").matches }, make("summary", { text: t("rater") }), form);
  $("#rate").replaceChildren(make("h1", { text: t("rate") }), who, make("div", { id: "rating" }), make("p", { id: "agreement", class: "quiet" }));
  agreement();
  // Keys are answers from here on, not presses of the link that led here.
  document.activeElement?.blur();
  next();
}

async function agreement() {
  try {
    const state = await api.ratings();
    const alpha = (value) => (value === null ? "–" : value.toFixed(2));
    $("#agreement")?.replaceChildren(
      // Nobody can agree before several have rated the same pictures.
      !state.shared ? "" : make("span", { text: t("agreement", alpha(state.emotion_agreement), alpha(state.valence_agreement), alpha(state.arousal_agreement), state.shared) }),
      " ",
      make("a", { href: api.tableAddress, text: t("ratingsTable") }),
    );
  } catch (error) {
    notify(t("failed", error.message));
  }
}

async function next() {
  const mine = opening;
  const name = rater();
  let state;
  try {
    state = await api.nextToRate(name, passed.slice(-MOST_PASSED));
  } catch (error) {
    notify(t("failed", error.message));
    return;
  }
  if (mine === opening) show(state, name);
}

async function undo() {
  if (!saved.length) return;
  try {
    await api.unrate(saved[saved.length - 1]);
    saved.pop();
    notify(t("undone"), "done");
  } catch (error) {
    notify(t("failed", error.message));
  }
  agreement();
  await next();
}

function show(state, name) {
  silence();
  let emotion = null;
  let point = null;
  let busy = false;
  /** One answer at a time, however fast the keys. */
  const once = (act) => async () => {
    if (busy) return;
    busy = true;
    await act();
    busy = false;
  };
  const button = (key, act, kind) => make("button", { type: "button", class: kind, text: t(key), onclick: act });
  const takeBack = once(undo);
  if (!state.image) {
    $("#rating").replaceChildren(make("p", { class: "big", text: t("allRated") }), make("p", { class: "acts" }, button("undo", takeBack)));
    return;
  }
  const choose = (name) => {
    emotion = emotion === name ? null : name;
    round.mark(emotion);
    for (const chip of chips.children) chip.setAttribute("aria-pressed", String(chip.name === emotion));
  };
  const place = (valence, arousal) => (point = [valence, arousal]);
  const round = wheel(choose, { keys: true });
  // On a telephone in place of the wheel, so that nothing must be scrolled.
  const chips = make("div", { class: "feeling narrow" }, WHEEL.map((name) => make("button", { type: "button", name, "aria-pressed": "false", onclick: () => choose(name) }, make("span", { class: "dot", style: { background: colourOf(name) } }), emotionName(name))));
  const field = plane({ choose: place, moved: place });
  const save = once(async () => {
    if (!emotion && !point) {
      notify(t("chooseSomething"));
      return;
    }
    const [valence = null, arousal = null] = point || [];
    try {
      const rating = await api.rate({ image: state.image.id, rater: name, emotion, valence, arousal });
      saved.push(rating.id);
    } catch (error) {
      notify(t("failed", error.message));
      return;
    }
    agreement();
    await next();
  });
  const pass = once(async () => {
    passed.push(state.image.id);
    await next();
  });
  keys = (event) => {
    if (recall(KEYS) === "off" || event.target.matches("input, select, textarea")) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const moves = { ArrowLeft: [-0.05, 0], ArrowRight: [0.05, 0], ArrowUp: [0, 0.05], ArrowDown: [0, -0.05] };
    const named = WHEEL[Number(event.key) - 1];
    if (named) choose(named);
    else if (moves[event.key] && !event.target.closest(".area")) field.nudge(...moves[event.key]);
    else if (event.key === "Enter" && !event.target.matches("button, a, [role=button], [role=application]")) save();
    else if (event.key === "u" || event.key === "U") takeBack();
    else if (event.key === "s" || event.key === "S") pass();
    else return;
    event.preventDefault();
  };
  document.addEventListener("keydown", keys);
  announce(t("rated", state.done, state.images));
  const byKeys = make("input", { type: "checkbox", checked: recall(KEYS) !== "off", onchange: () => remember(KEYS, byKeys.checked ? "on" : "off") });
  $("#rating").replaceChildren(
    make("p", { class: "progress" }, make("progress", { max: String(state.images), value: state.done, "aria-label": t("rate") }), ` ${t("rated", state.done, state.images)}`),
    make(
      "div",
      { class: "rating" },
      make("img", { src: api.thumbnail(state.image.id, 1600), alt: t("rateQuestion"), class: "large" }),
      make(
        "div",
        { class: "answers" },
        make("h2", { text: t("rateQuestion") }),
        round.element,
        chips,
        make("p", { class: "acts" }, button("saveRating", save, "main"), button("undo", takeBack), button("pass", pass)),
        field.element,
        make("label", { class: "check" }, byKeys, ` ${t("keysOn")}`),
        make("p", { class: "quiet", text: t("rateHelp") }),
      ),
    ),
  );
}

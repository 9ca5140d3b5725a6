// Rating: one picture at a time; an emotion, a point, the next.

import * as api from "./api.js";
import { $, announce, make, notify } from "./dom.js";
import { WHEEL } from "./emotions.js";
import { t } from "./language.js";
import { plane } from "./plane.js";
import { wheel } from "./wheel.js";

const RATER = "emoir.rater";
let last = [];
let passed = [];
let keys = null;

export function leave() {
  if (keys) document.removeEventListener("keydown", keys);
  keys = null;
}

export function draw() {
  leave();
  const name = localStorage.getItem(RATER) || "";
  const input = make("input", { type: "text", name: "rater", required: true, maxlength: "80", value: name, autocomplete: "off" });
  const form = make(
    "form",
    {
      class: "rater",
      onsubmit: (event) => {
        event.preventDefault();
        localStorage.setItem(RATER, input.value.trim());
        // From here on keys are answers.
        input.blur();
        event.submitter?.blur();
        next();
      },
    },
    make("label", {}, make("span", { text: t("rater") }), input),
    make("button", { class: "main", text: t("start") }),
    make("p", { class: "quiet", text: t("raterHint") }),
  );
  $("#rate").replaceChildren(make("h1", { text: t("rate") }), form, make("div", { id: "rating" }), make("p", { id: "agreement", class: "quiet" }));
  agreement();
  if (name) next();
}

async function agreement() {
  try {
    const state = await api.ratings();
    const alpha = (value) => (value === null ? "–" : value.toFixed(2));
    $("#agreement").replaceChildren(
      make("span", { text: t("agreement", alpha(state.emotion_agreement), alpha(state.valence_agreement), alpha(state.arousal_agreement), state.shared) }),
      " ",
      make("a", { href: api.tableAddress, text: t("ratingsTable") }),
    );
  } catch (error) {
    notify(t("failed", error.message));
  }
}

async function next() {
  const rater = localStorage.getItem(RATER);
  let state;
  try {
    state = await api.nextToRate(rater, passed);
  } catch (error) {
    notify(t("failed", error.message));
    return;
  }
  const box = $("#rating");
  if (!box) return;
  if (!state.image) {
    leave();
    box.replaceChildren(make("p", { class: "big", text: t("allRated") }));
    return;
  }
  show(box, state, rater);
}

function show(box, state, rater) {
  leave();
  let emotion = null;
  let point = null;
  const choose = (name) => {
    emotion = emotion === name ? null : name;
    round.mark(emotion);
  };
  const round = wheel(choose, { keys: true });
  const field = plane({ choose: (valence, arousal) => (point = [valence, arousal]) });
  const save = async () => {
    if (!emotion && !point) {
      notify(t("chooseSomething"));
      return;
    }
    const [valence = null, arousal = null] = point || [];
    try {
      const rating = await api.rate({ image: state.image.id, rater, emotion, valence, arousal });
      last.push(rating.id);
    } catch (error) {
      notify(t("failed", error.message));
      return;
    }
    agreement();
    next();
  };
  const undo = async () => {
    const id = last.pop();
    if (!id) return;
    try {
      await api.unrate(id);
      notify(t("undone"), "done");
    } catch (error) {
      notify(t("failed", error.message));
    }
    agreement();
    next();
  };
  const pass = () => {
    passed.push(state.image.id);
    next();
  };
  keys = (event) => {
    if (event.target.matches("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
    const place = Number(event.key) - 1;
    const moves = { ArrowLeft: [-0.05, 0], ArrowRight: [0.05, 0], ArrowUp: [0, 0.05], ArrowDown: [0, -0.05] };
    if (WHEEL[place]) choose(WHEEL[place]);
    else if (moves[event.key] && !event.target.closest(".area")) {
      field.nudge(...moves[event.key]);
      point = field.value();
    } else if (event.key === "Enter" && !event.target.matches("button, a, [role=button], [role=application]")) save();
    else if (event.key === "u" || event.key === "U") undo();
    else if (event.key === "s" || event.key === "S") pass();
    else return;
    event.preventDefault();
  };
  document.addEventListener("keydown", keys);
  announce(t("rated", state.done, state.images));
  const button = (key, act, kind) => make("button", { type: "button", class: kind, text: t(key), onclick: act });
  box.replaceChildren(
    make("p", { text: t("rated", state.done, state.images) }),
    make(
      "div",
      { class: "rating" },
      make("img", { src: api.thumbnail(state.image.id, 1600), alt: t("rateQuestion"), class: "large" }),
      make(
        "div",
        { class: "answers" },
        make("h2", { text: t("rateQuestion") }),
        round.element,
        field.element,
        make("p", { class: "acts" }, button("saveRating", save, "main"), button("undo", undo), button("pass", pass)),
        make("p", { class: "quiet", text: t("rateHelp") }),
      ),
    ),
  );
}

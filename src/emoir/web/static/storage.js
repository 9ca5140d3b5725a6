// What the browser remembers, where it may: with cookies blocked the gallery works without remembering.

const RATER = "emoir.rater";

/** Under which name ratings are kept. */
export const rater = () => recall(RATER) || "me";
export const rememberRater = (name) => remember(RATER, name);

export function recall(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // Blocked or full: it holds until the page is left.
  }
}

// What the browser remembers, where it may: with cookies blocked the gallery works without remembering.

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

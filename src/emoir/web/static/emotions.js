// The eight emotions: their colours, and their order on the wheel.

export const WHEEL = ["contentment", "amusement", "excitement", "awe", "fear", "anger", "disgust", "sadness"];
// Also of images that the model is unsure of.
export const NEUTRAL = "#8a8a92";
const COLOURS = {
  contentment: "#4f9d69", amusement: "#e0a030", excitement: "#e0703c", awe: "#7d6bd6",
  fear: "#4b3f7a", anger: "#b83a32", disgust: "#7d8236", sadness: "#4a7bb5",
  joy: "#e0a030", surprise: "#c867b4", neutral: NEUTRAL,
};
const OTHERS = ["#4f9d69", "#e0a030", "#7d6bd6", "#b83a32", "#4a7bb5", "#c867b4", "#7d8236", "#e0703c"];

export const colourOf = (name, place = 0) => COLOURS[name] || OTHERS[place % OTHERS.length];

const [DARK, LIGHT] = ["#16141c", "#ffffff"];

/** Black or white, whichever is read better on a colour: relative luminance as WCAG 2.2 defines it. */
export function inkOn(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const value = parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  // Both are read equally well where the luminance is 0.18.
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18 ? DARK : LIGHT;
}

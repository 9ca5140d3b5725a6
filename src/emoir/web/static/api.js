// Everything that is asked of the service.

import { language } from "./language.js";

// Relative: the gallery may stand below another path of its host.
const BASE = "api/v1";

export class Refused extends Error {
  constructor(problem, status) {
    super(problem.detail || problem.title || String(status));
    this.problem = problem;
    this.status = status;
  }
}

async function ask(path, options = {}) {
  const headers = { ...options.headers, "accept-language": language === "zh" ? "zh-Hans" : "en" };
  const response = await fetch(BASE + path, { ...options, headers });
  if (response.ok) return response;
  let problem = {};
  try {
    problem = await response.json();
  } catch {
    problem = { detail: response.statusText };
  }
  throw new Refused(problem, response.status);
}

function queryString(values) {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null && one !== "") pairs.append(name, one);
    }
  }
  return pairs.toString();
}

const json = (body, method = "POST") => ({ method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
const read = async (path, options) => (await ask(path, options)).json();

export const search = (values, signal) => read(`/search?${queryString(values)}`, { signal });
export const shelves = (values, signal) => read(`/shelves?${queryString(values)}`, { signal });
export const words = (prefix, signal) => read(`/words?${queryString({ prefix })}`, { signal });
export const spaces = () => read("/spaces");
export const filters = () => read("/filters");
export const image = (id, rater) => read(`/images/${id}?${queryString({ rater })}`);
export const camera = (id, signal) => read(`/images/${id}/camera`, { signal });
export const explanation = (id, values, signal) => read(`/images/${id}/explanation?${queryString(values)}`, { signal });
export const ready = () => read("/ready");
export const collection = () => read("/collection");
export const ratings = () => read("/ratings");
export const nextToRate = (rater, passed) => read(`/next-to-rate?${queryString({ rater, passed })}`);
export const rate = (rating) => read("/ratings", json(rating));
export const unrate = (id) => ask(`/ratings/${id}`, { method: "DELETE" });
export const describe = (file) =>
  read("/describe", { method: "POST", headers: { "content-type": "application/octet-stream" }, body: file });
export const selectedImages = (ids) => read("/selection/images", json({ ids }));
export const selection = async (kind, ids) => (await ask(`/selection/${kind}`, json({ ids }))).blob();
export const thumbnail = (id, side) => `${BASE}/images/${id}/thumbnail?side=${side}`;
export const boards = () => read("/boards");
export const board = (id) => read(`/boards/${id}`);
export const newBoard = (board) => read("/boards", json(board));
export const changeBoard = (id, change) => read(`/boards/${id}`, json(change, "PATCH"));
export const addToBoard = (id, ids) => read(`/boards/${id}/images`, json({ ids }));
export const removeBoard = (id) => ask(`/boards/${id}`, { method: "DELETE" });
export const boardExport = (id, kind) => `${BASE}/boards/${id}/export/${kind}`;
export const searches = () => read("/searches");
export const saveSearch = (search) => read("/searches", json(search));
export const forgetSearch = (id) => ask(`/searches/${id}`, { method: "DELETE" });
export const mark = (id, disturbing) => ask(`/images/${id}/mark`, json({ disturbing }, "PUT"));
export const fileAddress = (id) => `${BASE}/images/${id}/file`;
export const tableAddress = `${BASE}/export/ratings`;
export const exportAddress = `${BASE}/export/readings`;

/** The points of all images: ids, valences and arousals in 0 to 1, numbers of their top emotions. */
export async function plane() {
  const content = await (await ask("/plane")).arrayBuffer();
  const count = new DataView(content).getUint32(0, true);
  const bytes = new Uint8Array(content, 4 + 4 * count);
  return {
    count,
    ids: new Uint32Array(content.slice(4, 4 + 4 * count)),
    valence: bytes.subarray(0, count),
    arousal: bytes.subarray(count, 2 * count),
    top: bytes.subarray(2 * count, 3 * count),
  };
}

// English and Chinese: every text of the page.

import { recall, remember } from "./storage.js";

const TEXTS = {
  skip: ["Skip to results", "跳到结果"],
  search: ["Search by feeling", "按情感查找"],
  placeholder: ["awe, a quiet lonely evening, 宁静, 2:joy - fear …", "宁静、孤独的夜晚、awe、2:快乐 - 恐惧 …"],
  words: ["Suggested words", "建议的词语"],
  colour: ["Ask for a colour", "按颜色查找"],
  upload: ["Ask with a picture: its feeling counts", "用图片搜索：以其情感为准"],
  find: ["Find", "搜索"],
  views: ["Views", "视图"],
  gallery: ["Gallery", "图库"],
  collection: ["Collection", "图片集"],
  rate: ["Rate", "评分"],
  theme: ["Light or dark", "浅色或深色"],
  ask: ["Search without words", "点选查找"],
  wheel: ["Emotions", "情感轮"],
  plane: ["Pleasant and exciting", "愉快与激动"],
  planeHelp: ["Click a point to ask for it; drag to keep only images inside.", "点击任意位置查找，拖动可框选范围。"],
  planeLabel: ["Plane of valence and arousal with every image as a point", "效价与唤醒平面，每张图片一个点"],
  pleasant: ["pleasant", "愉快"],
  unpleasant: ["unpleasant", "不愉快"],
  exciting: ["exciting", "激动"],
  calm: ["calm", "平静"],
  filters: ["Filters", "筛选条件"],
  from: ["from", "从"],
  to: ["to", "到"],
  any: ["any", "不限"],
  order: ["Order", "排序"],
  best: ["best first", "最符合"],
  newest: ["newest first", "最新"],
  oldest: ["oldest first", "最早"],
  diverse: ["Spread the results", "结果多样"],
  all: ["Also show weak matches", "也显示匹配度不高于随机水平的图片"],
  clear: ["Clear", "清除"],
  drop: ["Drop the picture to search by its feeling", "放下图片，按其情感搜索"],
  loading: ["Looking …", "正在查找……"],
  reading: ["Reading the picture …", "正在读取图片……"],
  found: ["%1 of %2 images.", "%2 张图片中找到 %1 张。"],
  moreThan: ["more than %1", "超过 %1"],
  hidden: ["%1 that fit no better than chance are hidden.", "已隐藏 %1 张匹配度不高于随机水平的图片。"],
  showThem: ["Show them", "显示"],
  unknown: ["Not understood and not used: %1", "未能理解、未使用：%1"],
  nothing: ["No image fits.", "没有符合的图片。"],
  nothingHint: ["Loosen a filter, take a word away, or show images that fit no better than chance.", "请放宽条件、减少词语，或显示匹配度不高于随机水平的图片。"],
  empty: ["The index holds no image yet. Begin with: emoir index FOLDER", "索引中还没有图片。请先运行：emoir index 文件夹"],
  failed: ["That did not work: %1", "出错了：%1"],
  offline: ["The service does not answer. Is emoir serve still running?", "服务没有响应。emoir serve 还在运行吗？"],
  retry: ["Try again", "重试"],
  byFeeling: ["Your images by feeling", "按情感排列的图片"],
  showAll: ["Show all", "查看全部"],
  weight: ["Weight of %1", "%1 的权重"],
  remove: ["Remove %1", "移除 %1"],
  picture: ["your picture", "你的图片"],
  imageNumber: ["image %1", "图片 %1"],
  save: ["Save this search", "保存此搜索"],
  saved: ["Saved searches", "已保存的搜索"],
  savedDone: ["Saved in this browser.", "已保存在此浏览器中。"],
  forget: ["Forget %1", "删除 %1"],
  copyLink: ["Copy link", "复制链接"],
  copied: ["Copied.", "已复制。"],
  open: ["Open %1: %2", "打开 %1：%2"],
  fits: ["fits %1", "契合 %1"],
  select: ["Select", "选择"],
  more: ["More like this feeling", "查找情感相近的图片"],
  like: ["Like this", "像这样"],
  unlike: ["Not like this", "不像这样"],
  selected: ["%1 selected", "已选 %1 张"],
  copyPaths: ["Copy paths", "复制路径"],
  asTable: ["CSV", "CSV"],
  asZip: ["ZIP", "ZIP"],
  close: ["Close", "关闭"],
  previous: ["Previous", "上一张"],
  next: ["Next", "下一张"],
  download: ["Download the file", "下载原文件"],
  sure: ["%1 likely that most people choose the first", "模型有 %1 的把握认为多数人会首选第一项"],
  unsure: ["The model is not sure of it.", "模型对此没有把握。"],
  palette: ["Palette", "配色"],
  why: ["Why", "为什么"],
  explaining: ["Trying the picture without its colours, without its texture …", "正在尝试去掉色彩、抹平纹理……"],
  where: ["Where", "依据区域"],
  "without colour": ["without colour", "去掉色彩"],
  "without texture": ["without texture", "抹平纹理"],
  "opposite colours": ["opposite colours", "相反色彩"],
  files: ["Files", "文件"],
  record: ["Catalogue", "目录记录"],
  taken2: ["taken %1", "拍摄于 %1"],
  rater: ["Your name", "你的名字"],
  raterHint: ["Any name; it stands beside your ratings in the index.", "任意名字；会与评分一起保存在索引中。"],
  start: ["Begin", "开始"],
  rateQuestion: ["What do you feel when you see this?", "看到这张图片，你有什么感受？"],
  rateHelp: ["Keys: 1–8 an emotion, arrows on the plane, Enter saves, U undoes the last rating, S skips.", "按键：1–8 选情感，方向键移动平面上的点，回车保存，U 撤回，S 跳过。"],
  saveRating: ["Save and next", "保存并继续"],
  undo: ["Undo the last rating", "撤回上一个"],
  undone: ["Taken back.", "已撤回。"],
  pass: ["Skip", "跳过"],
  rated: ["%1 of %2 rated", "已评 %1 / %2"],
  allRated: ["You have rated every image. Thank you!", "你已评完所有图片。谢谢！"],
  ratingsTable: ["Download ratings (CSV for emoir train)", "下载评分（供 emoir train 使用的 CSV）"],
  agreement: ["Agreement (Krippendorff's alpha): emotion %1, valence %2, arousal %3, over %4 images rated by several", "一致性（Krippendorff α）：情感 %1，效价 %2，唤醒 %3，基于 %4 张多人评分的图片"],
  chooseSomething: ["Choose an emotion or a point first.", "请先选择情感或平面上的一点。"],
  explain: ["Explain", "解释哪种情感"],
  inFolder: ["only in %1", "仅限 %1"],
  leaveFolder: ["Look in all folders", "查看所有文件夹"],
  keysOn: ["Answer by keys", "使用按键作答"],
  at: ["valence %1, arousal %2", "效价 %1，唤醒 %2"],
  copyByHand: ["Copy it from here:", "请从这里复制："],
  images: ["%1 images", "%1 张图片"],
  emotions: ["Emotions on the whole", "总体情感"],
  folders: ["By folder", "按文件夹"],
  months: ["By month", "按月份"],
  palettes: ["Colours that each emotion has more of than the rest", "各情感相对突出的色彩"],
  allOthers: ["all others", "其余"],
  unsureCount: ["%1 unsure", "%1 张没有把握"],
  unsureShort: ["unsure", "没有把握"],
  noneSure: ["The model is not sure enough of any image to sort it by feeling. Search for a feeling instead.", "模型对所有图片都没有足够把握，无法按情感排列。请直接搜索某种情感。"],
  disturbing: ["Perhaps disturbing: show", "可能令人不适：显示"],
  clearFilters: ["Clear all filters", "清除所有筛选"],
  allByFeeling: ["Show my images by feeling", "按情感排列图片"],
  askWhy: ["Why does it read so?", "为什么这样判断？"],
  speaksFor: ["speaks for it", "支持"],
  speaksAgainst: ["speaks against it", "相反"],
  logout: ["Log out", "退出登录"],
  copyColour: ["Copy %1 and find pictures in that colour", "复制 %1 并查找此颜色的图片"],
  most: ["Most of each", "各情感之最"],
  uncertain: ["Least certain", "最不确定"],
  failures: ["Files that could not be read", "无法读取的文件"],
  noFailures: ["Every file could be read.", "所有文件均可读取。"],
  exportAll: ["Download all readings (CSV)", "下载全部情感数据（CSV）"],
  limits: ["What a model believes many viewers would feel; people and cultures differ.", "这是模型推测多数观者的感受；因人、因文化而异。"],
};

// Until the service says more.
let names = {};
export let language = "en";

/** A text of the page, with its blanks filled. */
export function t(key, ...values) {
  const text = TEXTS[key][language === "zh" ? 1 : 0];
  return text.replace(/%(\d)/g, (whole, place) => values[place - 1] ?? whole);
}

/** An emotion's name in the language of the page. */
export const emotionName = (name) => (language === "zh" && names[name]) || name;

export function learnNames(spaces) {
  for (const space of spaces) {
    space.classes.forEach((name, place) => {
      if (space.chinese) names[name] = space.chinese[place];
    });
  }
}

function preferred() {
  const kept = recall("emoir.language");
  return kept || (navigator.language.startsWith("zh") ? "zh" : "en");
}

/** Set the language of the page, and remember it. */
export function setLanguage(wanted) {
  language = wanted;
  remember("emoir.language", wanted);
  document.documentElement.lang = wanted === "zh" ? "zh-Hans" : "en";
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of document.querySelectorAll("[data-t-placeholder]")) element.placeholder = t(element.dataset.tPlaceholder);
  for (const element of document.querySelectorAll("[data-t-label]")) element.setAttribute("aria-label", t(element.dataset.tLabel));
  for (const element of document.querySelectorAll("[data-t-title]")) element.title = t(element.dataset.tTitle);
}

export const startLanguage = () => setLanguage(preferred());

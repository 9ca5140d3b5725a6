"""Words of the page, in English and Chinese."""

from __future__ import annotations

from collections.abc import Sequence

from emoir.emotions.spaces import SPACES

WORDS: dict[str, tuple[str, str]] = {
    "title": ("What these images evoke", "这些图像唤起的情感"),
    "lead": (
        "{images} images in {folders}, read by the model {model}; {day}. Everything below is what the model believes "
        "that viewers would feel: right often enough to show where a collection leans, often wrong about one image.",
        "共 {images} 幅图像，位于 {folders}，由模型 {model} 判读；{day}。"
        "以下均为模型对观看者感受的推测：足以看出整体倾向，但对单幅图像常会出错。",
    ),
    "one folder": ("one folder", "1 个文件夹"),
    "folders": ("{count} folders", "{count} 个文件夹"),
    "images": ("images", "图像"),
    "most": ("commonest emotion", "最常见的情感"),
    "valence median": ("median valence", "效价中位数"),
    "arousal median": ("median arousal", "唤醒度中位数"),
    "sure median": ("median confidence", "置信度中位数"),
    "failed": ("not readable", "无法读取"),
    "contents": ("Contents", "目录"),
    "mix": ("Emotions", "情感构成"),
    "mix text": (
        "The mean of all images' distributions: what share of viewers would name each emotion. Beside it, in how many "
        "images that emotion comes first.",
        "所有图像情感分布的平均值，即会说出该情感的观看者所占的比例；旁边是以该情感居首的图像数。",
    ),
    "emotion": ("emotion", "情感"),
    "share": ("share of viewers", "观看者比例"),
    "first": ("images", "居首图像"),
    "by folder": ("By folder", "按文件夹"),
    "folder": ("folder", "文件夹"),
    "rest": ("all others", "其余"),
    "by month": ("By month", "按月份"),
    "by year": ("By year", "按年份"),
    "time": ("time", "时间"),
    "time text": (
        "Images by the camera's date: {dated}; by the date of the file: {undated}.",
        "{dated} 幅按拍摄日期，{undated} 幅按文件日期。",
    ),
    "plane": ("Valence and arousal", "效价与唤醒度"),
    "plane text": (
        "Every dot is an image, in the colour of its most probable emotion.",
        "每个点代表一幅图像，颜色为其最可能的情感。",
    ),
    "plane some": ("{drawn} of {images} images are drawn.", "随机绘出 {images} 幅中的 {drawn} 幅。"),
    "quartiles": (
        "Quartiles of valence: {valence}; of arousal: {arousal}.",
        "效价的四分位数：{valence}；唤醒度的四分位数：{arousal}。",
    ),
    "valence axis": ("unpleasant – valence – pleasant", "不愉快 – 效价 – 愉快"),
    "arousal axis": ("calm – arousal – excited", "平静 – 唤醒度 – 激动"),
    "tense": ("tense", "紧张"),
    "elated": ("elated", "振奋"),
    "gloomy": ("gloomy", "低落"),
    "serene": ("serene", "宁静"),
    "palettes": ("Palettes", "色彩"),
    "palettes text": (
        "The main colours of the images that show each emotion most, {most} at most and near duplicates once, "
        "from dark to bright.",
        "各情感最典型图像（最多 {most} 幅，近似重复者只计一次）的主要颜色，由暗到亮。",
    ),
    "of images": ("{count} images", "{count} 幅"),
    "typical": ("Most typical", "最典型"),
    "typical text": (
        "The images in which each emotion is most probable. Emotions that come first in no image are left out.",
        "各情感概率最高的图像；没有图像以其居首的情感不列出。",
    ),
    "extreme": ("Most extreme", "最极端"),
    "lowest valence": ("most unpleasant", "最不愉快"),
    "highest valence": ("most pleasant", "最愉快"),
    "lowest arousal": ("calmest", "最平静"),
    "highest arousal": ("most exciting", "最激动"),
    "uncertain": ("Most uncertain", "最不确定"),
    "uncertain text": (
        "The images about which the model is least sure: look at these yourself.",
        "模型最没有把握的图像，请自行判断。",
    ),
    "failures": ("Not readable", "无法读取的文件"),
    "failures none": ("Every image file could be read.", "所有图像文件均可读取。"),
    "failures text": ("{count} files could not be read, by cause:", "{count} 个文件无法读取，按原因："),
    "and more": ("and {count} more", "另有 {count} 个"),
    "valence": ("valence", "效价"),
    "arousal": ("arousal", "唤醒度"),
    "sure": ("sure", "置信度"),
    "gone": ("cannot be read any more", "现已无法读取"),
    "record": ("record", "记录"),
    "about": ("About this page", "关于本页"),
    "about text": (
        "Valence runs from 0 (unpleasant) to 1 (pleasant), arousal from 0 (calm) to 1 (excited). Confidence is the "
        "probability that most raters would name the same first emotion. Emotion differs between people, cultures and "
        "moments; the page says nothing about the people in the pictures or those who look at them, and must not be "
        "used to judge them. The page holds everything it shows and asks nothing of any server.",
        "效价从 0（不愉快）到 1（愉快），唤醒度从 0（平静）到 1（激动）。置信度指多数评价者会说出同一首位情感的概率。"
        "情感因人、因文化、因时刻而异；本页不涉及图中人物或观看者，不得用于评判他们。本页自含全部内容，不访问任何服务器。",
    ),
    "made by": ("Made by emoir {version}. Weights: {licence}", "由 emoir {version} 生成。权重许可：{licence}"),
}


class PageText:
    """The words of one language.

    Args:
        language: ``en`` or ``zh``.

    Example:
        >>> PageText("zh")("of images", count=3), PageText("en").emotion("mikels", "awe")
        ('3 幅', 'awe')
    """

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, key: str, **values: object) -> str:
        """The words for a key, with values put in."""
        return WORDS[key][self.language == "zh"].format(**values)

    def sentences(self, *texts: str) -> str:
        """Sentences after each other."""
        return ("" if self.language == "zh" else " ").join(text for text in texts if text)

    def emotion(self, space: str, name: str) -> str:
        """The name of an emotion; a model's own as it is called."""
        known = SPACES.get(space)
        if self.language == "zh" and known is not None:
            return known.chinese[known.names.index(name)]
        return name

    def emotions(self, space: str, names: Sequence[str]) -> list[str]:
        """The names of several."""
        return [self.emotion(space, name) for name in names]

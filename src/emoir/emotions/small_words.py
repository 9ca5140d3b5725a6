"""Small words of a phrase: they negate, make stronger or weaker, join, or mean nothing by themselves."""

from __future__ import annotations

import re

STRONG, WEAK = 1.5, 0.5

_STRONGER = """
very, really, deeply, extremely, intensely, highly, so, utterly, truly, profoundly, incredibly, terribly, most, totally,
completely, absolutely, overwhelmingly, strongly, more, much, too,
非常, 很, 十分, 极其, 极, 极度, 特别, 格外, 无比, 太, 深深, 深感, 异常, 最, 更, 万分, 那么, 这么, 如此,
相当, 尤其, 超级, 无限, 不得了
"""
_WEAKER = """
slightly, somewhat, a little, a bit, a touch, mildly, faintly, kind of, sort of, a little bit, vaguely, subtly, gently,
fairly, rather, less, a hint of, hint of, hints of, a trace of, trace of, traces of,
有点, 有些, 有点儿, 有一点, 略, 略微, 略带, 稍微, 稍, 一点, 一丝, 些许, 淡淡, 微微, 隐隐, 几分, 较, 比较
"""


def _listed(text: str) -> list[str]:
    return [word.strip() for word in text.split(",")]


MODIFIERS = {**dict.fromkeys(_listed(_STRONGER), STRONG), **dict.fromkeys(_listed(_WEAKER), WEAK)}
"""Words that make the next emotion word stronger or weaker."""

FUNCTION_WORDS = frozenset(
    """
    a an the and or nor but of in on at to for with by from that this is are was be it its as yet
    feel feels feeling feelings felt mood something image images photo photos picture pictures me i one which
    """.split()  # noqa: SIM905
)
NEGATION = re.compile(
    r"not|no|nor|neither|without|never|cannot|nothing|nobody|none|hardly|barely|scarcely|(?:is|are|was|do|does)nt|.*n['’]t"
)
# What these join must all be there; they also end the reach of a negation.
JOINING = frozenset(["and", "but", "yet", *_listed("又, 且, 但, 而, 和, 与, 及, 但是, 而且, 以及, 并且, 却")])
# These may stand between a negation and its word: "without any fear", "no longer sad".
BETWEEN = frozenset(_listed("any, being, longer, real, true, ever, sign of, signs of"))
# These deny the noun that follows, if it is no emotion word: "no cars on a quiet road" is quiet.
OF_NOUNS = ("no", "without")
NO_NEGATION = frozenset(["not only", "not just", "not merely"])
# These end the reach of a negation.
STOPS = frozenset([",", ".", ";", "!", "?", "，", "。", "；", "、", "！", "？"])

CHINESE_NEGATION = frozenset(
    _listed("不, 没, 没有, 不是, 毫无, 毫不, 不太, 不怎么, 不要, 不会, 不那么, 不再, 别, 并不, 并非, 非, 无, 谈不上")
    + _listed("称不上, 缺乏, 缺少")
)
CHINESE_FUNCTION = frozenset(
    [
        *"的地得了和与但而又也是在种一个着或及张给让人却且并既中带有上里",
        *_listed("图片, 照片, 画面, 感觉, 感到, 令人, 使人, 觉得, 但是, 而且, 以及, 并且, 一种, 一张"),
        # These are no negations, or their negation is used up.
        *_listed("不但, 不仅, 不只, 不光, 非但, 不得不, 任何, 什么, 丝毫"),
        *_listed("别人, 别的"),
    ]
)
# Words of no emotion that hold a negation's character without its meaning.
CHINESE_OTHER = frozenset(
    _listed("告别, 送别, 离别, 道别, 分别, 区别, 个别, 性别, 类别, 别墅, 非洲, 是非, 除非, 莫非, 没收, 无线, 不锈钢")
    + _listed("晚上, 早上, 上午, 上海, 上班, 上学, 上帝, 有名, 公里, 里程, 无人, 没有人, 没人")
)
# These stand behind the word that they make stronger: 开心极了.
CHINESE_AFTER = frozenset(_listed("极了, 至极, 透了, 死了, 坏了, 得很, 不得了, 得不得了, 不已, 无比, 万分, 异常"))
CHINESE_LISTS = (MODIFIERS, CHINESE_NEGATION, CHINESE_FUNCTION, CHINESE_OTHER, CHINESE_AFTER)

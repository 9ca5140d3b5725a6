"""Phrases: the emotion words of free text, with negation and intensity, in English and Chinese."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from emoir.emotions.emoji import EMOJI, SYMBOL, plain_emoji
from emoir.emotions.lexicon import Concept, lexicon, look_up
from emoir.emotions.traditional import simplified

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
        *_listed("不但, 不仅, 不只, 不光, 非但, 不得不, 无人, 没有人, 没人, 任何, 什么, 丝毫"),
        *_listed("别人, 别的"),
    ]
)
# Words of no emotion that hold a negation's character without its meaning.
CHINESE_OTHER = frozenset(
    _listed("告别, 送别, 离别, 道别, 分别, 区别, 个别, 性别, 类别, 别墅, 非洲, 是非, 除非, 莫非, 没收, 无线, 不锈钢")
    + _listed("晚上, 早上, 上午, 上海, 上班, 上学, 上帝, 有名, 公里, 里程")
)
# These stand behind the word that they make stronger: 开心极了.
CHINESE_AFTER = frozenset(_listed("极了, 至极, 透了, 死了, 坏了, 得很, 不得了, 得不得了, 不已, 无比, 万分, 异常"))
CHINESE_LISTS = (MODIFIERS, CHINESE_NEGATION, CHINESE_FUNCTION, CHINESE_OTHER, CHINESE_AFTER)
_LONGEST_EXPRESSION = 4
_TOKEN = re.compile(rf"[㐀-鿿]+|[^\W_]+(?:['’-][^\W_]+)*|[,.;!?，。；、！？]|{SYMBOL}")


@dataclass(frozen=True, slots=True)
class PhrasePart:
    """An emotion word as it stood in a phrase.

    Args:
        word: as it stood.
        factor: how strongly it is meant: 1 plainly, more or less with a modifier, -1 if negated.
        concept: its meaning, not scaled.
    """

    word: str
    factor: float
    concept: Concept


@dataclass(frozen=True, slots=True)
class ParsedPhrase:
    """What was made of a phrase.

    Args:
        groups: of the words and expressions that were recognised. Words such as *and* and *but* stand between two
            groups: both must be there.
        unknown: words that were not understood, function words left out.
    """

    groups: tuple[tuple[PhrasePart, ...], ...]
    unknown: tuple[str, ...]

    @property
    def parts(self) -> tuple[PhrasePart, ...]:
        """The words of all groups."""
        return tuple(part for group in self.groups for part in group)


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Collects parts; holds the negation and the modifier that wait for their word."""

    words: Mapping[str, Concept]
    longest: int
    groups: list[list[PhrasePart]] = field(default_factory=lambda: [[]])
    unknown: list[str] = field(default_factory=list)
    negations: list[str] = field(default_factory=list)
    modifiers: list[str] = field(default_factory=list)
    held: bool = False

    def found(self, word: str, concept: Concept, *, hold: bool) -> None:
        """Take an emotion word; ``hold`` keeps the negation for the next one (not sad or scary)."""
        factor = MODIFIERS[self.modifiers[-1]] if self.modifiers else 1.0
        if len(self.negations) % 2:
            factor = -1.0
        self.groups[-1].append(PhrasePart(word, factor, concept))
        self.modifiers.clear()
        self.held = hold and bool(self.negations)
        if not self.held:
            self.negations.clear()

    def strengthen(self) -> None:
        """Mean the word found last more strongly, if it is not negated."""
        group = next(group for group in reversed(self.groups) if group)
        group[-1] = replace(group[-1], factor=group[-1].factor if group[-1].factor < 0 else STRONG)

    def lapse(self) -> None:
        """A word that is not understood takes the modifiers before it, and the negation of nouns."""
        self.unknown += self.modifiers
        self.modifiers.clear()
        while self.negations and self.negations[-1] in OF_NOUNS:
            self.unknown.append(self.negations.pop())

    def join(self) -> None:
        """What follows must be there beside what came before."""
        self.stop()
        if self.groups[-1]:
            self.groups.append([])

    def stop(self) -> None:
        """End a clause: a modifier that still waits for its word was not understood."""
        self.unknown += [*([] if self.held else self.negations), *self.modifiers]
        self.negations.clear()
        self.modifiers.clear()
        self.held = False


def parse_phrase(phrase: str, words: Mapping[str, Concept] | None = None) -> ParsedPhrase:
    """Find the emotion words of a phrase, longest first, with their negation and intensity.

    English negation reaches to the next emotion word of the clause, and over "or" to the one after; Chinese
    negation stands right before its word. Words such as *and*, *but*, 又 and 但 part the phrase into groups. Regular
    English inflections are traced to their head word, traditional characters to simplified ones; emoji are words.

    Args:
        phrase: free text.
        words: the vocabulary; default: our lexicon.

    Returns:
        The words found and those that were not understood.

    Example:
        >>> found = parse_phrase("a quiet, slightly lonely winter evening, not scary")
        >>> [(part.word, part.factor) for part in found.parts], found.unknown
        ([('quiet', 1.0), ('lonely', 0.5), ('scary', -1.0)], ('winter', 'evening'))
        >>> [(part.word, part.factor) for part in parse_phrase("宁静但有点孤独，不害怕").parts]
        [('宁静', 1.0), ('孤独', 0.5), ('害怕', -1.0)]
    """
    known = lexicon() if words is None else words
    plain = simplified(plain_emoji(phrase).lower())
    tokens = _TOKEN.findall(plain)
    chinese = any("㐀" <= token[0] <= "鿿" for token in tokens)
    reader = _Reader(words=known, longest=max(map(len, known), default=1) if chinese else 1)
    # Symbols that are no emoji are no words, but they were meant.
    left = _TOKEN.sub("", plain)
    reader.unknown += [character for character in left if unicodedata.category(character).startswith("S")]
    at = 0
    while at < len(tokens):
        if "㐀" <= tokens[at][0] <= "鿿":
            _read_chinese(tokens[at], reader)
            at += 1
        else:
            at += _read_english(tokens, at, reader)
    reader.stop()
    return ParsedPhrase(tuple(tuple(group) for group in reader.groups if group), tuple(reader.unknown))


def _read_english(tokens: list[str], at: int, reader: _Reader) -> int:
    """Read one token or expression; returns how many tokens it took."""
    for length in range(min(_LONGEST_EXPRESSION, len(tokens) - at), 0, -1):
        expression = " ".join(tokens[at : at + length])
        if expression in NO_NEGATION or (reader.negations and expression in BETWEEN):
            return length
        if expression in MODIFIERS:
            # "so sad", but "terribly" alone may be an emotion word of the vocabulary.
            reader.modifiers.append(expression)
            return length
        word = EMOJI.get(expression, expression)
        concept = reader.words.get(word) if length > 1 else look_up(word, reader.words)
        if concept is not None:
            following = tokens[at + length] if at + length < len(tokens) else ""
            reader.found(expression, concept, hold=following in ("or", "nor"))
            return length
    token = tokens[at]
    if token in JOINING:
        reader.join()
    elif token in STOPS:
        reader.stop()
    elif NEGATION.fullmatch(token) and not (token == "nor" and reader.held):
        reader.negations.append(token)
    elif token not in FUNCTION_WORDS:
        reader.lapse()
        reader.unknown.append(token)
    return 1


def _read_chinese(run: str, reader: _Reader) -> None:
    """Longest match from left to right: no segmenter is needed."""
    missed = ""
    before = ""
    segments = list(_segments(run, reader.words, reader.longest))
    for place, word in enumerate(segments):
        before, behind = word, before
        # 万分 and its like may also belong to the word that follows.
        if word in CHINESE_AFTER and behind in reader.words and (word not in MODIFIERS or place == len(segments) - 1):
            reader.strengthen()
            continue
        known = word in reader.words or word in MODIFIERS or word in CHINESE_NEGATION or word in CHINESE_FUNCTION
        if not known:
            missed += word
            continue
        if missed:
            reader.stop()
            reader.unknown.append(missed)
            missed = ""
        if word in reader.words:
            reader.found(word, reader.words[word], hold=False)
        elif word in MODIFIERS:
            reader.modifiers.append(word)
        elif word in CHINESE_NEGATION:
            reader.negations.append(word)
        elif word in JOINING:
            reader.join()
    reader.stop()
    if missed:
        reader.unknown.append(missed)


def _segments(run: str, words: Mapping[str, Concept], longest: int) -> Iterator[str]:
    """The longest known word at each place, or a single character."""
    at = 0
    while at < len(run):
        for end in range(min(len(run), at + longest), at, -1):
            word = run[at:end]
            if any(word in known for known in (words, *CHINESE_LISTS)):
                break
        if word in words:
            word = _negation_before_longer(run, at, word, words)
        yield word
        at += len(word)


def _negation_before_longer(run: str, at: int, word: str, words: Mapping[str, Concept]) -> str:
    """The negation that a word begins with, if a word behind it reaches further: 不 + 安静, not 不安 + 静."""
    for negation in CHINESE_NEGATION:
        start = at + len(negation)
        ends = range(at + len(word) + 1, min(start + 4, len(run)) + 1)
        if word.startswith(negation) and any(run[start:end] in words for end in ends):
            return negation
    return word

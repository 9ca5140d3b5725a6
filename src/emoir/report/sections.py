"""Sections: what a page shows of a collection, one after the other."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape

import numpy as np

from emoir.emotions.reading import EmotionReadings
from emoir.index.base import FailedFile, ImageMetadata, as_path
from emoir.index.indexed_model import IndexedModel
from emoir.names import printable
from emoir.report.drawings import UNSURE, Bar, Segment, bars_file, class_colours, drawing
from emoir.report.markup import bar_table, figure, gallery, legend, paragraph, swatch
from emoir.report.pictures import Picture, mixed_palette
from emoir.report.plane import DOTS, SIDE, PlaneWords, plane_svg
from emoir.report.words import PageText
from emoir.summary import PALETTE_IMAGES, Group, Rows, Summary

FILES_PER_CAUSE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """Everything that a page is made of.

    Args:
        metadata: of n images.
        readings: theirs.
        summary: of them.
        pictures: by row, as far as they could be read.
        failures: files that could not be read.
        model: that read the images.
        version: of emoir.
        day: of the report.
        title: of the page; default: ours.
    """

    metadata: Sequence[ImageMetadata]
    readings: EmotionReadings
    summary: Summary
    pictures: Mapping[int, Picture]
    failures: Sequence[FailedFile]
    model: IndexedModel
    version: str
    day: date
    title: str | None = None


@dataclass(frozen=True, slots=True)
class ReportSection:
    """A section of a page: its id, its heading, what it holds, and its figure as a file, if it has one."""

    id: str
    heading: str
    html: str
    drawing: str | None = None


class Sections:
    """The sections of a page.

    Args:
        contents: what to show.
        words: of the language.
    """

    def __init__(self, contents: Contents, words: PageText) -> None:
        self.contents, self.words, self.summary = contents, words, contents.summary
        self.names = words.emotions(self.summary.space, self.summary.names)
        self.colours = class_colours(self.summary.names)
        self.firsts = np.bincount(self.summary.top, minlength=len(self.names))

    def all(self) -> tuple[ReportSection, ...]:
        """In the order of the page."""
        words = self.words
        uncertain = paragraph(words("uncertain text")) + self._gallery(self.summary.uncertain)
        return (
            self._mix(),
            self._folders(),
            self._months(),
            self._plane(),
            self._palettes(),
            self._typical(),
            self._extreme(),
            ReportSection("uncertain", words("uncertain"), uncertain),
            self._failures(),
            ReportSection("about", words("about"), paragraph(words("about text"))),
        )

    def most(self) -> str:
        """The emotion that comes first in most images."""
        return self.names[int(self.firsts.argmax())]

    def _mix(self) -> ReportSection:
        mix, words = self.summary.whole.mix, self.words
        bars = []
        for place in np.argsort(-mix, kind="stable").tolist():
            share, name = float(mix[place]), self.names[place]
            # The longest bar fills its column.
            segment = Segment(share / float(mix.max()), self.colours[place], f"{name} {share:.0%}")
            bars.append(Bar(name, f"{share:.0%}\t{int(self.firsts[place]):,}", (segment,)))
        table = bar_table(bars, (words("emotion"), words("share"), words("first")))
        return ReportSection("emotions", words("mix"), paragraph(words("mix text")) + table)

    def _grouped(self, groups: Sequence[Group], head: str, title: str) -> tuple[str, str]:
        """Groups as a table, and as a drawing."""
        bars = []
        for group in groups:
            mixed = zip(group.mix.tolist(), self.colours, self.names, strict=True)
            segments = tuple(Segment(share, colour, f"{name} {share:.0%}") for share, colour, name in mixed)
            bars.append(Bar(printable(group.label or self.words("rest")), f"{group.count:,}", segments))
        table = bar_table(bars, (head, self.words("images")))
        marked = list(zip(self.names, self.colours, strict=True))
        return legend(self.names, self.colours) + table, bars_file(bars, marked, title)

    def _folders(self) -> ReportSection:
        title = self.words("by folder")
        return ReportSection("by_folder", title, *self._grouped(self.summary.folders, self.words("folder"), title))

    def _months(self) -> ReportSection:
        summary, words = self.summary, self.words
        time = "by year" if len(summary.months[0].label) == len("2019") else "by month"
        html, svg = self._grouped(summary.months, words("time"), words(time))
        undated = len(self.contents.metadata) - summary.dated
        text = words("time text", dated=f"{summary.dated:,}", undated=f"{undated:,}")
        return ReportSection(time.replace(" ", "_"), words(time), paragraph(text) + html, svg)

    def _plane(self) -> ReportSection:
        readings, words, images = self.contents.readings, self.words, len(self.contents.metadata)
        spread = {
            name: " · ".join(f"{value:.2f}" for value in np.quantile(values, (0.25, 0.5, 0.75)))
            for name, values in (("valence", readings.valence), ("arousal", readings.arousal))
        }
        quartiles = words("quartiles", **spread)
        corners = words("tense"), words("elated"), words("gloomy"), words("serene")
        plane_words = PlaneWords(
            words("valence axis"), words("arousal axis"), corners, f"{words('plane')}. {quartiles}"
        )
        tops = zip(self.summary.top.tolist(), self.summary.sure.tolist(), strict=True)
        colours = [self.colours[place] if sure else UNSURE for place, sure in tops]
        svg = plane_svg(readings.valence, readings.arousal, colours, plane_words)
        some = words("plane some", drawn=f"{DOTS:,}", images=f"{images:,}") if images > DOTS else ""
        text = paragraph(words.sentences(words("plane text"), some, quartiles))
        marks = legend([*self.names, words("unsureShort")], [*self.colours, UNSURE])
        html = f'{text}<div class="beside">{svg}{marks}</div>'
        return ReportSection("valence_arousal", words("plane"), html, drawing(svg, SIDE, SIDE))

    def _palettes(self) -> ReportSection:
        words, bars = self.words, []
        for name, rows in zip(self.names, self.summary.palette, strict=True):
            pictures = [self.contents.pictures[row] for row in rows if row in self.contents.pictures]
            if pictures:
                mixed = mixed_palette(pictures)
                segments = tuple(Segment(share, colour, f"{colour} {share:.0%}") for colour, share in mixed)
                bars.append(Bar(name, f"{len(pictures):,}", segments))
        table = bar_table(bars, (words("emotion"), words("images")), tall=True)
        title = words("palettes")
        return ReportSection(
            "palettes",
            title,
            paragraph(words("palettes text", most=PALETTE_IMAGES)) + (table if bars else self._none_sure()),
            bars_file(bars, [], title),
        )

    def _typical(self) -> ReportSection:
        shown_most = (
            f"<h3>{swatch(colour)}{escape(name)}</h3>{self._gallery(rows)}"
            for name, colour, rows in zip(self.names, self.colours, self.summary.typical, strict=True)
            if rows
        )
        html = paragraph(self.words("typical text")) + ("".join(shown_most) or self._none_sure())
        return ReportSection("typical", self.words("typical"), html)

    def _none_sure(self) -> str:
        return paragraph(self.words("none sure"))

    def _extreme(self) -> ReportSection:
        ends = (
            f"<h3>{escape(self.words(end))}</h3>{self._gallery(rows)}" for end, rows in self.summary.extremes.items()
        )
        return ReportSection("extreme", self.words("extreme"), "".join(ends))

    def _gallery(self, rows: Rows) -> str:
        return gallery([self._figure(row) for row in rows])

    def _figure(self, row: int) -> str:
        readings, words, top = self.contents.readings, self.words, int(self.summary.top[row])
        share = float(readings.distributions[self.summary.space][row, top])
        named = f"{self.names[top]} {share:.0%}"
        numbers = (
            (self.names[top], f"{share:.0%}") if self.summary.sure[row] else (words("unsureShort"), named),
            (words("valence"), f"{readings.valence[row]:.2f}"),
            (words("arousal"), f"{readings.arousal[row]:.2f}"),
            (words("sure"), f"{readings.confidence[row]:.2f}"),
        )
        return figure(self.contents.metadata[row], self.contents.pictures.get(row), words("gone"), numbers)

    def _failures(self) -> ReportSection:
        failures, words = self.contents.failures, self.words
        if not failures:
            return ReportSection("failures", words("failures"), paragraph(words("failures none")))
        causes: dict[str, list[FailedFile]] = {}
        for failure in failures:
            # Files over a limit differ in their numbers only.
            causes.setdefault(re.sub(r"\d[\d,.]*", "N", failure.cause), []).append(failure)
        parts = [paragraph(words("failures text", count=f"{len(failures):,}"))]
        for group in sorted(causes.values(), key=len, reverse=True):
            names = [printable(as_path(failure.path)) for failure in group[:FILES_PER_CAUSE]]
            items = "".join(f"<li><code>{escape(name)}</code></li>" for name in names)
            if len(group) > FILES_PER_CAUSE:
                items += f"<li>{escape(words('and more', count=f'{len(group) - FILES_PER_CAUSE:,}'))}</li>"
            summary = f"<summary>{len(group):,} × {escape(words.cause(group[0].cause))}</summary>"
            parts.append(f"<details>{summary}<ul>{items}</ul></details>")
        return ReportSection("failures", words("failures"), "".join(parts))

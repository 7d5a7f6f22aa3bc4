"""The pages of one piece as text: what each template is handed. Knows the record and the templates, and no file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from verbosify.site import labels
from verbosify.site.offers import Gap, gaps_of
from verbosify.site.page_data import page_data
from verbosify.site.prose import Place, ProseBlock, plain_text, render_blocks
from verbosify.site.record import Reading, Record
from verbosify.site.schema import schema_of
from verbosify.site.shape import Shape, Words, draw_shape
from verbosify.web import PAGE_POLICY, as_script_data
from verbosify.words import plain_words

if TYPE_CHECKING:
    from jinja2 import Environment


@dataclass(frozen=True)
class PiecePages:
    """One piece with what all its pages share.

    Attributes:
        root: the way from the piece's folder to the site's, `` or `../`.
        address: where the piece's folder will be published, ending in a slash; empty if nobody knows.
        has_card: there is a picture to show with links.
    """

    record: Record
    root: str = ""
    address: str = ""
    has_card: bool = True

    @cached_property
    def names(self) -> dict[str, str]:
        """The file of each reading's page, by the reading's name."""
        return {reading.name: self._name(reading) for reading in self.record.readings}

    def _name(self, reading: Reading) -> str:
        return "index.html" if reading is self.record.first_reading else f"{reading.page}.html"

    @cached_property
    def blocks(self) -> list[ProseBlock]:
        record = self.record
        gaps: dict[int, list[tuple[int, int]]] = {}
        for index in record.gaps:
            passage = record.passages[index]
            gaps.setdefault(passage.block, []).append((passage.gap, index))
        return render_blocks(record.text, record.format, record.blocks, gaps, record.title)

    @cached_property
    def gaps(self) -> list[Gap]:
        return gaps_of(self.record)

    @cached_property
    def words(self) -> Words:
        """The words of the paragraphs, the only ones that count as the essay's length."""
        between, ends = [0], []
        for block in self.blocks:
            if block.kind != "paragraph":
                continue
            stretch = ""
            for part in block.parts:
                if isinstance(part, str):
                    stretch += part
                elif part.kind == "gap":
                    between[-1] += plain_words(plain_text(stretch))
                    stretch = ""
                    between.append(0)
            between[-1] += plain_words(plain_text(stretch))
            if len(between) > 1:
                ends.append(len(between) - 2)
        return Words(tuple(between), tuple(sorted(set(ends))))

    def shape(self, reading: Reading) -> Shape:
        return draw_shape(self.words, self.added(reading))

    def added(self, reading: Reading) -> list[int]:
        """How many words a reading adds in each gap."""
        return [sum(plain_words(pick.text) for pick in reading.picks.get(gap, ())) for gap in self.record.gaps]

    def count(self, reading: Reading) -> str:
        """`1,298 → 2,610 words, 2.01 ×`"""
        before, after = self.words.all, self.words.all + reading.words
        if not reading.words:
            return f"{before:,} words"
        ratio = f"{after / before:.2f}" if before else "∞"
        return f"{before:,} → {after:,} words, {ratio} ×"

    def description(self, reading: Reading) -> str:
        model = self.record.piece.model["name"]
        if not reading.words:
            return f"An essay of {self.words.all:,} words, as it was written."
        after = self.words.all + reading.words
        made = f"An essay of {self.words.all:,} words, made {after:,} by {model}"
        return f"{made}, a language model overfitted on it passage by passage."

    def opening(self) -> str:
        """The essay's first sentence, without markup and citation marks."""
        for block in self.blocks:
            said = ""
            for part in block.parts if block.kind == "paragraph" else ():
                if isinstance(part, str):
                    said += part
                elif part.kind == "close":
                    return plain_text(re.sub(r'<span class="cite">.*?</span>', "", said)).strip()
        return ""

    def reading_page(self, reading: Reading) -> bytes:
        first = reading is self.record.first_reading
        data = page_data(self.record, self.gaps, self.names, self.words) if first else None
        image = "card.png" if self.has_card else None
        schema = schema_of(self.record, reading, self.names[reading.name], self.words.all, image)
        return render(
            "reading.html",
            **self._shared(),
            reading=reading,
            shape=self.shape(reading),
            count=self.count(reading),
            description=self.description(reading),
            schema=as_script_data(schema),
            data=as_script_data(data),
        )

    def made_page(self) -> bytes:
        return render("made.html", **self._shared(), count=self.count)

    def _shared(self) -> dict[str, Any]:
        return {
            "record": self.record,
            "root": self.root,
            "address": self.address,
            "has_card": self.has_card,
            "blocks": self.blocks,
            "words": self.words.all,
            "pages": self.names,
            "labels": labels,
        }

    def text(self, reading: Reading) -> bytes:
        """A reading as plain text, paragraphs apart."""
        said = [self.record.title]
        for block in self.blocks:
            pieces = []
            for part in block.parts:
                if isinstance(part, Place):
                    if part.kind == "gap":
                        space = " " if block.spaced else ""
                        pieces += [space + pick.text.strip() for pick in reading.picks.get(part.gap, ())]
                else:
                    pieces.append(plain_text(part))
            said.append(block.plain if block.kind == "verbatim" else " ".join("".join(pieces).split()))
        return ("\n\n".join(filter(None, said)) + "\n").encode()


def index_page(entries: Sequence[Mapping[str, Any]]) -> bytes:
    """The list of several pieces; each entry has `pages` and `folder`."""
    return render("index.html", root="", entries=entries)


def render(template: str, **values: Any) -> bytes:
    return (_templates().get_template(template).render(**values).rstrip() + "\n").encode()


@cache
def _templates() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("verbosify.site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["count"] = labels.count
    environment.globals["policy"] = PAGE_POLICY
    return environment

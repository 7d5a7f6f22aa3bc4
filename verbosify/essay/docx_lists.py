"""The lists of a .docx: how deep an item stands and what is before it. Reads numbering and styles, no text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from verbosify.essay.docx_styles import Element, W, property_of

if TYPE_CHECKING:
    from docx.document import Document

_DEPTH = re.compile(r"list(?: (?:bullet|number|continue))? (\d)", re.IGNORECASE)
_DEEPEST = 9
_UNNUMBERED = frozenset(("bullet", "none", "", None))


@dataclass(frozen=True, slots=True)
class _Open:
    """An item that others may stand in: its list, its depth, its sign, and where its words begin on the line."""

    numbering: str | None
    level: int
    sign: str
    indent: int


@dataclass(frozen=True, slots=True)
class Item:
    """What stands before an item's first line, and before its others; `apart`, whether a blank line does too."""

    first: str
    others: str
    apart: bool


class Lists:
    """The lists of one document, whose items are asked for in order."""

    def __init__(self, document: Document) -> None:
        styles = document.styles.element.iterchildren(W + "style")
        self._styles = {style.get(W + "styleId", ""): style for style in styles}
        self._instances: dict[str | None, Element] = {}
        self._abstract: dict[str | None, Element] = {}
        for relation in document.part.rels.values():
            if relation.reltype.endswith("/numbering") and not relation.is_external:
                root = relation.target_part.element
                self._instances = {each.get(W + "numId"): each for each in root.iterchildren(W + "num")}
                self._abstract = {each.get(W + "abstractNumId"): each for each in root.iterchildren(W + "abstractNum")}
        self._counts: dict[tuple[str | None, int], int] = {}
        self._open: list[_Open] = []

    def close(self) -> None:
        """Something follows that is no item."""
        self._open = []

    def item(self, paragraph: Element) -> Item:
        """What stands before the lines of an item; a paragraph that goes on with one has no sign."""
        style = self._styles.get(property_of(paragraph, "pPr/pStyle") or "")
        name = (property_of(style, "name") or "").lower() if style is not None else ""
        numbering, level = self._place(paragraph, style, name)
        if name.startswith("list continue"):
            while self._open and self._open[-1].level > level:
                self._open.pop()
            indent = " " * (self._open[-1].indent if self._open else 0)
            return Item(indent, indent, apart=True)
        before = None
        while self._open and self._open[-1].level >= level:
            before = self._open.pop()
        neighbour = before if before is not None and before.level == level else None
        number = self._count(numbering, level) if self._is_numbered(numbering, level, name) else None
        sign = _sign(neighbour, numbering, numbered=number is not None)
        mark = sign if number is None else f"{number}{sign}"
        indent = " " * (self._open[-1].indent if self._open else 0)
        self._open.append(_Open(numbering, level, sign, len(indent) + len(mark) + 1))
        inner = len(self._open) > 1 and neighbour is None
        return Item(f"{indent}{mark} ", " " * self._open[-1].indent, apart=inner and number not in (None, 1))

    def _place(self, paragraph: Element, style: Element | None, name: str) -> tuple[str | None, int]:
        """The numbering an item belongs to, and how many lists it is in besides that of its own."""
        numbering = property_of(paragraph, "pPr/numPr/numId")
        level = property_of(paragraph, "pPr/numPr/ilvl")
        seen = set()
        while style is not None and style not in seen and (numbering is None or level is None):
            seen.add(style)
            numbering = numbering if numbering is not None else property_of(style, "pPr/numPr/numId")
            level = level if level is not None else property_of(style, "pPr/numPr/ilvl")
            style = self._styles.get(property_of(style, "basedOn") or "")
        deeper = _DEPTH.match(name)
        depth = int(level) if level is not None and level.isdecimal() else 0
        return numbering, min(depth + (int(deeper[1]) - 1 if deeper else 0), _DEEPEST)

    def _level(self, numbering: str | None, level: int) -> tuple[Element | None, Element | None]:
        """The `w:lvl` of a numbering's definition, and the `w:lvlOverride` of the numbering itself."""
        instance = self._instances.get(numbering)
        if instance is None:
            return None, None
        abstract = self._abstract.get(property_of(instance, "abstractNumId"))
        override = next((each for each in instance.iterchildren(W + "lvlOverride") if _is_level(each, level)), None)
        own = override.find(W + "lvl") if override is not None else None
        levels = abstract.iterchildren(W + "lvl") if abstract is not None else ()
        return (own if own is not None else next((each for each in levels if _is_level(each, level)), None)), override

    def _is_numbered(self, numbering: str | None, level: int, name: str) -> bool:
        definition, _ = self._level(numbering, level if not _DEPTH.match(name) else 0)
        return property_of(definition, "numFmt") not in _UNNUMBERED if definition is not None else "number" in name

    def _count(self, numbering: str | None, level: int) -> int:
        for deeper in range(level + 1, _DEEPEST + 1):
            self._counts.pop((numbering, deeper), None)
        if (numbering, level) not in self._counts:
            definition, override = self._level(numbering, level)
            start = property_of(override, "startOverride") if override is not None else None
            start = start or (property_of(definition, "start") if definition is not None else None)
            self._counts[numbering, level] = int(start) - 1 if start and start.isdecimal() else 0
        self._counts[numbering, level] += 1
        return self._counts[numbering, level]


def _is_level(element: Element, level: int) -> bool:
    return bool(element.get(W + "ilvl") == str(level))


def _sign(neighbour: _Open | None, numbering: str | None, *, numbered: bool) -> str:
    """A list right after another of its kind has another sign, by which they are told apart."""
    signs = (".", ")") if numbered else ("-", "*")
    if neighbour is None or neighbour.sign not in signs or neighbour.numbering == numbering:
        return neighbour.sign if neighbour is not None and neighbour.sign in signs else signs[0]
    return signs[1 - signs.index(neighbour.sign)]

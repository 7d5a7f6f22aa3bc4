"""What the styles of a .docx say of its paragraphs and runs: a role, hidden or not, bold or not. Reads no text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from docx.document import Document

Element = Any
"""An lxml element; lxml has no types of its own."""

Role = Literal["prose", "heading", "list", "quote", "table", "other"]

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"

_STANDARD_SIZE = 20  # half points, where a document says nothing
_MOST_DIGITS = 9

_PROSE: tuple[Role, int] = ("prose", 0)
_ROLES_BY_NAME: tuple[tuple[re.Pattern[str], Role], ...] = (
    (re.compile(r"list\b"), "list"),
    (re.compile(r".*\bquot|block text"), "quote"),
    (re.compile(r"caption|toc\b|table of|bibliography|index\b|footnote|endnote|.*\bcode\b|.*preformatted"), "other"),
)


def is_on(element: Element) -> bool:
    """Whether a property that is there switches something on, as `<w:b/>` does and `<w:b w:val="0"/>` does not."""
    return element.get(W + "val") not in ("0", "false", "off")


def own_properties(element: Element) -> Element | None:
    """The `w:pPr` of a `w:p`, or the `w:rPr` of a `w:r`: its first child, so that no other is looked at, or None."""
    first = next(element.iterchildren(), None)
    return first if first is not None and first.tag == f"{element.tag}Pr" else None


def own_property(element: Element, name: str) -> Element | None:
    """The property of that name (without prefix) that a paragraph or run has of its own."""
    properties = own_properties(element)
    return None if properties is None else properties.find(W + name)


def property_of(element: Element, path: str) -> str | None:
    """The `w:val` of what stands under `element` at `path` (names without prefix), None if nothing does."""
    names = path.split("/")
    if element.tag in (W + "p", W + "r"):
        element = own_properties(element)
        if element is None or element.tag != W + names.pop(0):
            return None
    found = element.find("/".join(W + name for name in names))
    return None if found is None else found.get(W + "val") or ""


class Styles:
    """The styles of one document, each read once."""

    def __init__(self, document: Document) -> None:
        root = document.styles.element
        self._styles = {style.get(W + "styleId", ""): style for style in root.iterchildren(W + "style")}
        self._defaults = root.find(f"{W}docDefaults/{W}rPrDefault")
        named = {each: style for each, style in self._styles.items() if style.get(W + "type") == "paragraph"}
        self._of_paragraphs = frozenset(named)
        self._usual = next(
            (each for each, style in named.items() if style.get(W + "default") in ("1", "true", "on")), None
        )
        self._body = document.element.body
        self._roles: dict[str | None, tuple[Role, int]] = {}
        self._switches: dict[tuple[str | None, str], bool | None] = {}

    def role(self, paragraph: Element) -> tuple[Role, int]:
        """The role and heading level that a paragraph's style gives it, or else its own properties."""
        style = self.of_paragraph(paragraph)
        if style not in self._roles:
            roles = map(_role_of_style, self._chain(style))
            self._roles[style] = next((role for role in roles if role != _PROSE), _PROSE)
        role = self._roles[style]
        return role if role != _PROSE else _role_of_properties(own_properties(paragraph))

    def is_centred(self, paragraph: Element) -> bool:
        """Whether a paragraph stands in the middle of its line where the document's usual ones do not."""
        own = property_of(paragraph, "pPr/jc") or self._justified(self.of_paragraph(paragraph))
        return own == "center" != self._justified(self._usual)

    def _justified(self, style: str | None) -> str:
        return next((way for each in self._chain(style) if (way := property_of(each, "pPr/jc"))), "")

    def hides(self, run: Element, style: str | None) -> bool:
        """Whether a reader does not see a run, in a paragraph of that style: it may say so itself, or a style may."""
        special = own_property(run, "specVanish")
        return self._switched(run, style, "vanish") or (special is not None and is_on(special))

    def makes_bold(self, run: Element, style: str | None) -> bool:
        """Whether a run, in a paragraph of that style, is bold where the document's usual paragraphs are not."""
        return self._switched(run, style, "b") and not self._by_style(self._usual, None, "b")

    def enlarges(self, run: Element) -> bool:
        """Whether a run sets itself larger than most of the document is."""
        return _half_points(property_of(run, "rPr/sz")) > self._usual_size

    @cached_property
    def _usual_size(self) -> int:
        """The size that most runs have, in half points."""
        sizes = (property_of(each, "rPr/sz") for each in self._chain(self._usual))
        default = None if self._defaults is None else property_of(self._defaults, "rPr/sz")
        by_style = _half_points(next(filter(None, sizes), default)) or _STANDARD_SIZE
        own = (_half_points(property_of(run, "rPr/sz")) for run in self._body.iter(W + "r"))
        return Counter(size or by_style for size in own).most_common(1)[0][0]

    def switches(self, run: Element, name: str) -> bool:
        """Whether a run itself, or else its own style, switches a property on, whatever its paragraph's style says."""
        own, style = own_property(run, name), own_property(run, "rStyle")
        return is_on(own) if own is not None else style is not None and bool(self._switch(style.get(W + "val"), name))

    def _switched(self, run: Element, style: str | None, name: str) -> bool:
        own = own_property(run, name)
        if own is not None:
            return is_on(own)
        of_run = own_property(run, "rStyle")
        return self._by_style(style, None if of_run is None else of_run.get(W + "val"), name)

    def _by_style(self, paragraph_style: str | None, run_style: str | None, name: str) -> bool:
        """A switch in both a paragraph's and a run's style is off: ISO/IEC 29500-1, 17.7.3, toggle properties."""
        said = [switch for style in (paragraph_style, run_style) if (switch := self._switch(style, name)) is not None]
        if said:
            return sum(said) % 2 == 1
        default = None if self._defaults is None else self._defaults.find(f"{W}rPr/{W}{name}")
        return default is not None and is_on(default)

    def _switch(self, style: str | None, name: str) -> bool | None:
        if (style, name) not in self._switches:
            found = (each.find(f"{W}rPr/{W}{name}") for each in self._chain(style))
            self._switches[style, name] = next((is_on(each) for each in found if each is not None), None)
        return self._switches[style, name]

    def of_paragraph(self, paragraph: Element) -> str | None:
        """The id of the style that a paragraph has, its own or the usual one; None in a document without styles."""
        style = property_of(paragraph, "pPr/pStyle")
        return style if style in self._of_paragraphs else self._usual

    def _chain(self, identifier: str | None) -> Iterator[Element]:
        """A style and those it is based on, the nearest first."""
        seen = set()
        while identifier in self._styles and identifier not in seen:
            seen.add(identifier)
            style = self._styles[identifier]
            yield style
            identifier = property_of(style, "basedOn")


def _half_points(size: str | None) -> int:
    return int(size) if size is not None and size.isdecimal() and len(size) < _MOST_DIGITS else 0


def _role_of_style(style: Element) -> tuple[Role, int]:
    name = (property_of(style, "name") or "").lower()
    if match := re.fullmatch(r"heading (\d)", name):
        return "heading", int(match[1])
    if name in ("title", "subtitle"):
        return "heading", 1 if name == "title" else 2
    for pattern, role in _ROLES_BY_NAME:
        if pattern.match(name):
            return role, 0
    return _role_of_properties(style.find(W + "pPr"))


def _role_of_properties(properties: Element | None) -> tuple[Role, int]:
    if properties is None:
        return _PROSE
    outline = property_of(properties, "outlineLvl")
    if outline in set("012345678"):
        return "heading", int(outline) + 1
    number = property_of(properties, "numPr/numId")
    return _PROSE if number in (None, "0") else ("list", 0)

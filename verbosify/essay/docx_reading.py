"""What a .docx holds, in document order, and which XML element each of its characters comes from.

Reads with python-docx and its XML, since its `paragraph.text` leaves out insertions that track changes.
Knows nothing of essays' other formats.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal

from verbosify.errors import EssayError
from verbosify.essay.blocks import Block, BlockKind
from verbosify.essay.headings import looks_like_heading

if TYPE_CHECKING:
    from docx.document import Document

Element = Any
"""An lxml element; lxml has no types of its own."""

Role = Literal["prose", "heading", "list", "quote", "table", "other"]

MAX_PARTS = 10_000
MAX_XML_BYTES = 128 * 1024 * 1024
MAX_UNPACKED_BYTES = 512 * 1024 * 1024

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_CONTAINERS = frozenset(
    W + name
    for name in ("hyperlink", "ins", "moveTo", "smartTag", "sdt", "sdtContent", "fldSimple", "customXml", "bdo", "dir")
)
_TABLE: tuple[Role, int] = ("table", 0)
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_ROLES_BY_STYLE: tuple[tuple[re.Pattern[str], Role], ...] = (
    (re.compile(r"list\b"), "list"),
    (re.compile(r".*\bquot|block text"), "quote"),
    (re.compile(r"caption|toc\b|table of|bibliography|index\b|footnote|endnote|.*\bcode\b|.*preformatted"), "other"),
)


@dataclass(frozen=True, slots=True)
class Part:
    """One paragraph or table that has text.

    Attributes:
        role: what it is for; `prose` alone is split into sentences.
        level: of a heading, from 1; else 0.
        text: all of it, white space at its ends included.
        element: its `w:p` or `w:tbl`.
    """

    role: Role
    level: int
    text: str
    element: Element

    @property
    def lead(self) -> int:
        """How many characters of white space stand before its words."""
        return len(self.text) - len(self.text.lstrip())


def read_docx(source: bytes, name: str) -> tuple[str, list[Block]]:
    """The text of a .docx, blocks joined by blank lines, and the blocks.

    Raises:
        EssayError: the bytes are not a Word document, or would unpack to an unreasonable size.
    """
    texts: list[str] = []
    blocks: list[Block] = []
    position = 0
    for part in docx_parts(open_docx(source, name)):
        text = part.text.strip()
        kind: BlockKind = "paragraph" if part.role == "prose" else "heading" if part.role == "heading" else "verbatim"
        blocks.append(Block(kind, position, position + len(text), part.level))
        texts.append(text)
        position += len(text) + 2
    return "\n\n".join(texts), blocks


def open_docx(source: bytes, name: str) -> Document:
    """The document, opened by python-docx, whose XML parser resolves no entities and reaches for no network."""
    from docx import api
    from docx.opc.exceptions import PackageNotFoundError

    not_word = f"{name} is not a Word document: save it again as .docx, or as .md or .txt."
    try:
        _refuse_bomb(source, name)
        document = api.Document(BytesIO(source))
        if document.element.body is None or document.styles.element is None:
            raise EssayError(not_word)
        return document
    except (zipfile.BadZipFile, PackageNotFoundError, SyntaxError, KeyError, ValueError, AttributeError) as error:
        raise EssayError(not_word) from error
    except (zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:  # locked or cut short
        raise EssayError(f"{name} is locked or damaged: save it again as .docx, without a password.") from error


def _refuse_bomb(source: bytes, name: str) -> None:
    """Weigh the parts by their declared sizes, beyond which `zipfile` never unpacks."""
    with zipfile.ZipFile(BytesIO(source)) as archive:
        parts = archive.infolist()
    xml = sum(part.file_size for part in parts if part.filename.lower().endswith((".xml", ".rels")))
    if len(parts) > MAX_PARTS or xml > MAX_XML_BYTES or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
        raise EssayError(f"{name} would unpack to far more than an essay needs: save its text as .md or .txt.")


def docx_parts(document: Document) -> Iterator[Part]:
    """Every paragraph and table of the body that has text, in order; what stands in content controls is `other`."""
    styles = _roles_of_styles(document)
    for element, controlled in _body(document.element.body):
        if element.tag == W + "tbl":
            text = _table_text(element)
            role, level = _TABLE
        else:
            text = "".join(atom.text for atom in atoms(element))
            role, level = _role(element, styles, text)
            if controlled and role != "heading":
                role = "other"
        if text.strip():
            yield Part(role, level, text, element)


@dataclass(frozen=True, slots=True)
class Atom:
    """Characters of a paragraph that come from one element: a `w:t`, a tab, a line break, a formula.

    `run` is the `w:r` around it (the formula itself, for a formula).
    """

    start: int
    text: str
    element: Element
    run: Element


def atoms(paragraph: Element) -> list[Atom]:
    """The characters of a `w:p` as a reader sees them: insertions are there, deletions are not.

    Raised digits become superscript characters, so that a note's number can be told from a year's.
    """
    found: list[Atom] = []
    position = 0
    for element, run in _leaves(paragraph):
        text = _leaf_text(element, run)
        if text:
            found.append(Atom(position, text, element, run))
            position += len(text)
    return found


def _leaves(parent: Element) -> Iterator[tuple[Element, Element]]:
    for child in parent:
        if child.tag == W + "r":
            for leaf in child:
                yield leaf, child
        elif child.tag in _CONTAINERS:
            yield from _leaves(child)
        elif child.tag in (_MATH + "oMath", _MATH + "oMathPara"):
            yield child, child


def _leaf_text(element: Element, run: Element) -> str:
    tag = element.tag
    if tag == W + "t":
        text = element.text or ""
        raised = run.find(f"{W}rPr/{W}vertAlign[@{W}val='superscript']") is not None
        return text.translate(_SUPERSCRIPTS) if raised and text.strip().isdigit() else text
    if tag == W + "br":
        return "\n" if element.get(W + "type") in (None, "textWrapping") else ""
    if element is run:
        return "".join(symbol.text or "" for symbol in element.iter(_MATH + "t"))
    return {W + "tab": "\t", W + "cr": "\n", W + "noBreakHyphen": "\u2011", W + "softHyphen": "\u00ad"}.get(tag, "")


def _body(parent: Element, controlled: bool = False) -> Iterator[tuple[Element, bool]]:  # noqa: FBT001, FBT002
    for child in parent:
        if child.tag in (W + "p", W + "tbl"):
            yield child, controlled
        elif child.tag == W + "sdt":
            for content in child.iterchildren(W + "sdtContent"):
                yield from _body(content, controlled=True)


def _table_text(table: Element) -> str:
    rows = []
    for row in table.iterchildren(W + "tr"):
        cells = [cell for cell in row.iter(W + "tc") if next(cell.iterancestors(W + "tr")) is row]
        rows.append(" | ".join(_cell_text(cell) for cell in cells))
    return "\n".join(rows)


def _cell_text(cell: Element) -> str:
    return " ".join("".join(atom.text for atom in atoms(paragraph)) for paragraph in cell.iter(W + "p")).strip()


def _roles_of_styles(document: Document) -> dict[str | None, tuple[Role, int]]:
    """The role and heading level of each paragraph style by its id; under None, those of the default style."""
    elements = {style.get(W + "styleId"): style for style in document.styles.element.iterchildren(W + "style")}
    roles: dict[str | None, tuple[Role, int]] = {None: ("prose", 0)}
    for identifier, element in elements.items():
        if element.get(W + "type") != "paragraph":
            continue
        style, seen = element, set()
        role: tuple[Role, int] = ("prose", 0)
        while style is not None and role[0] == "prose" and style not in seen:
            seen.add(style)
            role = _role_of_style(style)
            base = style.find(W + "basedOn")
            style = elements.get(base.get(W + "val")) if base is not None else None
        roles[identifier] = role
        if element.get(W + "default") in ("1", "true", "on"):
            roles[None] = role
    return roles


def _role_of_style(style: Element) -> tuple[Role, int]:
    name_element = style.find(W + "name")
    name = (name_element.get(W + "val") or "").lower() if name_element is not None else ""
    if match := re.fullmatch(r"heading (\d)", name):
        return "heading", int(match[1])
    if name in ("title", "subtitle"):
        return "heading", 1 if name == "title" else 2
    for pattern, role in _ROLES_BY_STYLE:
        if pattern.match(name):
            return role, 0
    return _role_of_properties(style.find(W + "pPr"))


def _role_of_properties(properties: Element | None) -> tuple[Role, int]:
    if properties is None:
        return "prose", 0
    outline = properties.find(W + "outlineLvl")
    if outline is not None and (outline.get(W + "val") or "") in set("012345678"):
        return "heading", int(outline.get(W + "val")) + 1
    number = properties.find(f"{W}numPr/{W}numId")
    return ("list", 0) if number is not None and number.get(W + "val") != "0" else ("prose", 0)


def _role(paragraph: Element, styles: dict[str | None, tuple[Role, int]], text: str) -> tuple[Role, int]:
    properties = paragraph.find(W + "pPr")
    style = paragraph.find(f"{W}pPr/{W}pStyle")
    role = styles.get(style.get(W + "val") if style is not None else None, styles[None])
    if role[0] == "prose":
        role = _role_of_properties(properties)
    if role[0] == "prose" and looks_like_heading(text) and _all_bold(paragraph):
        return "heading", 2
    return role


def _all_bold(paragraph: Element) -> bool:
    """Whether every word is set bold by hand, as a heading is where nobody used a style."""
    runs = {atom.run for atom in atoms(paragraph) if atom.text.strip()}
    bolds = [run.find(f"{W}rPr/{W}b") for run in runs]
    return bool(runs) and all(bold is not None and bold.get(W + "val") not in ("0", "false", "off") for bold in bolds)

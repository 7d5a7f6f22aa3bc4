"""Markdown: where its blocks are, what its inline markup reads as, and how to write text that is inert in it.

markdown-it-py parses. It tells lines for blocks but no offsets for inline markup, so those are noted while
its own rules run. Knows nothing of sentences.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

from verbosify.essay.blocks import Block, BlockKind, lines
from verbosify.essay.dialects import MACHINE_WORDS, line_kinds, opens_region
from verbosify.essay.inline import Inline, Segment, SegmentKind
from verbosify.words import plain_words

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

References = dict[str, Any]
"""markdown-it-py's environment, holding the link reference definitions of a text."""

_FOOTNOTE_OR_FORMULA = re.compile(r"\s*(?:\[\^[^\]\s]+\]:|\$\$)")
_MAYBE_WORDLESS = re.compile(r"\s*(?:!\[|\[[!\[]|<|\{|\\)")
_NOT_PROSE = re.compile(  # a table, verses, an example, a definition, a caption
    r"\s*(?:\|.*(?:[\r\n]+[ \t]*\|.*)*$|\(@[\w-]*\)[ \t]"
    r"|[^\r\n]+[\r\n]+[ \t]*[:~][ \t]{1,3}\S|(?:Table|Figure|Listing)?:[ \t])"
)
_WIKI_LINK = re.compile(  # [[Page|words]], and [words]({{< ref "page.md" >}}), a picture too
    r"\[\[(?:[^\[\]|\n]*\|)?(?P<words>[^\[\]|\n]*[^\W\d][^\[\]|\n]*)\]\](?!\()"
    r"|!?\[(?P<label>[^\[\]\n]*)\]"
    r"\([^\s(){}]*(?:\{\{[^{}\n]{0,300}\}\}|\{%[^{}\n]{0,300}%\})[^(){}\n]*\)"
)
_DELIMITERS = re.compile(r"(?<!\w)[*_`]+|[*_`]+(?!\w)")
_SPACE_GOES = frozenset(("", *" \t\n.,;:!?)]}”’»…"))
NUMBER_LABEL = re.compile(r"\^?\d+(?:\s?[,–-]\s?\d+)*")  # of a link that is the mark of a note
_OPENING_BRACKET = re.compile(r"!?\[")
_MARKS = re.compile(r"[\\\[\]*_`<>~&]")
_LONG_ENOUGH = 200  # characters: a shorter paragraph may be all links and emphasis
_LONGEST_LABEL = 10_000  # characters of a link's words up to the first bracket that closes; more is no link
_BREAKS = re.compile(r"(?:<br\s*/?>\s*){2,}", re.IGNORECASE)
_LINE_BREAK_TAG = re.compile(r"<br\b", re.IGNORECASE)
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")

_MARKUP = re.compile(
    r"""
    [\\`*_{}\[\]<>|~$^@]                                      # wherever they stand
  | %(?=%) | (?<=%)% | ^%                                     # Obsidian's comments, Pandoc's title
  | &(?=\#?\w) | :(?=//) | (?<=\bwww)\. | (?<==)= | (?<=^)=   # before something
  | ^[-+:](?=[-+\s]|$) | ^\#{1,6}(?=\s|$) | (?<=^\d)[.)] | (?<=^\d\d)[.)] | (?<=^\d\d\d)[.)] # at the start of a line
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class _Mark:
    """A stretch of the source that an inline rule consumed, and the tokens it made of it."""

    rule: str
    start: int
    end: int
    tokens: tuple[Token, ...] = ()


def markdown_blocks(text: str) -> list[Block]:
    """Blocks of `text`, in order; together they hold everything but blank lines.

    Top-level paragraphs and headings are told apart; lists, quotations, code, tables, HTML, rules, definitions of
    footnotes and links, paragraphs without words (an image, a formula), and what `dialects` knows to be for a machine
    (front matter, templates, imports, tags) are verbatim.
    """
    spans = lines(text)
    kinds = line_kinds(text, [text[start:end] for start, end in spans])
    blocks = _blocks(text, spans, kinds.machine, kinds.apart | kinds.contained)
    if kinds.contained and not any(block.kind == "paragraph" for block in blocks):
        return _blocks(text, spans, kinds.machine, kinds.apart)
    return blocks


def _blocks(text: str, spans: Sequence[tuple[int, int]], machine: set[int], apart: set[int]) -> list[Block]:
    opaque = machine | apart
    unseen = "\n".join("" if number in opaque else text[start:end] for number, (start, end) in enumerate(spans))
    blocks: list[Block] = []
    done = 0

    def skip(bottom: int) -> None:
        """Lines that left no token: definitions, and what is for a machine; each kind is a block, as far as it goes."""
        for _, group in groupby(range(done, bottom), key=lambda number: (number in machine, number in apart)):
            numbers = list(group)
            blocks.extend(_block("verbatim", text, spans[numbers[0] : numbers[-1] + 1]))

    for token in _block_parser().parse(unseen, {}):
        if token.level or token.nesting < 0 or token.map is None:
            continue
        top, bottom = token.map
        skip(top)
        done = bottom
        if token.type == "heading_open":
            blocks += _block("heading", text, spans[top:bottom], level=int(token.tag[1:]))
        elif token.type == "paragraph_open" and not _is_wordless(text[spans[top][0] : spans[bottom - 1][1]]):
            blocks += _paragraphs(text, spans[top:bottom])
        else:
            blocks += _block("verbatim", text, spans[top:bottom])
    skip(len(spans))
    return blocks


def link_references(text: str, blocks: Iterable[Block]) -> References:
    """The link reference definitions of `text`, which stand in its verbatim blocks."""
    references: References = {}
    for block in blocks:
        if block.kind == "verbatim" and text[block.start : block.end].lstrip().startswith("["):
            _block_parser().parse(text[block.start : block.end], references)
    return references


def markdown_inline(source: str, references: References | None = None) -> Inline:
    """The inline markup of one paragraph or heading, reduced to its words.

    Emphasis marks, code ticks, HTML tags and images go; a link leaves its words (or, if they are just a
    number, `[1]`); a line break stays one; digits in `<sup>` become superscript characters.
    """
    # A CRLF as a newline and a space keeps every offset, and Markdown drops spaces at a line's start.
    unified = source.replace("\r\n", "\n ").replace("\r", "\n")
    marks: list[_Mark] = []
    parser = _inline_parser()
    parser.inline.parse(unified, parser, {**(references or {}), "verbosify": (unified, marks)}, [])
    marks.sort(key=lambda mark: mark.start)
    pieces: list[Segment] = []
    position = 0
    for number, mark in enumerate(marks):
        piece = _piece(unified, mark, marks[number + 1 : number + 2])
        if piece is None:
            continue
        if piece.start > position:
            pieces.append(Segment(position, piece.start, source[position : piece.start]))
        pieces.append(piece)
        position = piece.end
    if position < len(source):
        pieces.append(Segment(position, len(source), source[position:]))
    return Inline(_with_superscripts(source, pieces))


def heading_source(source: str) -> str:
    """A heading's words as written, without the marks that make it one."""
    if not source.startswith("#"):
        return re.sub(r"(?:\r\n|\r|\n)[ \t]*(?:=+|-+)[ \t]*$", "", source).strip()
    words = source.lstrip("#").strip()
    unclosed = words.rstrip("#")
    return unclosed.rstrip() if not unclosed or unclosed[-1].isspace() else words


def escape_markdown(text: str) -> str:
    """`text` on one line, with all that Markdown and its common extensions would read as markup escaped."""
    return escape_characters(" ".join(text.split()))


def escape_characters(text: str, *, starts_line: bool = True) -> str:
    """The same of a piece of a line, whose white space stays; what matters at a line's start alone may stay too."""
    if not starts_line:
        return _MARKUP.sub(r"\\\g<0>", f" {text}")[1:]
    escaped = _MARKUP.sub(r"\\\g<0>", text)
    if escaped[:1] in ("\\", "&") or not opens_region(escaped):
        return escaped
    lead = escaped[: len(escaped) - len(escaped.lstrip())]
    first, rest = escaped[len(lead)], escaped[len(lead) + 1 :]
    return f"{lead}&#{ord(first)};{rest}" if first.isalnum() else f"{lead}\\{first}{rest}"


def without_machine_lines(text: str) -> str:
    """`text` as a reader should have it: the lines that are for a machine (front matter, templates, tags) blank."""
    said = [text[start:end] for start, end in lines(text)]
    machine = line_kinds(text, said).machine
    return "\n".join("" if number in machine else line for number, line in enumerate(said))


def markdown_parser() -> MarkdownIt:
    """A parser of CommonMark with tables and strikethrough, to which a footnote is no link definition.

    It skips what stands among the words for a machine; a wiki's link leaves its words.
    """
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    ruler = parser.block.ruler
    define = dict(zip(ruler.get_active_rules(), ruler.getRules(""), strict=True))["reference"]

    def define_link(state: StateBlock, line: int, end: int, silent: bool) -> bool:  # noqa: FBT001 - its signature
        start = state.bMarks[line] + state.tShift[line]
        return not state.src.startswith("[^", start) and define(state, line, end, silent)

    ruler.at("reference", define_link)
    parser.inline.ruler.before("escape", "machine", _skip_machine_words)
    parser.inline.ruler.before("machine", "unclosed", _unclosed_bracket)
    parser.inline.ruler.before("link", "wiki_link", _wiki_link)
    return parser


@cache
def _block_parser() -> MarkdownIt:
    return markdown_parser().disable("inline")


@cache
def _inline_parser() -> MarkdownIt:
    """A parser whose inline rules note which stretch of the source each of them consumed."""
    parser = markdown_parser().disable("fragments_join")
    ruler = parser.inline.ruler
    for name, rule in zip(ruler.get_active_rules(), ruler.getRules(""), strict=True):
        ruler.at(name, _noting(name, rule))
    return parser


def _unclosed_bracket(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - markdown-it-py's own signature
    """A bracket that closes nowhere near, or nests too deeply to be a link's: heaps of them need not be walked."""
    if len(state.pending) > _LONGEST_LABEL:  # a character more copies all of it
        state.pushPending()
    bracket = _OPENING_BRACKET.match(state.src, state.pos)
    if bracket is None:
        return False
    close = state.src.find("]", state.pos, state.pos + _LONGEST_LABEL)
    if close >= 0 and state.src.count("[", state.pos, close) <= state.md.options["maxNesting"]:
        return False
    if not silent:
        state.pending += bracket[0]
    state.pos = bracket.end()
    return True


def _skip_machine_words(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - markdown-it-py's signature
    match = MACHINE_WORDS.match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    if not silent and state.src[match.end() : match.end() + 1] in _SPACE_GOES:
        state.pending = state.pending.rstrip(" \t")
    state.pos = match.end()
    return True


def _wiki_link(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - markdown-it-py's own signature
    match = _WIKI_LINK.match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    if not silent:
        label = _DELIMITERS.sub("", match["label"] or "")
        shown = f"[{label}]" if label and match[0].startswith("!") else label
        state.push("text", "", 0).content = match["words"] or shown
    state.pos = match.end()
    return True


def _is_wordless(source: str) -> bool:
    if len(source) > _LONG_ENOUGH and len(_MARKS.findall(source)) * 4 > len(source):
        return True  # marks upon marks, which cost a parser much and a reader more
    if _FOOTNOTE_OR_FORMULA.match(source) or _NOT_PROSE.match(source):
        return True
    return _MAYBE_WORDLESS.match(source) is not None and plain_words(markdown_inline(source).plain) == 0


def _block(kind: BlockKind, text: str, spans: Sequence[tuple[int, int]], level: int = 0) -> list[Block]:
    filled = [span for span in spans if text[span[0] : span[1]].strip()]
    if not filled:
        return []
    start, end = filled[0][0], filled[-1][1]
    if kind != "verbatim":  # whose indentation has a meaning
        piece = text[start:end]
        start, end = start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())
    return [Block(kind, start, end, level)]


def _paragraphs(text: str, spans: Sequence[tuple[int, int]]) -> list[Block]:
    """A paragraph, cut where two tags for a line break stand for the end of one."""
    start, end = spans[0][0], spans[-1][1]
    cuts = [] if "`" in text[start:end] else [match.span() for match in _BREAKS.finditer(text, start, end)]
    edges = [start, *(edge for cut in cuts for edge in cut), end]
    pieces = zip(edges[::2], edges[1::2], strict=True)
    return [block for piece in pieces for block in _block("paragraph", text, [piece])]


def _noting(name: str, rule: Callable[[StateInline, bool], bool]) -> Callable[[StateInline, bool], bool]:
    def noting(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - markdown-it-py's own signature
        source, marks = state.env["verbosify"]
        if silent or state.src is not source:  # the words of an image are parsed apart, from a source of their own
            return rule(state, silent)
        start, before = state.pos, len(state.tokens)
        if not rule(state, silent):
            return False
        if name == "link":
            label_end = state.md.helpers.parseLinkLabel(state, start, True)  # noqa: FBT003 - no link within a link
            if NUMBER_LABEL.fullmatch(source, start + 1, label_end):
                marks.append(_Mark("link_close", label_end + 1, state.pos))
            else:
                marks += [_Mark("link_open", start, start + 1), _Mark("link_close", label_end, state.pos)]
        elif name in ("emphasis", "strikethrough"):  # a token for each delimiter; what it is turns out in the end
            end = state.pos
            for token in reversed(state.tokens[before:]):
                if end > start:
                    marks.append(_Mark("delimiter", end - len(token.content), end, (token,)))
                    end -= len(token.content)
        elif name == "machine":  # and the space before it, if there is one after it
            while source[state.pos : state.pos + 1] in _SPACE_GOES and source[start - 1 : start] in (" ", "\t"):
                start -= 1
            marks.append(_Mark(name, start, state.pos))
        elif name not in ("text", "newline", "unclosed"):
            marks.append(_Mark(name, start, state.pos, tuple(state.tokens[before:])))
        return True

    return noting


def _piece(source: str, mark: _Mark, following: Sequence[_Mark]) -> Segment | None:
    """What a stretch that a rule consumed reads as; None if it stands for itself."""
    token = mark.tokens[-1] if mark.tokens else None
    text: str | None = ""
    kind: SegmentKind = "text"
    match mark.rule:
        case "machine":
            kind = (
                "text" if source[mark.start : mark.end].lstrip().startswith(("{%", "{{", "<%", "\\", "!")) else "close"
            )
        case "wiki_link" if token:
            text = "" if source.startswith("!", mark.start) else token.content
        case "link_open" | "image":
            kind = "open"
        case "link_close":
            kind = "close"
        case "delimiter" if token and not token.content:
            # Of the two tokens of a `**`, only the inner one is named by what it opens or closes.
            before_strong = any(next_.tokens[-1].type == "strong_open" for next_ in following if next_.tokens)
            kind = "open" if token.nesting > 0 or (token.nesting == 0 and before_strong) else "close"
        case "escape" | "entity" if token:
            text = token.content or "\n"
        case "backticks" if token and token.type == "code_inline":
            text, kind = token.content, "code"
        case "autolink":
            text = mark.tokens[-2].content
        case "html_inline" if _LINE_BREAK_TAG.match(source, mark.start):
            text = "\n"
        case "html_inline":
            kind = "close" if source.startswith("</", mark.start) else "open"
        case _:
            text = None
    return Segment(mark.start, mark.end, text, kind) if text is not None and mark.end > mark.start else None


def _with_superscripts(source: str, pieces: list[Segment]) -> list[Segment]:
    for number in range(1, len(pieces) - 1):
        before, piece, after = pieces[number - 1 : number + 2]
        tagged = source[before.start : before.end] == "<sup>" and source[after.start : after.end] == "</sup>"
        if tagged and piece.text.isascii() and piece.text.isdigit():
            pieces[number] = Segment(piece.start, piece.end, piece.text.translate(_SUPERSCRIPTS))
    return pieces

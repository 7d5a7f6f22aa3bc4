"""Markdown as somebody reads it: its blocks and its notes, without front matter.

markdown-it-py parses; knows nothing of what is written from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from verbosify.essay.markdown import markdown_parser, without_machine_lines
from verbosify.essay.markdown_spans import inline_spans
from verbosify.essay.spans import PLAIN, Marks, Span

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token
    from markdown_it.tree import SyntaxTreeNode

_MOST_NESTED = 100


@dataclass(frozen=True, slots=True)
class MarkdownTree:
    """The blocks of a text, in order, and the blocks of its notes: note `n` is `notes[n - 1]`."""

    blocks: Sequence[SyntaxTreeNode]
    notes: Sequence[Sequence[SyntaxTreeNode]]


def markdown_tree(text: str) -> MarkdownTree:
    """`text` parsed, its notes in the order in which they are first referred to.

    Definitions stand among the blocks too: `is_shown` tells those that nothing refers to.
    """
    from markdown_it.tree import SyntaxTreeNode

    environment: dict[str, Any] = {}
    tokens = _parser().parse(without_machine_lines(text), environment)
    inline_notes = environment.get("footnotes", {}).get("list", {})
    numbers = _number_notes(tokens, inline_notes)
    addresses = {token.attrs.get("href", token.attrs.get("src")) for token in _inline_tokens(tokens)}
    root = SyntaxTreeNode(tokens)
    notes: list[Sequence[SyntaxTreeNode]] = [()] * len(numbers)
    for node in root.walk():
        if node.type == "footnote_reference":
            number = numbers.pop(node.meta["label"], 0)
            node.meta["shown"] = not number
            if number:
                notes[number - 1] = node.children
        elif node.type == "definition":
            node.meta["shown"] = node.meta["url"].strip("#") != "" and node.meta["url"] not in addresses
    for identifier, number in numbers.items():
        notes[number - 1] = _paragraph(inline_notes[identifier]["tokens"])
    return MarkdownTree(root.children, notes)


def is_shown(block: SyntaxTreeNode) -> bool:
    """Whether a block is written where it stands: a definition is not, if something refers to it."""
    return bool(block.is_root or block.meta.get("shown", True))


def spans_of(block: SyntaxTreeNode, marks: Marks = PLAIN) -> list[Span]:
    """The characters of a paragraph, a heading, a cell or the definition of a link."""
    if block.type == "definition":
        said = " ".join(filter(None, (f"[{block.meta['label']}]", block.meta["title"])))
        return [Span(f"{said} ", marks), Span(block.meta["url"], marks, block.meta["url"])]
    return [
        span for inline in block.children if inline.token for span in inline_spans(inline.token.children or (), marks)
    ]


def _number_notes(tokens: Sequence[Token], inline_notes: Mapping[int, Any]) -> dict[str | int, int]:
    """The number of each note, by its label or (of one written where it is referred to) its id; written on the tokens.

    A mark within a note gets the number of a note that the text refers to, or else none: a note has no notes.
    """
    numbers: dict[str | int, int] = {}
    within: list[tuple[str | int, Token]] = []
    depth = 0
    for block in tokens:
        depth += block.nesting if block.type.startswith("footnote_reference") else 0
        for token in _inline_tokens([block]):
            if token.type == "footnote_ref":
                key = token.meta.get("label", token.meta["id"])
                token.meta["text"] = inline_notes[key]["content"] if isinstance(key, int) else key
                if depth:
                    within.append((key, token))
                elif not (isinstance(key, int) and token.meta["text"].strip().isdigit()):
                    token.meta["again"] = key in numbers
                    token.meta["number"] = numbers.setdefault(key, len(numbers) + 1)
    inline = [(number, inline_notes[key]["tokens"]) for key, number in numbers.items() if isinstance(key, int)]
    for _, note in inline:
        within += [(token.meta.get("label", token.meta["id"]), token) for token in note if token.type == "footnote_ref"]
    for key, token in within:
        token.meta |= {"number": numbers.get(key, 0), "again": True}
        token.meta.setdefault("text", key if isinstance(key, str) else inline_notes[key]["content"])
    return numbers


def _inline_tokens(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        for child in token.children or ():
            yield child
            yield from _inline_tokens([child])


def _paragraph(tokens: list[Token]) -> Sequence[SyntaxTreeNode]:
    from markdown_it.token import Token
    from markdown_it.tree import SyntaxTreeNode

    inline = Token("inline", "", 0, children=tokens)
    return SyntaxTreeNode([Token("paragraph_open", "p", 1), inline, Token("paragraph_close", "p", -1)]).children


@cache
def _parser() -> MarkdownIt:
    """The usual parser, with footnotes; each definition of a link leaves a token."""
    from mdit_py_plugins.footnote import footnote_plugin

    parser = markdown_parser().use(footnote_plugin).disable("footnote_tail")
    parser.options["inline_definitions"] = True
    parser.options["maxNesting"] = _MOST_NESTED
    return parser

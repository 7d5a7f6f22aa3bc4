"""Private notes in a text: comments that writers leave for themselves, taken out before anything else reads it.

So they never reach the model, a record or a page. Knows how Markdown's many dialects mark a comment, and no blocks.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from verbosify.essay.blocks import lines
from verbosify.essay.dialects import front_matter_end

_COMMENTS: tuple[tuple[str, str], ...] = (  # how each kind begins, and how it ends
    (r"<!--(?!-?>)", r"-->"),  # HTML
    (r"\{>>", r"<<\}"),  # CriticMarkup
    (r"\{%-?\s*comment\b[^%\n]*%\}", r"\{%-?\s*endcomment\s*-?%\}"),  # Liquid
    (r"\{\{[<%]\s*comment\b[^>%\n]*[%>]\}\}", r"\{\{[<%]\s*/\s*comment\s*[%>]\}\}"),  # Hugo
    (r"\{\{-?\s*/\*", r"\*/\s*-?\}\}"),
    (r"\{\s*/\*", r"\*/\s*\}"),  # MDX
    (r"\{::comment\b[^}\n]*(?<!/)\}", r"\{:/(?:comment)?\}"),  # kramdown
    (r"\\begin\{comment\}", r"\\end\{comment\}"),  # LaTeX
    (r"\\iffalse\b", r"\\fi\b"),
    (r"\\todo(?:\[[^\]\n]*\])?\{", r"\}"),
    (r"(?m:^)[ \t]*\#\+BEGIN_COMMENT\b", r"(?m:^)[ \t]*\#\+END_COMMENT\b[^\r\n]*"),  # Org
    (r"\{%-?\s*\#", r"%\}"),
    (r"\{\{!--", r"--\}\}"),  # Handlebars
    (r"\{\{!", r"\}\}"),
    (r"\{\#(?![\w:.-]+[\s}])(?!\})", r"\#\}"),  # Jinja, but not {#anchor}
)
_SURE = len(_COMMENTS) - 3  # kinds that are comments though nothing ends them
_KINDS = "|".join(f"(?P<c{number}>{opening})" for number, (opening, _) in enumerate(_COMMENTS))
_PERCENT = r"(?P<percent>(?<!%)%{2,})"  # Obsidian's %% ... %%, and a paragraph that begins with %% in Ulysses
_TITLES = (r"\((?:[^()\\\n]|\\.|\n(?![ \t\r]*\n))*\)", r"\"(?:[^\"\\\n]|\\.|\n(?![ \t\r]*\n))*\"")
_LINK = (  # [//]: # (a note)
    r"(?P<link>(?m:^)[ \t>]*\[(?P<label>[^\[\]\n]*)\]:[ \t]*(?:\#|<\#?>)[ \t]*"
    rf"(?:{'|'.join(_TITLES)})(?=[ \t\r]*(?m:$)))"
)
_FENCE = r"(?P<fence>(?m:^)[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*(?P<ticks>`{3,}(?=[^`\n]*(?m:$))|~{3,}))"
_CODE = r"(?P<code>(?<!`)(?P<run>`+))"
_ESCAPE = r"(?P<escape>\\[!-/:-@\[-`{-~])"
_IN_TEXT = re.compile(f"{_KINDS}|{_PERCENT}|{_LINK}", re.IGNORECASE)
_IN_MARKDOWN = re.compile(f"{_FENCE}|{_CODE}|{_KINDS}|{_PERCENT}|{_LINK}|{_ESCAPE}", re.IGNORECASE)
_MAYBE = re.compile(
    r"<!--|%%|\{::comment|\{[>#{%/]|\{\s+/\*|\\begin\{comment|\\iffalse|\\todo|\#\+BEGIN_COMMENT|\]:[ \t]*[<#]",
    re.IGNORECASE,
)
_MARKS = re.compile(r"(?<!%)%{2,}")
_USED_LABEL = re.compile(r"\[([^\[\]\n]*)\](?!:)")
_COMMENT_LABELS = frozenset(("", "//", "/", "_", ":", "#", "comment", "note", "hidden", "todo", "^_^"))
_BLANK_LINE = re.compile(r"(?:\r\n|\r|\n)[ \t]*(?=[\r\n]|\Z)")
_SPACE_GOES = frozenset(("", *" \t\r\n.,;:!?)]}”’»…"))
_LEAD = " \t>-*+"  # what may stand before a line's first word
_LINE = 200  # characters of a line looked at on each side of a mark
_MARK = 2  # percent signs
_NESTED = 8  # marks within a note that are looked past for the one that ends it
_LINE_BREAK = re.compile(r"[\r\n]")
_INK = re.compile(r"\S")
_MATTER_COMMENT = re.compile(r"(?m:^)(?:[^\"'#\r\n]*\s)?(?P<note>\#[^\r\n]*)")
_REST = re.compile(rf"[^\r\n]{{0,{_LINE}}}")
_TO_LINE_END = re.compile(r"[ \t]*(?P<end>\r\n|\r|\n|\Z)")
_SPACES = re.compile(r"[ \t]*")
_INDENTED = re.compile(r"^(?: {4}| {0,3}\t).*(?:<!--|%%|\{|\\)", re.MULTILINE)
_PASSES = 8  # what is left when a comment is taken out may read as another


@dataclass(frozen=True, slots=True)
class Note:
    """A private note: `text[start:end]`, and whether its end is marked."""

    start: int
    end: int
    closed: bool = True


def without_notes(text: str, *, markdown: bool) -> tuple[str, tuple[int, ...]]:
    """`text` without its private notes, and the numbers of the lines on which one begins that nothing ends.

    A note on lines of its own takes its lines along, one within a sentence the space before it. One that nothing ends
    reaches to the end of its paragraph, or, if it stands at the start of a line as Markdown has it, of the text. In
    Markdown, code holds none.
    """
    unclosed: tuple[int, ...] = ()
    for number in range(_PASSES):
        notes = _notes(text, markdown=markdown)
        if not notes:
            break
        if number == 0:
            unclosed = _line_numbers(text, [note.start for note in notes if not note.closed])
        text = _cut(text, notes)
    return text, unclosed


def without_notes_in_place(text: str, *, markdown: bool) -> str:
    """`text` as long as it is, with spaces where private notes are."""
    pieces: list[str] = []
    position = 0
    for note in _notes(text, markdown=markdown):
        pieces += [text[position : note.start], _INK.sub(" ", text[note.start : note.end])]
        position = note.end
    return "".join([*pieces, text[position:]])


def _notes(text: str, *, markdown: bool) -> list[Note]:
    found = _matter_notes(text) + (_Notes(text, markdown=markdown).found if _MAYBE.search(text) else [])
    apart: list[Note] = []
    for note in sorted(found, key=lambda note: note.start):
        if not apart or note.start >= apart[-1].end:
            apart.append(note)
    return apart


def _matter_notes(text: str) -> list[Note]:
    """The comments in the front matter of a text, as YAML and TOML mark them."""
    end = front_matter_end(text)
    if not end or text.lstrip()[:1] not in ("-", "+"):
        return []
    return [Note(*match.span("note")) for match in _MATTER_COMMENT.finditer(text, 0, end)]


class _Notes:
    """One walk through a text, in linear time."""

    def __init__(self, text: str, *, markdown: bool) -> None:
        self._text = text
        self._gone: set[str] = set()  # patterns that do not come again
        self._paragraph_end = -1
        self._percents = [(mark.start(), mark.end()) for mark in _MARKS.finditer(text)]
        self._used: set[str] | None = None
        self.found: list[Note] = []
        pattern = _IN_MARKDOWN if markdown else _IN_TEXT
        code = _indented_code(text) if markdown else []
        position = 0
        while (match := pattern.search(text, position)) is not None:
            around = bisect_right(code, (match.start(), len(text))) - 1
            in_code = around >= 0 and match.start() < code[around][1]
            position = code[around][1] if in_code else self._after(match)

    def _after(self, match: re.Match[str]) -> int:
        """Where to go on after a match; if it begins a note, that is kept."""
        note: Note | None
        match match.lastgroup:
            case "fence":
                return self._after_fence(match)
            case "code":
                return self._after_code(match)
            case "escape":
                return match.end()
            case "percent":
                note = self._percent(match.start(), match.end())
            case "link":
                note = Note(match.start(), match.end()) if self._is_unused(match["label"]) else None
            case kind:
                note = self._comment(match, int(str(kind)[1:]))
        if note is None:
            return match.end()
        self.found.append(note)
        return max(note.end, match.end())

    def _search(self, pattern: str, position: int) -> re.Match[str] | None:
        if pattern in self._gone:
            return None
        match = re.compile(pattern, re.IGNORECASE).search(self._text, position)
        if match is None:
            self._gone.add(pattern)
        return match

    def _after_fence(self, match: re.Match[str]) -> int:
        ticks = match["ticks"]
        end = self._search(rf"(?m:^)[ \t>]*{ticks[0]}{{{len(ticks)},}}[ \t\r]*(?m:$)", match.end())
        return end.end() if end else len(self._text)

    def _after_code(self, match: re.Match[str]) -> int:
        end = self._search(rf"(?<!`)`{{{len(match['run'])}}}(?!`)", match.end())
        return end.end() if end and end.end() <= self._end_of_paragraph(match.end()) else match.end()

    def _comment(self, match: re.Match[str], kind: int) -> Note | None:
        end = self._search(_COMMENTS[kind][1], match.end())
        if end:
            return Note(match.start(), end.end())
        if kind >= _SURE:
            return None
        first = not self._before(match.start()).strip(_LEAD)
        return Note(match.start(), len(self._text) if first else self._end_of_paragraph(match.end()), closed=False)

    def _percent(self, start: int, end: int) -> Note | None:
        """What a `%%` begins, told by what stands around it and around the next one."""
        before, after = self._before(start), self._rest_of_line(end)
        first = not before.strip(_LEAD)
        alone = first and not after.strip()
        number = bisect_right(self._percents, (start, end))
        following = self._percents[number : number + _NESTED]
        if alone and end - start > _MARK:
            return None  # a rule
        if following and _is_share(before) and after[:1].isspace() and _is_share(self._before(following[0][0])):
            return None  # 5%% and 6%%
        if (close := self._closing(following, end, first=first, alone=alone)) is not None:
            return Note(start, close)
        if alone:
            return Note(start, len(self._text), closed=False)
        within = first or before[-1:].isspace() or after[:1].isalnum()
        return Note(start, self._end_of_paragraph(end), closed=False) if within else None

    def _closing(self, following: Sequence[tuple[int, int]], end: int, *, first: bool, alone: bool) -> int | None:
        """Where a note ends whose `%%` ends at `end`: at the next one, unless another note begins with that."""
        if alone:
            ends = (closes for _, closes in following if not self._rest_of_line(closes).strip())
            if (close := next(ends, None)) is not None:
                return close
        if not following:
            return None
        opens, closes = following[0]
        near = not alone and self._end_of_paragraph(end) >= closes
        both_first = first and not self._before(opens).strip(_LEAD)
        return closes if not self._opens(opens, closes) or (near and not both_first) else None

    def _opens(self, start: int, end: int) -> bool:
        """Whether a `%%` looks as if a note began with it rather than ended: `%%note`, at a line's start `%% note`."""
        before, after = self._before(start), self._rest_of_line(end)
        if not before.strip(_LEAD):
            return bool(after.strip())
        return before[-1].isspace() and after[:1].isalnum()

    def _is_unused(self, label: str) -> bool:
        """Whether a definition that leads nowhere is there for its title alone: `[//]: # (a note)`."""
        if self._used is None:
            self._used = {label.strip().casefold() for label in _USED_LABEL.findall(self._text)}
        return label.strip().casefold() in _COMMENT_LABELS or label.strip().casefold() not in self._used

    def _before(self, position: int) -> str:
        before = self._text[max(0, position - _LINE) : position]
        return before[max(before.rfind("\n"), before.rfind("\r")) + 1 :]

    def _rest_of_line(self, position: int) -> str:
        rest = _REST.match(self._text, position)
        return rest[0] if rest else ""

    def _end_of_paragraph(self, position: int) -> int:
        if position > self._paragraph_end:
            blank = _BLANK_LINE.search(self._text, position)
            self._paragraph_end = blank.start() if blank else len(self._text)
        return self._paragraph_end


def _line_numbers(text: str, offsets: Sequence[int]) -> tuple[int, ...]:
    starts = [start for start, _ in lines(text)] if offsets else []
    return tuple(bisect_right(starts, offset) for offset in offsets)


def _is_share(before: str) -> bool:
    return before[-1:].isdigit()


def _indented_code(text: str) -> list[tuple[int, int]]:
    """Where code stands that its indentation alone tells, if a comment may be on a line that is indented so far."""
    if not _INDENTED.search(text):
        return []
    from markdown_it import MarkdownIt

    spans = lines(text)
    tokens = MarkdownIt("commonmark").disable("inline").parse(text)
    maps = [token.map for token in tokens if token.type == "code_block" and token.map]
    return [(spans[top][0], spans[bottom - 1][1]) for top, bottom in maps]


def _cut(text: str, notes: Sequence[Note]) -> str:
    kept: list[str] = []
    position = 0
    for note in notes:
        start, end = note.start, note.end
        line_start = max(text.rfind("\n", position, start), text.rfind("\r", position, start), position - 1) + 1
        opens_line = not text[line_start:start].strip()
        if opens_line and (rest := _TO_LINE_END.match(text, end)):
            breaks = text.startswith("<", start) or _LINE_BREAK.search(text, start, end)  # a paragraph
            start, end = line_start, rest.start("end") if breaks else rest.end()
        elif not opens_line and text[end : end + 1] in _SPACE_GOES and text[start - 1].isspace():
            start = position + len(text[position:start].rstrip(" \t"))
        elif opens_line or not (text[start - 1].isalnum() or text[start - 1] in _SPACE_GOES):
            end = _SPACES.match(text, end).end()  # type: ignore[union-attr]  # it always matches
        kept.append(text[position:start])
        position = end
    return "".join([*kept, text[position:]])

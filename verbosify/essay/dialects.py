"""What Jekyll, Hugo, Pandoc, Obsidian and MDX put among the words of a text for a machine to read: never prose.

Told line by line, since each of them is a language of its own. Knows no blocks, and nothing of plain Markdown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

Lines = Sequence[str]
Region = tuple[int, Literal["machine", "apart", "container", "prose"]]
"""The line after a region, and what it is: for a machine, set apart from prose, or a container of what may be prose."""

_BREAK = r"[ \t]*(?:\r\n|\r|\n)"
_KEY = r"[\w\"'-]+[ \t]*[:=]"
_MATTER_LINE = (  # a comment, a key, an item, what goes on, a table, a bracket, nothing
    r"(?:[ \t]*(?:\#|-(?=[ \t\r\n])|[\]}]|\[|\{|[\w\"'][\w\"' ./-]{0,60}[:=])[^\r\n]*|[ \t][^\r\n]*|)"
)
_FENCED_MATTER = re.compile(
    rf"\s*(?:(?P<yaml>---)|\+\+\+)(?:json|toml|yaml)?{_BREAK}"
    rf"(?=(?:[ \t]*(?:\#[^\r\n]*)?(?:\r\n|\r|\n))*+[ \t]*(?:{_KEY}|\[|\{{))"
    rf"(?:(?!(?(yaml)(?:---|\.\.\.)|\+\+\+){_BREAK}){_MATTER_LINE}(?:\r\n|\r|\n))*+"
    r"(?(yaml)(?:---|\.\.\.)|\+\+\+)[ \t]*(?=\r|\n|\Z)"
)
_TITLE_BLOCK = re.compile(r"(?:%[ \t]?[^\r\n]*(?:(?:\r\n|\r|\n)[ \t]+\S[^\r\n]*)*(?:\r\n|\r|\n|\Z)){1,3}")
_LONGEST_MATTER = 100_000  # characters

_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_NAME = r"[\w:.-]+"
_VALUE = r"(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s}\"']+)"
_ATTRIBUTES = (
    rf"\{{:?[ \t]*(?:[#.]{_NAME}|{_NAME}={_VALUE}|-|::?\w+)(?:[ \t]+(?:[#.]{_NAME}|{_NAME}={_VALUE}))*[ \t]*/?\}}"
)
_SILENT_COMMANDS = (
    r"newpage|pagebreak|clearpage|cleardoublepage|linebreak|newline|bigskip|medskip|smallskip|vfill|hfill|noindent|indent"
    r"|par|centering|raggedright|tableofcontents|listoffigures|listoftables|maketitle|appendix|printbibliography"
    r"|singlespacing|doublespacing|onehalfspacing|v?space\*?|hspace\*?|vspace\*?|label|ref|eqref|pageref|autoref"
    r"|cite[pt]?\*?|autocite|parencite|textcite|footcite|index|input|include|includegraphics|thispagestyle|pagestyle"
    r"|setcounter|addtocounter|usepackage|newcommand|renewcommand|bibliography|bibliographystyle|pagenumbering"
)
_ARGUMENT = r"(?:\[[^\]\n]{0,300}\]|\{[^{}\n]{0,300}\})"
MACHINE_WORDS = re.compile(
    r"\{%.{0,300}?%\}|\{\{.{0,300}?\}\}|<%.{0,300}?%>"  # Liquid, Jinja, Hugo, Templater
    r"|!\[\[[^\]\n]{0,300}\]\]"  # what Obsidian embeds
    rf"|{_ATTRIBUTES}"
    rf"|(?<![\w:/\\])\\(?:{_SILENT_COMMANDS})(?![A-Za-z]){_ARGUMENT}*"
    r"|\[(?:[^\[\]\n]{0,80}\s)?-?@[\w:.#$%&+?<>~/-]+[^\[\]\n]*\]"  # a citation by its key
    r"|(?<=\s)\^[\w-]+(?=\s*$)",  # the name of a block
    re.DOTALL,
)
"""What stands among the words of a paragraph and is not for a reader."""

_TAG = r"#[^\W\d][\w/-]*"
_MACHINE_LINE = re.compile(
    rf"[ \t]*(?:{_TAG}(?:[\s,;]+{_TAG})*|tags?:\s*{_TAG}(?:[\s,;]+{_TAG})*|[\w-]+::(?:\s.*)?|\#\+\w+:.*"
    rf"|\[+_?toc_?\]+|\*\[[^\]\n]+\]:.*|{_ATTRIBUTES})[ \t]*",
    re.IGNORECASE,
)
_IMPORT = re.compile(
    r"import\s+(?:(?:[\w*{][^;'\"]*\sfrom\s+)?['\"]|(?:\w+\s*,\s*)?\{[^}]*$)|export\s+(?:default|const|let|var|function|async|class|\{|\*)"
)
_FENCE = re.compile(r" {0,3}(?P<mark>`{3,}(?=[^`]*$)|~{3,})")
_DIV = re.compile(r" {0,3}:{3,}[ \t]*(?P<name>\S.*)?$")
_ADMONITION = re.compile(r"(?:!!!|\?\?\?\+?)[ \t]+\w")
_LIQUID = re.compile(r"\s*\{%-?\s*(?P<name>[a-z]\w*)\b")
_LIQUID_TEXT = frozenset(("if", "unless", "for", "case", "while", "with", "block", "section", "else", "elsif", "when"))
_SHORTCODE = re.compile(r"\s*\{\{(?P<kind>[<%])\s*(?P<name>[a-zA-Z][\w/-]*)")
_ENVIRONMENT = re.compile(r" {0,3}\\begin\{(?P<name>[^}\n]+)\}")
_FORMULA = re.compile(r" {0,3}(?P<mark>\$\$|\\\[)")
_COMPONENT = re.compile(r" {0,3}<(?P<name>[A-Z][A-Z\d.]*[a-z][\w.]*)(?=[\s/>]|$)")
_GRID = re.compile(r" {0,3}\+(?:[-=:]+\+)+[ \t]*$")
_COLUMNS = re.compile(r"[ \t]*-{2,}(?:[ \t]+-{2,})+[ \t]*$")
_RULE = re.compile(r"[ \t]*-{10,}[ \t]*$")
_FIRST = frozenset("`~:{<\\$+-ie!?")  # with which a region can begin
_LONGEST_TABLE = 200  # lines
_MOST_MISSING = 50  # kinds of ends looked for in vain
_KRAMDOWN = re.compile(r"\{::(?P<name>\w+)[^}\n]*(?<!/)\}")


def front_matter_end(text: str) -> int:
    """The offset after the front matter that `text` begins with: YAML, TOML, JSON, or Pandoc's `% title`; 0 if none."""
    match = _FENCED_MATTER.match(text, 0, _LONGEST_MATTER) or _TITLE_BLOCK.match(text)
    if match:
        return match.end()
    start = len(text) - len(text.lstrip())
    if text.startswith("{", start) and text[start + 1 : start + 2] not in ("{", "%", "#", ":", ">", "/"):
        with suppress(ValueError, RecursionError):
            value, end = json.JSONDecoder().raw_decode(text[:_LONGEST_MATTER], start)
            if isinstance(value, dict) and value:
                return end
    return 0


def is_machine_line(line: str) -> bool:
    """Whether a line on its own is for a machine: tags, a property, attributes, a place for the contents."""
    return _MACHINE_LINE.fullmatch(line) is not None


def opens_region(line: str) -> bool:
    """Whether a line would begin something else than prose, or be for a machine itself."""
    return is_machine_line(line) or (
        line.lstrip()[:1] in _FIRST and any(opening.match(line) for opening, _ in _REGIONS)
    )


@dataclass(frozen=True, slots=True)
class LineKinds:
    """The numbers of the lines of a text that are not prose.

    Attributes:
        machine: for a machine alone, and of no use to a reader.
        apart: tables, formulas, environments, notes in a margin.
        contained: what stands in a container such as `::: note`, whose first and last lines are `machine`: set apart
            from the prose around it, but the whole of an essay may stand in one.
    """

    machine: set[int] = field(default_factory=set)
    apart: set[int] = field(default_factory=set)
    contained: set[int] = field(default_factory=set)


def line_kinds(text: str, lines: Lines) -> LineKinds:
    """What the lines of `text` are that are not prose, as far as plain Markdown does not tell."""
    front = front_matter_end(text)
    number = done = len(_LINE_BREAK.findall(text[:front].rstrip("\r\n"))) + 1 if front else 0
    kinds = LineKinds(machine=set(range(done)))
    missing: set[str] = set()
    while number < len(lines):
        end, kind = _region(lines, number, missing)
        if kind == "container":
            kinds.contained.update(range(number + 1, end - 1))
            kinds.machine.update((number, end - 1))
        elif kind == "machine":
            kinds.machine.update(range(number, end))
        elif kind == "apart":
            start = number
            while _COLUMNS.match(lines[number]) and start > done and lines[start - 1].strip():  # a table's head
                start -= 1
            kinds.apart.update(range(start, end))
        elif end == number and is_machine_line(lines[number]):
            kinds.machine.add(number)
        done = max(done, end)
        number = max(end, number + 1)
    return kinds


def _region(lines: Lines, number: int, missing: set[str]) -> Region:
    """Where the region ends that line `number` opens (at `number` itself, if it opens none), and what it is."""
    if lines[number].lstrip()[:1] in _FIRST:
        for opening, region in _REGIONS:
            if match := opening.match(lines[number]):
                return region(lines, number, match, missing)
    return number, "prose"


def _closed(lines: Lines, number: int, end: re.Pattern[str], missing: set[str], *, here: bool = False) -> int:
    """The line after the one in which `end` is found, from the next line on (from this one if `here`); 0 if none is."""
    if end.pattern in missing or len(missing) > _MOST_MISSING:
        return 0
    for place in range(number if here else number + 1, len(lines)):
        if end.search(lines[place]):
            return place + 1
    missing.add(end.pattern)
    return 0


def _container(number: int, end: int) -> Region:
    if not end:
        return number, "prose"
    return end, "container" if end > number + 1 else "machine"


def _literal(words: str) -> re.Pattern[str]:
    return re.compile(re.escape(words))


def _fence(lines: Lines, number: int, match: re.Match[str], missing: set[str]) -> Region:
    end = re.compile(rf" {{0,3}}{match['mark'][0]}{{{len(match['mark'])},}}[ \t]*$")
    return _closed(lines, number, end, missing) or len(lines), "prose"


def _environment(lines: Lines, number: int, match: re.Match[str], missing: set[str]) -> Region:
    end = _literal(rf"\end{{{match['name']}}}")
    return _closed(lines, number, end, missing, here=True) or number + 1, "apart"


def _formula(lines: Lines, number: int, match: re.Match[str], missing: set[str]) -> Region:
    end = "$$" if match["mark"] == "$$" else r"\]"
    inline = end in lines[number][match.end() :]
    close = 0 if inline else _closed(lines, number, _literal(end), missing)
    return (close, "apart") if close else (number, "prose")


def _grid(lines: Lines, number: int, _match: re.Match[str], _missing: set[str]) -> Region:
    return _paragraph_end(lines, number), "apart"


def _import(lines: Lines, number: int, _match: re.Match[str], _missing: set[str]) -> Region:
    return _paragraph_end(lines, number), "machine"


def _admonition(lines: Lines, number: int, _match: re.Match[str], _missing: set[str]) -> Region:
    return _paragraph_end(lines, number, indented=True), "apart"


def _div(lines: Lines, number: int, match: re.Match[str], missing: set[str]) -> Region:
    if not match["name"]:
        return number + 1, "machine"  # one too many
    if ":::" in missing:
        return number + 1, "machine"
    depth = 0
    for place in range(number, len(lines)):
        if mark := _DIV.match(lines[place]):
            depth += 1 if mark["name"] else -1
            if depth == 0:
                return place + 1, "container"
    missing.add(":::")
    return number + 1, "machine"


def _liquid(lines: Lines, number: int, match: re.Match[str], missing: set[str]) -> Region:
    name = match["name"]
    if name in _LIQUID_TEXT:
        return number, "prose"
    end = _closed(lines, number, re.compile(rf"\{{%-?\s*end_?{name}\b"), missing, here=True)
    return _container(number, end)


def _shortcode(lines: Lines, number: int, match: re.Match[str], missing: set[str]) -> Region:
    closing = re.compile(rf"\{{\{{[<%]\s*/\s*{re.escape(match['name'])}\b")
    end = _closed(lines, number, closing, missing, here=True)
    return _container(number, end)


def _component(lines: Lines, number: int, match: re.Match[str], missing: set[str]) -> Region:
    for place in range(number, len(lines)):
        if not lines[place].strip():
            break
        if "/>" in lines[place]:
            return place + 1, "machine"
        if lines[place].rstrip().endswith(">"):
            break
    end = _closed(lines, number, _literal(f"</{match['name']}>"), missing, here=True)
    return _container(number, end) if end else (_paragraph_end(lines, number), "machine")


def _kramdown(lines: Lines, number: int, match: re.Match[str], missing: set[str]) -> Region:
    closing = re.compile(rf"\{{:/(?:{match['name']})?\}}")
    end = _closed(lines, number, closing, missing, here=True)
    return _container(number, end)


def _table(lines: Lines, number: int, _match: re.Match[str], _missing: set[str]) -> Region:
    """A table whose first rule is at `number`: up to the next blank line, or to the rule that closes a long one."""
    above = number - 1
    while above >= max(0, number - _LONGEST_TABLE) and lines[above].strip() and not _RULE.match(lines[above]):
        above -= 1
    if above >= 0 and _RULE.match(lines[above]):  # rows apart, until a rule as long
        for place in range(number + 1, min(len(lines), number + _LONGEST_TABLE)):
            if _RULE.match(lines[place]):
                return place + 1, "apart"
    return _paragraph_end(lines, number), "apart"


def _paragraph_end(lines: Lines, number: int, *, indented: bool = False) -> int:
    """The first blank line after `number`; with `indented`, the first line after it that is not indented."""
    for place in range(number + 1, len(lines)):
        line = lines[place]
        if not line.strip():
            if not (indented and place + 1 < len(lines) and lines[place + 1].startswith(("    ", "\t"))):
                return place
        elif indented and not line.startswith(("    ", "\t")):
            return place
    return len(lines)


_REGIONS: tuple[tuple[re.Pattern[str], Callable[..., Region]], ...] = (
    (_FENCE, _fence),
    (_DIV, _div),
    (_LIQUID, _liquid),
    (_SHORTCODE, _shortcode),
    (_COMPONENT, _component),
    (_KRAMDOWN, _kramdown),
    (_ENVIRONMENT, _environment),
    (_FORMULA, _formula),
    (_GRID, _grid),
    (_COLUMNS, _table),
    (_IMPORT, _import),
    (_ADMONITION, _admonition),
)

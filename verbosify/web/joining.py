"""ES modules and style sheets, joined into one file each. Knows a few lines of their syntax, and no page.

A page opened from a file may load no modules, and anywidget takes one module as a text, so the modules that a page
imports are put one after another: their `import` lines go, and so does the word `export`. That works since no two of
them may give the same name to different things at their top level.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

_IMPORT = re.compile(r'^import \{(?!.*\bas\b)[\w\s,$]*\} from "(\.[^"]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|let|class)\b)", re.MULTILINE)
_DEFAULT = re.compile(r"^export default \{[\w\s,$]*\};\n", re.MULTILINE)
_UNKNOWN = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)
_TYPES = re.compile(r"^[ \t]*/\*\*(?:(?!\*/).)*\*/\n", re.MULTILINE | re.DOTALL)
_NAMES = re.compile(r"^(?:export )?(?:async )?(?:function\*?|const|let|class) (\w+)", re.MULTILINE)


def as_script(entry: Path) -> str:
    """A module and all that it imports as one classic script, in a scope of its own.

    Raises `ValueError` if one of them has an import or export of another form than `import { a, b } from "./c.js";` and
    `export function`, `const`, `let` or `class`, or a name at its top level that another has.
    """
    return f'(() => {{\n"use strict";\n\n{_joined(entry)}\n}})();\n'


def as_module(entry: Path) -> str:
    """A module and all that it imports as one module, exporting what `entry` has in its line `export default {…};`.

    Raises `ValueError` as `as_script` does, or if there is no such line.
    """
    found = _DEFAULT.search(entry.read_text("utf-8"))
    if found is None:
        raise ValueError(f"{entry} has no line `export default {{…}};`: it exports nothing.")
    return f"{_joined(entry)}\n{found.group()}"


def as_style(sheets: Sequence[Path]) -> str:
    """Style sheets, one after another."""
    return "\n".join(sheet.read_text("utf-8") for sheet in sheets)


def _joined(entry: Path) -> str:
    homes: dict[str, Path] = {}
    parts = []
    for path in _in_order(entry.resolve(), set()):
        text = path.read_text("utf-8")
        for name in _NAMES.findall(text):
            if name in homes:
                raise ValueError(f"{path} and {homes[name]} both have the name {name!r} at their top level.")
            homes[name] = path
        parts.append(_inlined(text, path))
    return "\n".join(parts)


def _in_order(path: Path, seen: set[Path]) -> list[Path]:
    """`path` after all that it imports, each once."""
    if path in seen:
        return []
    seen.add(path)
    imported = [path.parent / address for address in _IMPORT.findall(path.read_text("utf-8"))]
    return [*(found for one in imported for found in _in_order(one.resolve(), seen)), path]


def _inlined(text: str, path: Path) -> str:
    """A module's text without its imports and exports, and without comments that are for type checkers."""
    text = _EXPORT.sub("", _DEFAULT.sub("", _IMPORT.sub("", _TYPES.sub("", text))))
    if unknown := _UNKNOWN.search(text):
        raise ValueError(f"{path} cannot be joined with others because of the line {unknown.group()!r}.")
    return text

"""A text with places for what somebody gives, filled in one pass. Knows no model.

`{{ post }}` stands for the input `post`; `{{ post | quoted }}` for it as it may stand between double quotes. There is
nothing else: no condition, no loop, no attribute. What is filled in is never looked at again, so that nobody's text can
become template.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

from verbosify.errors import SettingsError

_PLACE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_CONTENT = re.compile(r"\s*([A-Za-z_]\w*)\s*((?:\|\s*\w+\s*)*)")


def in_one_line(text: str) -> str:
    """`text` with every run of white space and controls as one space, and none at its ends."""
    return " ".join("".join(c if c.isprintable() or c in _JOINERS else " " for c in text).split())


def quoted(text: str) -> str:
    """`text` in one line, with a backslash before each double quote and backslash."""
    return re.sub(r'(["\\])', r"\\\1", in_one_line(text))


_JOINERS = "\u200c\u200d"
"""Characters that are not printed and hold others together: letters of Persian and Hindi, and emoji."""
FILTERS: dict[str, Callable[[str], str]] = {"line": in_one_line, "quoted": quoted}


def check_template(template: str, names: Collection[str], called: str) -> None:
    """`SettingsError` unless each place of `template` names one of the inputs `names`, with filters that exist."""
    for content in _PLACE.findall(template):
        found = _CONTENT.fullmatch(content)
        if found is None:
            raise SettingsError(f"{called} has {{{{{content}}}}}: write {{{{ name }}}} or {{{{ name | filter }}}}.")
        if found[1] not in names:
            raise SettingsError(f"{called} names {found[1]!r}, which is no input: declare it, or leave it out.")
        for name in _filters(found[2]):
            if name not in FILTERS:
                raise SettingsError(f"{called} has the filter {name!r}: choose {' or '.join(FILTERS)}.")


def fill(template: str, values: Mapping[str, str]) -> str:
    """`template`, which is checked, with the inputs' values in their places."""

    def value(match: re.Match[str]) -> str:
        found = _CONTENT.fullmatch(match[1])
        assert found is not None  # noqa: S101  # it is checked
        text = values[found[1]]
        for name in _filters(found[2]):
            text = FILTERS[name](text)
        return text

    return _PLACE.sub(value, template)


def _filters(text: str) -> list[str]:
    return re.findall(r"\w+", text)

"""What people call a model -> the catalogue's name for it. Knows names, not files.

Upper and lower case, hyphens, underscores and blanks make no difference, and each model goes by the names that OpenAI,
gpt-2-simple and Hugging Face's hub have for it (`Entry.aliases`).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping

from verbosify.models.store.entries import Entry

LIKENESS = 0.7
"""Share of letters that a misspelt name has in common with the right one, at least; `gtp2` and `gpt2` share 0.75."""


def entry_called(name: str, catalog: Mapping[str, Entry]) -> Entry | None:
    """The model of the catalogue that goes by `name`, or None; `models/124M` is gpt-2-simple's folder of one."""
    return catalog.get(name) or _entries_by_plain_name(catalog).get(_plain(name.removeprefix("models/")))


def entry_nearly_called(name: str, catalog: Mapping[str, Entry]) -> Entry | None:
    """The model whose name, or whose alias, is most like `name`; None if none is like it. Of a path the end counts."""
    known = _entries_by_plain_name(catalog)
    last = _plain(re.split(r"[/\\]", name.rstrip("/\\"))[-1])
    near = difflib.get_close_matches(last, known, n=1, cutoff=LIKENESS)
    return known[near[0]] if near else None


def _entries_by_plain_name(catalog: Mapping[str, Entry]) -> dict[str, Entry]:
    return {_plain(name): entry for entry in catalog.values() for name in (entry.name, *entry.aliases)}


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]", "", name.casefold())

"""What the forms held when a notebook was left: one small JSON file beside the pieces. Knows no form.

It is a convenience, not the record: a file that is missing or damaged is as if nothing had been remembered.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from verbosify.errors import OutputError
from verbosify.essay.saving import write_atomically
from verbosify.files import os_errors_as, read_json

FILE = "studio.json"


def recall(home: Path, topic: str) -> dict[str, Any]:
    """What was last remembered of `topic` in the folder `home`; empty if nothing."""
    found = _read(home).get(topic)
    return found if isinstance(found, dict) else {}


def remember(home: Path, topic: str, values: dict[str, Any]) -> None:
    """Keep `values` as what `topic` holds. `OutputError` if the folder may not be written."""
    if recall(home, topic) == values:
        return
    with os_errors_as(OutputError, home, "choose another place", cannot="a folder"):
        home.mkdir(parents=True, exist_ok=True)
    content = json.dumps(_read(home) | {topic: values}, ensure_ascii=False, indent=1)
    write_atomically(home / FILE, content.encode())


def _read(home: Path) -> dict[str, Any]:
    try:
        found = read_json(home / FILE, OutputError, "leave the forms once more")
    except OutputError:
        return {}
    return found if isinstance(found, dict) else {}

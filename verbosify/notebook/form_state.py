"""What the forms held when a notebook was left: one small JSON file beside the pieces. Knows no form.

It is a convenience, not the record: a file that is missing or damaged is as if nothing had been remembered.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from verbosify.errors import OutputError
from verbosify.essay.saving import write_atomically

FILE = "studio.json"


def recall(home: Path, topic: str) -> dict[str, Any]:
    """What was last remembered of `topic` in the folder `home`; empty if nothing."""
    found = _read(home).get(topic)
    return found if isinstance(found, dict) else {}


def remember(home: Path, topic: str, values: dict[str, Any]) -> None:
    """Keep `values` as what `topic` holds. `OutputError` if the folder may not be written."""
    if recall(home, topic) == values:
        return
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{home} cannot be a folder ({error.strerror}): choose another place.") from error
    content = json.dumps(_read(home) | {topic: values}, ensure_ascii=False, indent=1)
    write_atomically(home / FILE, content.encode())


def _read(home: Path) -> dict[str, Any]:
    try:
        found = json.loads((home / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}

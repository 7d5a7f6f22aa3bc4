"""Write what the types of a record say into docs/: the tables of record.md, and piece.schema.json.

`python tools/describe_record.py` after a type has changed; a test fails while they are not up to date.
"""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import get_type_hints

from verbosify.piece.checking import schema
from verbosify.piece.picks import PickEvent
from verbosify.piece.rows import Batch, Job, LogEntry, Opinion, Overfit, Passage, Rating, Sample, Scores
from verbosify.piece.values import PieceValues
from verbosify.record.fields import json_fields

DOCS = Path(__file__).parent.parent / "docs"
TABLES: dict[str, type] = {
    "job": Job,
    "passages": Passage,
    "overfits": Overfit,
    "batches": Batch,
    "generations": Sample,
    "pick_events": PickEvent,
    "log": LogEntry,
    "scores": Scores,
    "opinions": Opinion,
    "ratings": Rating,
    "piece.json": PieceValues,
}


def table_of(name: str) -> str:
    """A Markdown table of the fields of a type, as `said` describes them."""
    kind = TABLES[name]
    hints = get_type_hints(kind, include_extras=True)
    in_file = name == "piece.json"
    rows = [f"| {'key' if in_file else 'column'} | |", "|---|---|"]
    for field in fields(kind):
        if (name, field.name) == ("passages", "finished"):  # a table of its own
            continue
        description = next(
            filter(None, (getattr(mark, "description", None) for mark in hints[field.name].__metadata__))
        )
        note = "JSON: " if field.name in json_fields(kind) and not in_file else ""
        rows.append(f"| `{field.name}` | {note}{description} |")
    return "\n".join(rows)


def page(text: str) -> str:
    """`docs/record.md` with its tables as the types have them."""
    for name in TABLES:
        mark = re.escape(name)
        made = f"<!-- of the types: {name} -->\n{table_of(name)}\n<!-- end -->"
        text, found = re.subn(
            rf"<!-- of the types: {mark} -->\n.*?<!-- end -->", made.replace("\\", r"\\"), text, flags=re.DOTALL
        )
        if found != 1:
            raise SystemExit(f"docs/record.md has {found} places for the table {name}: it must have one.")
    return text


def schema_text() -> str:
    return json.dumps(schema(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    record = DOCS / "record.md"
    record.write_text(page(record.read_text("utf-8")), "utf-8")
    (DOCS / "piece.schema.json").write_text(schema_text(), "utf-8")

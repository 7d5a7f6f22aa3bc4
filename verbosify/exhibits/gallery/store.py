"""The record of a gallery: names, what was asked of a model about each, and what stands. Knows no model and no page.

An entry has two questions: its description, and code that uses it, which follows the description that stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Self

from verbosify.errors import RecordError
from verbosify.exhibits.gallery.names import key_of, model_name, slug_of
from verbosify.exhibits.record import Chosen, Exhibit, Question, RecordedAnswer, exhibit_tables
from verbosify.exhibits.rows import Batch
from verbosify.files import file_lock
from verbosify.record.database import Database
from verbosify.record.fields import now
from verbosify.record.migrations import Schema, create_table

DATABASE_NAME = "gallery.db"
Origin = Literal["list", "visitor"]
Part = Literal["description", "code"]
VISITOR: Final = "visitor"


class GalleryError(RecordError):
    """A gallery cannot be opened, or does not take what it is handed."""


def gallery_tables(database: Database) -> None:
    """The names of a gallery, in the order in which they came."""
    create_table(
        database,
        "names",
        """
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,
        slug TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL CONSTRAINT "a name has letters" CHECK (name <> ''),
        origin TEXT NOT NULL CONSTRAINT "a list or a visitor brought it" CHECK (origin IN ('list', 'visitor')),
        created TEXT NOT NULL""",
        "id = NEW.id OR key = NEW.key OR slug = NEW.slug",
    )
    database.execute("CREATE INDEX questions_key ON questions (json_extract(about, '$.key'))")


SCHEMA = Schema("a gallery", int.from_bytes(b"vbga"), (exhibit_tables, gallery_tables), GalleryError)


@dataclass(frozen=True, slots=True)
class Said:
    """What stands of a part of an entry: the words, who chose them, and where they come from."""

    question: Question
    answer: RecordedAnswer
    batch: Batch
    text: str
    edited: bool
    chooser: str
    drawn: int
    passed: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A name and what stands of it."""

    name: str
    key: str
    slug: str
    origin: Origin
    description: Said | None
    code: Said | None

    def said(self, part: Part) -> Said | None:
        """What stands of a part."""
        return self.description if part == "description" else self.code


class Gallery(Exhibit):
    """An open gallery; use it in a `with` statement, in one thread. See `Exhibit`."""

    @classmethod
    def in_folder(cls, folder: str | Path, *, new: bool = False) -> Self:
        """The gallery in a folder; `new` makes one if there is none."""
        place = Path(folder) / DATABASE_NAME
        return cls.open_or_create(place, SCHEMA) if new else cls.open(place, SCHEMA)

    def add(self, name: str, origin: Origin) -> Entry:
        """A name, added unless it is there; what stands of it."""
        name = model_name(name)
        with self.database.writing():
            if not self.database.rows("SELECT 1 FROM names WHERE key = ?", (key_of(name),)):
                row = {"key": key_of(name), "slug": slug_of(name), "name": name, "origin": origin, "created": now()}
                self.database.insert("names", row)
        return self.entry(name)

    def entry(self, name: str) -> Entry:
        """What stands of a name; `GalleryError` if it is not in the gallery."""
        found = self._entries("WHERE key = ?", key_of(name))
        if not found:
            raise GalleryError(f"There is no {name!r} in this gallery: add it to the names and build it.")
        return found[0]

    def find(self, slug: str) -> Entry | None:
        """The entry at an address; None if there is none."""
        found = self._entries("WHERE slug = ?", slug)
        return found[0] if found else None

    def entries(self, origin: Origin | None = None) -> list[Entry]:
        """All entries in order, or those that a list or visitors brought."""
        return self._entries("WHERE origin = ?", origin) if origin else self._entries("")

    def slugs(self, origin: Origin) -> list[str]:
        """The addresses of the entries that a list or visitors brought, in order."""
        return [
            row["slug"] for row in self.database.rows("SELECT slug FROM names WHERE origin = ? ORDER BY id", (origin,))
        ]

    def _entries(self, where: str, *values: str) -> list[Entry]:
        rows = self.database.rows(f"SELECT name, key, slug, origin FROM names {where} ORDER BY id", values)  # noqa: S608
        entries = []
        for row in rows:
            description = self.said(row["key"], "description")
            code = self.said(row["key"], "code", of=description) if description else None
            entries.append(Entry(**dict(row), description=description, code=code))
        return entries

    def asked(self, key: str, part: Part) -> list[Question]:
        """What was asked about a name, oldest first."""
        questions = self._questions("WHERE json_extract(about, '$.key') = ?", key)
        return [question for question in questions if question.about.get("part") == part]

    def said(self, key: str, part: Part, *, of: Said | None = None) -> Said | None:
        """What stands of a part: of the last question at which something does; code, only if it is that of `of`."""
        for question in reversed(self.asked(key, part)):
            if of is not None and question.inputs.get("description") != of.text:
                continue
            chosen, chooser = self.standing(question)
            if chosen:
                return self._said(question, chosen[0], chooser)
        return None

    def _said(self, question: Question, chosen: Chosen, chooser: str) -> Said:
        answers = self.answers(question)
        answer = next(each for each in answers if each.id == chosen.answer)
        passed = sum(each.refused is None for each in answers)
        batch = self.batch_of(answer.id)
        return Said(question, answer, batch, chosen.text, chosen.edited, chooser, len(answers), passed)

    def about(self, name: str, part: Part) -> dict[str, Any]:
        """What a question about a name says of itself."""
        return {"key": key_of(name), "part": part}


def gallery_lock(folder: Path) -> Any:
    """Be the one process that builds a gallery; `GalleryError` at once if another is. Ends with the process."""

    def refuse() -> None:
        raise GalleryError(f"Another process is building the gallery in {folder}: wait until it is done, or stop it.")

    return file_lock(folder / "gallery.lock", refuse)

"""The tables of `desk.db`, built by ordered migrations. Knows SQL, and not what is done with the rows."""

from __future__ import annotations

from verbosify.errors import DeskError
from verbosify.record import generations
from verbosify.record.database import Database
from verbosify.record.migrations import Schema, count_column, create_table, json_column

APPLICATION_ID = int.from_bytes(b"vbdk")  # tells `file desk.db` and us that a SQLite file is a desk's


def first_tables(database: Database) -> None:
    """Drafts, their nodes and where they stand, what is said about them, and what the model was asked and said."""
    create_table(
        database,
        "drafts",
        """
        id INTEGER PRIMARY KEY,
        parent_draft INTEGER REFERENCES drafts (id),
        parent_node INTEGER REFERENCES nodes (id),
        created TEXT NOT NULL""",
    )
    generations.create_tables(
        database,
        of_overfit="draft INTEGER NOT NULL REFERENCES drafts (id),\n        of_model TEXT NOT NULL,\n"
        "        text TEXT NOT NULL",
        of_batch="question INTEGER REFERENCES questions (id),\n        strength REAL NOT NULL,\n        "
        + json_column("prompt_ids", "array"),
    )
    create_table(
        database,
        "nodes",
        f"""
        id INTEGER PRIMARY KEY,
        draft INTEGER NOT NULL REFERENCES drafts (id),
        parent INTEGER,
        kind TEXT NOT NULL,
        {count_column("start")},
        {count_column("end")},
        inserted TEXT NOT NULL,
        generation INTEGER REFERENCES generations (id),
        kept INTEGER,
        created TEXT NOT NULL,
        UNIQUE (id, draft),
        FOREIGN KEY (parent, draft) REFERENCES nodes (id, draft),
        CONSTRAINT "a node comes after its parent" CHECK (parent < id),
        CONSTRAINT "end is start or later" CHECK ("end" >= start),
        CONSTRAINT "a root has no parent, and every other node one" CHECK ((parent IS NULL) = (kind = 'root'))""",
        same="id = NEW.id",
    )
    create_table(
        database,
        "events",
        """
        id INTEGER PRIMARY KEY,
        draft INTEGER NOT NULL REFERENCES drafts (id),
        action TEXT NOT NULL,
        node INTEGER,
        target INTEGER REFERENCES events (id),
        created TEXT NOT NULL,
        FOREIGN KEY (node, draft) REFERENCES nodes (id, draft),
        CONSTRAINT "it went to a node, or an event is undone or redone"
            CHECK ((node IS NOT NULL) = (action = 'went') AND (target IS NULL) = (action = 'went'))""",
    )
    create_table(
        database,
        "marks",
        f"""
        id INTEGER PRIMARY KEY,
        draft INTEGER REFERENCES drafts (id),
        node INTEGER,
        key TEXT NOT NULL,
        {json_column("value", "object")},
        created TEXT NOT NULL,
        FOREIGN KEY (node, draft) REFERENCES nodes (id, draft)""",
    )
    create_table(
        database,
        "questions",
        f"""
        id INTEGER PRIMARY KEY,
        draft INTEGER NOT NULL REFERENCES drafts (id),
        node INTEGER NOT NULL,
        {count_column("at")},
        model TEXT NOT NULL,
        overfit INTEGER REFERENCES overfits (id),
        strength REAL NOT NULL,
        {json_column("steering", "object")},
        created TEXT NOT NULL,
        FOREIGN KEY (node, draft) REFERENCES nodes (id, draft)""",
    )
    for table, columns in (
        ("nodes", "draft, parent"),
        ("events", "draft"),
        ("marks", "draft, key"),
        ("batches", "question"),
        ("questions", "draft"),
        ("nodes", "generation"),
    ):
        name = f"{table}_{columns.replace(', ', '_')}"
        database.execute(f"CREATE INDEX {name} ON {table} ({columns})")


SCHEMA = Schema("a desk", APPLICATION_ID, (first_tables,), DeskError)

"""The tables of `piece.db`, built by ordered migrations. Knows SQL, and nothing of what the columns mean to others."""

from __future__ import annotations

from verbosify.errors import PieceError
from verbosify.record import generations
from verbosify.record.database import Database
from verbosify.record.migrations import (
    SECONDS,
    Schema,
    card_column,
    count_column,
    create_table,
    finite_column,
    json_column,
    set_aside,
)

APPLICATION_ID = int.from_bytes(b"vbpc")  # tells `file piece.db` and us that a SQLite file is a piece

_TABLES = {
    "job": f"""
        id INTEGER PRIMARY KEY CONSTRAINT "a piece has one job" CHECK (id = 1),
        title TEXT NOT NULL,
        created TEXT NOT NULL,
        {json_column("software", "object")},
        essay_name TEXT NOT NULL,
        essay_format TEXT NOT NULL,
        essay_text TEXT NOT NULL,
        essay_source BLOB,
        {json_column("essay_blocks", "array")},
        {json_column("options", "object")},
        {card_column()},
        fingerprint TEXT NOT NULL""",
    "passages": f"""
        {count_column("index", "PRIMARY KEY")},
        {count_column("block")},
        {count_column("first")},
        last INTEGER NOT NULL,
        {count_column("start")},
        "end" INTEGER NOT NULL,
        text TEXT NOT NULL,
        {count_column("gap")},
        CONSTRAINT "last is first or later" CHECK (last >= first),
        CONSTRAINT "end is start or later" CHECK ("end" >= start)""",
    "overfits": f"""
        id INTEGER PRIMARY KEY,
        passage INTEGER NOT NULL REFERENCES passages ("index"),
        {json_column("recipe", "object")},
        {finite_column("loss_before")},
        {finite_column("loss_after")},
        {finite_column("window_loss")},
        {count_column("window_tokens")},
        {finite_column("seconds")} {SECONDS},
        {card_column()},
        created TEXT NOT NULL,
        UNIQUE (id, passage)""",
    "batches": f"""
        id INTEGER PRIMARY KEY,
        passage INTEGER NOT NULL REFERENCES passages ("index"),
        {count_column("number")},
        overfit INTEGER,
        {card_column()},
        {json_column("settings", "object")},
        reason TEXT NOT NULL,
        {json_column("diversity", "object")},
        {finite_column("seconds")} {SECONDS},
        created TEXT NOT NULL,
        UNIQUE (passage, number),
        FOREIGN KEY (overfit, passage) REFERENCES overfits (id, passage)""",
    "samples": f"""
        id INTEGER PRIMARY KEY,
        batch INTEGER NOT NULL REFERENCES batches (id),
        {count_column("index")},
        {json_column("token_ids", "array")},
        text TEXT NOT NULL,
        finish TEXT NOT NULL,
        {json_column("measures", "object")},
        UNIQUE (batch, "index")""",
    "passage_done": """
        passage INTEGER PRIMARY KEY REFERENCES passages ("index"),
        created TEXT NOT NULL""",
    "pick_events": f"""
        id INTEGER PRIMARY KEY,
        act INTEGER NOT NULL REFERENCES pick_events (id),
        reading TEXT CONSTRAINT "a reading's name has 1 to 80 characters" CHECK (length(reading) BETWEEN 1 AND 80),
        gap INTEGER REFERENCES passages ("index"),
        action TEXT NOT NULL,
        {json_column("picks", "array")},
        sample INTEGER REFERENCES samples (id),
        target INTEGER REFERENCES pick_events (id),
        curator TEXT NOT NULL CONSTRAINT "a curator has a name" CHECK (curator <> ''),
        curator_kind TEXT NOT NULL CONSTRAINT "a curator is built-in or a person"
            CHECK (curator_kind IN ('built-in', 'person')),
        reason TEXT NOT NULL,
        created TEXT NOT NULL,
        CONSTRAINT "an event has the columns of its action" CHECK (CASE
            WHEN action IN ('chosen', 'picked', 'trimmed', 'edited', 'cleared') THEN
                reading IS NOT NULL AND gap IS NOT NULL AND sample IS NULL AND target IS NULL
                AND (action = 'chosen' OR (action = 'cleared') = (picks = '[]'))
            WHEN action IN ('pinned', 'unpinned') THEN
                reading IS NULL AND gap IS NULL AND sample IS NOT NULL AND target IS NULL AND picks = '[]'
            WHEN action IN ('undone', 'redone') THEN
                gap IS NULL AND sample IS NULL AND target IS NOT NULL AND picks = '[]' AND act = id
            ELSE FALSE END),
        CONSTRAINT "an event comes after what it names" CHECK (act <= id AND (target IS NULL OR target < id))""",
    "log": f"""
        id INTEGER PRIMARY KEY,
        created TEXT NOT NULL,
        event TEXT NOT NULL CONSTRAINT "an event has a name" CHECK (event <> ''),
        {json_column("detail", "object")}""",
}

_SCORES = f"""
        sample INTEGER PRIMARY KEY REFERENCES samples (id),
        {json_column("tokens", "array")},
        {json_column("base", "array")},
        {json_column("overfitted", "array")},
        created TEXT NOT NULL,
        CONSTRAINT "every token has two probabilities"
            CHECK (json_array_length(tokens) = json_array_length(base)
                AND json_array_length(tokens) = json_array_length(overfitted))"""

_STRETCH = f"""
        sample INTEGER NOT NULL REFERENCES generations (id),
        {count_column("start")},
        "end" INTEGER NOT NULL,
        CONSTRAINT "end is after start" CHECK ("end" > start)"""

_OPINIONS = f"""
        id INTEGER PRIMARY KEY,
        {finite_column("information")},
        {finite_column("fluency")},
        {finite_column("surprise")},
        flow REAL CONSTRAINT "flow is finite" CHECK (flow BETWEEN -1e300 AND 1e300),
        created TEXT NOT NULL,{_STRETCH},
        UNIQUE (sample, start, "end")"""

_RATINGS = f"""
        id INTEGER PRIMARY KEY,
        rater TEXT NOT NULL CONSTRAINT "a rater has a name" CHECK (rater <> ''),
        {json_column("other", "array")},
        {json_column("answers", "object")},
        created TEXT NOT NULL,{_STRETCH}"""

# What makes a row the same row, for the trigger that refuses INSERT OR REPLACE.
_SAME = {
    "passages": '"index" = NEW."index"',
    "batches": "id = NEW.id OR (passage = NEW.passage AND number = NEW.number)",
    "samples": 'id = NEW.id OR (batch = NEW.batch AND "index" = NEW."index")',
    "passage_done": "passage = NEW.passage",
    "scores": "sample = NEW.sample",
    "opinions": 'id = NEW.id OR (sample = NEW.sample AND start = NEW.start AND "end" = NEW."end")',
}


def first_record(database: Database) -> None:
    """Version 1: the job, what was sampled, what was picked, and the log."""
    for table, columns in _TABLES.items():
        create_table(database, table, columns, _SAME.get(table, "id = NEW.id"))
    database.execute("CREATE INDEX overfits_passage ON overfits (passage)")
    database.execute("CREATE INDEX pick_events_reading ON pick_events (reading)")


def scores_of_tokens(database: Database) -> None:
    """Version 2: how likely the tokens of some samples were, before and after overfitting."""
    create_table(database, "scores", _SCORES, _SAME["scores"])


def shared_generations(database: Database) -> None:
    """Version 3: overfits, batches and samples are rows that every kind of record has, each as it was.

    Samples are generations now, which may go on from others, and a batch may have a prompt of its own.
    """
    database.execute("DROP INDEX overfits_passage")
    database.execute("DROP INDEX pick_events_reading")
    old = {table: set_aside(database, table) for table in ("overfits", "batches", "samples", "pick_events", "scores")}
    generations.create_tables(
        database,
        of_overfit='passage INTEGER NOT NULL REFERENCES passages ("index"), UNIQUE (id, passage)',
        of_batch=f"""passage INTEGER NOT NULL REFERENCES passages ("index"),
        {count_column("number")},
        UNIQUE (passage, number),
        FOREIGN KEY (overfit, passage) REFERENCES overfits (id, passage)""",
        same_batch=_SAME["batches"],
    )
    for table, columns in (("pick_events", _TABLES["pick_events"]), ("scores", _SCORES)):
        create_table(database, table, columns.replace("samples", "generations"), _SAME.get(table, "id = NEW.id"))
    database.execute("CREATE INDEX overfits_passage ON overfits (passage)")
    database.execute("CREATE INDEX pick_events_reading ON pick_events (reading)")
    for table, name in old.items():
        found = database.rows("SELECT name FROM pragma_table_info(?)", (name,))
        columns = ", ".join(f'"{row["name"]}"' for row in found)
        new = "generations" if table == "samples" else table
        database.execute(f"INSERT INTO {new} ({columns}) SELECT {columns} FROM {name} ORDER BY rowid")  # noqa: S608
    for name in reversed(old.values()):
        database.execute(f"DROP TABLE {name}")


def opinions_and_ratings(database: Database) -> None:
    """Version 4: what the fresh model thinks of what might be picked, and what people do."""
    create_table(database, "opinions", _OPINIONS, _SAME["opinions"])
    create_table(database, "ratings", _RATINGS)


SCHEMA = Schema(
    "a piece",
    APPLICATION_ID,
    (first_record, scores_of_tokens, shared_generations, opinions_and_ratings),
    PieceError,
)

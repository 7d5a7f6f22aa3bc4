"""The record of a desk: nothing is overwritten, and all is there when it is opened again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from verbosify.desk import drafting, exchange, finding, presets
from verbosify.desk.failures import Failure
from verbosify.desk.store import DATABASE_NAME, Store
from verbosify.desk.tree import Change
from verbosify.errors import DeskError, RecordError, SettingsError


@pytest.fixture
def store(tmp_path: Path) -> Any:
    with closing(Store.open(tmp_path)) as store:
        yield store


def write(store: Store, draft: int, *texts: str) -> None:
    for text in texts:
        drafting.save(store, {"draft": draft, "revision": store.revision(draft), "text": text})


def text_of(store: Store, draft: int) -> str:
    return store.text_of(store.stands_at(draft))


def test_undo_and_redo_go_through_all_that_was_typed(store: Store) -> None:
    draft = store.create("")
    texts = ["a", "ab", "abc", "xbc", ""]
    write(store, draft, *texts)

    for text in [*texts[-2::-1], ""]:
        drafting.undo(store, {"draft": draft, "revision": store.revision(draft)})
        assert text_of(store, draft) == text
    before = store.revision(draft)
    drafting.undo(store, {"draft": draft, "revision": before})  # there is no more
    assert store.revision(draft) == before
    drafting.redo(store, {"draft": draft, "revision": store.revision(draft), "steps": 99})
    assert text_of(store, draft) == texts[-1]


def test_what_was_undone_is_in_the_tree_when_something_else_is_written(store: Store) -> None:
    draft = store.create("")
    write(store, draft, "one", "one two")
    drafting.undo(store, {"draft": draft, "revision": store.revision(draft)})
    write(store, draft, "one three")

    nodes = drafting.tree(store, {"draft": draft})["nodes"]
    assert [store.text_of(node["id"]) for node in nodes] == ["", "one", "one two", "one three"]
    assert [node["kind"] for node in nodes] == ["root", "typed", "typed", "typed"]
    drafting.go(store, {"draft": draft, "revision": store.revision(draft), "node": nodes[2]["id"]})
    assert text_of(store, draft) == "one two"
    drafting.undo(store, {"draft": draft, "revision": store.revision(draft)})
    assert text_of(store, draft) == "one three"


def test_the_same_text_is_not_kept_twice(store: Store) -> None:
    draft = store.create("one")
    write(store, draft, "one", "one")

    assert len(store.nodes(draft)) == 1
    assert drafting.branch(store, {"draft": draft, "parent": 1, "text": "one"})["id"] == 1


def test_all_is_there_when_the_record_is_opened_again(tmp_path: Path) -> None:
    with closing(Store.open(tmp_path)) as store:
        draft = store.create("")
        write(store, draft, "one", "one “é🙂”")
        drafting.rename(store, {"draft": draft, "name": "Night"})
        drafting.tag(store, {"draft": draft, "tags": ["b", "a", "a"]})
        drafting.mark(store, {"draft": draft, "node": 2, "name": "here", "bookmarked": True})

    with closing(Store.open(tmp_path)) as store:
        told = drafting.draft_of(store, draft)
        assert (told["text"], told["name"], told["tags"]) == ("one “é🙂”", "Night", ["a", "b"])
        node = drafting.tree(store, {"draft": draft})["nodes"][1]
        assert (node["name"], node["bookmarked"], node["pinned"]) == ("here", True, False)


def test_a_draft_that_moved_meanwhile_takes_nothing(store: Store) -> None:
    draft = store.create("")
    revision = store.revision(draft)
    write(store, draft, "one")

    for act in (drafting.save, drafting.undo, drafting.redo, drafting.go):
        with pytest.raises(Failure) as refused:
            act(store, {"draft": draft, "revision": revision, "text": "two", "node": 1})
        assert refused.value.code == "conflict"
    assert text_of(store, draft) == "one"


def test_a_tree_tells_what_is_new_and_what_was_marked(store: Store) -> None:
    draft = store.create("")
    write(store, draft, "a", "ab", "abc")
    drafting.mark(store, {"draft": draft, "node": 1, "bookmarked": True})

    told = drafting.tree(store, {"draft": draft, "since": 3})["nodes"]
    assert [node["id"] for node in told] == [1, 4]


def test_a_long_chain_is_read_at_once(tmp_path: Path) -> None:
    with closing(Store.open(tmp_path)) as store:
        draft = store.create("")
        node = store.stands_at(draft)
        with store.database.writing():
            for length in range(1, 1500):
                node = store.add_typed(draft, node, "x" * length)
    with closing(Store.open(tmp_path)) as store:
        assert store.text_of(node) == "x" * 1499


def test_drafts_are_found_by_their_words_and_tags(store: Store) -> None:
    model = "m"
    one = drafting.create(store, {"text": "The Ferry leaves.", "name": "Harbour"}, model)
    two = drafting.create(store, {"text": "Nobody came."}, model)
    drafting.tag(store, {"draft": one, "tags": ["sea"]})
    write(store, two, "Nobody came by ferry.", "Nobody came.")
    drafting.mark(store, {"draft": two, "node": store.stands_at(two), "name": "The Émigré"})

    def found(**values: Any) -> list[int]:
        return sorted(draft["id"] for draft in finding.drafts(store, values)["drafts"])

    assert found() == [one, two] == found(query="FERRY")
    assert found(query="harbour") == [one] == found(tags=["sea"])
    assert found(query="émigré") == [two]
    assert found(query="heron") == []
    hits = next(each for each in finding.drafts(store, {"query": "ferry"})["drafts"] if each["id"] == two)["found"]
    assert "ferry" in hits[0]["snippet"]
    drafting.archive(store, {"draft": one, "archived": True})
    assert found() == [two]
    assert found(archived=True) == [one]


def test_a_clone_begins_where_its_parent_was_and_is_steered_alike(store: Store) -> None:
    draft = drafting.create(store, {"text": "one", "name": "First"}, "m")
    steering = {"memory": "M", "settings": {"n": 7}}
    drafting.steer(store, {"draft": draft, "steering_revision": store.steering_revision(draft), "steering": steering})

    child = drafting.draft_of(store, drafting.clone(store, {"draft": draft, "node": 1}))

    assert child["text"] == "one"
    assert child["parent"] == {"draft": draft, "node": 1}
    assert (child["steering"]["memory"], child["steering"]["settings"]["n"]) == ("M", 7)
    assert child["name"] == "First (from 1)"


def test_steering_that_makes_no_sense_is_refused_and_changes_nothing(store: Store) -> None:
    draft = drafting.create(store, {}, "m")
    revision = store.steering_revision(draft)

    with pytest.raises(SettingsError, match="num_beams"):
        drafting.steer(
            store, {"draft": draft, "steering_revision": revision, "steering": {"settings": {"n": 9, "num_beams": 2}}}
        )
    assert store.steering_revision(draft) == revision


def test_steering_that_changed_meanwhile_is_not_overwritten(store: Store) -> None:
    draft = drafting.create(store, {}, "m")
    values = {"draft": draft, "steering_revision": store.steering_revision(draft)}
    drafting.steer(store, {**values, "steering": {"memory": "one"}})

    with pytest.raises(Failure, match="changed elsewhere"):
        drafting.steer(store, {**values, "steering": {"memory": "two"}})
    assert drafting.steering_of(store, draft)["memory"] == "one"


def test_presets_are_kept_and_those_of_the_desk_stay(store: Store) -> None:
    presets.save_preset(store, {"name": "Mine", "settings": {"temperature": 0.5}})

    mine = presets.presets(store, {})["presets"][-1]
    assert (mine["name"], mine["built_in"], mine["settings"]["temperature"]) == ("Mine", False, 0.5)
    with pytest.raises(Failure, match="comes with the desk"):
        presets.save_preset(store, {"name": "Plain"})
    presets.delete_preset(store, {"name": "Mine"})
    with pytest.raises(Failure, match="no preset"):
        presets.delete_preset(store, {"name": "Mine"})


def test_what_is_not_there_is_told(store: Store) -> None:
    draft = store.create("")
    for ask in (
        lambda: store.row(99),
        lambda: store.line(99),
        lambda: store.node(draft, 99),
        lambda: store.said.question(draft, 99),
        lambda: store.said.generation(99),
        lambda: store.said.overfit(99),
    ):
        with pytest.raises(Failure) as refused:
            ask()
        assert refused.value.status == 404


def test_offsets_outside_a_text_are_refused(store: Store) -> None:
    draft = store.create("one")
    with pytest.raises(Failure, match="no stretch"), store.database.writing():
        store.add_node(draft, 1, "typed", Change(2, 9, "x"))


def test_nothing_recorded_can_be_changed(tmp_path: Path) -> None:
    with closing(Store.open(tmp_path)) as store:
        store.create("one")
    with closing(sqlite3.connect(tmp_path / DATABASE_NAME)) as connection:
        for table in ("drafts", "nodes", "events", "marks", "questions", "batches", "generations", "overfits"):
            for sql in ("DELETE FROM {}", "UPDATE {} SET id = id + 1"):
                if connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]:  # noqa: S608
                    with pytest.raises(sqlite3.IntegrityError, match="never changed or deleted"):
                        connection.execute(sql.format(table))


def test_another_database_is_no_desk(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / DATABASE_NAME)) as connection:
        connection.execute("CREATE TABLE t (a)")

    with pytest.raises(DeskError, match="not a desk"):
        Store.open(tmp_path)


def test_a_tree_goes_out_and_comes_in_again(store: Store) -> None:
    draft = drafting.create(store, {"text": "one", "name": "First"}, "m")
    write(store, draft, "one two")
    drafting.mark(store, {"draft": draft, "node": 1, "bookmarked": True})
    exported = exchange.export_tree(store, draft)

    again = exchange.import_tree(store, exported["text"])

    assert exported["filename"] == "First.json"
    one, two = drafting.draft_of(store, draft), drafting.draft_of(store, again)
    same = ("name", "text", "can_undo", "can_redo", "steering", "weights", "model")
    assert {key: one[key] for key in same} == {key: two[key] for key in same}
    nodes = [drafting.tree(store, {"draft": each})["nodes"] for each in (draft, again)]
    assert [(n["inserted"], n["kind"], n["bookmarked"]) for n in nodes[0]] == [
        (n["inserted"], n["kind"], n["bookmarked"]) for n in nodes[1]
    ]


@pytest.mark.parametrize(
    "change",
    [
        lambda tree: "no JSON",
        lambda tree: "[]",
        lambda tree: "[" * 100_000,
        lambda tree: tree.replace('"verbosify desk draft"', '"another"'),
        lambda tree: tree.replace('"kind":"typed"', '"kind":"odd"'),
        lambda tree: tree.replace('"start":3,"end":3', '"start":300,"end":300'),
        lambda tree: tree.replace('"parent":1', '"parent":77'),
        lambda tree: tree.replace('"action":"went"', '"action":"undone"'),
        lambda tree: tree.replace('"id":2', '"id":1'),
        lambda tree: tree.replace('"inserted":" two"', '"inserted":7'),
    ],
)
def test_a_file_that_is_no_tree_is_refused_and_leaves_nothing(store: Store, change: Any) -> None:
    draft = drafting.create(store, {"text": "one"}, "m")
    write(store, draft, "one two")
    text = exchange.export_tree(store, draft)["text"]
    assert change(text) != text

    with pytest.raises(RecordError):
        exchange.import_tree(store, change(text))
    assert len(store.draft_ids()) == 1

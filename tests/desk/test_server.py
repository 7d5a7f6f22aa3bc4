"""The desk over HTTP: its verbs, its door, and what it does with requests that are none."""

from __future__ import annotations

import pytest

from tests.desks import TEXT, Client, Refused


def test_a_writer_writes_generates_and_takes(client: Client) -> None:
    draft = client.draft("")
    draft = client.call("save", draft=draft["id"], revision=draft["revision"], text=TEXT)

    told = client.stream("generate", draft=draft["id"], n=2, settings={"length": 8, "seed": 3})

    assert [event.name for event in told if event.name not in ("token", "waiting")] == [
        "queued",
        "started",
        "row",
        "row",
        "done",
    ]
    rows = told[-1].data["rows"]
    shown = ["".join(e.data["text"] for e in told if e.name == "token" and e.data["row"] == row) for row in (0, 1)]
    assert shown == [row["text"] for row in rows]
    draft = client.call("accept", draft=draft["id"], revision=draft["revision"], node=rows[1]["node"], end=4)
    assert draft["text"] == TEXT + rows[1]["text"][:4]
    listed = client.call("tokens", draft=draft["id"], top=5)["tokens"]
    draft = client.call("take", draft=draft["id"], revision=draft["revision"], token_id=listed[2]["token_id"])
    assert draft["text"] == TEXT + rows[1]["text"][:4] + listed[2]["text"]
    for text in (TEXT + rows[1]["text"][:4], TEXT, ""):
        draft = client.call("undo", draft=draft["id"], revision=draft["revision"])
        assert draft["text"] == text
    assert not draft["can_undo"]
    draft = client.call("redo", draft=draft["id"], revision=draft["revision"], steps=10)
    assert draft["text"] == TEXT + rows[1]["text"][:4] + listed[2]["text"]


def test_two_tabs_on_one_draft_do_not_overwrite_each_other(client: Client) -> None:
    draft = client.draft("One.")
    client.call("save", draft=draft["id"], revision=draft["revision"], text="One. Two.")

    with pytest.raises(Refused) as refused:
        client.call("save", draft=draft["id"], revision=draft["revision"], text="One. Three.")

    assert refused.value.status == 409
    assert refused.value.problem["yours"] == "One. Three."
    assert refused.value.problem["current"]["text"] == "One. Two."
    node = client.call("branch", draft=draft["id"], parent=draft["node"], text="One. Three.")
    assert client.call("text", draft=draft["id"], node=node["id"])["text"] == "One. Three."
    assert client.call("open", draft=draft["id"])["text"] == "One. Two."

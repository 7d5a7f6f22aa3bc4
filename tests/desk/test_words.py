"""What the model says at the desk: tokens, tints, swaps, steering and weights, over HTTP, on a tiny model in fp32."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.desks import TEXT, Client, Refused, Running
from tests.naive_sampling import load_reference, plain_probabilities, reader
from verbosify.desk.steering import sampling_settings, with_changes
from verbosify.models.loading import load_model

EVERY_SETTING: list[dict[str, Any]] = [
    {},
    {"temperature": 0.5, "top_k": 0},
    {"temperature": 0},
    {"top_k": 0, "top_p": 0.9},
    {"top_k": 0, "min_p": 0.05},
    {"top_k": 0, "typical_p": 0.8},
    {"top_k": 5, "temperature": 1.4},
    {"top_k": 0, "repetition_penalty": 1.3, "repetition_range": 5, "repetition_slope": 3.33},
    {"top_k": 0, "frequency_penalty": 0.7, "presence_penalty": 0.4},
    {"top_k": 0, "logit_bias": [[300, 5.0], [301, -3.0]], "banned_tokens": [259]},
    {"top_k": 0, "banned_strings": [" the", "th"]},
    {"top_k": 0, "least_length": 4},
]
OVERFIT = {"window_tokens": 96, "steps": 40, "learning_rate": 0.02}


def overfit_on(client: Client, draft: dict[str, Any], text: str, **recipe: Any) -> dict[str, Any]:
    told = client.stream(
        "overfit",
        draft=draft["id"],
        steering_revision=draft["steering_revision"],
        text=text,
        recipe=OVERFIT | recipe,
    )
    made: dict[str, Any] = told[-1].data["draft"]
    return made


@pytest.mark.parametrize("settings", EVERY_SETTING, ids=str)
def test_the_token_list_is_the_models_own_softmax(
    client: Client, speaking_model: Path, settings: dict[str, Any]
) -> None:
    draft = client.draft()

    told = client.call("tokens", draft=draft["id"], top=1000, settings=settings)["tokens"]

    model = load_model(speaking_model, precision="fp32")
    ids = model.encode(TEXT)
    logits = reader(load_reference(speaking_model))(ids)[-1].astype(np.float64)
    own = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
    meant = sampling_settings(with_changes(draft["steering"], {"settings": settings})["settings"], seed=0)  # type: ignore[typeddict-item]
    spelling = model.spelling()  # type: ignore[attr-defined]
    after = plain_probabilities(logits, ids, meant, spell=spelling.of)
    assert len(told) == len(own)
    assert [each["probability"] for each in told] == sorted((each["probability"] for each in told), reverse=True)
    for each in told:
        assert each["probability"] == pytest.approx(own[each["token_id"]], abs=1e-5)
        assert each["sampled_probability"] == pytest.approx(after[each["token_id"]], abs=1e-5)


def test_tints_tell_what_the_overfit_changed(client: Client) -> None:
    draft = overfit_on(client, client.draft(), TEXT)

    told = client.call("tints", draft=draft["id"])

    assert "".join(token["text"] for token in told["tokens"]) == TEXT
    assert told["tokens"][0]["fresh"] is None
    rest = told["tokens"][1:]
    assert np.mean([token["difference"] for token in rest]) > 0
    assert all(0 <= token["fresh"]["probability"] <= 1 and token["fresh"]["rank"] >= 1 for token in rest)
    assert told["overfit"] == draft["weights"]["overfit"]
    some = client.call("tints", draft=draft["id"], start=11, end=30, weights=["fresh"])
    assert (some["tokens"][0]["start"] <= 11, some["tokens"][-1]["end"] >= 30) == (True, True)
    assert all(token["overfit"] is None for token in some["tokens"])


def test_a_token_of_the_text_is_swapped_on_a_branch_of_its_own(client: Client) -> None:
    draft = client.draft()
    place = TEXT.index(" stone")

    told = client.call("alternatives", draft=draft["id"], start=place, top=5)

    assert told["token"]["text"] == " stone"
    likeliest = [each["token_id"] for each in told["alternatives"]]
    if told["token"]["rank"] <= 5:
        assert likeliest[told["token"]["rank"] - 1] == told["token"]["token_id"]
    other = next(each for each in told["alternatives"] if each["token_id"] != told["token"]["token_id"])
    swapped = client.call(
        "swap",
        draft=draft["id"],
        revision=draft["revision"],
        start=place,
        end=told["token"]["end"],
        token_id=other["token_id"],
    )
    assert swapped["text"] == TEXT[:place] + other["text"]
    back = client.call("undo", draft=draft["id"], revision=swapped["revision"])
    assert back["text"] == TEXT
    kept = client.call(
        "swap",
        draft=draft["id"],
        revision=back["revision"],
        start=place,
        end=told["token"]["end"],
        token_id=other["token_id"],
        rest=True,
    )
    assert kept["text"] == TEXT[:place] + other["text"] + TEXT[told["token"]["end"] :]


def test_a_token_goes_in_where_the_cursor_is(client: Client) -> None:
    draft = client.draft()
    place = TEXT.index(" as soon")
    listed = client.call("tokens", draft=draft["id"], at=place, top=3)["tokens"]

    taken = client.call("take", draft=draft["id"], revision=draft["revision"], at=place, token_id=listed[0]["token_id"])

    assert taken["text"] == TEXT[:place] + listed[0]["text"] + TEXT[place:]


def test_a_continuation_goes_in_where_the_cursor_is(client: Client) -> None:
    draft = client.draft()
    place = TEXT.index(" An old")

    (row,) = client.generate(draft, n=1, at=place, settings={"length": 5})
    draft = client.call("accept", draft=draft["id"], revision=draft["revision"], node=row["node"])

    assert draft["text"] == TEXT[:place] + row["text"] + TEXT[place:]


def test_every_continuation_is_a_node_and_can_be_pinned_named_and_compared(client: Client) -> None:
    draft = client.draft()
    rows = client.generate(draft, n=3, settings={"length": 6})
    client.call("mark", draft=draft["id"], node=rows[0]["node"], pinned=True, name="dark")

    nodes = {node["id"]: node for node in client.call("tree", draft=draft["id"])["nodes"]}

    assert [nodes[row["node"]]["inserted"] for row in rows] == [row["text"] for row in rows]
    assert {nodes[row["node"]]["parent"] for row in rows} == {draft["node"]}
    first = nodes[rows[0]["node"]]
    assert (first["pinned"], first["name"], first["weights"], first["finish"]) == (True, "dark", "fresh", "length")
    told = client.call("compare", draft=draft["id"], a=rows[0]["node"], b=rows[1]["node"])
    assert told["a"] == TEXT + rows[0]["text"]
    assert client.call("export_text", draft=draft["id"], node=rows[2]["node"])["text"] == TEXT + rows[2]["text"]


def test_a_seed_says_the_same_again(client: Client) -> None:
    draft = client.draft()
    one, two = (client.generate(draft, n=2, settings={"seed": 11, "length": 6}) for _ in range(2))

    assert [row["text"] for row in one] == [row["text"] for row in two]


def alike(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> bool:
    """Whether two lists of tokens tell the same, but for the last bits: a text may be read at once or bit by bit."""
    return all(
        {each["token_id"]: each[name] for each in one}
        == pytest.approx({each["token_id"]: each[name] for each in other}, abs=1e-5)
        for name in ("probability", "sampled_probability")
    )


def test_weights_are_in_force_until_others_are(client: Client) -> None:
    draft = client.draft()
    fresh = client.call("tokens", draft=draft["id"], top=5)["tokens"]
    draft = overfit_on(client, draft, TEXT, steps=1, learning_rate=0.005)
    made = draft["weights"]["overfit"]
    overfitted = client.call("tokens", draft=draft["id"], top=5)["tokens"]
    assert not alike(overfitted, fresh)
    assert alike(client.call("tokens", draft=draft["id"], top=5, weights="fresh")["tokens"], fresh)

    values = {"draft": draft["id"], "steering_revision": draft["steering_revision"]}
    half = client.call("weigh", **values, overfit=made, strength=0.5)
    assert half["weights"]["strength"] == 0.5
    at_half = client.call("tokens", draft=draft["id"], top=5)["tokens"]
    assert not alike(at_half, fresh)
    assert not alike(at_half, overfitted)
    which = {"overfit": made, "strength": 1.0}
    again = client.call("tokens", draft=draft["id"], top=5, weights=which)["tokens"]
    assert alike(again, overfitted)

    values["steering_revision"] = half["steering_revision"]
    back = client.call("weigh", **values, overfit=None)
    assert back["weights"] == {"kind": "fresh"}
    assert alike(client.call("tokens", draft=draft["id"], top=5)["tokens"], fresh)
    (row,) = client.generate(draft, n=1, weights=which, settings={"length": 3})
    (node,) = (node for node in client.call("tree", draft=draft["id"])["nodes"] if node["id"] == row["node"])
    assert node["weights"] == "overfit"
    assert [each["id"] for each in client.call("overfits", draft=draft["id"])["overfits"]] == [made]


def test_an_overfit_tells_how_long_it_takes(client: Client) -> None:
    draft = client.draft()

    before = client.call("estimate", draft=draft["id"], text=TEXT)
    told = client.stream(
        "overfit", draft=draft["id"], steering_revision=draft["steering_revision"], text=TEXT, recipe="classic"
    )
    after = client.call("estimate", draft=draft["id"], text=TEXT)

    assert before["seconds"] > 0
    assert [event.name for event in told if event.name != "progress"] == ["queued", "started", "done"]
    assert after["measured"]
    with pytest.raises(Refused, match="no recipe called"):
        client.call("estimate", draft=draft["id"], text=TEXT, recipe="odd")


def test_memory_and_settings_steer_what_the_model_sees(client: Client) -> None:
    draft = client.draft()
    draft = client.call(
        "steer",
        draft=draft["id"],
        steering_revision=draft["steering_revision"],
        steering={"memory": "The harbour is quiet.", "settings": {"banned_strings": [" the"], "n": 2}},
    )

    seen = client.call("preview", draft=draft["id"])
    rows = client.generate(draft, settings={"length": 12})

    assert [part["kind"] for part in seen["parts"]] == ["memory", "text"]
    assert seen["tokens"] == sum(part["tokens"] for part in seen["parts"])
    assert len(rows) == 2
    assert not any(" the" in row["text"] for row in rows)
    unsaved = client.call("preview", draft=draft["id"], text="Another text.", at=7)
    assert unsaved["parts"][-1]["text"] == "Another"


def test_a_generation_is_cancelled_at_any_moment_and_kept_as_far_as_it_came(client: Client) -> None:
    draft = client.draft()
    told, job = [], ""
    for event in client.events("generate", draft=draft["id"], n=1, settings={"length": 900, "least_length": 900}):
        told.append(event)
        job = event.data.get("job", job)
        if event.name == "token" and len(told) == 5:
            assert client.call("cancel", job=job) == {"cancelled": True}

    done = told[-1]
    assert done.name == "done"
    assert done.data["cancelled"]
    (row,) = done.data["rows"]
    assert row["finish"] == "cancelled"
    assert len(told) < 400
    assert client.call("text", draft=draft["id"], node=row["node"])["text"] == TEXT + row["text"]
    assert client.call("cancel", job=job) == {"cancelled": False}


def test_a_client_that_vanishes_frees_its_slot_and_loses_nothing(client: Client, running: Running) -> None:
    draft = client.draft()
    for event in client.events("generate", draft=draft["id"], n=2, settings={"length": 900, "least_length": 900}):
        if event.name == "token":
            break  # the connection is closed

    until = time.monotonic() + 60
    while running.desk.turns.running:
        assert time.monotonic() < until, "the slot is not freed"
        time.sleep(0.05)
    nodes = client.call("tree", draft=draft["id"])["nodes"]
    assert [node["finish"] for node in nodes[1:]] == ["cancelled", "cancelled"]


def test_a_tab_is_told_what_another_does(client: Client) -> None:
    draft = client.draft("")
    watching = client.events("watch", draft=draft["id"])
    assert next(watching).data["revision"] == draft["revision"]

    saved = client.call("save", draft=draft["id"], revision=draft["revision"], text="x")

    assert next(watching).data["revision"] == saved["revision"]
    watching.close()  # type: ignore[attr-defined]


def test_what_the_model_refuses_is_a_sentence_and_is_not_asked_for_ever(client: Client) -> None:
    draft = client.draft("")

    with pytest.raises(Refused, match="empty") as refused:
        client.stream("generate", draft=draft["id"])

    assert refused.value.status == 422
    assert client.call("open", draft=draft["id"])["interrupted"] == []
    for verb, body in {
        "alternatives": {"start": 0},
        "take": {"revision": draft["revision"], "token_id": 5},
    }.items():
        with pytest.raises(Refused) as refused:
            client.call(verb, draft=draft["id"], **body)
        assert refused.value.status == 422
    assert client.call("tokens", draft=draft["id"])["tokens"] == []


def test_a_model_by_its_path_is_for_whoever_starts_the_desk(client: Client, tiny_gpt2: Path) -> None:
    draft = client.draft()
    values = {"draft": draft["id"], "steering_revision": draft["steering_revision"]}

    for name in (str(tiny_gpt2), "no such model", "/etc"):
        with pytest.raises(Refused, match="neither in the catalogue"):
            client.stream("use_model", **values, model=name)
    told = client.stream("use_model", **values, model=draft["model"])
    assert told[-1].data["draft"]["model"] == draft["model"]


def test_the_desk_tells_what_there_is(client: Client) -> None:
    hello = client.call("hello")
    status = client.call("status")

    assert hello["piece"] is False
    assert {"classic", "passage", "original"} <= set(hello["recipes"])
    assert any(model["name"] == "smollm2-135m" for model in hello["models"])
    assert client.call("open", draft=hello["draft"])["id"] == hello["draft"]
    client.call("tokens", draft=client.draft()["id"])
    status = client.call("status")
    assert status["models"][0]["dtype"] == "float32"
    assert status["memory"] > 0
    with pytest.raises(Refused, match="no piece"):
        client.call("gaps")
    with pytest.raises(Refused, match="no piece"):
        client.call("pick", draft=hello["draft"], node=1, start=0, end=1, gap=0)
    assert client.call("tokenize", text="🙂")["tokens"][0]["whole"] is False

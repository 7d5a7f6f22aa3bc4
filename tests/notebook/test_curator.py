"""The curation widget without a browser: its traits say what is in the record, and its record what was done."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests import pieces
from tests.notebook.long_piece import make_long_piece
from verbosify.errors import ModelError, PieceError, SettingsError
from verbosify.measures import measure_sample
from verbosify.models.protocol import LanguageModel
from verbosify.notebook.curator import Curator
from verbosify.piece import Pick, Piece
from verbosify.workflow import Options
from verbosify.workflow.visit import Embed


def ids(curator: Curator) -> list[int]:
    return [sample["id"] for sample in curator.view["samples"]]


def ask(curator: Curator, do: str, **values: Any) -> None:
    """What the browser sends on a click."""
    curator._on_message(curator, {"do": do, **values}, [])


def test_opens_at_the_first_passage_with_samples_and_says_that_nothing_is_decided(piece: Piece) -> None:
    curator = Curator(piece)
    assert curator.gap == 0
    assert curator.view["decision"] == "undecided"
    assert curator.view["count"] == 4
    assert curator.totals["now"] == curator.totals["before"] > 0
    assert [stretch["kind"] for stretch in curator.view["paragraph"]] == ["passage"] * 3 + ["gap", "prose"]


def test_a_pick_is_in_the_record_before_it_is_shown(piece: Piece) -> None:
    curator = Curator(piece, name="Ada")
    recorded: list[bool] = []
    curator.observe(lambda _: recorded.append(0 in piece.picks("own")), "view")
    ask(curator, "pick", sample=ids(curator)[0])
    assert recorded[0]
    (pick,) = piece.picks("own")[0]
    assert pick.text == piece.sample(pick.sample).text[pick.start : pick.end]
    assert pick.text.endswith(".")
    assert curator.view["decision"] == "1 picked"
    assert curator.totals["now"] == curator.totals["before"] + len(pick.text.split())
    assert piece.history()[-1].curator == "Ada"


def test_clicking_a_word_accepts_up_to_there_and_shift_click_begins_there(piece: Piece) -> None:
    curator = Curator(piece)
    sample = curator.view["samples"][1]
    third, fifth = sample["words"][2], sample["words"][4]
    ask(curator, "pick", sample=sample["id"], end=fifth[3])
    ask(curator, "pick", sample=sample["id"], start=third[2])
    (pick,) = piece.picks("own")[0]
    assert pick.text == "".join(before + word for before, word, _, _ in sample["words"][2:5]).strip()
    assert piece.history()[-1].action == "trimmed"


def test_an_end_before_the_start_begins_at_the_beginning_again(piece: Piece) -> None:
    curator = Curator(piece)
    sample = curator.view["samples"][0]
    curator.pick(sample["id"], start=sample["words"][4][2])
    curator.pick(sample["id"], end=sample["words"][1][3])
    (pick,) = piece.picks("own")[0]
    assert pick.text == " ".join(word for _, word, _, _ in sample["words"][:2])


def test_several_picks_stand_in_order_and_can_change_places(piece: Piece) -> None:
    curator = Curator(piece)
    first, second, third = ids(curator)[:3]
    for sample in (first, second, third):
        curator.pick(sample)
    curator.move_up(third)
    curator.unpick(first)
    assert [pick.sample for pick in piece.picks("own")[0]] == [third, second]
    curator.move_up(third)
    assert curator.message == "That is how it is already."


def test_an_edit_is_marked_as_edited_and_a_blank_one_is_refused(piece: Piece) -> None:
    curator = Curator(piece)
    sample = ids(curator)[0]
    curator.edit(sample, "  The ferry leaves, and nobody waves.  ")
    (pick,) = piece.picks("own")[0]
    assert (pick.text, pick.edited) == ("The ferry leaves, and nobody waves.", True)
    assert piece.history()[-1].action == "edited"
    ask(curator, "edit", sample=sample, text="  ")
    assert curator.message.startswith("An edited pick must hold at least one word")
    assert piece.picks("own")[0] == (pick,)


def test_none_is_a_decision_of_its_own(piece: Piece) -> None:
    curator = Curator(piece)
    curator.choose_none()
    assert curator.view["decision"] == "none"
    assert curator.view["decided"] == 1
    curator.next_undecided()
    assert curator.gap == 1


def test_undo_and_redo_go_through_every_state_and_to_the_passage_where_it_was(piece: Piece) -> None:
    curator = Curator(piece)
    curator.pick(ids(curator)[0])
    curator.step(1)
    curator.pick(ids(curator)[1])
    curator.choose_none()
    states = [piece.picks("own")]
    for _ in range(3):
        curator.undo()
        states.append(piece.picks("own"))
    assert states[-1] == {}
    assert curator.gap == 0
    curator.undo()
    assert curator.message == "There is nothing to undo."
    again = [piece.picks("own")]
    for _ in range(3):
        curator.redo()
        again.append(piece.picks("own"))
    assert again == states[::-1]
    assert curator.gap == 1


def test_reopens_where_one_left_off(piece: Piece) -> None:
    curator = Curator(piece)
    curator.go(2)
    curator.pick(ids(curator)[0])
    with Piece.open(piece.folder) as reopened:
        again = Curator(reopened)
        assert again.gap == 2
        assert again.view == curator.view


def test_two_notebooks_on_one_piece_do_not_overwrite_each_other(piece: Piece) -> None:
    with Piece.open(piece.folder) as other_piece:
        one, other = Curator(piece, name="Ada"), Curator(other_piece, name="Ben")
        one.pick(ids(one)[0])
        ask(other, "pick", sample=ids(other)[1])
        assert [pick.sample for pick in piece.picks("own")[0]] == [ids(one)[0]]
        assert "changed elsewhere" in other.message
        assert other.view["decision"] == "1 picked"
        ask(other, "pick", sample=ids(other)[1])
        assert [pick.sample for pick in piece.picks("own")[0]] == [ids(one)[0], ids(one)[1]]


def test_clicks_may_be_answered_in_other_threads_than_that_of_the_cells(piece: Piece) -> None:
    curator = Curator(piece)
    first, second = ids(curator)[:2]
    threads = [Thread(target=ask, args=(curator, "pick"), kwargs={"sample": sample}) for sample in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {pick.sample for pick in piece.picks("own")[0]} == {first, second}
    assert curator.view["decision"] == "2 picked"
    with pytest.raises(PieceError, match="open during an act only"):
        curator.piece.picks("own")


def test_samples_can_be_sorted_and_hidden_but_never_what_is_picked_or_pinned(piece: Piece) -> None:
    curator = Curator(piece)
    curator.sort_by("similarity")
    values = [sample["similarity"] for sample in curator.view["samples"]]
    assert values == sorted(values, reverse=True)
    worn = next(sample for sample in curator.view["samples"] if "cut off" in sample["badges"])
    curator.hide(["cut off"])
    assert worn["id"] not in ids(curator)
    assert curator.view["filtered"] > 0
    curator.pin(worn["id"])
    assert ids(curator).count(worn["id"]) == 1
    with pytest.raises(SettingsError, match="no order"):
        curator.sort_by("beauty")
    with pytest.raises(SettingsError, match="no badge"):
        curator.hide(["ugly"])


@pytest.mark.parametrize("order", ["drawn", "-similarity", "-copied", "-repetition", "words", "picked"])
def test_every_order_keeps_all_samples(piece: Piece, order: str) -> None:
    curator = Curator(piece)
    curator.pick(ids(curator)[2])
    before = set(ids(curator))
    curator.sort_by(order)
    assert set(ids(curator)) == before


def test_reroll_keeps_pinned_and_picked_samples_in_view_and_loses_none(
    piece: Piece, model: LanguageModel, embed: Embed
) -> None:
    curator = Curator(piece, model, embed)
    old = ids(curator)
    curator.pin(old[0])
    curator.pick(old[1])
    curator.reroll({"n": 3, "temperature": 0.9})
    assert ids(curator)[:2] == old[:2]
    assert len(ids(curator)) == 5
    assert not set(ids(curator)[2:]) & set(old)
    batch = piece.batches(0)[-1]
    assert batch.overfit == piece.overfits(0)[-1].id
    assert (batch.settings["n"], batch.settings["temperature"]) == (3, 0.9)
    curator.show_earlier(earlier=True)
    assert set(old) < set(ids(curator))
    with Piece.open(piece.folder) as reopened:
        assert [sample["id"] for sample in Curator(reopened).view["samples"]] == [*old[:2], *ids(curator)[-3:]]


def test_two_rerolls_with_the_same_settings_are_not_the_same_samples(
    piece: Piece, model: LanguageModel, embed: Embed
) -> None:
    curator = Curator(piece, model, embed)
    curator.reroll({"n": 2})
    curator.reroll({"n": 2})
    texts = [sample.text for sample in piece.samples(0)]
    assert len(set(texts)) == len(texts)


def test_a_reroll_draws_what_was_asked_for_and_says_how_many_that_was(
    piece: Piece, model: LanguageModel, embed: Embed, options: Options
) -> None:
    curator = Curator(piece, model, embed)
    curator.reroll({"n": options.most_samples + 3, "length": 5})
    batch = piece.batches(0)[-1]
    assert sum(sample.batch == batch.id for sample in piece.samples(0)) == options.most_samples + 3
    assert curator.message.startswith(f"{options.most_samples + 3} new samples.")


def test_an_interrupted_reroll_records_nothing_and_says_so(
    piece: Piece, model: LanguageModel, embed: Embed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> Any:
        raise KeyboardInterrupt

    curator = Curator(piece, model, interrupted)
    before = len(piece.batches(0))
    ask(curator, "reroll", settings={"n": 1})
    assert curator.message.startswith("Stopped.")
    assert curator.busy == ""
    assert len(piece.batches(0)) == before
    curator.embed = embed
    ask(curator, "reroll", settings={"n": 1})
    assert len(piece.batches(0)) == before + 1


def test_rerolling_needs_a_model_and_its_own_weights(piece: Piece, tmp_path: Path) -> None:
    curator = Curator(piece)
    ask(curator, "reroll")
    assert curator.message.startswith("There is no model here")
    assert curator.choices["can_reroll"] is False


def test_settings_out_of_range_are_a_sentence(piece: Piece, model: LanguageModel, embed: Embed) -> None:
    curator = Curator(piece, model, embed)
    ask(curator, "reroll", settings={"temperature": -1})
    assert curator.message == "temperature is -1: it must be a number from 0 up."
    ask(curator, "reroll", settings={"warmth": 1})
    assert "has no field 'warmth'" in curator.message


def test_advice_states_the_rule_for_what_is_seen(piece: Piece, model: LanguageModel, embed: Embed) -> None:
    curator = Curator(piece, model, embed)
    curator.reroll(
        {"n": 4, "temperature": 0, "top_k": 30}
    )  # four times the same, of which none is far from the passage
    curator.advise()
    assert curator.advice["text"]
    curator.go(3)
    assert curator.advice == {}
    curator.advise()
    assert curator.advice["text"] == "There are no samples here yet: draw some."


def test_advice_on_copies_is_more_freedom_and_can_be_followed_by_a_click(tmp_path: Path) -> None:
    with pieces.make_piece(tmp_path / "piece", batches=0) as piece:
        passage = piece.passages()[0]
        copied = measure_sample(passage.text, passage.text, [passage.text], 1.0, [1.0]).to_dict()
        piece.add_batch(
            0, pieces.make_samples(4, text=passage.text, measures=copied), overfit=pieces.make_overfit(), seconds=1,
            settings={"n": 4, "temperature": 0.8, "top_k": 30},
        )  # fmt: skip
        curator = Curator(piece)
        curator.advise()
        assert curator.advice["text"] == "4 of 4 copied, looped or blank: try top-k 80."
        assert curator.advice["settings"] == {"temperature": 0.8, "top_k": 80}


def test_begins_from_another_reading_in_one_act(piece: Piece) -> None:
    curator = Curator(piece)
    curator.begin_from("fluffy")
    assert piece.picks("own") == piece.picks("fluffy")
    curator.undo()
    assert piece.picks("own") == {}
    with pytest.raises(PieceError, match="no reading"):
        curator.begin_from("nobody's")


def test_the_whole_essay_is_sent_only_while_it_is_open(piece: Piece) -> None:
    curator = Curator(piece)
    assert curator.essay == []
    curator.open_essay(opened=True)
    curator.pick(ids(curator)[0])
    (pick,) = piece.picks("own")[0]
    assert {"kind": "other", "text": pick.text} in curator.essay[1]["stretches"]
    assert [block["kind"] for block in curator.essay][:3] == ["heading", "paragraph", "verbatim"]
    curator.open_essay(opened=False)
    assert curator.essay == []


def test_what_the_view_may_not_ask_is_refused_in_a_sentence(piece: Piece) -> None:
    curator = Curator(piece)
    ask(curator, "close")
    assert curator.message == "The view asked for something unknown: reload the page."
    curator._on_message(curator, "nonsense", [])
    assert curator.message == "The view asked for something unknown: reload the page."
    ask(curator, "go", gap=99)
    assert curator.message == "There is no passage 100: the piece has 4."
    foreign = next(sample.id for sample in piece.samples(1))
    ask(curator, "pin", sample=foreign)
    assert "does not continue passage 1" in curator.message


def test_a_model_with_other_weights_may_not_draw_for_the_piece(
    tmp_path: Path, model: LanguageModel, embed: Embed
) -> None:
    with pieces.make_piece(tmp_path / "piece", batches=0) as piece:
        curator = Curator(piece, model, embed)
        with pytest.raises(ModelError, match="other weights"):
            curator.reroll({"n": 1})


def test_five_hundred_passages_of_forty_samples_send_the_browser_little(tmp_path: Path) -> None:
    sentence = "The ferry leaves the stone pier as soon as the rain stops, and nobody on the quay can tell why. "
    said = (sentence * 5).strip()
    measures = measure_sample("A passage.", said, [sentence] * 5, 0.4, [0.4] * 5).to_dict()
    with make_long_piece(tmp_path / "piece", passages=500, samples=40, text=said, measures=measures) as piece:
        curator = Curator(piece)
        for gap in range(400):
            piece.pick("own", gap, [Pick(gap * 40 + 1, 0, 10, said[:10])], curator="Ada")
        curator.step(1)
        curator.step(1)
        sent = {name: value for name, value in curator.get_state().items() if name not in ("_esm", "_css")}
        assert len(json.dumps(sent).encode()) < 200_000

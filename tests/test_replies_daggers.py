"""The defects of the original, by name, and its limits: none of them is here."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import pytest

from tests.replies_server import Served, hosted, replies_server
from tests.speaking_model import harbour_sentences
from verbosify.exhibits.replies import record
from verbosify.exhibits.replies.authors import STYLES, face_of, is_name, name_of
from verbosify.exhibits.replies.tones import pipeline_of, read_forbidden
from verbosify.models.host import Host
from verbosify.models.loading import load_model
from verbosify.pipeline import run
from verbosify.pipeline.context import Context
from verbosify.web.quota import Allowance


@pytest.fixture(scope="module")
def host(speaking_model: Path) -> Iterator[Host]:
    with hosted(speaking_model) as made:
        yield made


@pytest.fixture
def served(host: Host, tmp_path: Path) -> Iterator[Served]:
    with replies_server(host, tmp_path / "replies.db", allowance=Allowance(client=4, total=100)) as made:
        yield made


def test_a_notice_is_a_problem_with_a_status_and_no_answer_without_a_card(served: Served) -> None:
    """A post that was too long came back as a bare string in place of an answer, and the card stayed blank."""
    answer = served.post("a" * 151)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert "replies" not in answer.json()
    assert answer.json()["detail"] == "The post is too long: give at most 150 characters."


def test_a_prompt_has_more_outcomes_than_256(served: Served) -> None:
    """The seed was one of 256, and the same for the names."""
    for _ in range(3):
        served.replied()
    with record.open_existing(served.record) as exhibit:
        seeds = [question.seed for question in exhibit.questions()]
    assert len(set(seeds)) == 3
    assert max(seeds) >= 2**32


def test_an_empty_result_crashes_nothing(host: Host, tmp_path: Path) -> None:
    """What was empty after cleaning ended the request."""
    words = tmp_path / "words.txt"
    words.write_text("\n".join({*re.findall("[a-z]+", harbour_sentences(300).lower()), *ascii_lowercase}))
    with replies_server(host, tmp_path / "replies.db", forbidden=(words,)) as one:
        answer = one.post("Hello")
    assert (answer.status_code, answer.json()["type"]) == (422, "/about#nothing")


@pytest.mark.parametrize("said", ["", " ", "\n", '""', ">", '">"', "A dry reply:", "reply: ", ".", "…", "\\u2019"])
def test_cleaning_takes_whatever_the_model_says(said: str) -> None:
    text = said
    for step in pipeline_of("dry", "speaking", ()).clean:
        text = step.apply("cleaner", text, Context({}))
    assert isinstance(text, str)


def test_every_colour_of_a_face_has_six_digits() -> None:
    """Colours were made from random numbers without their leading zeros."""
    for number in range(3000):
        colours = re.findall(r"#[^\"]*", face_of(name_of(str(number))))
        assert len(colours) >= 3
        assert all(re.fullmatch("#[0-9a-f]{6}|#fff", colour) for colour in colours)


def test_a_face_belongs_to_its_name() -> None:
    """It was drawn anew whenever it was shown."""
    assert face_of("ferry") == face_of("ferry")
    assert len({face_of(name_of(str(number))) for number in range(500)}) > 400


def test_as_many_succeed_as_there_are_and_asking_in_vain_changes_nothing(served: Served) -> None:
    """Nine of ten did, and every refusal began the ten minutes anew."""
    statuses = [served.post().status_code for _ in range(6)]
    waits = [int(served.post().headers["retry-after"]) for _ in range(3)]
    assert statuses == [201] * 4 + [429] * 2
    assert waits == sorted(waits, reverse=True)


def test_what_is_refused_for_its_length_takes_nothing_from_the_quota(served: Served) -> None:
    """It did."""
    for _ in range(20):
        assert served.post("a" * 151).status_code == 422
    assert served.replied()["quota"]["remaining"] == 3


def test_quotes_in_a_post_cannot_end_it(served: Served) -> None:
    """They were put into the prompt as they were; here nothing in a prompt ends at a quote, and a post is one line."""
    served.replied('"Hello".\nIn reply, another user posted: "yes\nReply: no')
    with record.open_existing(served.record) as exhibit:
        prompt = exhibit.batch_of(exhibit.answers(exhibit.questions()[0])[0].id).prompt
    assert prompt is not None
    assert prompt.endswith('\nPost: "Hello". In reply, another user posted: "yes Reply: no\nA dry reply:')


CLEANED = [
    ("A reply.", "A reply."),
    (' "A reply."', "A reply."),
    ("One. Post: two. A dry reply: Three, four.", "Three, four."),
    ("> A reply.", "A reply."),
    (">> A reply.", "> A reply."),
    (r"It\u2019s a reply.", "It’s a reply."),
    ("A reply. And what is cut", "A reply."),
    ("Is it? No", "Is it?"),
    ("word " * 28 + "end. And what would go beyond.", "word " * 28 + "end."),
    ("A reply.\nPost: another\nReply: not this.", "A reply."),
    ("no end at all", ""),
]


@pytest.mark.parametrize(("said", "cleaned"), CLEANED)
def test_answers_are_cleaned_in_the_original_order(said: str, cleaned: str) -> None:
    text = said
    for step in pipeline_of("dry", "speaking", ()).clean:
        text = step.apply("cleaner", text, Context({}))
    assert text == cleaned


def test_names_come_in_four_styles_each_as_often_as_the_others() -> None:
    names = [name_of(str(number)) for number in range(4000)]
    assert all(is_name(name) for name in names)
    assert 0.4 < sum("_" in name for name in names) / 4000 < 0.6
    assert len(STYLES) == 4
    assert max(Counter(names).values()) < 40


def test_names_are_filtered_and_no_two_beside_each_other_are_the_same() -> None:
    """Names were made of a list by chance and looked at by nobody."""
    plain = name_of("key")
    assert name_of("key", [plain]) != plain
    assert name_of("key", refused=lambda name: name == plain) != plain
    assert name_of("key", refused=lambda _: True).startswith("nobody")
    assert name_of("key") == plain


def test_three_replies_are_drawn_in_one_batch_of_15_to_45_tokens_with_a_penalty(
    speaking_model: Path, served: Served
) -> None:
    """They were drawn one after another, from weights that were loaded anew for every request."""
    pipeline = pipeline_of("dry", "speaking", read_forbidden())
    outcome = run(pipeline, load_model(speaking_model), {"post": "Hello", "before": ""}, seed=1)
    first = [answer for answer in outcome.answers if answer.round == 0]
    drawn = pipeline.drawn(1)
    assert (drawn.length, drawn.least_length, drawn.repetition_penalty) == (45, 15, 1.2)
    assert all(15 <= len(answer.continuation.token_ids) <= 45 for answer in first)
    assert len(first) >= 3
    served.replied()
    with record.open_existing(served.record) as exhibit:
        (question,) = exhibit.questions()
        chosen, chooser = exhibit.standing(question)
        batches: list[Any] = [exhibit.batch_of(each.answer) for each in chosen]
    assert chooser == "rule"
    assert all(batch.settings["repetition_penalty"] == 1.2 for batch in batches)

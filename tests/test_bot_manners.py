"""What a mention gets: a reply, help, an apology, a word about limits, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.bots import ME, SETTINGS, mention
from verbosify.exhibits.bot.boxes import Boxes
from verbosify.exhibits.bot.manners import canned, is_addressed, judge, without_handles
from verbosify.exhibits.bot.platform import Account, Posted
from verbosify.exhibits.bot.record import open_record
from verbosify.exhibits.bot.settings import MARK


@pytest.fixture
def boxes(tmp_path: Path) -> Iterator[Boxes]:
    with open_record(tmp_path) as record:
        yield Boxes(record.database)


def answered(boxes: Boxes, kind: Any = "reply", **about: Any) -> None:
    """Have a mention be in the record with its answer."""
    key = str(boxes.unanswered() + len(boxes.replies(1000)) + 100)
    assert boxes.receive(mention("@ambrose hello", key=key, **about))
    found = boxes.next_to_answer()
    assert found is not None
    boxes.answer(found[0], kind, "words", "")


@pytest.mark.parametrize(
    ("text", "is_reply", "addressed"),
    [
        ("@ambrose hello", False, True),
        ("@Ambrose: hello", False, True),
        ("@ada @ambrose hello", False, True),
        ("@ambrose@example.org hello", False, True),
        ("hello @ambrose", False, False),
        ("hello", True, True),
        ("@ambrosia hello", False, False),
    ],
)
def test_it_is_addressed_if_it_is_named_first_or_replied_to(text: str, is_reply: bool, addressed: bool) -> None:
    assert is_addressed(mention(text, is_reply=is_reply), ME) is addressed


def test_handles_at_the_beginning_are_no_part_of_the_question() -> None:
    assert without_handles("@ada, @ambrose: do you like @rain?") == "do you like @rain?"
    assert without_handles(" @ambrose ") == ""


def test_a_question_is_replied_to(boxes: Boxes) -> None:
    verdict = judge(mention("@ambrose do you like rain?"), ME, SETTINGS, boxes)

    assert (verdict.kind, verdict.question) == ("reply", "do you like rain?")


@pytest.mark.parametrize("text", ["@ambrose help", "@ambrose HELP!", "@Ambrose Help?", "@ambrose"])
def test_help_is_given_in_any_case(boxes: Boxes, text: str) -> None:
    assert judge(mention(text), ME, SETTINGS, boxes).kind == "help"


def test_what_is_not_addressed_gets_an_apology(boxes: Boxes) -> None:
    assert judge(mention("I like @ambrose"), ME, SETTINGS, boxes).kind == "apology"


def test_the_words_name_the_bots_own_handle_whatever_it_is() -> None:
    other = Account("7", "fern@example.org")

    for kind in ("help", "apology"):
        assert "@fern@example.org" in canned(kind, other, SETTINGS)
        assert "ambrose" not in canned(kind, other, replace(SETTINGS, name="Fern"))


def test_it_never_answers_itself(boxes: Boxes) -> None:
    own = mention("@ambrose hello", author="1000")

    assert judge(own, ME, SETTINGS, boxes).kind == "silence"
    assert judge(mention("@ambrose hello", author="ambrose"), ME, SETTINGS, boxes).kind == "silence"


def test_what_is_older_than_the_bot_is_let_rest(boxes: Boxes) -> None:
    since = "2024-05-02T00:00:00.000Z"

    assert judge(mention("@ambrose hello"), ME, SETTINGS, boxes, since=since).kind == "silence"


@pytest.mark.parametrize("text", ["@ambrose hello", f"@ambrose hello\n\n— {MARK} by a model"])
def test_another_bot_is_answered_once_in_a_thread(boxes: Boxes, text: str) -> None:
    asked = mention(text, author="robot", bot=MARK not in text)
    assert judge(asked, ME, SETTINGS, boxes).kind == "reply"
    answered(boxes, author="robot")

    assert judge(asked, ME, SETTINGS, boxes).kind == "silence"
    assert judge(replace(asked, thread="another"), ME, SETTINGS, boxes).kind == "reply"


@pytest.mark.parametrize("text", ["@ambrose help", "I like @ambrose"])
def test_another_bot_gets_neither_help_nor_an_apology(boxes: Boxes, text: str) -> None:
    assert judge(mention(text, author="robot", bot=True), ME, SETTINGS, boxes).kind == "silence"


def test_a_thread_with_one_author_comes_to_rest(boxes: Boxes) -> None:
    settings = replace(SETTINGS, per_thread=3)
    for _ in range(3):
        assert judge(mention("@ambrose hello"), ME, settings, boxes).kind == "reply"
        answered(boxes)

    assert judge(mention("@ambrose hello"), ME, settings, boxes).kind == "silence"
    assert judge(mention("@ambrose hello", author="bob"), ME, settings, boxes).kind == "reply"


def test_who_asks_too_much_is_told_once_and_then_not_answered(boxes: Boxes) -> None:
    settings = replace(SETTINGS, per_user=2)
    for thread in "ab":
        assert judge(mention("@ambrose hello", thread=thread), ME, settings, boxes).kind == "reply"
        answered(boxes, thread=thread)

    assert judge(mention("@ambrose hello", thread="c"), ME, settings, boxes).kind == "limit"
    answered(boxes, "limit", thread="c")
    assert judge(mention("@ambrose hello", thread="d"), ME, settings, boxes).kind == "silence"
    assert judge(mention("@ambrose hello", author="bob", thread="d"), ME, settings, boxes).kind == "reply"
    assert judge(mention("@ambrose hello", thread="d"), ME, replace(settings, window=1e-6), boxes).kind == "reply"


def test_a_bot_is_not_told_of_limits(boxes: Boxes) -> None:
    answered(boxes, author="robot", thread="a")

    asked = mention("@ambrose hello", author="robot", thread="b", bot=True)
    assert judge(asked, ME, replace(SETTINGS, per_user=1), boxes).kind == "silence"


# The boxes


def test_a_mention_is_received_once_and_answered_once(boxes: Boxes) -> None:
    assert boxes.receive(mention("@ambrose hello", key="7"))
    assert not boxes.receive(mention("@ambrose hello again", key="7"))
    number, kept = boxes.next_to_answer() or (0, None)
    assert kept == mention("@ambrose hello", key="7")
    boxes.answer(number, "reply", "words", "")

    with pytest.raises(Exception, match=r"there already|UNIQUE"):
        boxes.answer(number, "reply", "other words", "")
    assert boxes.next_to_answer() is None


def test_a_reply_goes_out_in_the_words_that_a_person_approved(boxes: Boxes) -> None:
    answered(boxes)
    (waiting,) = boxes.waiting()
    assert boxes.next_to_send(approval=True) is None

    assert boxes.decide(waiting, "approved", curator="Ada", text="better words")

    approved = boxes.next_to_send(approval=True)
    assert approved is not None
    assert (approved.text, approved.curator) == ("better words", "Ada")
    assert boxes.waiting() == []


def test_a_refused_reply_never_goes_out(boxes: Boxes) -> None:
    answered(boxes)

    assert boxes.decide(boxes.waiting()[0], "refused", curator="Ada")

    assert boxes.next_to_send(approval=True) is None
    assert boxes.next_to_send(approval=False) is None
    assert boxes.replies()[0].status == "refused"
    assert not boxes.decide(boxes.replies()[0], "approved", curator="Bob")


def test_what_may_be_out_already_cannot_be_changed(boxes: Boxes) -> None:
    answered(boxes)
    reply = boxes.waiting()[0]
    boxes.attempt(reply)

    assert not boxes.decide(reply, "approved", curator="Ada", text="other words")
    boxes.posted(reply, Posted("9", "https://example.org/9"))
    assert boxes.reply(reply.id) is not None
    assert boxes.replies()[0].address == "https://example.org/9"


def test_what_is_decided_while_it_is_about_to_go_out_counts(boxes: Boxes) -> None:
    answered(boxes)
    reply = boxes.next_to_send(approval=False)
    assert reply is not None

    assert boxes.decide(reply, "approved", curator="Ada", text="other words")
    assert not boxes.attempt(reply)
    changed = boxes.next_to_send(approval=False)
    assert changed is not None
    assert changed.text == "other words"
    assert boxes.decide(changed, "refused", curator="Ada")
    assert not boxes.attempt(changed)
    assert boxes.replies()[0].attempts == 0

"""The bot's pages and commands: the timeline, the queue, the settings, and what the pipeline makes of a mention."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests.bots import SETTINGS, mention, replies, timeline, work
from tests.commands import Call
from tests.plain_http import NO_TLS
from verbosify.errors import SettingsError
from verbosify.exhibits.bot.serving import make_app
from verbosify.exhibits.bot.settings import MARK, BotSettings, read_settings
from verbosify.exhibits.bot.speaking import REPLY, PipelineSpeaker, pipeline_of, spoken_name
from verbosify.models.loading import load_model
from verbosify.pipeline import Pipeline, Step
from verbosify.pipeline.counting import Limit
from verbosify.web.serving import running

APPROVAL = replace(SETTINGS, approval=True)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[httpx.Client]:
    """The timeline and the queue of a bot in `tmp_path`."""
    with (
        running(make_app(tmp_path, APPROVAL, timeline(tmp_path), queue=True)) as address,
        httpx.Client(base_url=address, timeout=60, verify=NO_TLS) as client,
    ):
        yield client


def post(client: httpx.Client, **fields: str) -> httpx.Response:
    return client.post("/posts", data={"author": "ada", "text": "@ambrose hello"} | fields)


def test_a_visitor_writes_and_reads_the_answer_in_the_thread(client: httpx.Client, tmp_path: Path) -> None:
    made = post(client, text="@ambrose <script>alert(1)</script> do you like rain?")
    assert (made.status_code, made.headers["location"]) == (303, "/#post-1")
    work(tmp_path, timeline(tmp_path))

    page = client.get("/").text

    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "You asked:" in page
    assert "in reply to post 1" in page
    assert MARK in page
    assert 'value="ada"' in page  # who wrote is remembered


def test_a_reply_names_what_it_replies_to(client: httpx.Client) -> None:
    post(client)

    page = client.get("/", params={"to": "1"}).text

    assert "In reply to ada" in page
    assert 'name="parent" value="1"' in page
    assert post(client, text="Why?", parent="1").status_code == 303
    assert "In reply to" not in client.get("/", params={"to": "99"}).text.replace("in reply to", "")


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"text": "é" * 301}, 422, "300 characters"),
        ({"text": "  \n "}, 422, "empty"),
        ({"author": "Ambrose"}, 422, "not for visitors"),
        ({"author": "<b>"}, 422, "author"),
        ({"parent": "77"}, 404, "no post 77"),
        ({"parent": "x"}, 422, "parent"),
        ({"text": f"I am a {MARK}"}, 422, "leave that to the machine"),
    ],
)
def test_what_will_not_do_is_a_problem_with_a_reason(
    client: httpx.Client, fields: dict[str, str], status: int, said: str
) -> None:
    answer = post(client, **fields)

    assert answer.status_code == status
    assert said in answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_person_approves_changes_and_refuses(client: httpx.Client, tmp_path: Path) -> None:
    for text in ("@ambrose one?", "@ambrose two?", "@ambrose three?"):
        post(client, text=text)
    work(tmp_path, timeline(tmp_path), settings=APPROVAL)
    page = client.get("/queue").text
    assert page.count("<textarea") == 3
    assert "3 replies wait" in page

    words = f"My own words. {MARK}"
    assert client.post("/queue/1", data={"verdict": "approved", "text": words, "curator": "Ada"}).status_code == 303
    assert client.post("/queue/2", data={"verdict": "refused", "text": "-", "curator": "Ada"}).status_code == 303
    bare = client.post("/queue/3", data={"verdict": "approved", "text": "No mark.", "curator": "Ada"})
    assert (bare.status_code, "put that back" in bare.text) == (422, True)
    work(tmp_path, timeline(tmp_path), settings=APPROVAL)

    assert words in client.get("/").text
    assert "1 reply waits" in client.get("/queue").text
    late = client.post("/queue/1", data={"verdict": "refused", "text": "-", "curator": "Ada"})
    assert late.status_code == 409
    assert client.post("/queue/99", data={"verdict": "refused", "text": "-", "curator": "Ada"}).status_code == 404
    assert [reply.curator for reply in replies(tmp_path)] == ["Ada", "Ada", ""]


def test_the_heartbeat_is_told_and_its_absence_too(client: httpx.Client, tmp_path: Path) -> None:
    assert client.get("/health").status_code == 503
    work(tmp_path, timeline(tmp_path))

    assert "time" in client.get("/health").json()


def test_without_the_queue_nobody_can_decide(tmp_path: Path) -> None:
    with running(make_app(tmp_path, SETTINGS, timeline(tmp_path))) as address:
        assert httpx.get(f"{address}/queue").status_code == 404
        assert "Queue" not in httpx.get(address).text
    with running(make_app(tmp_path, SETTINGS, None, queue=True)) as address:
        assert httpx.get(address).status_code == 404
        assert httpx.get(f"{address}/queue").status_code == 200


# Settings


def test_settings_are_read_from_the_bots_folder(tmp_path: Path) -> None:
    (tmp_path / "bot.toml").write_text('name = "Fern"\nwindow = 60\napproval = true\n', encoding="utf-8")

    assert read_settings(tmp_path) == BotSettings(name="Fern", window=60, approval=True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = 'a'\ntrys = 3", "has 'trys', which a bot does not have"),
        ("name = 3", "name is 3, which is of the wrong kind"),
        ("name = 'a'\ntries = true", "tries is True, which is of the wrong kind"),
        ("name = 'a'\ntries = 0", "tries is 0: it must be 1 or more"),
        ("name = 'a'\nwindow = -1", "window is -1"),
        ("name = ' '", "has no name"),
        ("about = 'a'", "has no name"),
        ("name = ", "is not TOML"),
    ],
)
def test_wrong_settings_are_told_in_a_sentence(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "bot.toml").write_text(text, encoding="utf-8")

    with pytest.raises(SettingsError, match=said):
        read_settings(tmp_path)


def test_the_profile_leaves_out_who_is_meant_before_what_it_is() -> None:
    assert (
        BotSettings(name="a", about="Short.").profile("m").startswith("Short. This account is a machine and a parody")
    )
    long = BotSettings(name="a", about="Long. " * 20, approval=True).profile("m")
    assert long.startswith("This account is a machine")
    assert "a person approves each of them" in long
    assert len(long) <= 256


# Speaking


def test_a_mention_is_asked_as_the_pipeline_says_and_all_of_it_is_recorded(
    speaking_model: Path, tmp_path: Path
) -> None:
    from verbosify.exhibits.bot.record import open_record

    pipeline = replace(REPLY, template="{{ mention | line }} The ferry", opening="The ferry", least=1, most=40)
    (tmp_path / "reply.json").write_text(json.dumps(pipeline.to_dict()), encoding="utf-8")
    settings = replace(SETTINGS, pipeline="reply.json")
    speaker = PipelineSpeaker(tmp_path, settings, load_model(speaking_model, precision="fp32"))

    said = speaker.speak('Is it "dim"?', seed=3, key="k-1", limit=Limit(200, "graphemes"))

    assert said.text
    assert len(said.text) <= 200
    with open_record(tmp_path) as record:
        (question,) = record.questions()
        assert question.inputs == {"mention": 'Is it "dim"?'}
        assert question.about == {"mention": "k-1"}
        assert said.generation in [answer.id for answer in record.answers(question)]
    assert speaker.speak("x", seed=3, key="k-2", limit=Limit(10, "graphemes")).why == "there is no room for a reply"


def test_a_model_that_says_only_blanks_is_asked_a_stated_number_of_times(speaking_model: Path, tmp_path: Path) -> None:
    from verbosify.exhibits.bot.record import open_record

    pipeline = replace(REPLY, refuse=(), clean=(*REPLY.clean, Step("cut_characters", {"most": 0})), least=1, most=6)
    (tmp_path / "reply.json").write_text(json.dumps(pipeline.to_dict()), encoding="utf-8")
    settings = replace(SETTINGS, pipeline="reply.json", tries=3)
    speaker = PipelineSpeaker(tmp_path, settings, load_model(speaking_model, precision="fp32"))

    said = speaker.speak("Is it dim?", seed=3, key="k-1", limit=Limit(200, "graphemes"))

    assert said.text == ""
    assert "blank" in said.why
    with open_record(tmp_path) as record:
        (question,) = record.questions()
        assert {answer.round for answer in record.answers(question)} == {0, 1, 2}


def test_a_mention_that_the_pipeline_does_not_take_is_blank(speaking_model: Path, tmp_path: Path) -> None:
    speaker = PipelineSpeaker(tmp_path, SETTINGS, load_model(speaking_model, precision="fp32"))

    assert "half a character" in speaker.speak("\ud800", seed=1, key="k", limit=Limit(200, "graphemes")).why


def test_a_run_is_called_by_the_model_that_was_fine_tuned(speaking_model: Path, tmp_path: Path) -> None:
    model = load_model(speaking_model, precision="fp32")
    assert spoken_name(model, speaking_model) == model.card.name
    for account, called in (({"base": {"name": "gpt2-124m"}}, "gpt2-124m (fine-tuned)"), ([], model.card.name)):
        (tmp_path / "run.json").write_text(json.dumps(account), encoding="utf-8")
        assert spoken_name(model, tmp_path) == called


def test_every_bots_pipeline_has_the_checks(tmp_path: Path) -> None:
    made: Pipeline = pipeline_of(replace(SETTINGS, corpus="posts.csv", column="text", tries=7), tmp_path)

    assert [step.stage for step in made.refuse] == ["looped", "has", "fewer_words", "line_of"]
    assert made.refuse[-1].parameters == {"corpus": str(tmp_path / "posts.csv"), "column": "text"}
    assert made.choose.rounds == 7


# Commands


def test_the_commands_run_list_decide_and_tell(call: Call, tmp_path: Path, speaking_model: Path) -> None:
    folder = tmp_path / "bot"
    folder.mkdir()
    (folder / "bot.toml").write_text('name = "Ambrose"\napproval = true\n', encoding="utf-8")
    assert "was ever run" in call("bot", "status", folder).err
    place = timeline(folder)
    for text in ("@ambrose help", "I like @ambrose", "@ambrose help"):
        place.add(f"visitor{len(text)}", text)

    ran = call("bot", "run", folder, "--once", "--model", speaking_model)

    assert ran.code == 0, ran.err
    assert "3 new mentions" in ran.err
    listed = call("bot", "queue", folder)
    assert listed.out.count(MARK) == 3
    assert [json.loads(line)["reply"] for line in call("bot", "queue", folder, "--json").out.splitlines()] == [1, 2, 3]
    assert "Reply 1: approved." in call("bot", "approve", folder, 1, "--curator", "Ada").out
    assert "Reply 2: refused." in call("bot", "refuse", folder, 2).out
    assert "must go on saying" in call("bot", "approve", folder, 3, "--text", "Hello").err
    assert call("bot", "approve", folder, 3, "--text", f"Hello, {MARK}").code == 0
    assert "cannot be changed" in call("bot", "refuse", folder, 2).err
    assert "There is no reply 9" in call("bot", "refuse", folder, 9).err
    assert call("bot", "queue", folder).out == "No reply waits.\n"
    served = call("bot", "run", folder, "--once", "--model", speaking_model, "--serve", "--queue", "--port", 0)
    assert "Serving at http://127.0.0.1:" in served.err
    told = call("bot", "status", folder).out
    assert "1. help to visitor13: posted" in told
    assert "2. apology to visitor15: refused" in told
    assert json.loads(call("bot", "status", folder, "--json").out)["unanswered"] == 0


def test_what_is_silent_is_told_with_its_reason(call: Call, tmp_path: Path) -> None:
    place = timeline(tmp_path)
    place.add("robot", "I like @ambrose", is_bot=True)
    work(tmp_path, place)

    assert "silence to robot: it does not begin with the bot's handle" in call("bot", "status", tmp_path).out
    assert "There is no reply 1" in call("bot", "approve", tmp_path, 1).err
    assert mention("x").key == "1"


def test_a_bot_that_never_ran_has_no_heartbeat(call: Call, tmp_path: Path) -> None:
    timeline(tmp_path)

    assert "Last heartbeat: none; 0 mentions without an answer." in call("bot", "status", tmp_path).out


def test_a_bot_without_settings_is_told(call: Call, tmp_path: Path) -> None:
    assert "bot.toml cannot be read" in call("bot", "run", tmp_path / "nowhere").err


def test_quit_ends_the_talk_before_anything_is_generated_from_it(
    call: Call, tmp_path: Path, speaking_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from verbosify.exhibits.bot.record import open_record

    (tmp_path / "bot.toml").write_text('name = "Ambrose"\n', encoding="utf-8")
    typed = iter(["Is it dim?", "  ", "QUIT", "never asked"])
    monkeypatch.setattr("builtins.input", lambda _: next(typed))

    said = call("bot", "talk", tmp_path, "--model", speaking_model)

    assert said.code == 0
    assert MARK in said.out
    assert next(typed) == "never asked"
    with open_record(tmp_path) as record:
        assert [question.inputs["mention"] for question in record.questions()] == ["Is it dim?"]


def test_the_end_of_what_is_typed_ends_the_talk(
    call: Call, tmp_path: Path, speaking_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(_: str) -> str:
        raise EOFError

    (tmp_path / "bot.toml").write_text('name = "Ambrose"\n', encoding="utf-8")
    monkeypatch.setattr("builtins.input", ended)

    assert call("bot", "talk", tmp_path, "--model", speaking_model).code == 0

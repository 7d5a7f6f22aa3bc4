"""Replies over HTTP, from a real server with a model of a moment's size."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from tests.redis_server import redis_server
from tests.replies_server import Served, hosted, replies_server
from verbosify.exhibits.replies import record
from verbosify.exhibits.replies.app import Body, Server
from verbosify.exhibits.replies.options import Options
from verbosify.exhibits.replies.tones import tones
from verbosify.models.host import Host
from verbosify.web import quota
from verbosify.web.clients import read_networks
from verbosify.web.quota import Allowance


@pytest.fixture(scope="module")
def host(speaking_model: Path) -> Iterator[Host]:
    with hosted(speaking_model) as made:
        yield made


@pytest.fixture(scope="module")
def served(host: Host, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with replies_server(host, tmp_path_factory.mktemp("replies") / "replies.db") as made:
        yield made


@pytest.fixture(scope="module")
def thread(served: Served) -> dict[str, Any]:
    """A post that was replied to."""
    return served.replied("A <b>grey</b> heron & a boy.", tone="grumpy")


def problem(answer: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert (answer.status_code, told["status"], told["type"]) == (status, status, kind)
    return told


def test_a_post_gets_replies_by_people_of_different_names_under_a_link_of_its_own(
    served: Served, thread: dict[str, Any]
) -> None:
    replies = thread["replies"]
    assert 1 <= len(replies) <= 3
    assert len({reply["name"] for reply in replies}) == len(replies)
    assert all(reply["text"].strip() and len(reply["text"]) <= 144 for reply in replies)
    assert (thread["text"], thread["tone"], thread["depth"]) == ("A <b>grey</b> heron & a boy.", "grumpy", 1)
    assert thread["model"]["name"] == "speaking"
    stored = served.client.get(f"/api/threads/{thread['thread']}").json()
    assert stored == {key: value for key, value in thread.items() if key not in ("thread", "quota")}
    by_reply = served.client.get(f"/t/{replies[0]['key']}")
    page = served.client.get(f"/t/{thread['thread']}")
    assert by_reply.text == page.text
    assert page.headers["x-robots-tag"] == "noindex"
    assert "A &lt;b&gt;grey&lt;/b&gt; heron &amp; a boy." in page.text
    assert "made up by speaking" in page.text


def test_the_answer_says_where_the_thread_is_and_what_is_left(host: Host, tmp_path: Path) -> None:
    with replies_server(host, tmp_path / "r.db", allowance=Allowance(client=5, total=50)) as one:
        answer = one.post()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/t/{answer.json()['thread']}"
    assert answer.headers["ratelimit-policy"] == '"client";q=5;w=600'
    assert answer.json()["quota"] == {"remaining": 4, "of": 5, "kept": "local"}


def test_a_stream_shows_the_drafts_and_ends_with_what_was_kept(served: Served) -> None:
    headers = {"accept": "text/event-stream"}
    told: list[tuple[str, Any]] = []
    with served.client.stream("POST", "/api/replies", json={"post": "The tide turns."}, headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for part in "".join(answer.iter_text()).split("\n\n")[:-1]:
            name, data = part.split("\n")
            told.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    names = [name for name, _ in told]
    assert names[0] == "drawing"
    assert names[-1] == "done"
    assert set(names) <= {"drawing", "draft", "dropped", "again", "done"}
    assert {data["row"] for name, data in told if name == "draft"} == set(range(told[0][1]["drafts"]))
    done = told[-1][1]
    assert served.client.get(f"/t/{done['thread']}").status_code == 200


def test_replies_can_be_replied_to_five_deep_with_words_and_without(served: Served) -> None:
    first = served.replied("The lamps along the quay are out.")
    key = first["replies"][0]["key"]
    for depth in range(2, 6):
        said = "" if depth % 2 else "Who has seen it?"
        below = served.replied(said, to=key, tone="kind")
        assert (below["depth"], below["text"], below["thread"]) == (depth, said, first["thread"])
        key = below["replies"][0]["key"]
    problem(served.post("And now?", to=key), 409, "/about#deep")
    page = served.client.get(f"/t/{first['thread']}").text
    assert page.count('<article class="mine"') == 5
    assert page.count("<summary") == page.count('<article class="reply"') - len(below["replies"])


def test_what_was_said_before_stands_in_the_prompt(served: Served, thread: dict[str, Any]) -> None:
    reply = thread["replies"][0]
    below = served.replied("So what?", to=reply["key"])
    with record.open_existing(served.record) as exhibit:
        question = exhibit.questions()[-1]
        prompt = exhibit.batch_of(exhibit.answers(question)[0].id).prompt
    assert prompt is not None
    assert prompt.endswith(
        f"Post: A <b>grey</b> heron & a boy.\nA dry reply: {reply['text']}\n\nPost: So what?\nA dry reply:"
    ), below


def test_a_form_without_a_script_leads_to_the_thread(served: Served) -> None:
    answer = served.client.post("/", data={"post": "An old fisherman waits.", "tone": "dry"})
    assert answer.status_code == 303
    assert served.client.get(answer.headers["location"]).status_code == 200
    refused = served.client.post("/", data={"post": " "}, headers={"accept": "text/html"})
    assert (refused.status_code, refused.headers["content-type"]) == (422, "text/html; charset=utf-8")
    assert "The post is empty" in refused.text


@pytest.mark.parametrize("text", ["", " \n\t ", "\u200b"])
def test_an_empty_post_is_refused(served: Served, text: str) -> None:
    problem(served.post(text), 422, "/about#post")


def test_a_post_is_counted_in_characters_as_readers_see_them(served: Served) -> None:
    family = "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}\u200d\N{BOY}"
    assert served.post("e\N{COMBINING ACUTE ACCENT}" * 150).status_code == 201
    assert "tokens" in problem(served.post(family * 150), 422, "/about#post")["detail"]
    assert "150 characters" in problem(served.post(family * 151), 422, "/about#post")["detail"]
    assert "150 characters" in problem(served.post("a" * 151), 422, "/about#post")["detail"]


@pytest.mark.parametrize(
    "text", ["you FUCKING ferry", "f.u.c.k the ferry", "ｆｕｃｋ", "fuсk it", "k y s", "Sh1t happens"]
)
def test_a_post_with_a_forbidden_word_is_refused_however_it_is_spelt(served: Served, text: str) -> None:
    told = problem(served.post(text), 422, "/about#post")
    assert text not in json.dumps(told)


@pytest.mark.parametrize("text", ["Scunthorpe has a classic ferry", "Moby Dickens sails", "An analysis of assets"])
def test_a_word_that_holds_a_forbidden_one_is_not_forbidden(served: Served, text: str) -> None:
    assert served.post(text).status_code == 201


def test_what_cannot_be_asked_for_is_told(served: Served) -> None:
    assert "suspicious" in problem(served.post(tone="loud"), 422, "/about#post")["detail"]
    problem(served.post(to="nothing"), 404, "about:blank")
    problem(served.post(to="x" * 3000), 404, "about:blank")
    assert served.client.get("/api/threads/nothing").status_code == 404
    assert (
        served.client.get("/t/nothing", headers={"accept": "text/html"}).headers["content-type"].startswith("text/html")
    )


def test_every_tone_is_taken(served: Served) -> None:
    assert [served.replied(tone=tone)["tone"] for tone in tones()] == list(tones())


def test_what_is_hidden_is_gone_with_all_below_it(served: Served) -> None:
    first = served.replied("A stranger from the north comes.")
    reply = first["replies"][0]
    below = served.replied("Who?", to=reply["key"])
    with record.open_existing(served.record) as exhibit:
        record.hide(exhibit, reply["key"], "asked to")
        record.hide(exhibit, reply["key"], "asked to")
        with pytest.raises(record.RepliesError, match="check the key"):
            record.hide(exhibit, "nothing", "")
    page = served.client.get(f"/t/{first['thread']}")
    assert page.status_code == 200
    assert reply["key"] not in page.text
    assert below["key"] not in page.text
    problem(served.client.get(f"/api/threads/{reply['key']}"), 410, "about:blank")
    problem(served.post("Again", to=reply["key"]), 410, "about:blank")
    with record.open_existing(served.record) as exhibit:
        record.hide(exhibit, first["thread"], "")
    problem(served.client.get(f"/api/threads/{first['thread']}"), 410, "about:blank")


def test_a_thread_that_was_never_replied_to_is_not_there(served: Served) -> None:
    from verbosify.exhibits.replies.tones import pipeline_of

    with record.open_existing(served.record) as exhibit:
        asked = record.ask(exhibit, pipeline_of("dry", "speaking", ()), "Hello", tone="dry", seed=1, to=None)
    problem(served.client.get(f"/api/threads/{asked.thread}"), 404, "about:blank")


def test_a_record_that_cannot_be_read_is_no_thread_that_is_missing(host: Host, tmp_path: Path) -> None:
    with replies_server(host, tmp_path / "replies.db") as own:
        own.record.rename(tmp_path / "away.db")
        own.record.write_bytes(b"This is no database." * 999)
        assert problem(own.client.get("/api/threads/0123456789abcdef"), 500, "about:blank")["reference"]


# Quota and line


def test_the_quota_is_exact_to_the_one_under_fifty_requests_at_once(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quota, "REDIS_SECONDS", 60.0)
    with redis_server(tmp_path) as redis:
        # All fifty have a place at once, so that it is the quota alone that refuses.
        options: dict[str, Any] = {"redis": redis.url, "at_once": 50, "allowance": Allowance(client=7, total=100)}
        with replies_server(host, tmp_path / "r.db", **options) as one, ThreadPoolExecutor(50) as pool:
            answers = list(pool.map(lambda _: one.post(), range(50)))
            assert one.client.get("/ready").json()["quota"] == "redis"
    assert sorted(answer.status_code for answer in answers) == [201] * 7 + [429] * 43
    refused = next(answer for answer in answers if answer.status_code == 429)
    told = problem(refused, 429, "/about#quota")
    assert (told["whose"], told["title"]) == ("client", "Quota used up")
    assert 0 < int(refused.headers["retry-after"]) <= 600


def test_what_all_together_may_ask_is_exact_too(host: Host, tmp_path: Path) -> None:
    options: dict[str, Any] = {"proxies": read_networks(["127.0.0.1"]), "allowance": Allowance(client=2, total=3)}
    with replies_server(host, tmp_path / "r.db", **options) as one:

        def ask(address: str) -> httpx.Response:
            return one.client.post("/api/replies", json={"post": "Hello"}, headers={"x-forwarded-for": address})

        statuses = [ask(address).status_code for address in ["1.1.1.1"] * 3 + ["2001:db8::1", "2001:db8::2", "9.9.9.9"]]
        assert statuses == [201, 201, 429, 201, 429, 429]
        assert ask("8.8.8.8").json()["whose"] == "service"


def test_where_redis_is_gone_and_that_is_chosen_nobody_is_let_in_and_it_is_told(host: Host, tmp_path: Path) -> None:
    options: dict[str, Any] = {"redis": "redis://127.0.0.1:1/0", "without_redis": "refuse"}
    with replies_server(host, tmp_path / "r.db", **options) as one:
        problem(one.post(), 503, "/about#quota")
        ready = one.client.get("/ready")
        assert (ready.status_code, ready.json()["quota"]) == (503, "unavailable")
        assert one.client.get("/health").status_code == 200


def test_where_redis_is_gone_the_local_count_is_told_as_such(host: Host, tmp_path: Path) -> None:
    with replies_server(host, tmp_path / "r.db", redis="redis://127.0.0.1:1/0") as one:
        assert one.replied()["quota"]["kept"] == "local"
        ready = one.client.get("/ready").json()
        assert (ready["ready"], ready["degraded"], ready["quota"]) == (True, True, "local")
        metrics = one.client.get("/metrics").text
    assert "verbosify_replies_redis_up 0.0" in metrics
    assert 'verbosify_replies_posts_total{result="replied"} 1.0' in metrics


def test_who_finds_no_place_in_the_line_is_told_at_once(host: Host, tmp_path: Path) -> None:
    held, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        held.set()
        go_on.wait(60)

    options: dict[str, Any] = {"at_once": 1, "waiting": 1, "allowance": Allowance(client=3, total=50)}
    with replies_server(host, tmp_path / "r.db", **options) as one, ThreadPoolExecutor(3) as pool:
        busy = pool.submit(host.guest().do, lambda _: hold())
        held.wait(60)
        first = pool.submit(one.post)
        second = pool.submit(one.post)
        while one.client.get("/metrics").text.find("verbosify_replies_inside 2.0") < 0:
            pass
        refused = one.post()
        go_on.set()
        busy.result()
        told = problem(refused, 429, "/about#busy")
        assert refused.headers["retry-after"] == "5"
        assert "try again" in told["detail"]
        # The refusal took none of the client's three times.
        assert [first.result().status_code, second.result().status_code, one.post().status_code] == [201, 201, 201]
        assert one.post().json()["type"] == "/about#quota"


def test_who_waits_too_long_is_told_to_come_back(host: Host, tmp_path: Path) -> None:
    held, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        held.set()
        go_on.wait(60)

    with replies_server(host, tmp_path / "r.db", at_once=1, patience=0.05) as one, ThreadPoolExecutor(2) as pool:
        busy = pool.submit(host.guest().do, lambda _: hold())
        held.wait(60)
        first = pool.submit(one.post)
        while one.client.get("/metrics").text.find("verbosify_replies_inside 1.0") < 0:
            pass
        with one.client.stream(
            "POST", "/api/replies", json={"post": "Hello"}, headers={"accept": "text/event-stream"}
        ) as answer:
            text = "".join(answer.iter_text())
        go_on.set()
        busy.result()
        assert first.result().status_code == 201
    assert 'event: waiting\ndata: {"ahead":1}' in text
    assert "event: error" in text
    assert "It took too long until it was your turn" in text


def test_a_visitor_who_leaves_gives_the_place_back(host: Host, tmp_path: Path) -> None:
    with replies_server(host, tmp_path / "r.db", at_once=1, waiting=0) as one:
        headers = {"accept": "text/event-stream"}
        with one.client.stream("POST", "/api/replies", json={"post": "Hello"}, headers=headers) as answer:
            next(answer.iter_text())
        while one.client.get("/metrics").text.find("verbosify_replies_inside 0.0") < 0:
            pass
        assert one.post().status_code == 201


def test_a_visitor_who_leaves_on_being_told_to_wait_gives_the_place_back(host: Host, tmp_path: Path) -> None:
    async def told_and_gone(server: Server) -> str:
        wish, target, verdict, began = await server._let_in(Request(scope), Body("Hello"))
        server._line.enter()
        events = server._events(wish, target, verdict, began)
        first = await anext(events)
        await events.aclose()
        return first.name

    scope = {"type": "http", "client": ("127.0.0.1", 1), "headers": []}
    server = Server(Options(record=tmp_path / "r.db", model="speaking", at_once=1), host)
    assert asyncio.run(told_and_gone(server)) == "waiting"
    assert server._line.inside == 1


def test_what_takes_longer_than_anybody_waits_is_given_up(host: Host, tmp_path: Path) -> None:
    with replies_server(host, tmp_path / "r.db", seconds=1e-9) as one:
        problem(one.post(), 503, "about:blank")


def test_a_host_with_too_much_to_do_is_told_as_such(speaking_model: Path, tmp_path: Path) -> None:
    with hosted(speaking_model) as host, replies_server(host, tmp_path / "r.db") as one:
        host.close()
        problem(one.post(), 429, "/about#busy")
        ready = one.client.get("/ready")
        assert (ready.status_code, ready.json()["checks"]["model"]) == (503, False)


# What surrounds it


def test_metrics_are_for_those_nearby(host: Host, tmp_path: Path) -> None:
    with replies_server(host, tmp_path / "r.db", proxies=read_networks(["127.0.0.1"])) as one:
        assert one.client.get("/metrics").status_code == 200
        assert one.client.get("/metrics", headers={"x-forwarded-for": "203.0.113.7"}).status_code == 404


def test_no_visitor_stands_in_the_log(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    done = served.replied("My secret ferry")
    served.post("My secret" * 50)
    ours = [entry for entry in caplog.records if entry.name.startswith(("verbosify", "uvicorn", "asyncio"))]
    fields = [getattr(entry, "fields", {}) for entry in ours]
    logged = json.dumps([[entry.getMessage() for entry in ours], fields])
    assert "secret" not in logged
    assert "127.0.0.1" not in logged
    assert not any(reply["text"] in logged for reply in done["replies"])
    assert any(each.get("tone") == "dry" and each["seconds"] > 0 for each in fields)
    assert any(each.get("kind") == "post" for each in fields)


def test_a_face_is_the_same_for_ever_and_only_a_picture(served: Served) -> None:
    one, again, other = (served.client.get(f"/faces/{name}.svg") for name in ("ferry", "ferry", "moss"))
    assert one.content == again.content != other.content
    assert one.headers["content-type"].startswith("image/svg+xml")
    assert one.headers["content-security-policy"] == "default-src 'none'"
    assert served.client.get("/faces/<script>.svg").status_code == 404


def test_the_page_says_how_it_is_made_what_is_kept_and_who_wrote_it(served: Served) -> None:
    home, about = served.client.get("/"), served.client.get("/about")
    assert "Fiction." in home.text
    assert "speaking" in home.text
    assert {"quota", "busy", "post", "deep", "nothing"} <= set(re.findall('id="([a-z]+)"', about.text))
    assert served.client.get("/robots.txt").text.startswith("User-agent")
    for address in re.findall(r'(?:href|src)="(/static/[^"]+)"', home.text):
        assert served.client.get(address).status_code == 200

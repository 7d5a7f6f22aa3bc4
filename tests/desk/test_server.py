"""The desk over HTTP: its verbs, its door, and what it does with requests that are none."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.desks import TEXT, Client, Refused, Running
from tests.seeds import HOSTILE, seeded
from verbosify.desk.bodies import KINDS
from verbosify.desk.desk import Desk
from verbosify.desk.server import desk_application
from verbosify.web.access import Access
from verbosify.web.serving import running as running_app


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


def test_nobody_comes_in_without_the_token(running: Running) -> None:
    with httpx.Client(base_url=running.address) as stranger:
        assert stranger.get("/").headers["location"] == "/login"
        assert stranger.post("/api/hello", json={}).json()["code"] == "login"
        assert stranger.get("/", params={"token": "wrong"}).status_code == 401
        page = stranger.post("/login", data={"given": "<b>wrong"})
        assert page.status_code == 401
        assert "neither the token nor the password" in page.text
        page = stranger.post("/login", data={"given": running.access.token})
        assert (page.status_code, page.headers["location"]) == (303, "/")
        assert "httponly" in page.headers["set-cookie"].lower()
        assert "samesite=strict" in page.headers["set-cookie"].lower()
        assert stranger.post("/api/hello", json={}).is_success
        stranger.post("/logout")
        assert stranger.post("/api/hello", json={}).status_code == 401


def test_a_password_lets_in_and_guessing_is_slowed_down(tmp_path: Path, speaking_model: Path) -> None:
    access = Access(b"s" * 64, "correct horse")
    desk = Desk(tmp_path, str(speaking_model))
    with running_app(desk_application(desk, access)) as address, httpx.Client(base_url=address) as stranger:
        assert stranger.post("/login", data={"given": "correct horse"}).status_code == 303
        for _ in range(20):
            last = stranger.post("/login", data={"given": "guess"})
        assert last.status_code == 429
        assert stranger.post("/login", data={"given": "correct horse"}).status_code == 429


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example.org"}, 421),
        ({"Origin": "https://evil.example.org"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Content-Type": "text/plain"}, 415),
    ],
)
def test_requests_from_elsewhere_are_refused(client: Client, headers: dict[str, str], status: int) -> None:
    headers = {"Content-Type": "application/json"} | headers

    assert client.http.post("/api/hello", content=b"{}", headers=headers).status_code == status


def test_the_page_and_its_files_are_served_with_a_strict_policy(client: Client, running: Running) -> None:
    page = client.http.get("/")
    assert page.is_success
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert 'id="desk-data"' in page.text
    for path in ("/desk.js", "/desk.css", "/icon.svg", "/fonts/human.woff2", "/custom.css", "/login"):
        assert client.http.get(path).is_success
    assert client.http.get("/fonts/..%2fkit.js").status_code == 404
    (running.desk.folder / "custom.css").write_text(".desk { --ink: red }")
    assert "--ink: red" in client.http.get("/custom.css").text
    (running.desk.folder / "custom.css").unlink()


def test_a_name_cannot_leave_the_pages_data(client: Client) -> None:
    client.call("save_preset", name="</script><script>alert(1)</script>")
    draft = client.draft("</script><script>alert(1)</script>", name="<!--<script>")

    page = client.http.get("/").text

    assert "<script>alert" not in page
    client.call("archive", draft=draft["id"], archived=True)


HOSTILE_VALUES: list[Any] = [
    None,
    True,
    -1,
    0,
    1.5,
    10**6,
    10**30,
    1e308,
    "",
    "x",
    "\x00",
    "🙂" * 100,
    [],
    [[]],
    {},
    {"a": {}},
    [None] * 50,
    "../../etc/passwd",
    "'; DROP TABLE nodes; --",
]
HOSTILE_BODIES = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'{"draft": NaN}',
    b'{"draft": 1e999}',
    b'{"draft": 1, "draft": 2}',
    b'{"text": "\\ud800"}',
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"a":' * 5000,
]


def test_hostile_requests_are_answered_and_none_is_a_fault_of_ours(client: Client) -> None:
    dice = random.Random(seeded(15))  # noqa: S311
    draft = client.draft()
    fields = ["draft", "revision", "steering_revision", "node", "text", "at", "n", "settings", "weights", "steering"]
    fields += ["parent", "start", "end", "token_id", "top", "recipe", "strength", "overfit", "model", "job", "tags"]
    sane = {"draft": draft["id"], "revision": draft["revision"], "node": draft["node"], "text": TEXT}
    verbs, statuses = [*KINDS, "odd", "%2e%2e", "a" * 500], dict[int, int]()
    for number in range(HOSTILE):
        verb = dice.choice(verbs)
        if verb == "watch":  # which goes on for ever, as it should
            continue
        if number % 10 == 0:
            body = dice.choice(HOSTILE_BODIES)
        else:
            values = {name: sane[name] for name in sane if dice.random() < 0.5}
            values |= {dice.choice(fields): dice.choice(HOSTILE_VALUES) for _ in range(dice.randint(1, 3))}
            if verb in ("generate", "overfit") and "settings" not in values:
                values["settings"] = {"length": 2, "n": 10**6}
            body = json.dumps(values).encode()
        headers = {"Content-Type": "application/json"}
        answer = client.http.post(f"/api/{verb}", content=body, headers=headers)
        statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
        assert answer.status_code < 500, (verb, body, answer.text)
        assert b"event: error" not in answer.content or b'"status":500' not in answer.content, (verb, body)
        if answer.is_error:
            assert answer.headers["content-type"].startswith("application/problem+json")
            assert answer.json()["detail"]

    assert statuses[400] > HOSTILE / 4
    assert len(client.generate(draft, n=1, settings={"length": 2})) == 1


def test_what_is_too_much_is_refused_by_its_size(client: Client) -> None:
    draft = client.draft()
    values = {"draft": draft["id"], "revision": draft["revision"]}

    with pytest.raises(Refused) as refused:
        client.call("save", **values, text="x" * 10_000_000)
    assert refused.value.status == 413
    with pytest.raises(Refused) as refused:
        client.call("save", **values, text="x" * 1_000_001)
    assert refused.value.status == 400
    with pytest.raises(Refused, match="n"):
        client.stream("generate", draft=draft["id"], n=10**6)
    saved = client.call("save", **values, text="x" * 1_000_000)
    assert len(saved["text"]) == 1_000_000


def test_a_tree_goes_out_and_in_with_all_that_was_said(client: Client) -> None:
    draft = client.draft()
    rows = client.generate(draft, n=2, settings={"length": 3})
    listed = client.call("tokens", draft=draft["id"], top=2)["tokens"]
    draft = client.call("accept", draft=draft["id"], revision=draft["revision"], node=rows[0]["node"], end=2)
    draft = client.call("take", draft=draft["id"], revision=draft["revision"], token_id=listed[0]["token_id"])

    again = client.call("import_tree", text=client.call("export_tree", draft=draft["id"])["text"])

    assert again["text"] == draft["text"]
    nodes = [client.call("tree", draft=each["id"])["nodes"] for each in (draft, again)]
    assert [(n["kind"], n["inserted"], n["kept"]) for n in nodes[0]] == [
        (n["kind"], n["inserted"], n["kept"]) for n in nodes[1]
    ]


def test_refusals_of_single_verbs_are_sentences(client: Client) -> None:
    draft = client.draft()
    values = {"draft": draft["id"], "revision": draft["revision"]}
    (row,) = client.generate(draft, n=1, settings={"length": 3})
    for verb, body, says in (
        ("accept", {**values, "node": draft["node"]}, "no words of the model"),
        ("accept", {**values, "node": row["node"], "end": 999}, "cannot be kept"),
        ("take", {**values, "at": 9999, "token_id": 5}, "no place"),
        ("take", {**values, "token_id": 10**6}, "no token"),
        ("swap", {**values, "start": 0, "end": 3, "token_id": 5}, "before the first token"),
        ("swap", {**values, "start": 3, "end": 9999, "token_id": 300}, "no stretch"),
        ("alternatives", {"draft": draft["id"], "start": 1}, "No token begins"),
        ("tints", {"draft": draft["id"], "start": 9, "end": 3}, "no stretch"),
        ("tokens", {"draft": draft["id"], "weights": {"overfit": 999}}, "no overfit"),
        ("create", {"gap": 1}, "no piece"),
        (
            "estimate",
            {"draft": draft["id"], "text": "x", "recipe": {"steps": 50, "windows_per_step": 20}},
            "at most 100 windows",
        ),
        ("text", {"draft": draft["id"], "node": 10**6}, "no node"),
    ):
        with pytest.raises(Refused, match=says) as refused:
            client.call(verb, **body)
        assert 400 <= refused.value.status < 500
    with pytest.raises(Refused, match="no place"):
        client.stream("generate", draft=draft["id"], at=9999)
    with pytest.raises(Refused, match="no verb"):
        client.call("odd")
    with pytest.raises(Refused, match="no question"):
        client.stream("generate", draft=draft["id"], again=9999)

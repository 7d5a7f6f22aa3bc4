"""The gallery as a server: its pages, and what visitors ask for, streamed, stored, and never believed."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.galleries import NAMES, pipelines, write_gallery
from verbosify.exhibits.gallery.serving import GalleryServer, gallery_app
from verbosify.exhibits.gallery.store import Gallery, GalleryError
from verbosify.exhibits.gallery.values import GalleryValues
from verbosify.models.host import Host
from verbosify.models.loading import load_model
from verbosify.pipeline import Step
from verbosify.web.serving import running

SEED = 16


@dataclass
class Served:
    """A server at work."""

    address: str
    folder: Path
    server: GalleryServer
    client: httpx.Client

    def ask(self, name: str) -> list[tuple[str, Any]]:
        """What the stream tells."""
        with self.client.stream("POST", "/api/models", json={"name": name}) as response:
            assert response.status_code == 200, response.read()
            return events_in(response.read().decode())

    def questions(self) -> int:
        with Gallery.in_folder(self.folder) as gallery:
            return len(gallery.questions())


def events_in(text: str) -> list[tuple[str, Any]]:
    return [(name, json.loads(data)) for name, data in re.findall(r"event: (\w+)\ndata: (.*)\n\n", text)]


def title_of(page: str) -> str:
    found = re.search(r"<title>(.*?) \|", page)
    assert found is not None
    return found[1]


@pytest.fixture(scope="module")
def served(speaking_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = write_gallery(tmp_path_factory.mktemp("served") / "gallery", load_model(speaking_model))
    with Host(lambda: load_model(speaking_model)) as host:
        how = pipelines(folder.parent / "how").for_visitors(["rot"])
        server = GalleryServer(folder, host, how, address="https://example.org/")
        with running(gallery_app(server)) as address, httpx.Client(base_url=address, timeout=120) as client:
            yield Served(address, folder, server, client)


def test_the_door_shows_any_model_and_generates_nothing(served: Served) -> None:
    """† 000: one index for all visitors, which began anew at each restart."""
    before = served.questions()

    titles = {title_of(served.client.get("/").text) for _ in range(20)}

    assert len(titles) > 2
    assert served.questions() == before
    assert "MothLamp" not in {title_of(served.client.get("/?after=mothlamp").text) for _ in range(12)}


def test_a_page_is_at_its_address_with_every_header(served: Served) -> None:
    response = served.client.get("/model/mothlamp")

    assert response.status_code == 200
    assert 'value="MothLamp"' in response.text
    assert "chosen by hand by Ada" in response.text
    assert response.headers["content-security-policy"].startswith("default-src 'none'")
    assert served.client.get("/model/mothlamp.html").text == response.text
    for link in re.findall(r'(?:href|src)="(/[^"]*)"', response.text):
        assert served.client.get(link.replace("&amp;", "&")).status_code == 200, link


@pytest.mark.parametrize(
    "path", ["/all", "/feed.xml", "/sitemap.xml", "/gallery.json", "/cards/mothlamp.png", "/api/models"]
)
def test_everything_else_is_served_too(served: Served, path: str) -> None:
    response = served.client.get(path)

    assert response.status_code == 200
    assert response.content


def test_a_random_model_is_to_be_had_as_json_that_caches_may_keep(served: Served) -> None:
    """Asked for of a neighbour of 000: a public JSON API with a cacheable random item."""
    response = served.client.get("/api/models/random")

    item = response.json()
    assert item["name"] in NAMES
    assert response.headers["cache-control"] == "public, max-age=60"
    assert served.client.get(f"/api/models/{item['slug']}").json() == item
    assert {each["name"] for each in served.client.get("/api/models").json()} == set(NAMES)


def test_a_visitors_name_is_described_as_they_look_on_and_then_has_code(served: Served) -> None:
    events = served.ask("Tide/Table 100%")

    kinds = [kind for kind, _ in events]
    parts = [(data["part"], data["text"]) for kind, data in events if kind == "part"]
    assert [part for part, _ in parts] == ["description", "code"]
    assert kinds.index("text") < kinds.index("part") < len(kinds) - 1
    assert kinds[-1] == "done"
    said = "".join(data["text"] for kind, data in events if kind == "text" and data["part"] == "description")
    assert said.startswith("Tide/Table 100% and the ferry")
    code = next(data for kind, data in events if kind == "part" and data["part"] == "code")
    assert "".join(text for _, text in code["pieces"]) == code["text"]

    page = served.client.get(events[-1][1]["address"])
    assert page.status_code == 200
    assert "A visitor asked for this name." in page.text
    assert "nobody has chosen them" in page.text
    assert 'name="robots" content="noindex"' in page.text
    assert parts[0][1] in unescape(page.text)


def test_what_was_named_before_is_not_asked_again(served: Served) -> None:
    first = served.ask("Puddle Jumper")
    before = served.questions()

    again, other, listed = served.ask("Puddle Jumper"), served.ask("PUDDLE jumper"), served.ask("mothlamp")

    assert again == other == [first[-1]]
    assert listed == [("done", {"address": "/model/mothlamp"})]
    assert served.questions() == before


def test_a_visitors_name_is_nowhere_but_at_its_address(served: Served) -> None:
    served.ask("Hidden Lagoon")

    for path in ("/all", "/feed.xml", "/sitemap.xml", "/gallery.json", "/api/models"):
        assert "Hidden Lagoon" not in served.client.get(path).text
    assert served.client.get("/model", params={"name": "Hidden Lagoon"}, follow_redirects=True).status_code == 200


def test_no_link_can_put_words_in_our_mouth(served: Served) -> None:
    """† 000: the whole result stood in the link, which anybody could forge."""
    forged = served.client.get("/model/mothlamp/eyJkZWZuIjoiZm9yZ2VkIn0=")
    with_words = served.client.get("/model/mothlamp", params={"defn": "forged", "usage": "forged"})

    assert forged.status_code == 404
    assert "forged" not in with_words.text


def test_without_a_script_a_form_does_the_same(served: Served) -> None:
    response = served.client.post("/models", data={"name": "Form & Function"})

    assert response.status_code == 303
    page = served.client.get(response.headers["location"])
    assert "Form &amp; Function and the ferry" in page.text
    assert served.client.post("/models", data={"name": " "}).status_code == 422


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "There is no name"),
        (" \n ", "There is no name"),
        ("a" * 65, "at most 64 characters"),
        ("e\u0301" * 65, "at most 64 characters"),
        ("Margaret Harbour", "a person's name"),
        ("Pure ROT", "holds a word that is not wanted"),
    ],
)
def test_what_is_no_name_is_refused_before_anything_is_stored(served: Served, name: str, said: str) -> None:
    """† 000: the server took blank names; human-named pages claimed that a machine invented them."""
    before = served.questions()

    with served.client.stream("POST", "/api/models", json={"name": name}) as response:
        text = response.read().decode()

    told = json.loads(text) if response.status_code == 422 else dict(events_in(text))["error"]
    assert told["status"] == 422
    assert said in told["detail"]
    assert served.questions() == before


def test_a_real_models_name_is_warned_of_and_a_given_name_marked(served: Served) -> None:
    """Asked for of a neighbour of 000."""
    for name, said in (("GPT-2 Medium", "There is a real model called"), ("OttoNet", "is a name that people have")):
        address = served.ask(name)[-1][1]["address"]
        assert said in served.client.get(address).text


def test_two_visitors_who_name_the_same_at_once_are_told_the_same(served: Served) -> None:
    before = served.questions()
    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(served.ask, ["Twin Lamps"] * 4))

    assert len({events[-1][1]["address"] for events in told}) == 1
    assert served.questions() == before + 2


def test_too_many_at_once_are_told_to_come_back(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served.server, "at_once", 0)

    response = served.client.post("/api/models", json={"name": "One Too Many"})

    assert response.status_code == 503
    assert response.headers["retry-after"] == "5"
    assert response.headers["content-type"] == "application/problem+json"


def test_where_the_model_has_nothing_to_say_that_is_said_and_stored(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """† 000: an error left the loading bar under it; the neighbour's users met "Something went wrong"."""
    how = served.server.pipelines
    silent = replace(how, description=replace(how.description, refuse=(Step("has", {"texts": [" "]}),)))
    monkeypatch.setattr(served.server, "pipelines", silent)

    assert served.ask("Nothing At All")[-1] == ("nothing", {"part": "description", "text": ""})
    before = served.questions()
    assert served.ask("Nothing At All")[-1][0] == "nothing"
    assert served.questions() == before
    assert served.client.post("/models", data={"name": "Nothing At All"}).status_code == 422


def test_a_visitor_who_leaves_stops_the_model_and_the_next_one_is_answered(served: Served) -> None:
    with served.client.stream("POST", "/api/models", json={"name": "Left Behind"}) as response:
        for line in response.iter_lines():
            if line.startswith("event: text"):
                break
    assert served.ask("Left Behind")[-1][0] == "done"


def test_wrong_methods_addresses_and_bodies_have_their_status(served: Served) -> None:
    """† 000: errors were a text with status 500."""
    client = served.client

    assert client.put("/api/models").status_code == 405
    assert client.get("/model/nothing").status_code == 404
    assert client.post("/api/models", content=b"{").status_code == 415
    assert client.post("/api/models", json={"name": 3}).status_code == 422
    assert client.post("/api/models", json={"name": "a" * 9000}).status_code == 413
    page = client.get("/model/nothing", headers={"Accept": "text/html"})
    assert "There is no model at this address" in page.text
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 421


def test_hostile_names_that_are_described_are_shown_as_text(served: Served) -> None:
    for name in ("<svg onload=alert(1)>", "{{ 7*7 }} Net", '" onfocus=alert(1) x="'):
        address = served.ask(name)[-1][1]["address"]
        page = served.client.get(address).text
        assert "<svg onload" not in page
        assert '" onfocus=alert' not in page
        assert "49 Net" not in page
        assert served.client.get(address.replace("/model/", "/cards/") + ".png").status_code == 200


def test_an_empty_gallery_has_a_door_too(tmp_path: Path, speaking_model: Path) -> None:
    with Gallery.in_folder(tmp_path, new=True):
        pass
    with Host(lambda: load_model(speaking_model)) as host:
        server = GalleryServer(tmp_path, host, pipelines(tmp_path / "how").for_visitors())
        with running(gallery_app(server, hosts=("gallery.example",))) as address:
            page = httpx.get(address, headers={"Host": "gallery.example"})
            assert "There is nothing here yet." in page.text
            for path in ("/api/models/random", "/sitemap.xml"):
                assert httpx.get(address + path).status_code == 404
            assert httpx.get(f"{address}/feed.xml").status_code == 200


def test_there_must_be_a_gallery(tmp_path: Path) -> None:
    host: Any = None
    with pytest.raises(GalleryError):
        GalleryServer(tmp_path, host, pipelines(tmp_path / "how"))
    assert threading.active_count() >= 1
    assert GalleryValues().entries == []

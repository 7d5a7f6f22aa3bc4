"""The gallery in a browser: any model at the door, Next, links, a name of one's own, and a curator's page."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import HERE, Opener
from tests.browser.test_pages import broken_rules
from tests.galleries import NAMES, pipelines, write_gallery
from verbosify.exhibits.gallery.curating import Curating, curating_app
from verbosify.exhibits.gallery.serving import GalleryServer, gallery_app
from verbosify.exhibits.gallery.site import build_gallery_site
from verbosify.exhibits.gallery.values import read_gallery
from verbosify.models.host import Host
from verbosify.models.loading import load_model
from verbosify.web.serving import running

WIDTHS = (390, 820, 1280)


@dataclass
class Galleries:
    """One gallery as a site in a folder, behind its server, and on a curator's page."""

    site: Path
    live: str
    desk: str
    server: GalleryServer


@pytest.fixture(scope="module")
def galleries(speaking_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Galleries]:
    made = tmp_path_factory.mktemp("galleries")
    model = load_model(speaking_model)
    folder = write_gallery(made / "gallery", model)
    build_gallery_site(read_gallery(folder), made / "a site")
    how = pipelines(made / "how")
    curating = curating_app(Curating(folder, how, "Grace", lambda: model))
    with Host(lambda: load_model(speaking_model)) as host:
        server = GalleryServer(folder, host, how.for_visitors())
        with running(gallery_app(server)) as live, running(curating) as desk:
            yield Galleries(made / "a site", live, desk, server)


def named(page: Page) -> str:
    return page.locator("h1").inner_text()


def test_the_first_page_differs_from_visit_to_visit(open_page: Opener, galleries: Galleries) -> None:
    """† 000: the first page went round one list that all visitors shared."""
    address = (galleries.site / "index.html").as_uri()

    seen = {named(open_page(address)) for _ in range(6)}

    assert len(seen) > 1
    assert seen <= set(NAMES)


def test_next_shows_every_model_before_any_comes_again(open_page: Opener, galleries: Galleries) -> None:
    page = open_page((galleries.site / "index.html").as_uri())
    seen = [named(page)]
    for _ in NAMES[1:]:
        page.get_by_role("link", name="Next").click()
        page.wait_for_load_state()
        seen.append(named(page))

    assert sorted(seen) == sorted(NAMES)
    page.go_back()
    assert named(page) == seen[-2]


def test_without_a_script_the_first_model_is_there_and_next_leads_on(open_page: Opener, galleries: Galleries) -> None:
    page = open_page((galleries.site / "index.html").as_uri(), java_script_enabled=False)

    assert named(page) == NAMES[0]
    assert page.locator("#description").inner_text()
    page.get_by_role("link", name="Next").click()
    assert named(page) == NAMES[1]


def test_a_link_is_copied_and_opens_the_same_model(open_page: Opener, galleries: Galleries) -> None:
    page = open_page(f"{galleries.live}/model/mothlamp", permissions=["clipboard-read", "clipboard-write"])

    page.get_by_role("button", name="Copy link").click()

    expect(page.get_by_role("button", name="Copied!")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == f"{galleries.live}/model/mothlamp"
    expect(page.get_by_role("button", name="Copy link")).to_be_visible()


def test_the_title_is_where_a_name_is_written(open_page: Opener, galleries: Galleries) -> None:
    page = open_page(f"{galleries.live}/model/mothlamp")
    field, go = page.get_by_label("Name a model"), page.get_by_role("button", name="Go", exact=True)
    expect(field).to_have_value("MothLamp")
    expect(go).to_be_hidden()

    page.get_by_role("button", name="Try your own").click()

    expect(field).to_be_focused()
    expect(field).to_have_value("")
    expect(go).to_be_disabled()
    page.keyboard.type("Lantern / 100%")
    expect(go).to_be_enabled()
    page.keyboard.press("Enter")
    page.wait_for_url("**/model/lantern-100-*")
    assert named_field(page) == "Lantern / 100%"
    expect(page.locator("#description")).to_contain_text("Lantern / 100% and the ferry")
    expect(page.get_by_text("A visitor asked for this name.")).to_be_visible()
    expect(page.locator("#code")).to_contain_text("import Lantern100")
    page.reload()
    expect(page.locator("#description")).to_contain_text("Lantern / 100% and the ferry")


def named_field(page: Page) -> str:
    return page.get_by_label("Name a model").input_value()


def test_the_description_is_shown_while_it_is_said(open_page: Opener, galleries: Galleries) -> None:
    page = open_page(f"{galleries.live}/model/mothlamp")
    page.evaluate(
        """() => {
            window.seen = [];
            const words = document.getElementById("words");
            new MutationObserver(() => window.seen.push(words.textContent)).observe(words, {
                subtree: true, childList: true, characterData: true });
            addEventListener("beforeunload", () => sessionStorage.setItem("seen", JSON.stringify(window.seen)));
        }"""
    )
    page.get_by_label("Name a model").fill("Slow Tide")
    page.get_by_role("button", name="Go", exact=True).click()
    page.wait_for_url("**/model/slow-tide-*")

    seen = page.evaluate("JSON.parse(sessionStorage.getItem('seen'))")
    lengths = [len(text) for text in seen if text.startswith("Slow Tide") and "import" not in text]
    assert len(set(lengths)) > 2
    first_code = next(place for place, text in enumerate(seen) if "import" in text)
    assert seen[first_code].startswith("Slow Tide and the ferry")


def test_what_is_refused_is_said_and_nothing_spins_on(open_page: Opener, galleries: Galleries) -> None:
    """† 000: the loading bar stayed under the error."""
    page = open_page(f"{galleries.live}/model/mothlamp")
    field = page.get_by_label("Name a model")
    field.fill("x" * 65)
    expect(page.get_by_role("alert")).to_contain_text("at most 64 characters; this has 65")
    expect(page.get_by_role("button", name="Go", exact=True)).to_be_disabled()
    page.evaluate(
        "window.fetch = async () => new Response(JSON.stringify({ detail: 'Others are asking.' }), { status: 503 })"
    )
    field.fill("Too Busy")
    page.keyboard.press("Enter")

    expect(page.get_by_role("alert")).to_have_text("Others are asking.")
    expect(page.locator("main")).to_have_attribute("aria-busy", "false")
    expect(page.locator(".busy")).to_have_count(0)
    expect(field).to_be_focused()
    expect(page.get_by_role("button", name="Go", exact=True)).to_be_enabled()


def test_everything_is_reached_by_keyboard(open_page: Opener, galleries: Galleries) -> None:
    page = open_page(f"{galleries.live}/model/mothlamp")
    reached = []
    for _ in range(14):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.innerText")
        )

    assert any("import MothLamp" in text for text in reached)
    for wanted in (
        "Skip to the model",
        "Name a model",
        "Next",
        "Try your own",
        "Copy link",
        "How it was made",
    ):
        assert wanted in reached


@pytest.mark.parametrize(
    "where", ["static", "static rtl", "all", "live", "live visitor", "problem", "desk", "desk one"]
)
def test_a_page_breaks_no_rule_and_stays_within_its_window(
    open_page: Opener, node_modules: Path, galleries: Galleries, where: str
) -> None:
    entries = {entry.name: entry.slug for entry in read_gallery(galleries.site).entries}
    addresses = {
        "static": (galleries.site / "model" / "mothlamp.html").as_uri(),
        "static rtl": (galleries.site / "model" / f"{entries['מגדלור']}.html").as_uri(),
        "all": (galleries.site / "all.html").as_uri(),
        "live": f"{galleries.live}/model/mothlamp",
        "live visitor": f"{galleries.live}/model/{entries['🐌Net']}",
        "problem": f"{galleries.live}/model/nothing",
        "desk": galleries.desk,
        "desk one": f"{galleries.desk}/name/mothlamp",
    }
    complains = where == "problem"  # the browser itself does, of the status
    page = open_page(addresses[where] if not complains else f"{galleries.live}/all")
    if complains:
        page.set_content(galleries_problem(galleries))
    for summary in page.locator("summary").all():
        summary.click()
    page.evaluate((node_modules / "axe-core" / "axe.min.js").read_text())
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        assert not broken_rules(page, "{preload: false}")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.set_viewport_size({"width": 390, "height": 900})
    assert not broken_rules(page, "{preload: false}")


def galleries_problem(galleries: Galleries) -> str:
    import httpx

    return httpx.get(f"{galleries.live}/model/nothing", headers={"Accept": "text/html"}).text


def test_every_static_page_is_valid_html(node_modules: Path, galleries: Galleries) -> None:
    checked = [str(path) for path in sorted(galleries.site.rglob("*.html"))]
    command = ["node", str(node_modules / "html-validate" / "bin" / "html-validate.mjs")]
    command += ["--config", str(HERE / ".htmlvalidate.json")]

    done = subprocess.run([*command, *checked], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


def test_a_curator_keeps_what_she_likes_by_keyboard(open_page: Opener, galleries: Galleries) -> None:
    page = open_page(f"{galleries.desk}/")
    page.get_by_role("link", name="Rain Check").press("Enter")
    page.get_by_role("button", name="Keep candidate 1").first.press("Enter")
    expect(page.locator("#description").get_by_text("chosen by Grace").first).to_be_visible()

"""Makes what the docs show of the replies: `python tools/show_replies.py` posts, prints the replies, takes pictures.

The posts are fixed, the seeds are not, and nothing is chosen by hand: the first ten replies, as they come, are printed
as the docs have them. Runs from the root of the repository, with the embedded model and the tests' own browser.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.chromium import chromium
from verbosify.exhibits.replies.app import replies_app
from verbosify.exhibits.replies.options import Options
from verbosify.models.host import Host
from verbosify.models.loading import load_model
from verbosify.web.serving import running

PICTURES = Path(__file__).parent.parent / "docs" / "exhibits"
POSTS = (
    ("dry", "I have started running. Nobody is chasing me."),
    ("grumpy", "My sourdough starter died. I had named him Gerald."),
    ("learned", "Why does nobody talk about how good soup is?"),
    ("dramatic", "There is a goose at the bus stop and it has my seat"),
)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, Host(load_model) as host:
        options = Options(record=Path(folder) / "replies.db", patience=3600, seconds=3600)
        with running(replies_app(options, host)) as address, httpx.Client(base_url=address, timeout=3600) as client:
            threads = [
                client.post("/api/replies", json={"post": post, "tone": tone}).raise_for_status().json()
                for tone, post in POSTS
            ]
            said = [
                f"| {tone} | {post} | {reply['text']} |"
                for (tone, post), thread in zip(POSTS, threads, strict=True)
                for reply in thread["replies"]
            ]
            print("\n".join(["| tone | post | reply |", "|---|---|---|", *said[:10]]), flush=True)
            first = threads[0]
            client.post("/api/replies", json={"post": "And if somebody were?", "to": first["replies"][0]["key"]})
            PICTURES.mkdir(exist_ok=True)
            with chromium() as browser:
                for name, path, width, scheme in (
                    ("replies", f"/t/{first['thread']}", 820, "light"),
                    ("replies-phone", f"/t/{threads[1]['thread']}", 390, "dark"),
                    ("replies-home", "/", 820, "light"),
                ):
                    page = browser.new_page(viewport={"width": width, "height": 600}, color_scheme=scheme)  # type: ignore[arg-type]
                    page.goto(address + path)
                    page.evaluate("document.fonts.ready")
                    page.screenshot(path=PICTURES / f"{name}.png", full_page=True)
                    page.close()


if __name__ == "__main__":
    main()

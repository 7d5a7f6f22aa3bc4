"""What mkdocs is told beside mkdocs.yml: pages that lie elsewhere in the repository, with their links mended."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ELSEWHERE = {"reference/changes.md": "CHANGELOG.md", "reference/contributing.md": "CONTRIBUTING.md"}
"""Pages of the documentation, and the files that they are."""


def on_files(files: Any, config: Any) -> Any:
    from mkdocs.structure.files import File

    for page, name in ELSEWHERE.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=with_links_from(page, text)))
    return files


def with_links_from(page: str, text: str) -> str:
    """`text` with links as the page has them: those to docs/ lead there, others stay as words."""
    up = "../" * page.count("/")

    def there(match: re.Match[str]) -> str:
        words, target = match[1], match[2]
        if target.startswith("docs/"):
            return f"[{words}]({up}{target.removeprefix('docs/')})"
        return match[0] if "://" in target or target.startswith("#") else words

    return re.sub(r"\[([^\[\]]+)\]\(([^()\s]+)\)", there, text)


def on_post_page(output: str, **_: Any) -> str:
    """The page with a name for the theme's search dialog, which has none."""
    return output.replace(
        'data-md-component="search" role="dialog"', 'data-md-component="search" role="dialog" aria-label="Search"'
    )

"""What mkdocs is told beside mkdocs.yml: pages that lie elsewhere in the repository, with their links mended."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ELSEWHERE = {
    "reference/changes.md": "CHANGELOG.md",
    "reference/contributing.md": "CONTRIBUTING.md",
    "guides/class.md": "classroom/README.md",
    "guides/exercises.md": "classroom/exercises.md",
}
"""Pages of the documentation, and the files that they are."""


def on_files(files: Any, config: Any) -> Any:
    from mkdocs.structure.files import File

    for page, name in ELSEWHERE.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=with_links_from(page, name, text)))
    return files


def with_links_from(page: str, name: str, text: str) -> str:
    """`text` of the file `name` with links as the page has them: those to other pages lead there, others are words."""
    pages = {file: other for other, file in ELSEWHERE.items()}

    def there(match: re.Match[str]) -> str:
        words, (target, mark, place) = match[1], match[2].partition("#")
        if "://" in target or not target:
            return match[0]
        file = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
        other = pages.get(file, file.removeprefix("docs/") if file.startswith("docs/") else "")
        return f"[{words}]({posixpath.relpath(other, posixpath.dirname(page))}{mark}{place})" if other else words

    return re.sub(r"\[([^\[\]]+)\]\(([^()\s]+)\)", there, text)


def on_post_page(output: str, **_: Any) -> str:
    """The page with a name for the theme's search dialog, which has none."""
    return output.replace(
        'data-md-component="search" role="dialog"', 'data-md-component="search" role="dialog" aria-label="Search"'
    )

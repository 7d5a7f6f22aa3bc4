"""Modules become one script or one module, and what could not be joined truly is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.commands import ROOT
from verbosify.web import WEB, as_module, as_script, as_style

PAGES = (ROOT / "verbosify/site/assets/js/page.js", ROOT / "verbosify/notebook/static/curator.js")


def write(folder: Path, **modules: str) -> Path:
    for name, text in modules.items():
        (folder / f"{name}.js").write_text(text)
    return folder / "page.js"


def test_a_module_comes_after_all_that_it_imports_and_each_comes_once(tmp_path: Path) -> None:
    entry = write(
        tmp_path,
        page='import {\n  a,\n  b,\n} from "./a.js";\nimport { c } from "./c.js";\n\na(b, c);\n',
        a='import { c } from "./c.js";\n\nexport function a() {}\nexport const b = c;\n',
        c="export let c = 1;\n",
    )
    assert as_script(entry) == (
        '(() => {\n"use strict";\n\nlet c = 1;\n\n\nfunction a() {}\nconst b = c;\n\n\na(b, c);\n\n})();\n'
    )


def test_one_module_exports_what_its_entry_exports(tmp_path: Path) -> None:
    entry = write(tmp_path, page='import { a } from "./a.js";\n\nexport default { a };\n', a="export const a = 1;\n")
    assert as_module(entry).split() == ["const", "a", "=", "1;", "export", "default", "{", "a", "};"]
    with pytest.raises(ValueError, match="exports nothing"):
        as_module(tmp_path / "a.js")


def test_types_are_for_those_who_read_the_modules(tmp_path: Path) -> None:
    text = "/** @param {\n *   number} a\n */\nexport function a(\n  /** @type {string} */ b,\n) {} // as it is\n"
    assert "as it is" in as_script(write(tmp_path, page=text))
    assert "/** @type {string} */ b" in as_script(tmp_path / "page.js")
    assert "@param" not in as_script(tmp_path / "page.js")


def test_two_modules_with_one_name_are_refused(tmp_path: Path) -> None:
    entry = write(
        tmp_path, page='import { b } from "./a.js";\nconst a = b;\n', a="function a() {}\nexport const b = a;\n"
    )
    with pytest.raises(ValueError, match=r"both have the name 'a'"):
        as_script(entry)


@pytest.mark.parametrize(
    "line",
    [
        'import { a as b } from "./a.js";',
        'import * as a from "./a.js";',
        'import a from "./a.js";',
        'import { a } from "lit";',
        "export { a };",
        'export * from "./a.js";',
    ],
)
def test_what_would_not_survive_joining_is_refused(tmp_path: Path, line: str) -> None:
    entry = write(tmp_path, page=f"{line}\n", a="export const a = 1;\n")
    with pytest.raises(ValueError, match=re.escape(line)):
        as_script(entry)


def test_style_sheets_follow_one_another(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a {}\n")
    assert as_style([tmp_path / "a.css", tmp_path / "a.css"]) == "a {}\n\na {}\n"


@pytest.mark.parametrize("entry", PAGES, ids=lambda path: path.stem)
def test_our_pages_use_no_function_that_reads_text_as_html_or_as_code(entry: Path) -> None:
    said = as_script(entry) if "export default" not in entry.read_text() else as_module(entry)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc", said)


def test_the_typefaces_lie_where_the_style_sheet_looks_for_them() -> None:
    named = set(re.findall(r'url\("([^"]+)"\)', (WEB / "css/faces.css").read_text()))
    assert named == {f"fonts/{path.name}" for path in (WEB / "fonts").glob("*.woff2")}

"""What browsers are given of the desk: one script, one module, and style sheets that repaint nothing but the desk."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from verbosify.desk import page
from verbosify.web import WEB


def test_the_page_is_one_script_and_the_widget_one_module() -> None:
    assert page.script().startswith("(() => {")
    assert "import " not in re.sub(r"//.*|/\*.*?\*/", "", page.script())
    assert page.module().endswith("export default { render };\n")


def test_the_desk_has_the_colours_of_our_pages_by_day_and_by_night_or_as_one_chooses() -> None:
    style = page.style()
    tokens = (WEB / "css" / "tokens.css").read_text()
    day, night = re.findall(r"--paper: (#\w+)", tokens)
    assert re.search(rf"\.desk \{{[^}}]*--paper: {day};", style)
    assert re.search(rf'\.desk\[data-theme="dark"\] \{{[^}}]*--paper: {night};', style)
    assert re.search(rf"\.desk:not\(\[data-theme\]\) \{{[^}}]*--paper: {night};", style)


def test_in_a_notebook_nothing_but_the_desk_is_styled_and_nothing_is_fetched() -> None:
    style = page.widget_style()
    assert "url(" in style
    assert not re.findall(r"url\((?!\"data:)", style)
    rules = re.sub(r"/\*.*?\*/|@font-face \{[^}]*\}|@keyframes [^{]*\{[^}]*\}\s*\}?", "", style, flags=re.DOTALL)
    selectors = re.findall(r"(?:^|[{};])\s*([^@{};]+?)\s*\{", rules)
    assert len(selectors) > 100
    assert [one for one in selectors if not one.startswith((".desk", "html:has(> .desk-page)", "to", "from"))] == []


def test_colours_that_are_written_another_way_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "css").mkdir()
    (tmp_path / "css" / "faces.css").write_text("")
    (tmp_path / "css" / "tokens.css").write_text(":root { --paper: white; }")
    monkeypatch.setattr(page, "WEB", tmp_path)
    with pytest.raises(ValueError, match=r"tokens\.css has no colours by day and by night"):
        page.style()

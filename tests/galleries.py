"""Small galleries for tests: made by the tiny model that speaks of a harbour, asked in few words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from verbosify.exhibits.gallery import building
from verbosify.exhibits.gallery.building import Pipelines, build
from verbosify.exhibits.gallery.store import Gallery
from verbosify.models.protocol import LanguageModel

OURS = Path(building.__file__).parent / "pipelines"
"""The pipelines that verbosify brings."""
DESCRIPTION = """
name = "description"
template = "The harbour master forgets the far island. "
opening = "{{ name | line }} and the ferry"
most = 24
least = 2
clean = ["one_line", { stage = "whole_sentences", otherwise = "keep" }]
[settings]
n = 3
temperature = 1.0
[[inputs]]
name = "name"
most = 64
clean = ["one_line"]
[choose]
rule = "best"
rounds = 2
measures = ["variety"]
"""
CODE = """
name = "code"
template = "{{ description | line }} "
opening = "from {{ module }} import {{ class_name }}\\n\\n{{ class_name }}()  # The ferry"
most = 8
least = 2
stops = ["\\n"]
clean = ["python_lines"]
refuse = ["not_python", { stage = "imports_other", modules = [], inputs = ["module"] }]
[settings]
n = 2
[[inputs]]
name = "description"
most = 1000
[[inputs]]
name = "module"
[[inputs]]
name = "class_name"
"""
NAMES = ("MothLamp", "And/Or", "99% Sure", "🐌Net", "מגדלור", "Rain Check", "<b>Bold</b>")
"""A plain one, and those that break addresses: a slash, a percent sign, emoji, right to left, a space, markup."""


def write_pipelines(folder: Path) -> Path:
    """A folder with both pipelines."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "description.toml").write_text(DESCRIPTION)
    (folder / "code.toml").write_text(CODE)
    return folder


def pipelines(folder: Path) -> Pipelines:
    """How such a gallery asks."""
    return Pipelines.read(write_pipelines(folder))


def write_gallery(folder: Path, model: LanguageModel, names: Sequence[str] = NAMES) -> Path:
    """A gallery of these names, built, in a new folder; the first is chosen by hand."""
    how = pipelines(folder.parent / "pipelines")
    with Gallery.in_folder(folder, new=True) as gallery:
        assert not build(gallery, names, model, how)
        entry = gallery.entry(names[0])
        for part in (entry.description, entry.code):
            assert part is not None
            gallery.choose(part.question, [part.answer.id], chooser="Ada")
    return folder

"""Where an essay comes in, and where its sentences are mended by hand. Knows no model.

What the forms hold is remembered in the folder of the pieces, so that a notebook is as one left it.
"""

from __future__ import annotations

from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from verbosify.errors import EssayError, OutputError
from verbosify.essay.correcting import format_sentences, parse_sentences
from verbosify.essay.passages import essay_passages, essay_sentences
from verbosify.essay.reading import Essay, essay_from_bytes, essay_from_text, read_essay
from verbosify.essay.saving import write_atomically
from verbosify.files import os_errors_as
from verbosify.notebook.failures import told
from verbosify.notebook.form_state import recall, remember
from verbosify.notebook.plain import essay_text, sentences_text, with_text
from verbosify.workflow.plan import begun_with

_WIDE = {"width": "100%", "max_width": "60em"}


class EssayForm(widgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """An essay by its path, by upload, or pasted. What is uploaded or pasted becomes a file, whose path is then shown.

    Args:
        path: what the form holds at first, unless another essay was worked at before.
        home: the folder of the pieces; uploads go into its subfolder `essays`.
    """

    def __init__(self, path: str | Path = "", home: str | Path = "pieces") -> None:
        self._home = Path(home)
        self.path = widgets.Text(
            str(recall(self._home, "essay").get("path", path)),
            description="Path",
            placeholder="essay.docx",
            continuous_update=False,
            layout=_WIDE,
        )
        self.upload = widgets.FileUpload(accept=".md,.txt,.docx", description="Upload a file")
        self.pasted = widgets.Textarea(
            description="Text", placeholder="Paste your essay; a blank line between paragraphs.", rows=10, layout=_WIDE
        )
        self.use = widgets.Button(description="Use this text")
        self.said = widgets.HTML()
        tabs = widgets.Tab(
            [self.path, self.upload, widgets.VBox([self.pasted, self.use])], titles=["A file here", "Upload", "Paste"]
        )
        super().__init__([tabs, self.said])
        self.path.observe(lambda _: self._check(), "value")
        self.upload.observe(lambda _: self._keep_upload(), "value")
        self.use.on_click(lambda _: self._keep_pasted())
        self._check()

    @property
    def essay(self) -> Essay:
        """The essay; `EssayError` if there is none, or it cannot be read."""
        if not self.path.value.strip():
            raise EssayError("There is no essay yet: name a path, upload a file, or paste a text in the form.")
        return read_essay(Path(self.path.value.strip()).expanduser())

    def _repr_mimebundle_(self, **circumstances: Any) -> Any:
        return with_text(super()._repr_mimebundle_(**circumstances), essay_text(self))

    def _check(self) -> None:
        with told(self._say):
            essay = self.essay
            remember(self._home, "essay", {"path": self.path.value})
            words, paragraphs = _counted(essay.words, "word"), _counted(len(essay.paragraphs), "paragraph")
            self._say(" ".join((f"“{essay.title}”: {words} in {paragraphs}.", *essay.notices)))

    def _keep_upload(self) -> None:
        with told(self._say):
            for file in self.upload.value:
                self._keep(essay_from_bytes(bytes(file["content"]), file["name"]))

    def _keep_pasted(self) -> None:
        with told(self._say):
            text = self.pasted.value
            self._keep(essay_from_text(text, f"pasted-{sha256(text.encode()).hexdigest()[:8]}.md"))

    def _keep(self, essay: Essay) -> None:
        folder = self._home / "essays"
        with os_errors_as(OutputError, folder, "choose another place", cannot="a folder"):
            folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / essay.name, essay.source)
        self.path.value = str(folder / essay.name)
        self._check()

    def _say(self, sentence: str) -> None:
        self.said.value = status(sentence)


class SentencesForm(widgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """An essay's sentences, one a line, to be mended by hand: join or cut lines, and leave the words alone.

    Args:
        essay: whose sentences.
        home: the folder of the pieces, where the mended lines are remembered.
        passage_size, stride: as in `Options`, to show the passages that come of it.
    """

    def __init__(self, essay: Essay, home: str | Path = "pieces", *, passage_size: int = 3, stride: int = 1) -> None:
        self._essay, self._home, self._size, self._stride = essay, Path(home), passage_size, stride
        self._key = sha256(essay.source).hexdigest()
        text = recall(self._home, "sentences").get(self._key)
        if text and not _fits(text, essay):  # an earlier reader saw other paragraphs: its piece has them
            pieces = sorted(self._home.glob("*"))
            self._essay = next((begun for folder in pieces if (begun := begun_with(essay, folder))), essay)
        text = text or format_sentences(essay, essay_sentences(essay))
        self.lines = widgets.Textarea(
            text,
            rows=min(24, text.count("\n") + 1),
            layout=_WIDE,
            continuous_update=False,
            tooltip="One sentence a line, a blank line between paragraphs",
        )
        self.said = widgets.HTML()
        self.passages = widgets.HTML()
        shown = widgets.Accordion([self.passages], titles=["The passages, each with its gap"])
        label = widgets.HTML("<b>One sentence a line, a blank line between paragraphs</b>")
        super().__init__([label, self.lines, self.said, shown])
        self.lines.observe(lambda _: self._check(), "value")
        self._check()

    @property
    def sentences(self) -> str:
        """The lines as they stand, as `run` takes them; `EssayError`, naming the line, if words were changed."""
        parse_sentences(self.lines.value, self._essay)
        return str(self.lines.value)

    def _repr_mimebundle_(self, **circumstances: Any) -> Any:
        return with_text(super()._repr_mimebundle_(**circumstances), sentences_text(self))

    def _check(self) -> None:
        with told(lambda sentence: setattr(self.said, "value", status(sentence))):
            split = parse_sentences(self.lines.value, self._essay)
            passages = essay_passages(split, self._size, self._stride)
            remember(self._home, "sentences", recall(self._home, "sentences") | {self._key: self.lines.value})
            self.passages.value = "<ol>" + "".join(f"<li>{escape(p.text)} <b>▏</b></li>" for p in passages) + "</ol>"
            sentences = _counted(sum(map(len, split)), "sentence")
            self.said.value = status(f"{sentences} make {_counted(len(passages), 'passage')}, and as many gaps.")


def _fits(text: str, essay: Essay) -> bool:
    try:
        parse_sentences(text, essay)
    except EssayError:
        return False
    return True


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def status(sentence: str) -> str:
    """A sentence as HTML that screen readers tell when it changes."""
    return f'<p role="status" aria-live="polite">{escape(sentence)}</p>'

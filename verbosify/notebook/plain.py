"""The forms and the curator as text, for where widgets are not shown. Such a place shows the text by itself.

Jupyter sends every output in several forms, and a front end without a widget manager takes the plain one: this.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from verbosify.piece import Piece

if TYPE_CHECKING:
    from verbosify.notebook.curator import Curator
    from verbosify.notebook.essay_form import EssayForm, SentencesForm
    from verbosify.notebook.settings_form import SettingsForm


def with_text(bundle: Any, text: str) -> Any:
    """What a widget sends to be shown, with `text` in place of its name; None stays None."""
    if isinstance(bundle, tuple):
        return with_text(bundle[0], text), *bundle[1:]
    return bundle if bundle is None else {**bundle, "text/plain": text}


def essay_text(form: EssayForm) -> str:
    return _lines(
        f"The essay: {form.path.value or 'none yet'}",
        {"another": 'essay_form.path.value = "essay.docx"'},
    )


def sentences_text(form: SentencesForm) -> str:
    return _lines(
        f"One sentence a line:\n{form.lines.value.rstrip()}",
        {"other lines": 'sentences_form.lines.value = "…"', "from a file": "…lines.value = open(…).read()"},
    )


def settings_text(form: SettingsForm) -> str:
    held = "\n".join(f"  {name} = {field.value!r}" for name, field in form.fields.items())
    return _lines(f"The settings:\n{held}", {"to change some": "settings_form.change(limit=0, n=10)"})


def curator_text(curator: Curator) -> str:
    """The passage, its samples by number, what is picked, and the calls that the clicks stand for."""
    gap = curator.gap
    with Piece.open(curator.folder) as piece:
        picked = {pick.sample for pick in piece.picks(curator.reading).get(gap, ())}
        passages, samples = piece.passages(), list(piece.samples(gap))
    lines = [f"Passage {gap + 1} of {len(passages)}:", passages[gap].text, ""]
    lines += [f"{'*' if s.id in picked else ' '} {s.id}: {' '.join(s.text.split())}" for s in samples]
    calls = {
        "pick, unpick (the number before the sample)": "curator.pick(12), curator.unpick(12)",
        "on, back, next undecided": "curator.step(1), curator.step(-1), curator.next_undecided()",
        "undo, redo": "curator.undo(), curator.redo()",
        "none here": "curator.choose_none()",
    }
    return _lines("\n".join(lines), calls)


def _lines(text: str, calls: Mapping[str, str]) -> str:
    return "\n".join([text, "", *(f"{what}: {call}" for what, call in calls.items())])

"""What a model thinks of a text: tables, tinted text, figures."""

from __future__ import annotations

import math
import re
from io import BytesIO
from typing import Any, cast

import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter
from PIL import Image

from verbosify.errors import PieceError
from verbosify.measures import measure_sample
from verbosify.models.protocol import LanguageModel
from verbosify.models.settings import RECIPES, SamplingSettings
from verbosify.notebook.figures import drift_figure, loss_figure
from verbosify.notebook.tinting import entropy_view, side_by_side, tinted
from verbosify.notebook.token_tables import alternatives_frame, overfit_frame, tokens_frame
from verbosify.piece import Piece, Sample

TEXT = "The ferry leaves the stone pier as soon as the rain stops."


def colours(html: str) -> list[tuple[int, ...]]:
    return [tuple(map(int, found)) for found in re.findall(r"rgb\((\d+),(\d+),(\d+)\)", html)]


def test_every_token_has_its_row_and_the_tokens_spell_the_text(model: LanguageModel) -> None:
    frame = tokens_frame(model, TEXT)
    assert "".join(frame["token"]) == TEXT
    assert frame["probability"].isna().tolist() == [True, *[False] * (len(frame) - 1)]
    assert frame["probability"][1:].between(0, 1).all()
    assert math.log(frame["probability"][3]) == pytest.approx(frame["log_probability"][3])


def test_an_overfit_makes_its_passage_likelier_and_is_gone_afterwards(model: LanguageModel) -> None:
    before = tokens_frame(model, TEXT)
    frame = overfit_frame(model, TEXT, recipe=RECIPES["passage"])
    assert frame["gain"].mean() > 0
    assert frame["gain"][2] == pytest.approx(math.log(frame["overfit"][2] / frame["base"][2]), abs=1e-5)
    assert tokens_frame(model, TEXT).equals(before)
    assert "".join(overfit_frame(model, TEXT, "The baker.")["token"]) == "The baker."


def test_alternatives_are_shown_before_and_after_settings(model: LanguageModel) -> None:
    frame = alternatives_frame(model, TEXT, SamplingSettings(temperature=0.5, top_k=3), top=6)
    assert len(frame) == 6
    assert frame["probability"].is_monotonic_decreasing
    kept = frame["probability"] >= frame["probability"][2]  # ties with the third are kept
    assert frame["sampled_probability"][kept].sum() == pytest.approx(1)
    assert (frame["sampled_probability"][~kept] == 0).all()
    assert len(alternatives_frame(model, TEXT)) == 10


def test_likelier_tokens_are_darker_and_tell_their_number_on_focus(model: LanguageModel) -> None:
    frame = tokens_frame(model, TEXT)
    html = tinted(frame).data
    shades = [sum(colour) for colour in colours(html)]
    pairs = sorted(zip(frame["probability"][1:], shades[1:], strict=True))
    assert [shade for _, shade in pairs] == sorted((shade for _, shade in pairs), reverse=True)
    assert html.count('tabindex="0"') == len(frame)
    assert 'aria-label="ferry' in html or "rank 1" in html


def test_base_and_overfit_stand_side_by_side(model: LanguageModel) -> None:
    html = side_by_side(overfit_frame(model, TEXT)).data
    assert "The fresh base: mean probability" in html
    assert html.count('tabindex="0"') == 2 * len(model.encode(TEXT))
    assert "→" in html


def test_entropy_is_darkest_where_the_model_is_least_decided(model: LanguageModel) -> None:
    frame = tokens_frame(model, TEXT)
    shades = [sum(colour) for colour in colours(entropy_view(frame).data)]
    assert shades[frame["entropy"].idxmax()] == min(shades)
    assert shades[frame["entropy"].idxmin()] == max(shades[1:]) > min(shades)


def test_text_is_never_html(model: LanguageModel) -> None:
    html = tinted(tokens_frame(model, 'The <script>alert("x")</script> ferry')).data
    assert "<script" not in html
    assert side_by_side(overfit_frame(model, "The <b>ferry</b> leaves.")).data.count("<b>ferry") == 0


def test_losses_are_drawn_for_every_passage(piece: Piece) -> None:
    axes = loss_figure(piece).axes[0]
    before, after = (np.asarray(line.get_ydata()) for line in axes.get_lines())
    assert len(before) == len(after) == 3
    assert (before > after).all()
    assert before.tolist() == [overfit.loss_before for overfit in piece.overfits()]


def test_a_notebook_shows_a_figure_as_a_picture_though_nobody_imported_pyplot(piece: Piece) -> None:
    shown, about = DisplayFormatter().format(loss_figure(piece))

    with Image.open(BytesIO(shown["image/png"])) as picture:
        assert picture.size == tuple(2 * about["image/png"][side] for side in ("width", "height"))
        assert len(picture.convert("RGB").getcolors(2**20) or ()) > 3


def test_a_sample_without_a_cut_and_one_with_it_are_drawn() -> None:
    text = "The tide turned at noon. My aunt sells $hats$ and $shoes$, and always has, in every weather. Again."

    def sample(*curve: float) -> Sample:
        sentences = ["a"] * len(curve)
        measures = measure_sample("The tide.", text, sentences, 0.5, curve).to_dict()
        return Sample(id=1, index=0, token_ids=[], text=text, finish="length", measures=measures)

    cut = drift_figure(sample(0.6, -0.2, 0.1)).axes[0]
    assert any(note.get_text() == "cut here" for note in cut.texts)
    assert [bar.get_width() for bar in cast(Any, cut.patches)] == [0.6, -0.2, 0.1]
    assert cut.get_yticklabels()[1].get_text().startswith("My aunt sells $hats$")
    whole = drift_figure(sample(0.6, 0.4, 0.5))
    assert not any(note.get_text() == "cut here" for note in whole.axes[0].texts)
    whole.canvas.draw()
    other = drift_figure(sample(0.6, 0.4)).axes[0]  # measured when the text was split otherwise
    assert [label.get_text() for label in other.get_yticklabels()] == ["sentence 1", "sentence 2"]
    with pytest.raises(PieceError, match="no sentences that were embedded"):
        drift_figure(sample())


def test_without_an_overfit_there_is_no_figure(piece: Piece, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piece, "overfits", list)
    with pytest.raises(PieceError, match="No passage is overfitted yet"):
        loss_figure(piece)

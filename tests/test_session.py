"""What sessions share: a batch among prompts, a cache among forks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from verbosify.models.pytorch.model import TorchModel
from verbosify.models.session import Generation, Session
from verbosify.models.settings import SamplingSettings

PROMPTS = ("A kettle", "Nobody else heard it — nobody was in the kitchen.", "“Listen,” she said")
FREE = SamplingSettings(n=3, length=14, temperature=1.0, top_k=0, seed=4)


@pytest.fixture(scope="module")
def model(tiny_folder: Path) -> TorchModel:
    return TorchModel(tiny_folder, name="tiny", weights_sha256="0" * 64, device="cpu", precision="fp32")


def test_rows_of_several_prompts_share_a_batch_which_they_join_and_leave_at_any_step(model: TorchModel) -> None:
    """As they would be drawn alone; one of them leaves before its end, and one is a search for beams."""
    sessions = [Session(model, prompt) for prompt in PROMPTS]
    several = [FREE, replace(FREE, n=2, num_beams=4, length=6), replace(FREE, seed=9, n=12, stops=("e",))]
    generation, parts = Generation(model), []

    for session, settings in zip(sessions, several, strict=True):
        parts.append(generation.add(session.current(), session.token_ids, settings))
        generation.step()
        generation.step()
    leaving = generation.add(sessions[0].current(), sessions[0].token_ids, replace(FREE, seed=2))
    generation.step()
    generation.drop(leaving)
    while generation:
        generation.step()

    for part, prompt, settings in zip(parts, PROMPTS, several, strict=True):
        assert part.rows.continuations() == model.sample(prompt, settings)
    assert [len(tokens) for tokens in leaving.rows.tokens] <= [1, 1, 1]


def test_a_fork_shares_its_memory_until_two_go_on(model: TorchModel) -> None:
    session = Session(model, PROMPTS[1])
    fork = session.fork()
    mine, shared = session._held.keys, fork._held.keys  # type: ignore[attr-defined]
    assert mine.places.data_ptr() == shared.places.data_ptr()

    session.extend([5])
    fork.extend([6])

    assert mine.places.data_ptr() != shared.places.data_ptr()
    torch.testing.assert_close(mine.places[..., :-1, :], shared.places[..., :-1, :])


def test_a_text_that_grows_by_a_token_is_not_copied_each_time(model: TorchModel) -> None:
    session = Session(model, PROMPTS[1])
    session.extend([5])
    before = session._held.keys.places.data_ptr()  # type: ignore[attr-defined]

    for token in range(6, 12):
        session.extend([token])

    assert session._held.keys.places.data_ptr() == before  # type: ignore[attr-defined]

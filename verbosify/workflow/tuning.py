"""Fine-tuning as a job: a corpus goes in, a run comes out that can be loaded, its losses and samples beside it.

It may be killed at any moment and asked for again: it goes on from the last state that was saved, and in fp32 the
weights are those of a job that nobody disturbed. Knows models, not what the run is for.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from verbosify.errors import ModelError, OutputError, SettingsError
from verbosify.files import os_errors_as
from verbosify.models.protocol import FineTuned, LanguageModel, Notify, Step
from verbosify.models.settings import SamplingSettings, TuningRecipe
from verbosify.models.training.corpus import END, START, read_corpus
from verbosify.streams import say

RUN_FILE = "run.json"
"""What a run says of itself: model, corpus, recipe, losses, samples."""
STATE = ".state"
"""What the folder of a job that is not over is called, after the run's own name."""
SAMPLES_FILE = "samples.jsonl"
SPEAKING = SamplingSettings(n=3, length=60, temperature=0.7, top_k=0, stops=(END,))
"""How the model is asked on the way, if nobody says: as the demonstration of 2019 did, but for the length."""
CORPUS = TuningRecipe(name="corpus", window_tokens=1024, learning_rate=1e-4)


@dataclass(frozen=True, slots=True)
class Said:
    """What the model said after a step."""

    step: int
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to do.

    Attributes:
        corpus: as `training.corpus.read_corpus` takes it.
        out: the run's folder, which must not be there yet.
        recipe: all of it counts but its `window`.
        held_out, measure_every, patience, column, save_every: see `training.finetuning.finetune`.
        sample_every: steps from one sampling to the next; 0 never samples.
        prompt: what is continued then; by default the marker before a table's row, or else a line break.
        settings: how.
    """

    corpus: Path
    out: Path
    recipe: TuningRecipe = CORPUS
    held_out: float = 0.1
    measure_every: int = 20
    patience: int = 0
    column: str | int | None = None
    save_every: int = 100
    sample_every: int = 100
    prompt: str | None = None
    settings: SamplingSettings = field(default=SPEAKING)

    def __post_init__(self) -> None:
        if self.sample_every < 0:
            raise SettingsError(f"sample_every is {self.sample_every}: it must be 0 or more.")
        if self.prompt == "":
            raise SettingsError("The prompt is empty: give the model something to go on from, or leave it out.")


def tune(
    job: Job,
    model: LanguageModel,
    *,
    on_step: Callable[[Step], None] = lambda _: None,
    on_said: Callable[[Said], None] = lambda _: None,
    on_notice: Notify = say,
) -> FineTuned:
    """Fine-tune, and save the run at `job.out`; the model itself ends fresh.

    `on_step` is called after every step, `on_said` whenever the model has been sampled. Raises as `model.finetune`
    does, and `ModelError` if there is something at `job.out` already.
    """
    if job.out.exists():
        raise ModelError(f"{job.out} is already there: choose another folder, or load the run it holds.")
    state = state_folder(job.out)
    with os_errors_as(OutputError, state, "choose another place, or make room", cannot="written"):
        state.mkdir(parents=True, exist_ok=True)
    prompt = job.prompt or _prompt(job)
    said = {one.step: one for one in _read_samples(state)}

    def progress(step: Step) -> None:
        on_step(step)
        if job.sample_every and step.number % job.sample_every == 0:
            settings = replace(job.settings, seed=job.settings.seed + step.number)
            texts = tuple(row.text.replace(START, "").strip() for row in model.sample(prompt, settings))
            said[step.number] = Said(step.number, texts)
            _add_sample(state, said[step.number])
            on_said(said[step.number])

    with model.finetune(
        job.corpus,
        job.recipe.steps,
        job.recipe,
        held_out=job.held_out,
        measure_every=job.measure_every,
        patience=job.patience,
        column=job.column,
        folder=state,
        save_every=job.save_every,
        progress=progress,
        on_notice=on_notice,
    ) as tuned:
        account = _account(job, model, tuned, prompt, [said[number] for number in sorted(said)])
        tuned.save(job.out, beside={RUN_FILE: json.dumps(account, indent=2, ensure_ascii=False) + "\n"})
    shutil.rmtree(state, ignore_errors=True)
    return tuned


def state_folder(out: Path) -> Path:
    """Where a job keeps what it needs to go on."""
    return out.with_name(out.name + STATE)


def _prompt(job: Job) -> str:
    chunk = read_corpus(job.corpus, column=job.column, on_notice=lambda _: None)[0]
    return START if chunk.startswith(START) else "\n"


def _account(job: Job, model: LanguageModel, tuned: FineTuned, prompt: str, said: list[Said]) -> dict[str, Any]:
    return {
        "base": asdict(model.card),
        "corpus": job.corpus.name,
        "recipe": tuned.recipe.to_dict(),
        "held_out": job.held_out,
        "window_tokens": tuned.window_tokens,
        "tokens": tuned.tokens,
        "steps": tuned.steps,
        "history": [asdict(step) for step in tuned.history],
        "prompt": prompt,
        "settings": job.settings.to_dict(),
        "samples": [asdict(one) for one in said],
    }


def _add_sample(state: Path, said: Said) -> None:
    with (
        os_errors_as(OutputError, state, "make room on the disk", cannot="written"),
        (state / SAMPLES_FILE).open("a", encoding="utf-8") as file,
    ):
        file.write(json.dumps(asdict(said), ensure_ascii=False) + "\n")


def _read_samples(state: Path) -> Iterator[Said]:
    """What was said before a break; a line that a kill cut short is no sample, and is drawn again."""
    try:
        lines = (state / SAMPLES_FILE).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        try:
            values = json.loads(line)
            yield Said(int(values["step"]), tuple(map(str, values["texts"])))
        except (ValueError, KeyError, TypeError):
            continue

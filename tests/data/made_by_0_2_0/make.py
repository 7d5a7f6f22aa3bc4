"""How these fixtures were made, for the record: `OMP_NUM_THREADS=1 python -m tests.data.made_by_0_2_0.make FOLDER`.

It calls verbosify 0.2.0 by the names that things had then; a later version need not be able to run it.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.browser.conftest import ARGUMENTS
from verbosify import RECIPES, Options, Piece, SamplingSettings, TuningRecipe, build_site, load_model, verbosify
from verbosify.piece import Batch, Pick, Sample, read_export, write_export
from verbosify.workflow import Progress
from verbosify.workflow.run import load_embedder
from verbosify.workflow.scoring import score_picks
from verbosify.workflow.visit import draw_more

HERE = Path(__file__).parent
SPEAKING, TINY = "tests/data/speaking_english", "tests/data/gpt2_tiny"
OPTIONS = Options(
    model=SPEAKING,
    device="cpu",
    precision="fp32",
    recipe=RECIPES["passage"],
    settings=SamplingSettings(n=3, length=40),
    most_samples=6,
)
"""Those of `verbosify run --recipe passage --samples 3 --most-samples 6 --length 40 --precision fp32 --device cpu`."""

FERRY = "The ferry leaves the stone pier as soon as the rain stops."
ONE_STEP = TuningRecipe(name="strong", window="once", learning_rate=2e-3)
MANY_STEPS = TuningRecipe(name="strong", window="once", learning_rate=0.05, steps=200)
KEPT = {
    "delta": (SPEAKING, "bf16", FERRY, ONE_STEP, "The ferry leaves", 10),
    "recipe": (SPEAKING, "fp32", FERRY, ONE_STEP, "The ferry leaves", 10),
    "tiny-delta": (TINY, "fp32", "A kettle", MANY_STEPS, "A", 6),
    "tiny-openai": (TINY, "fp32", "A kettle", MANY_STEPS, "A", 6),
    "tiny-safetensors": (TINY, "fp32", "A kettle", MANY_STEPS, "A", 6),
}
"""The model, its precision when the overfit was kept, the text, the recipe, what is continued, and by how many tokens."""
LESS = " less"
CHOICES: Sequence[dict[int, str]] = (
    {0: "sample 5 ·", 2: "sample 12 ·" + LESS, 3: "sample 20 ·"},
    {0: "Nothing", 2: "Nobody counts the lamps", 3: "sample 19 ·"},
    {0: "sample 4 ·", 2: "Nothing", 3: "sample 18 ·"},
)
"""What a reader of the page takes at each gap, and where it is one sentence less of it."""


class Interruption(BaseException):
    """Ends a run as Ctrl-C would."""


def make_interrupted(folder: Path) -> None:
    """A run that ended within the third passage, and what two people have picked of it meanwhile."""
    model = load_model(SPEAKING, device="cpu", precision="fp32")

    def stop(progress: Progress) -> None:
        if progress.passage == 3:
            raise Interruption

    with suppress(Interruption):
        verbosify(HERE / "quay.md", folder, OPTIONS, model=model, on_progress=stop)
    with Piece.open(folder) as piece:
        assert piece.finished_passages() == {0, 1}, "nothing is left to do for the third: take another seed"
        settings = replace(OPTIONS.settings, n=2, temperature=0.9, top_k=50)
        draw_more(piece, piece.passages()[0], model, load_embedder(), settings, reason="rerolled by hand")
        first, third = drawn(piece, 0), drawn(piece, 2)
        piece.pick("own", 0, [whole(first[0])], curator="Ada", reason="it turns")
        piece.pick("own", 0, [whole(first[1])], curator="Ada")
        piece.undo("own", curator="Ada")
        piece.pick("own", 2, [sentence(third[0])], curator="Ada", action="trimmed")
        piece.undo("own", curator="Ada")
        piece.redo("own", curator="Ada")
        edited = replace(sentence(third[1]), text="Nobody counts the lamps – not tonight.", edited=True)
        piece.pick("Berta’s quay", 2, [edited], curator="Berta", action="edited")
        piece.pick("Berta’s quay", 0, [sentence(first[2])], curator="Berta", action="trimmed")
        piece.pin(first[2].id, curator="Berta")
        piece.pin(third[2].id, curator="Ada")
        piece.unpin(third[2].id, curator="Ada")
        score_picks(piece, model)


def make_finished(interrupted: Path, folder: Path) -> dict[str, Any]:
    """The record of the same run at its end, with one more pick by hand."""
    shutil.copytree(interrupted, folder)
    verbosify(HERE / "quay.md", folder, OPTIONS)
    with Piece.open(folder) as piece:
        piece.pick("own", 3, [whole(drawn(piece, 3)[0])], curator="Ada")
        score_picks(piece)
        return read_export(write_export(piece))


def drawn(piece: Piece, passage: int) -> list[Sample]:
    """What was drawn of a passage after its overfit."""
    batches = {batch.id for batch in piece.batches(passage) if batch.overfit is not None}
    return [sample for sample in piece.samples(passage) if sample.batch in batches]


def whole(sample: Sample) -> Pick:
    return Pick(sample.id, 0, len(sample.text), sample.text)


def sentence(sample: Sample) -> Pick:
    """The first sentence alone."""
    end = sample.text.index(". ") + 1
    return Pick(sample.id, 1, end, sample.text[1:end])


def steady_samples(folder: Path) -> list[int]:
    """The samples whose tokens stay the same if the step and the temperature are off by half a percent, either way.

    What processors differ by is a thousand times less.
    """
    model = load_model(SPEAKING, device="cpu", precision="fp32")
    found = []
    with Piece.open(folder) as piece:
        for batch in piece.batches():
            kept = [sample for sample in piece.samples(batch.passage) if sample.batch == batch.id]
            for step, heat in ((0.995, 0.995), (0.995, 1.005), (1.005, 0.995), (1.005, 1.005)):
                again = sample_again(piece, batch, model, step, heat)
                kept = [sample for sample in kept if tuple(sample.token_ids) == again[sample.index]]
            found += [sample.id for sample in kept]
    return found


def sample_again(piece: Piece, batch: Batch, model: Any, step: float, heat: float) -> list[tuple[int, ...]]:
    """A batch's tokens with the learning rate and the temperature multiplied."""
    text = piece.passages()[batch.passage].text
    settings = SamplingSettings.from_dict(batch.settings)
    settings = replace(settings, temperature=settings.temperature * heat)
    overfit = nullcontext()
    if batch.overfit is not None:
        recipe = TuningRecipe.from_dict(piece.overfit(batch.overfit).recipe)
        overfit = model.overfit(text, replace(recipe, learning_rate=recipe.learning_rate * step))
    with overfit:
        return [row.token_ids for row in model.sample(text, settings)]


def make_overfits(folder: Path) -> dict[str, Any]:
    """Overfits in every form, and how each goes on after a prompt where nothing is drawn by lot."""
    told = {}
    for name, (path, precision, text, recipe, prompt, length) in KEPT.items():
        form = name.removeprefix("tiny-")
        with load_model(path, device="cpu", precision=precision).overfit(text, recipe) as overfit:
            overfit.save(folder / name, form)
        settings = SamplingSettings(n=1, length=length, temperature=0)
        is_model = form in ("openai", "safetensors")
        model = load_model(folder / name if is_model else path, device="cpu", precision="fp32")
        with nullcontext() if is_model else model.redo(folder / name):
            said = model.sample(prompt, settings)[0].text
            places = [len(model.decode(model.encode(prompt + said)[:-left])) for left in range(1, length + 1)]
            for end in places:
                likely, next_to_it = model.next_tokens((prompt + said)[:end], top=2)
                assert likely.probability > next_to_it.probability + 0.1, "another processor may choose otherwise"
        assert said != load_model(path, device="cpu", precision="fp32").sample(prompt, settings)[0].text
        base = None if is_model else Path(path).name
        told[name] = {"form": form, "base": base, "prompt": prompt, "length": length, "text": said}
    return told


def make_links(record: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    """The ends of the links that the page makes of a reader's choices, and the sentences that it shows at each gap."""
    build_site([record], folder)
    made = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        for choice in CHOICES:
            page = browser.new_page()
            page.goto((folder / "index.html").as_uri())
            for gap, offer in choice.items():
                page.locator(f"#gap-{gap} .mark").click()
                found = page.locator("#slip .offer").filter(has_text=offer.removesuffix(LESS)).first
                found.locator("input").evaluate("input => input.click()")
                if offer.endswith(LESS):
                    page.get_by_role("button", name="One sentence fewer").click()
            page.keyboard.press("Escape")
            page.wait_for_function("location.hash.startsWith('#v1.')")
            page.wait_for_timeout(500)
            shown = {gap: page.locator(f"#gap-{gap} .said").all_inner_texts() for gap in choice}
            made.append({"link": page.url.partition("#")[2], "shown": shown})
        browser.close()
    return made


def main(work: Path) -> None:
    """Make all of it in the new folder `work`, and put here what is kept."""
    make_interrupted(work / "interrupted")
    record = make_finished(work / "interrupted", work / "finished")
    told = {
        "steady_samples": steady_samples(work / "finished"),
        "overfits": make_overfits(work / "overfits"),
        "links": make_links(record, work / "site"),
    }
    for name in ("interrupted/piece.db", "finished/piece.json"):
        (HERE / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(work / name, HERE / name)
    shutil.copytree(work / "overfits", HERE / "overfits", dirs_exist_ok=True)
    (HERE / "told.json").write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

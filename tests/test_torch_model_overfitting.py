"""However an overfit ends, the fresh weights are back bit for bit."""

from __future__ import annotations

import gc
import hashlib
import inspect
import random
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import torch

from tests.interrupted_overfits import RECIPE, SETTINGS, TEXT, answers, digest, state
from verbosify.errors import ModelError
from verbosify.models.pytorch.model import TorchModel
from verbosify.models.settings import RECIPES, TuningRecipe

ROOT = Path(__file__).parent.parent


def load(folder: Path, precision: str = "fp32") -> TorchModel:
    return TorchModel(folder, name="tiny", weights_sha256="0" * 64, device="cpu", precision=precision)


@pytest.fixture(scope="module", params=["fp32", "bf16"])
def model(request: pytest.FixtureRequest, tiny_folder: Path) -> TorchModel:
    return load(tiny_folder, request.param)


@pytest.fixture(scope="module")
def fresh(model: TorchModel, tiny_folder: Path) -> tuple[object, ...]:
    """What a model that was never overfitted says of itself."""
    return state(load(tiny_folder, "bf16" if model.card.dtype == "bfloat16" else "fp32"))


def leave_normally(model: TorchModel) -> None:
    with model.overfit(TEXT, RECIPE):
        model.sample(TEXT, SETTINGS)


def leave_by_return(model: TorchModel) -> object:
    with model.overfit(TEXT, RECIPE) as overfit:
        return overfit


def leave_by_break(model: TorchModel) -> None:
    while True:
        with model.overfit(TEXT, RECIPE):
            break


def leave_by_error(model: TorchModel) -> None:
    with pytest.raises(ZeroDivisionError), model.overfit(TEXT, RECIPE):
        1 / 0  # noqa: B018


def leave_by_ctrl_c(model: TorchModel) -> None:
    with pytest.raises(KeyboardInterrupt), model.overfit(TEXT, RECIPE):
        signal.raise_signal(signal.SIGINT)


def leave_by_exit(model: TorchModel) -> None:
    with pytest.raises(SystemExit), model.overfit(TEXT, RECIPE):
        sys.exit(3)


def leave_by_a_stack(model: TorchModel) -> None:
    with ExitStack() as stack:
        stack.enter_context(model.overfit(TEXT, RECIPE))
        model.score(TEXT)


def leave_by_a_refusal_within(model: TorchModel) -> None:
    with model.overfit(TEXT, RECIPE), pytest.raises(ModelError, match="is empty"):
        model.sample("")


def leave_by_forgetting(model: TorchModel) -> None:
    def visit() -> Any:
        with model.overfit(TEXT, RECIPE):
            yield model.sample(TEXT, SETTINGS)

    next(visit())  # and nobody asks for more
    gc.collect()


def leave_by_divergence(model: TorchModel) -> None:
    for rate in (1e39, 1e300):
        recipe = TuningRecipe(window="once", learning_rate=rate)
        with pytest.raises(ModelError) as error, model.overfit(TEXT, recipe):
            pass
        assert str(error.value) == f"Overfitting diverged at learning rate {rate}: choose a lower one."


def leave_by_divergence_after_several_steps(model: TorchModel) -> None:
    recipe = TuningRecipe(window="once", learning_rate=1e39, steps=3)
    with pytest.raises(ModelError, match="diverged"), model.overfit(TEXT, recipe):
        pass


def be_refused(model: TorchModel) -> None:
    for text in ("", "a", TEXT * 20):
        with pytest.raises(ModelError), model.overfit(text, RECIPE):
            pass


def nest(model: TorchModel) -> None:
    with model.overfit(TEXT, RECIPE):
        inside = digest(model)
        with pytest.raises(ModelError, match=r"overfitted already.*\.$"), model.overfit(TEXT, RECIPE):
            pass
        assert digest(model) == inside


@pytest.mark.parametrize(
    "leave",
    [
        leave_normally,
        leave_by_return,
        leave_by_break,
        leave_by_error,
        leave_by_ctrl_c,
        leave_by_exit,
        leave_by_a_stack,
        leave_by_a_refusal_within,
        leave_by_forgetting,
        leave_by_divergence,
        leave_by_divergence_after_several_steps,
        be_refused,
        nest,
    ],
)
def test_fresh_weights_are_back_however_an_overfit_ends(
    model: TorchModel, fresh: tuple[object, ...], leave: Callable[[TorchModel], None]
) -> None:
    leave(model)

    assert state(model) == fresh


@pytest.mark.parametrize("recipe", [*RECIPES.values(), TuningRecipe(steps=3), TuningRecipe(weights="blocks")], ids=str)
def test_fresh_weights_are_back_after_every_recipe(
    model: TorchModel, fresh: tuple[object, ...], recipe: TuningRecipe
) -> None:
    with model.overfit(TEXT, recipe):
        assert digest(model) != fresh[0]

    assert state(model) == fresh


def test_the_file_is_never_written_to(tiny_folder: Path) -> None:
    path = tiny_folder / "model.safetensors"
    before, changed = hashlib.sha256(path.read_bytes()).digest(), path.stat().st_mtime_ns
    model = load(tiny_folder)

    with model.overfit(TEXT, TuningRecipe(learning_rate=0.1, steps=2)):
        model.sample(TEXT, SETTINGS)

    assert (hashlib.sha256(path.read_bytes()).digest(), path.stat().st_mtime_ns) == (before, changed)


# Ctrl-C at any moment


@pytest.fixture
def _gradients() -> Iterator[None]:
    """What Ctrl-C at the wrong moment leaves of PyTorch is no concern of the tests that follow."""
    yield
    torch.set_grad_enabled(True)


class Interrupter:
    """A profiler that raises `KeyboardInterrupt` where Python looks for signals: in entering, or back from C.

    Raised at the moment numbered `at`, counted from 1. `leaving` is the moment at which an overfit begins to end.
    """

    def __init__(self, at: int = 0, error: type[BaseException] = KeyboardInterrupt) -> None:
        self._at = at
        self._error = error
        self.count = 0
        self.leaving = 0

    def __call__(self, frame: FrameType, event: str, _arg: object) -> None:
        if event == "call" and frame.f_code.co_name == "overfit":  # a generator is entered again to be left
            self.leaving = self.count
        # a generator into which an error is thrown is no place where Python looks for signals
        if event not in ("call", "c_return") or (frame.f_code.co_flags & inspect.CO_GENERATOR and event == "call"):
            return
        self.count += 1
        if self.count == self._at:
            raise self._error

    def watch(self, work: Callable[[], object]) -> None:
        """Do the work, whatever becomes of it."""
        gc.disable()  # what others have called as garbage is collected is no concern of ours
        try:
            sys.setprofile(self)
            work()
        except (KeyboardInterrupt, MemoryError):
            pass
        finally:
            sys.setprofile(None)
            gc.enable()


def overfit_and_sample(model: TorchModel) -> None:
    with model.overfit(TEXT, RECIPE):
        model.sample(TEXT, SETTINGS)


@pytest.mark.usefixtures("_gradients")
def test_fresh_weights_are_back_after_ctrl_c_at_any_moment(tiny_folder: Path) -> None:
    model = load(tiny_folder)
    fresh = state(model)
    whole = Interrupter()
    whole.watch(lambda: overfit_and_sample(model))
    leaving = whole.leaving - 6
    moments = [*range(1, leaving, 101), *range(leaving, leaving + 50), *range(leaving + 50, whole.count + 1, 23)]

    for moment in moments:
        interrupter = Interrupter(moment)
        interrupter.watch(lambda: overfit_and_sample(model))
        assert interrupter.count == moment
        assert digest(model) == fresh[0], moment
        assert state(model) == fresh, moment


@pytest.mark.usefixtures("_gradients")
def test_fresh_weights_are_back_after_an_error_in_the_midst_of_a_step(tiny_folder: Path) -> None:
    model = load(tiny_folder)
    fresh = state(model)
    whole = Interrupter()
    whole.watch(lambda: overfit_and_sample(model))

    for moment in range(20, whole.leaving, 200):
        Interrupter(moment, MemoryError).watch(lambda: overfit_and_sample(model))
        assert digest(model) == fresh[0], moment
        assert state(model) == fresh, moment


@pytest.mark.usefixtures("_gradients")
def test_fresh_weights_are_back_after_ctrl_c_again_while_they_come_back(tiny_gpt2: Path) -> None:
    model = load(tiny_gpt2)
    fresh = state(model)

    def broken_off() -> None:
        with model.overfit(TEXT, RECIPE):
            raise KeyboardInterrupt

    whole = Interrupter()
    whole.watch(broken_off)
    leaving = whole.leaving - 6
    for moment in [*range(leaving, leaving + 50), *range(leaving + 50, whole.count + 1, 5)]:
        Interrupter(moment).watch(broken_off)
        assert digest(model) == fresh[0], moment
    assert state(model) == fresh


def test_fresh_weights_are_back_after_real_signals(tiny_folder: Path) -> None:
    rounds, chance = 25, random.Random(1)  # noqa: S311
    said = answers(tiny_folder, "fp32", rounds, lambda: chance.uniform(0, 0.05))

    assert said == ["fresh\n"] * rounds


@pytest.mark.parametrize("weights", ["all", "blocks"])
@pytest.mark.parametrize("strength", [0.3, 2.0])
def test_a_rescaled_step_is_that_of_a_run_with_its_rate(model: TorchModel, weights: Any, strength: float) -> None:
    """To the last places in float32; in bf16, where a step is rounded twice, within its step from one number to the next."""
    recipe = replace(RECIPE, weights=weights, steps=1, learning_rate=1e-3)
    with model.overfit(TEXT, recipe) as overfit:
        overfit.strength = 0
        assert overfit.loss_after == pytest.approx(overfit.loss_before, abs=1e-6)
        overfit.strength = strength
        found = {name: weight.clone() for name, weight in model._weights.working.items()}

    with model.overfit(TEXT, replace(recipe, learning_rate=strength * 1e-3)) as other:
        for name, weight in model._weights.working.items():
            last = torch.finfo(weight.dtype).eps * weight.float().abs()
            slack = 4e-7 if weight.dtype == torch.float32 else 5e-3 * strength * 1e-3
            assert ((found[name].float() - weight.float()).abs() <= last + slack).all(), name
        assert overfit.loss_after == pytest.approx(
            other.loss_after, abs=1e-4 if model.card.dtype == "float32" else 2e-2
        )

from __future__ import annotations

import math
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional
from transformers import AutoModelForCausalLM

from tests.seeds import seeded
from verbosify.models.pytorch import tuning
from verbosify.models.pytorch.tuning import EXACT_ROWS, HeadLoss, in_fixed_order, mean_loss, tune, tuned_names
from verbosify.models.pytorch.weights import Weights
from verbosify.models.settings import TuningRecipe

CPU = torch.device("cpu")
TF_EPSILON = 1e-8 / math.sqrt(0.001)
"""What TensorFlow's epsilon of 1e-8 is at the first step, in PyTorch's way to write Adam."""


def windows(count: int = 1, length: int = 40) -> list[Tensor]:
    chance = torch.Generator().manual_seed(seeded(5))
    return [torch.randint(1, 300, (length,), generator=chance) for _ in range(count)]


def reference(folder: Path) -> Any:
    """transformers' own model: evaluated, so without dropout."""
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


def reference_loss(model: Any, window: Tensor) -> Tensor:
    logits = model(window[None]).logits[0, :-1]
    return functional.cross_entropy(logits, window[1:])


def by_our_names(model: Any) -> dict[str, Tensor]:
    named = {
        name.removeprefix("transformer.").removeprefix("model."): weight for name, weight in model.named_parameters()
    }
    return {name: weight for name, weight in named.items() if name != "lm_head.weight"}


def assert_same_weights(weights: Weights, model: Any, within: float) -> None:
    found, expected = weights.to_file_layout(), by_our_names(model)
    assert found.keys() == expected.keys()
    for name, tensor in found.items():
        torch.testing.assert_close(tensor, expected[name].detach(), atol=within, rtol=0, msg=name)


def tf1_adam(model: Any, recipe: TuningRecipe, batches: list[list[Tensor]]) -> None:
    """Adam as TensorFlow 1 writes it, in float64: epsilon beside the square root of the uncorrected moment."""
    state: dict[str, Any] = {name: (0.0, 0.0, weight.detach().double()) for name, weight in by_our_names(model).items()}
    for number, batch in enumerate(batches, 1):
        model.zero_grad()
        for window in batch:
            reference_loss(model, window).backward()
        for name, weight in by_our_names(model).items():
            first, second, value = state[name]
            assert weight.grad is not None
            gradient = weight.grad.double()
            first = 0.9 * first + 0.1 * gradient
            second = 0.999 * second + 0.001 * gradient**2
            rate = recipe.learning_rate * math.sqrt(1 - 0.999**number) / (1 - 0.9**number)
            value = value - rate * first / (torch.as_tensor(second).sqrt() + recipe.epsilon)
            state[name] = (first, second, value)
            weight.data.copy_(value)


# The loss


@pytest.fixture
def few_logits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Logits of 100 rows of 90 at once, so that a small test takes several parts."""
    monkeypatch.setattr(tuning, "HEAD_NUMBERS", 100 * 90)


@pytest.mark.usefixtures("few_logits")
@pytest.mark.parametrize("untold", [0, 1])
@pytest.mark.parametrize("rows", [1, 7, EXACT_ROWS, EXACT_ROWS + 1, 99, 100, 101, 250])
def test_the_loss_and_its_gradients_are_those_of_cross_entropy(rows: int, untold: int) -> None:
    """Also with a state behind the last target, which counts for nothing."""
    torch.manual_seed(seeded())
    states, head = torch.randn(rows + untold, 24, requires_grad=True), torch.randn(90, 24, requires_grad=True)
    targets = torch.randint(0, 90, (rows,))
    plain = functional.cross_entropy(states[:rows].double() @ head.double().t(), targets)
    expected = torch.autograd.grad(plain, (states, head))

    loss, losses = HeadLoss.apply(states, head, targets)
    found = torch.autograd.grad(loss, (states, head))

    assert loss.item() == pytest.approx(plain.item(), rel=1e-6)
    torch.testing.assert_close(losses, functional.cross_entropy(states[:rows] @ head.t(), targets, reduction="none"))
    assert not losses.requires_grad
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-5)


@pytest.mark.usefixtures("few_logits")
@pytest.mark.parametrize("wanted", ["states", "head"])
def test_only_the_gradient_that_is_needed_is_made_in_the_scale_that_is_asked(wanted: str) -> None:
    torch.manual_seed(seeded())
    inputs = {"states": torch.randn(300, 8), "head": torch.randn(90, 8)}
    inputs[wanted].requires_grad_()
    targets = torch.randint(0, 90, (300,))
    plain = functional.cross_entropy(inputs["states"] @ inputs["head"].t(), targets, reduction="sum")
    (expected,) = torch.autograd.grad(plain, inputs[wanted])

    (300 * HeadLoss.apply(inputs["states"], inputs["head"], targets)[0]).backward()

    torch.testing.assert_close(inputs[wanted].grad, expected, atol=1e-4, rtol=1e-4)
    assert all(tensor.grad is None for name, tensor in inputs.items() if name != wanted)


def test_the_loss_can_be_had_without_gradients() -> None:
    torch.manual_seed(seeded())
    states, head = torch.randn(300, 8), torch.randn(20, 8)
    targets = torch.randint(0, 20, (300,))

    loss, _ = HeadLoss.apply(states, head, targets)

    assert not loss.requires_grad
    assert loss.item() == pytest.approx(functional.cross_entropy(states @ head.t(), targets).item())


@pytest.mark.parametrize("sure", [1e3, 1e30])
def test_the_loss_of_a_certainty_is_exact(sure: float) -> None:
    states, head = torch.eye(2) * sure, torch.eye(2)

    assert HeadLoss.apply(states, head, torch.tensor([0, 1]))[0].item() == 0.0


def test_the_mean_loss_is_that_of_every_token_but_the_first(tiny_folder: Path) -> None:
    weights, (window,) = Weights(tiny_folder, CPU, torch.float32), windows()

    loss = mean_loss(weights.architecture, weights.working, window).item()

    assert loss == pytest.approx(reference_loss(reference(tiny_folder), window).item(), abs=1e-5)


def test_gradients_in_bf16_are_close_to_those_in_fp32(tiny_folder: Path) -> None:
    (window,) = windows(length=60)
    found: dict[torch.dtype, dict[str, Tensor]] = {}
    for dtype in (torch.float32, torch.bfloat16):
        weights = Weights(tiny_folder, CPU, dtype)
        leaves = {name: weight.detach().requires_grad_() for name, weight in weights.working.items()}
        mean_loss(weights.architecture, leaves, window).backward()
        found[dtype] = {
            name: leaf.grad.to_dense().float().flatten() for name, leaf in leaves.items() if leaf.grad is not None
        }

    for name, expected in found[torch.float32].items():
        cosine = functional.cosine_similarity(found[torch.bfloat16][name], expected, dim=0)
        assert cosine > 0.99, (name, cosine)


def test_a_loss_in_bf16_is_close_to_that_in_fp32(tiny_folder: Path) -> None:
    (window,) = windows()
    losses = []
    for dtype in (torch.float32, torch.bfloat16):
        weights = Weights(tiny_folder, CPU, dtype)
        losses.append(mean_loss(weights.architecture, weights.working, window).item())

    assert losses[1] == pytest.approx(losses[0], rel=0.01)


# The step


@pytest.mark.parametrize("learning_rate", [1e-4, 1e-2])
def test_one_step_is_that_of_torchs_adam(tiny_folder: Path, learning_rate: float) -> None:
    model, weights, (window,) = reference(tiny_folder), Weights(tiny_folder, CPU, torch.float32), windows()
    adam = torch.optim.Adam(model.parameters(), lr=learning_rate, eps=TF_EPSILON)
    before = reference_loss(model, window)
    before.backward()
    adam.step()

    (losses,) = tune(weights, [window], TuningRecipe(learning_rate=learning_rate))

    assert losses.shape == (len(window) - 1,)
    assert losses.mean().item() == pytest.approx(before.item(), abs=1e-5)
    assert_same_weights(weights, model, within=0.1 * learning_rate)  # the least gradients are rounding errors


def test_a_step_moves_a_weight_by_about_the_learning_rate_and_one_without_gradient_not_at_all(tiny_gpt2: Path) -> None:
    weights, window = Weights(tiny_gpt2, CPU, torch.float32), torch.full((9,), 3)
    before = {name: tensor.clone() for name, tensor in weights.working.items()}

    tune(weights, [window], TuningRecipe(learning_rate=1e-3))

    steps = {name: (weights.working[name] - tensor).abs() for name, tensor in before.items()}
    assert all(step.max() <= 1.001e-3 for step in steps.values())
    assert steps["0.mlp_in"].median() == pytest.approx(1e-3, rel=0.01)
    assert torch.equal(weights.working["position"][8:], before["position"][8:])  # the window's last token is not read
    assert not torch.equal(weights.working["position"][7], before["position"][7])


@pytest.mark.parametrize("steps", [2, 5])
@pytest.mark.parametrize("count", [1, 3])
def test_several_steps_are_those_of_tensorflows_adam(tiny_folder: Path, steps: int, count: int) -> None:
    recipe = TuningRecipe(steps=steps, windows_per_step=count, learning_rate=1e-3, epsilon=1e-6)
    model, weights, batch = reference(tiny_folder), Weights(tiny_folder, CPU, torch.float32), windows(count)
    before = [reference_loss(model, window).item() for window in batch]
    tf1_adam(model, recipe, [batch] * steps)

    losses = tune(weights, batch, recipe)

    assert [each.mean().item() for each in losses] == pytest.approx(before, abs=1e-5)
    assert_same_weights(weights, model, within=2e-5)


def test_one_step_follows_the_sum_of_its_windows_gradients(tiny_folder: Path) -> None:
    recipe = TuningRecipe(windows_per_step=3, learning_rate=1e-3, epsilon=1e-2)  # the sum's size tells, not its sign
    model, weights, batch = reference(tiny_folder), Weights(tiny_folder, CPU, torch.float32), windows(3)
    tf1_adam(model, recipe, [batch])

    tune(weights, batch, recipe)

    assert_same_weights(weights, model, within=1e-6)


def test_embeddings_may_be_left_alone(tiny_folder: Path) -> None:
    recipe = TuningRecipe(weights="blocks", learning_rate=1e-3, epsilon=1e-3)
    model, weights = reference(tiny_folder), Weights(tiny_folder, CPU, torch.float32)
    tf1_adam(model, recipe, [windows()])
    base = by_our_names(reference(tiny_folder))
    kept = [name for name in base if "wte" in name or "wpe" in name or "embed" in name]
    for name, weight in by_our_names(model).items():
        if name in kept:
            weight.data.copy_(base[name].data)

    tune(weights, windows(), recipe)

    assert 1 <= len(kept) <= 2
    assert_same_weights(weights, model, within=1e-6)


def test_blocks_are_all_but_the_embeddings(tiny_gpt2: Path) -> None:
    weights = Weights(tiny_gpt2, CPU, torch.float32)

    everything = tuned_names(weights, TuningRecipe())
    blocks = tuned_names(weights, TuningRecipe(weights="blocks"))

    assert everything == list(weights.working)
    assert set(everything) - set(blocks) == {"embedding", "position"}


@pytest.mark.parametrize("steps", [1, 3])
def test_a_step_in_bf16_goes_where_that_in_fp32_goes(tiny_folder: Path, steps: int) -> None:
    recipe = TuningRecipe(steps=steps, learning_rate=1e-2)
    moves = []
    for dtype in (torch.float32, torch.bfloat16):
        weights = Weights(tiny_folder, CPU, dtype)
        before = torch.cat([tensor.float().flatten() for tensor in weights.working.values()])
        tune(weights, windows(), recipe)
        moves.append(torch.cat([tensor.float().flatten() for tensor in weights.working.values()]) - before)

    assert functional.cosine_similarity(moves[0], moves[1], dim=0) > 0.9


def test_steps_too_small_for_bf16_add_up_all_the_same(tiny_folder: Path) -> None:
    recipe = TuningRecipe(steps=40, learning_rate=1e-4)  # a fifth of the last place of most of these weights
    weights, exact = Weights(tiny_folder, CPU, torch.bfloat16), Weights(tiny_folder, CPU, torch.float32)
    base = exact.working["0.mlp_in"].clone()

    tune(weights, windows(), recipe)

    tune(exact, windows(), recipe)
    moved, expected = weights.working["0.mlp_in"].float() - base, exact.working["0.mlp_in"] - base
    assert functional.cosine_similarity(moved.flatten(), expected.flatten(), dim=0) > 0.95


@pytest.mark.parametrize("steps", [1, 2])
@pytest.mark.parametrize("learning_rate", [1e38, 1e300])
def test_a_step_beyond_all_numbers_is_no_error(tiny_gpt2: Path, steps: int, learning_rate: float) -> None:
    weights = Weights(tiny_gpt2, CPU, torch.float32)

    tune(weights, windows(), TuningRecipe(steps=steps, learning_rate=learning_rate))

    assert not mean_loss(weights.architecture, weights.working, windows()[0]).isfinite()


def test_nothing_is_left_of_a_tuning_but_the_weights(tiny_gpt2: Path) -> None:
    weights = Weights(tiny_gpt2, CPU, torch.float32)

    tune(weights, windows(2), TuningRecipe(steps=2))

    for tensor in weights.working.values():
        assert not tensor.requires_grad
        assert tensor.grad is None


def test_a_tuning_broken_off_leaves_no_trace_in_the_next(tiny_gpt2: Path) -> None:
    weights, fresh = Weights(tiny_gpt2, CPU, torch.float32), Weights(tiny_gpt2, CPU, torch.float32)
    outside = torch.tensor([1, 2, 10_000])
    with pytest.raises((IndexError, RuntimeError)):
        tune(weights, [*windows(2), outside], TuningRecipe(windows_per_step=3))
    weights.restore()

    tune(weights, windows(), TuningRecipe())

    tune(fresh, windows(), TuningRecipe())
    for name, tensor in weights.working.items():
        assert torch.equal(tensor, fresh.working[name])


# On a card


@pytest.mark.parametrize("fails", [False, True])
def test_a_card_adds_in_a_fixed_order_within_the_block_alone(fails: bool) -> None:
    with suppress(KeyboardInterrupt), in_fixed_order(torch.device("cuda")):
        assert torch.are_deterministic_algorithms_enabled()
        if fails:
            raise KeyboardInterrupt

    assert not torch.are_deterministic_algorithms_enabled()


def test_a_processor_is_left_as_it_is() -> None:
    with in_fixed_order(torch.device("cpu")):
        assert not torch.are_deterministic_algorithms_enabled()

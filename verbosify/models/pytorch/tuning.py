"""The overfitting step: loss, gradients, Adam as TensorFlow 1 has it. Knows no text.

One step of Adam from fresh state is lr * g / (|g| + epsilon / sqrt(1 - beta2)): no moment need be kept,
so each weight's gradient is applied and freed as soon as backpropagation has made it.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, cast

import torch
from torch import Tensor
from torch.nn import functional

from verbosify.models.pytorch.attention import attend_causally
from verbosify.models.pytorch.products import is_transposed, linear, memory_for, multiply
from verbosify.models.pytorch.transformer import Architecture, hidden_states, plain_projections
from verbosify.models.pytorch.weights import Weights
from verbosify.models.settings import TuningRecipe
from verbosify.models.training.divergence import in_float32

BETA1, BETA2 = 0.9, 0.999
CACHED_NUMBERS = 2**18
"""Numbers that are worked on at once on a processor: few enough to stay in its cache."""
CARD_NUMBERS = 2**24
"""Those on a card: so many that the work takes longer than to have it begun, a few microseconds each time."""
HEAD_NUMBERS = 2**26
"""Logits that exist at once: 1,335 rows of 50,257."""
EXACT_ROWS = 16
"""Rows of logits that are worked on in float32 at once on a processor, for the same reason."""


class HeadLoss(torch.autograd.Function):
    """Cross-entropy through the tied head, in nats: its mean over the targets, and that of each, which has no gradient.

    States behind the last target count for nothing. The gradients are made in the same pass, since the logits are at
    hand then and never again.
    """

    @staticmethod
    def forward(ctx: Any, states: Tensor, head: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        losses = torch.empty(len(targets), dtype=torch.float32, device=states.device)
        for_states = torch.empty_like(states) if ctx.needs_input_grad[0] else None
        for_head = torch.empty_like(head) if ctx.needs_input_grad[1] else None
        rows = min(len(states), max(1, HEAD_NUMBERS // len(head)))
        memory = memory_for(states, rows, len(head))
        needed = for_states is not None or for_head is not None
        for start in range(0, len(states), rows):
            some = states[start : start + rows]
            errors = multiply(some, head.t(), out=memory[: len(some)])
            part = slice(start, start + rows)
            _turn_to_errors(errors, targets[part], losses[part], len(targets), needed=needed)
            if for_states is not None:
                multiply(errors, head, out=for_states[part])
            if for_head is not None:
                multiply(errors.t(), some, out=for_head, add=start > 0)
        ctx.gradients = for_states, for_head
        ctx.mark_non_differentiable(losses)
        return losses.mean(), losses

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        (for_states, for_head), ctx.gradients = ctx.gradients, None  # so that autograd may add in place
        scale = outer[0].item()
        for gradient in (for_states, for_head):
            if gradient is not None and scale != 1:
                gradient.mul_(scale)
        return for_states, for_head, None


def _turn_to_errors(logits: Tensor, targets: Tensor, losses: Tensor, count: int, *, needed: bool) -> None:
    """Write these rows' losses; if `needed`, logits become their gradient in the mean loss of `count` tokens."""
    logits[len(targets) :] = 0
    logits = logits[: len(targets)]
    at_once = EXACT_ROWS if logits.device.type == "cpu" else max(1, CARD_NUMBERS // logits.shape[1])
    are_exact = logits.dtype == torch.float32
    memory = logits.new_empty(0 if are_exact else min(at_once, len(logits)), logits.shape[1], dtype=torch.float32)
    parts = (torch.split(rows, at_once) for rows in (logits, targets[:, None], losses[:, None]))
    for part, wanted, loss in zip(*parts, strict=True):
        exact = part if are_exact else memory[: len(part)].copy_(part)
        exact.sub_(exact.amax(dim=-1, keepdim=True))
        right = exact.gather(1, wanted)
        norm = exact.exp_().sum(dim=-1, keepdim=True)
        torch.sub(norm.log(), right, out=loss)
        if needed:
            exact.div_(norm).scatter_add_(1, wanted, torch.full_like(right, -1.0))
            exact.mul_(1 / count)
            if not are_exact:
                part.copy_(exact)


def mean_loss(architecture: Architecture, weights: Mapping[str, Tensor], token_ids: Tensor) -> Tensor:
    """Mean cross-entropy, nats a token, of tokens 2..n given those before them."""
    return window_losses(architecture, weights, token_ids)[0]


def window_losses(
    architecture: Architecture, weights: Mapping[str, Tensor], token_ids: Tensor
) -> tuple[Tensor, Tensor]:
    """See `mean_loss`; and beside the mean (n - 1,) the cross-entropy of each of these tokens."""
    head = weights["embedding"]
    project = plain_projections(weights, linear if head.device.type == "cpu" else functional.linear)
    # The last token is read though nothing follows it: products of 1,024 rows are faster than those of 1,023.
    positions = torch.arange(len(token_ids), device=token_ids.device)
    states = hidden_states(architecture, weights, token_ids, positions, project, attend_causally)
    losses: tuple[Tensor, Tensor] = HeadLoss.apply(states, head, token_ids[1:])  # type: ignore[no-untyped-call]
    return losses


@contextmanager
def in_fixed_order(device: torch.device) -> Iterator[None]:
    """Within the block a card adds up gradients in one order, so that the same step gives the same weights every time.

    That is a setting of the whole process; it is as it was afterwards.
    """
    if device.type != "cuda":
        yield
        return
    mode = torch.get_deterministic_debug_mode()
    try:
        torch.use_deterministic_algorithms(True, warn_only=True)  # noqa: FBT003  # torch's own signature
        with warnings.catch_warnings():
            # products have no fixed order if several streams of work share them; here there is one
            warnings.filterwarnings("ignore", message=".*determinis")
            yield
    finally:
        torch.set_deterministic_debug_mode(mode)


class Tunable(Protocol):
    """Weights that a step changes: `working` in memory, and what they were, to begin from."""

    working: dict[str, Tensor]
    device: torch.device
    dtype: torch.dtype

    def base(self, name: str) -> list[Tensor]:
        """The parts, along the rows, of the base of the working weight of that name."""

    def copy_base(self, name: str, target: Tensor) -> None:
        """Fill `target`, of the working weight's shape, with its base."""


def tuned_names(weights: Weights, recipe: TuningRecipe) -> list[str]:
    if recipe.weights == "all":
        return list(weights.working)
    return [name for name in weights.working if name not in ("embedding", "position")]


@torch.enable_grad()
def tune(
    weights: Weights, windows: Sequence[Tensor], recipe: TuningRecipe, directions: dict[str, Tensor] | None = None
) -> list[Tensor]:
    """Take `recipe.steps` steps on the working weights; returns the losses before the first.

    They are those of every window's tokens, (tokens - 1,) in nats.

    A single step leaves its directions in `directions`, see `SingleStep`.

    Each step follows the *sum* of the windows' gradients, as gpt-2-simple accumulates them. Gradients are enabled here,
    since Ctrl-C at the wrong moment leaves PyTorch without them.
    """
    names = tuned_names(weights, recipe)
    apply = SingleStep(weights, recipe, directions) if recipe.steps == 1 else Adam(weights, names, recipe)
    # The working memory under tensors of this step's own: whatever ends it, gradients and hooks go with them.
    leaves = {name: weights.working[name].detach().requires_grad_() for name in names}
    steps = [_step(weights, leaves, windows, apply, number) for number in range(1, recipe.steps + 1)]
    return steps[0]


def _step(
    weights: Weights,
    leaves: Mapping[str, Tensor],
    windows: Sequence[Tensor],
    apply: SingleStep | Adam,
    number: int,
) -> list[Tensor]:
    read = {**weights.working, **leaves}
    found = []
    for window in windows[:-1]:
        loss, losses = window_losses(weights.architecture, read, window)
        loss.backward()  # type: ignore[no-untyped-call]
        found.append(losses)

    def hook(name: str) -> Callable[[Tensor], None]:
        def when_ready(leaf: Tensor) -> None:
            gradient, leaf.grad = cast(Tensor, leaf.grad), None
            apply(name, gradient, number)

        return when_ready

    hooks = [
        leaf.register_post_accumulate_grad_hook(hook(name))  # type: ignore[no-untyped-call]
        for name, leaf in leaves.items()
    ]
    loss, losses = window_losses(weights.architecture, read, windows[-1])
    loss.backward()  # type: ignore[no-untyped-call]
    for handle in hooks:
        handle.remove()
    return [*found, losses]


class SingleStep:
    """Adam's first step, straight from the base on disk to the working weights, without state.

    Given `directions`, it leaves there for every weight by how much of the rate it moves, -1 to 1, in 127ths: rounded
    weights no longer tell.
    """

    def __init__(self, weights: Tunable, recipe: TuningRecipe, directions: dict[str, Tensor] | None = None) -> None:
        self._directions = directions
        self._weights = weights
        self._rate = in_float32(recipe.rate)
        self._epsilon = in_float32(recipe.epsilon) / math.sqrt(1 - BETA2)
        longest = max(as_rows(weight)[0].numel() for weight in weights.working.values())
        self._numbers = CACHED_NUMBERS if weights.device.type == "cpu" else CARD_NUMBERS
        self._scratch = torch.empty(2, max(longest, self._numbers), dtype=torch.float32, device=weights.device)

    @torch.no_grad()
    def __call__(self, name: str, gradient: Tensor, _number: int) -> None:
        working, gradient = as_rows(self._weights.working[name]), as_rows(gradient)
        kept = None
        if self._directions is not None:
            self._directions[name] = torch.empty_like(self._weights.working[name], dtype=torch.int8)
            kept = as_rows(self._directions[name])
        row = 0
        for base in self._weights.base(name):
            rows = slice(row, row + len(base))
            row += len(base)
            others = (working[rows], gradient[rows], working[rows] if kept is None else kept[rows])
            parts = (as_in_memory(tensor) for tensor in (base, *others))
            chunks = (torch.split(part, max(1, self._numbers // max(1, part[0].numel()))) for part in parts)
            for before, after, slope, direction in zip(*chunks, strict=True):
                step, size = (memory[: slope.numel()].view(slope.shape) for memory in self._scratch)
                exact = slope if slope.dtype == torch.float32 else step.copy_(slope)
                torch.abs(exact, out=size).add_(self._epsilon)
                if kept is not None:
                    direction.copy_(torch.div(exact, size).mul_(127).round_())
                moved = after if after.dtype == torch.float32 else step
                torch.addcdiv(before.to(step.device), exact, size, value=-self._rate, out=moved)
                if moved is not after:
                    after.copy_(moved)


def as_rows(tensor: Tensor) -> Tensor:
    """The tensor, or a single number as one row."""
    return tensor if tensor.ndim else tensor[None]


def as_in_memory(tensor: Tensor) -> Tensor:
    """The tensor, or its transpose if that is how it lies in memory."""
    return tensor.t() if tensor.ndim == 2 and is_transposed(tensor) else tensor


class Adam:
    """Adam as TensorFlow 1 has it, step after step, over float32 master weights that begin as the base.

    Attributes:
        masters: by their names, the weights in float32: the working ones themselves, if they are.
        first, second: the moments of each.
    """

    def __init__(self, weights: Tunable, names: Sequence[str], recipe: TuningRecipe) -> None:
        self._working = weights.working
        self._rate, self._epsilon = in_float32(recipe.rate), in_float32(recipe.epsilon)
        self.masters = {name: weights.working[name].detach().float() for name in names}
        self.first = {name: torch.zeros_like(master) for name, master in self.masters.items()}
        self.second = {name: torch.zeros_like(master) for name, master in self.masters.items()}
        if weights.dtype != torch.float32:
            for name, master in self.masters.items():
                weights.copy_base(name, master)

    @torch.no_grad()
    def __call__(self, name: str, gradient: Tensor, number: int) -> None:
        """Move one weight, for the `number`-th time, counted from 1."""
        gradient = gradient.float()
        first = self.first[name].lerp_(gradient, 1 - BETA1)
        second = self.second[name].mul_(BETA2).addcmul_(gradient, gradient, value=1 - BETA2)
        rate = self._rate * math.sqrt(1 - BETA2**number) / (1 - BETA1**number)
        spread = second.sqrt().add_(self._epsilon)
        master = self.masters[name].sub_(torch.div(first, spread, out=spread).mul_(rate))
        self._working[name].copy_(master)

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from tests.tiny_models import write_tokenizer
from verbosify.errors import ModelError
from verbosify.models.settings import RECIPES, TuningRecipe
from verbosify.models.training.windows import ORIGINAL_COMBINE, ORIGINAL_WORDS, training_windows

CLASSIC, PASSAGE, ORIGINAL = RECIPES["classic"], RECIPES["passage"], RECIPES["original"]
TEXT = "A kettle sings before it boils. Nobody else heard it."


class Bytes:
    """A real byte-pair encoding, and the lengths of all it was asked to encode."""

    def __init__(self, folder: Path) -> None:
        write_tokenizer(folder)
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.encode_special_tokens = True

    def encode(self, text: str) -> list[int]:
        token_ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return token_ids

    def decode(self, token_ids: list[int]) -> str:
        return str(self._tokenizer.decode(token_ids, skip_special_tokens=False))


@pytest.fixture(scope="module")
def bpe(tmp_path_factory: pytest.TempPathFactory) -> Bytes:
    return Bytes(tmp_path_factory.mktemp("tokenizer"))


@pytest.mark.parametrize(("context", "filled"), [(64, 64), (1024, 1024), (8192, 1024)])
def test_classic_fills_the_context_but_never_more_than_1024_tokens(bpe: Bytes, context: int, filled: int) -> None:
    (window,) = training_windows(TEXT, CLASSIC, bpe.encode, context)

    assert len(window) == filled
    assert " ".join([TEXT] * 200).startswith(bpe.decode(window))


@given(text=st.text(min_size=1, max_size=40) | st.text(" .-a\n", min_size=1, max_size=40), context=st.integers(2, 300))
def test_whatever_the_text_classic_fills_the_window_with_copies_of_it(bpe: Bytes, text: str, context: int) -> None:
    token_ids = bpe.encode(text)
    assume(2 <= len(token_ids) <= context)

    (window,) = training_windows(text, CLASSIC, bpe.encode, context)

    assert len(window) == context
    assert window == bpe.encode(" ".join([text] * (context + 3)))[:context]


def test_a_shorter_window_can_be_asked_for(bpe: Bytes) -> None:
    (window,) = training_windows(TEXT, TuningRecipe(window_tokens=40), bpe.encode, 1024)

    assert len(window) == 40


def test_the_passage_is_read_once(bpe: Bytes) -> None:
    assert training_windows(TEXT, PASSAGE, bpe.encode, 1024) == [bpe.encode(TEXT)]


@pytest.mark.parametrize("kind", ["repeat", "once", "original"])
def test_there_are_as_many_windows_as_the_step_sums(bpe: Bytes, kind: str) -> None:
    recipe = TuningRecipe(window=kind, windows_per_step=3)  # type: ignore[arg-type]

    assert len(training_windows(TEXT, recipe, bpe.encode, 128)) == 3


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_a_text_that_just_fits_is_taken_and_one_token_more_is_not(bpe: Bytes, recipe: TuningRecipe) -> None:
    size = len(bpe.encode(TEXT))

    assert all(len(window) == size for window in training_windows(TEXT, recipe, bpe.encode, size))
    with pytest.raises(ModelError) as error:
        training_windows(TEXT, recipe, bpe.encode, size - 1)
    assert str(error.value) == (
        f"The text beginning {TEXT[:40]!r} has {size} tokens, but one training window holds {size - 1}: "
        "split it into shorter passages."
    )


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
@pytest.mark.parametrize(("text", "held"), [("", "no token"), ("a", "a single token")])
def test_a_text_with_nothing_to_predict_is_refused(bpe: Bytes, recipe: TuningRecipe, text: str, held: str) -> None:
    with pytest.raises(ModelError) as error:
        training_windows(text, recipe, bpe.encode, 1024)
    assert str(error.value) == f"The text {text!r} has {held}: overfitting needs at least two, so give a longer text."


def test_original_cuts_windows_out_of_a_file_of_copies_without_spaces_between(bpe: Bytes) -> None:
    copies = -(-ORIGINAL_WORDS // len(TEXT.split()))
    file = bpe.encode(TEXT * copies + "<|endoftext|>")

    windows = training_windows(TEXT, ORIGINAL, bpe.encode, 1024)

    offsets = random.Random(0)  # noqa: S311
    starts = [offsets.randint(0, len(file) - 1025) for _ in range(5)]
    assert windows == [file[start : start + 1024] for start in starts]


def test_original_draws_other_windows_from_another_seed_and_the_same_from_the_same(bpe: Bytes) -> None:
    def windows(seed: int) -> list[list[int]]:
        recipe = TuningRecipe(window="original", windows_per_step=5, seed=seed)
        return training_windows(TEXT, recipe, bpe.encode, 512)

    assert windows(1) == windows(1)
    assert windows(1) != windows(2)


@pytest.mark.parametrize(("length", "marked"), [(ORIGINAL_COMBINE // ORIGINAL_WORDS, True), (49, False)])
def test_original_marks_the_end_of_a_file_unless_it_is_a_long_one(length: int, marked: bool) -> None:
    assert (length * ORIGINAL_WORDS < ORIGINAL_COMBINE) is marked
    recipe = TuningRecipe(window="original", windows_per_step=50_000)

    windows = training_windows("x" * length, recipe, lambda text: list(text.encode()), 64)

    assert any(bytes(window).endswith(b"x<|endoftext|") for window in windows) is marked
    assert not any(b">"[0] in window for window in windows)  # the last token is never drawn


def test_original_reads_line_ends_as_python_reads_a_text_file() -> None:
    recipe = TuningRecipe(window="original", windows_per_step=1, window_tokens=8)

    (window,) = training_windows("\r\n\r", recipe, lambda text: list(text.encode()), 1024)

    assert bytes(window) == b"\n" * 8


def test_original_repeats_a_file_that_is_shorter_than_the_window() -> None:
    recipe = TuningRecipe(window="original", window_tokens=5000)

    (window,) = training_windows("ab", recipe, lambda text: list(text.encode()), 8192)

    assert bytes(window) in (b"ab" * 1024 + b"<|endoftext|>") * 4
    assert len(window) == 5000

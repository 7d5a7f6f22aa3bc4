"""What every engine must do: the protocol, as tests over a fixture `model` and a folder `tmp_path`.

A test module of an engine imports all of it and gives the fixture. The model must be a briefly trained one, in float32.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pytest

from tests.naive_sampling import plain_probabilities
from verbosify.errors import ModelError, SettingsError
from verbosify.models.formats.openai import END_OF_TEXT
from verbosify.models.protocol import LanguageModel, TokenScore
from verbosify.models.settings import RECIPES, SamplingSettings, TuningRecipe

PROMPT = "The ferry"
PASSAGE = (
    "The ferry leaves the stone pier as soon as the rain stops. An old fisherman counts a crowd of gulls. "
    "The baker greets the night watch with a cup of tea in hand."
)
UNICODE = "“Ångström” — naïve, 漢字, 🦆🏽!\n\n  Tabs\tand 12,5 %: " + END_OF_TEXT
ALL = SamplingSettings(n=2, length=12, temperature=1.0, top_k=0, seed=3)
LONG = replace(ALL, n=4, length=30)
"""Enough to tell two models, or two rows, apart by what they say."""
ONCE = TuningRecipe(name="strong", window="once", learning_rate=3e-3)


def are_alike(one: list[TokenScore], other: list[TokenScore]) -> bool:
    """Whether two models score a text alike, but for the last bits: loaded anew, weights may lie in another order."""
    numbers = ([(each.token_id, each.log_probability, each.entropy) for each in some] for some in (one, other))
    first, second = map(np.array, numbers)
    return bool(first.shape == second.shape and np.allclose(first, second, rtol=0, atol=1e-5))


def first_tokens(model: LanguageModel, settings: SamplingSettings) -> set[int]:
    """Every token that is drawn first, in many draws."""
    many = replace(settings, n=200, length=1)
    return {token for continuation in model.sample(PROMPT, many) for token in continuation.token_ids}


# The model and its tokens


def test_a_model_is_a_language_model_with_a_whole_card(model: Any) -> None:
    assert isinstance(model, LanguageModel)
    assert len(model.card.weights_sha256) == 64
    assert model.card.parameters > 0
    assert model.card.context >= 64
    assert model.card.dtype == "float32"
    assert model.card.versions["numpy"] == np.__version__


@pytest.mark.parametrize("text", ["", " ", PASSAGE, UNICODE])
def test_any_text_comes_back_from_its_tokens(model: Any, text: str) -> None:
    assert model.decode(model.encode(text)) == text


def test_an_end_marker_in_a_text_is_ordinary_characters(model: Any) -> None:
    assert len(model.encode(END_OF_TEXT)) > 1


# Overfitting


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=list(RECIPES))
def test_every_recipe_teaches_the_passage(model: Any, recipe: TuningRecipe) -> None:
    with model.overfit(PASSAGE, recipe) as overfit:
        assert overfit.recipe == recipe
        assert overfit.loss_after < overfit.loss_before
        assert overfit.window_tokens == (len(model.encode(PASSAGE)) if recipe.window == "once" else model.card.context)
        assert overfit.window_loss > 0
        assert overfit.seconds > 0


@pytest.mark.parametrize("window", ["once", "repeat", "original"])
def test_losses_are_those_of_the_passage_read_once(model: Any, window: Any) -> None:
    before = -np.mean([score.log_probability for score in model.score(PASSAGE)])

    with model.overfit(PASSAGE, replace(ONCE, window=window)) as overfit:
        after = -np.mean([score.log_probability for score in model.score(PASSAGE)])

    assert overfit.loss_before == pytest.approx(before, abs=1e-5)
    assert overfit.loss_after == pytest.approx(after, abs=1e-5)
    if window == "once":
        assert overfit.window_loss == pytest.approx(before, abs=1e-5)


def test_more_steps_teach_more(model: Any) -> None:
    losses = []
    for steps in (1, 2, 3):
        with model.overfit(PASSAGE, replace(ONCE, learning_rate=5e-4, steps=steps)) as overfit:
            losses.append(overfit.loss_after)

    assert losses == sorted(losses, reverse=True)


def test_the_same_overfit_twice_is_the_same(model: Any) -> None:
    found = []
    for _ in range(2):
        with model.overfit(PASSAGE, RECIPES["original"]) as overfit:
            found.append((overfit.loss_after, model.score(PASSAGE), model.sample(PROMPT, ALL)))

    assert found[0] == found[1]


def test_the_seed_of_the_original_recipe_chooses_its_windows(model: Any) -> None:
    losses = []
    for seed in (1, 2):
        with model.overfit(PASSAGE, replace(RECIPES["original"], seed=seed)) as overfit:
            losses.append(overfit.window_loss)

    assert losses[0] != losses[1]


def test_fresh_weights_are_back_bit_for_bit_after_an_overfit(model: Any) -> None:
    before = model.score(PASSAGE)

    with model.overfit(PASSAGE, ONCE):
        assert model.score(PASSAGE) != before

    assert model.score(PASSAGE) == before


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_fresh_weights_are_back_after_an_error_within(model: Any, error: type[BaseException]) -> None:
    before = model.score(PASSAGE)

    with pytest.raises(error), model.overfit(PASSAGE, ONCE):
        raise error

    assert model.score(PASSAGE) == before


@pytest.mark.parametrize(
    ("steps", "rate"), [(1, 1.0), (1, 100.0), (1, 1e30), (1, 1e39), (1, 1e300), (2, 1e30), (2, 1e39), (2, 1e300)]
)
def test_a_step_too_far_is_told_and_undone(model: Any, rate: float, steps: int) -> None:
    """After some of them the loss is no number, after others it is one, and worse than a model's that knows nothing.

    A second step of a rate between may lead back by chance, which is no divergence.
    """
    before = model.score(PASSAGE)

    with (
        pytest.raises(ModelError) as error,
        model.overfit(PASSAGE, replace(ONCE, learning_rate=rate, steps=steps)),
    ):
        pass

    assert str(error.value) == f"Overfitting diverged at learning rate {rate}: choose a lower one."
    assert model.score(PASSAGE) == before


@pytest.mark.parametrize("steps", [1, 2])
def test_an_epsilon_beyond_all_gradients_moves_nothing(model: Any, steps: int) -> None:
    with model.overfit(PASSAGE, replace(ONCE, epsilon=1e39, steps=steps)) as overfit:
        assert overfit.loss_after == overfit.loss_before


def test_embeddings_can_be_left_alone(model: Any) -> None:
    """At a rate far from where a second step leads astray, which is another one for every model and processor."""
    losses = {}
    for weights in ("all", "blocks"):
        with model.overfit(PASSAGE, replace(ONCE, learning_rate=2e-4, steps=2, weights=weights)) as overfit:
            losses[weights] = overfit.loss_after

    assert losses["all"] != losses["blocks"]
    assert max(losses.values()) < overfit.loss_before


@pytest.mark.parametrize(
    ("recipe", "strength"), [("passage", 0.5), ("passage", 0), ("passage", 2), ("passage", 1), ("original", 0.5)]
)
def test_a_step_can_be_applied_by_more_or_less_of_it(model: Any, recipe: str, strength: float) -> None:
    """How it is applied knows nothing of the windows that it was learnt from."""
    gentle = replace(RECIPES[recipe], learning_rate=3e-4)
    with model.overfit(PASSAGE, gentle) as overfit:
        overfit.strength = 0.25
        overfit.strength = strength
        rescaled, sampled = model.score(PASSAGE), model.sample(PROMPT, LONG)
        assert overfit.strength == overfit.recipe.strength == strength

    with model.overfit(PASSAGE, overfit.recipe) as again:
        expected = [score.log_probability for score in model.score(PASSAGE)]
        assert [score.log_probability for score in rescaled] == pytest.approx(expected, abs=1e-3)
        assert overfit.loss_after == pytest.approx(again.loss_after, abs=1e-4)
        assert sampled == model.sample(PROMPT, LONG)
    with model.overfit(PASSAGE, replace(gentle, learning_rate=(strength or 1e-9) * 3e-4)) as other:
        assert other.loss_after == pytest.approx(again.loss_after, abs=1e-4)


def test_only_one_step_can_be_rescaled_and_only_while_it_lasts(model: Any) -> None:
    with model.overfit(PASSAGE, replace(ONCE, learning_rate=5e-4, steps=2)) as overfit, pytest.raises(SettingsError):
        overfit.strength = 0.5
    with model.overfit(PASSAGE, ONCE) as overfit:
        pass
    with pytest.raises(ModelError, match="has ended"):
        overfit.strength = 0.5
    before = model.score(PASSAGE)
    with model.overfit(PASSAGE, ONCE) as overfit:
        overfit.strength = 2
        with pytest.raises(SettingsError, match="strength is 3"):
            overfit.strength = 3
    assert model.score(PASSAGE) == before


@pytest.mark.parametrize(
    ("text", "message"), [("", "no token"), ("a", "a single token"), (PASSAGE * 40, "one training window holds")]
)
def test_texts_that_cannot_be_overfitted_on_are_refused(model: Any, text: str, message: str) -> None:
    with pytest.raises(ModelError, match=message), model.overfit(text):
        pass


def test_an_overfit_within_an_overfit_is_refused_and_does_no_harm(model: Any) -> None:
    with model.overfit(PASSAGE, ONCE):
        within = model.score(PASSAGE)
        with pytest.raises(ModelError, match="overfitted already"), model.overfit(PASSAGE, ONCE):
            pass
        assert model.score(PASSAGE) == within


# Sampling


def test_continuations_come_in_order_and_in_full(model: Any) -> None:
    continuations = model.sample(PROMPT, SamplingSettings(n=4, length=15))

    assert [continuation.index for continuation in continuations] == [0, 1, 2, 3]
    for continuation in continuations:
        assert continuation.finish == "length"
        assert len(continuation.token_ids) == 15
        assert continuation.text == model.decode(continuation.token_ids)


def test_a_seed_repeats_a_batch_and_another_does_not(model: Any) -> None:
    assert model.sample(PROMPT, ALL) == model.sample(PROMPT, ALL)
    assert model.sample(PROMPT, ALL) != model.sample(PROMPT, replace(ALL, seed=4))


def test_a_row_does_not_depend_on_how_many_there_are(model: Any) -> None:
    many = model.sample(PROMPT, replace(LONG, n=5))

    assert many[:2] == model.sample(PROMPT, replace(LONG, n=2))
    assert len({continuation.text for continuation in many}) == 5


def test_every_settings_draws_what_it_would_alone(model: Any) -> None:
    several = [
        LONG,
        replace(LONG, temperature=0.7, top_k=5, n=2),
        replace(LONG, seed=8, length=9),
        replace(LONG, temperature=0),
        replace(LONG, stops=("e",), n=3),
        replace(LONG, top_p=0.8, n=1),
    ]

    together = model.sample(PROMPT, several)

    assert together == [continuation for settings in several for continuation in model.sample(PROMPT, settings)]
    assert [continuation.index for continuation in together][:8] == [0, 1, 2, 3, 0, 1, 0, 1]


def test_an_empty_list_of_settings_is_refused(model: Any) -> None:
    with pytest.raises(SettingsError, match="list of settings is empty"):
        model.sample(PROMPT, [])


def test_the_longest_of_several_settings_must_fit(model: Any) -> None:
    with pytest.raises(ModelError, match=f"{model.card.context} more are asked for"):
        model.sample(PROMPT, [ALL, replace(ALL, length=model.card.context)])


def test_temperature_zero_is_greedy(model: Any) -> None:
    greedy = model.sample(PROMPT, SamplingSettings(n=3, length=20, temperature=0))

    assert len({continuation.token_ids for continuation in greedy}) == 1
    assert greedy[0].token_ids[0] == model.next_tokens(PROMPT)[0].token_id
    assert greedy[0].token_ids == model.sample(PROMPT, SamplingSettings(n=1, length=20, top_k=1))[0].token_ids


def test_a_temperature_near_zero_is_as_good_as_greedy(model: Any) -> None:
    cold, greedy = (model.sample(PROMPT, SamplingSettings(n=1, length=20, temperature=t, top_k=0)) for t in (1e-9, 0))

    assert cold == greedy


def test_top_k_draws_from_the_likeliest_alone(model: Any) -> None:
    settings = replace(ALL, top_k=5)
    choices = model.next_tokens(PROMPT, 100, settings)

    assert [choice.sampled_probability > 0 for choice in choices] == [True] * 5 + [False] * 95
    assert sum(choice.sampled_probability for choice in choices) == pytest.approx(1, abs=1e-5)
    assert first_tokens(model, settings) <= {choice.token_id for choice in choices[:5]}
    assert len(first_tokens(model, settings)) > 1


def test_a_top_k_beyond_the_vocabulary_keeps_all(model: Any) -> None:
    assert model.sample(PROMPT, replace(ALL, top_k=10**6)) == model.sample(PROMPT, ALL)


def test_top_p_draws_from_the_smallest_set_that_reaches_it(model: Any) -> None:
    settings = replace(ALL, top_p=0.4)
    choices = model.next_tokens(PROMPT, 100, settings)
    kept = [choice for choice in choices if choice.sampled_probability > 0]

    assert kept == choices[: len(kept)]
    assert sum(choice.probability for choice in kept) >= 0.4
    assert sum(choice.probability for choice in kept[:-1]) < 0.4
    assert first_tokens(model, settings) <= {choice.token_id for choice in kept}


def test_a_temperature_flattens_or_sharpens(model: Any) -> None:
    likeliest = [
        model.next_tokens(PROMPT, 1, replace(ALL, temperature=t))[0].sampled_probability for t in (0.5, 1.0, 2.0)
    ]

    assert likeliest == sorted(likeliest, reverse=True)


def test_draws_are_as_frequent_as_they_are_probable(model: Any) -> None:
    choices = model.next_tokens(PROMPT, 3, ALL)
    drawn = [
        continuation.token_ids[0]
        for continuation in model.sample(PROMPT, replace(ALL, n=2000, length=1))
        if continuation.token_ids
    ]

    for choice in choices:
        expected = 2000 * choice.sampled_probability
        assert abs(drawn.count(choice.token_id) - expected) < 4 * math.sqrt(expected)


def test_a_stop_ends_the_text_before_it(model: Any) -> None:
    free = model.sample(PROMPT, replace(ALL, length=40))
    stop = free[0].text[5:8]

    stopped = model.sample(PROMPT, replace(ALL, length=40, stops=("never in it", stop)))[0]

    assert stopped.finish == "stop"
    assert stopped.text == free[0].text[: free[0].text.index(stop)]
    assert stop in model.decode(stopped.token_ids)
    assert stopped.token_ids == free[0].token_ids[: len(stopped.token_ids)]


def test_a_model_that_ends_its_text_is_heard(model: Any) -> None:
    """So hot that every token is about as likely as another, and some twelve of these texts end."""
    continuations = model.sample(PROMPT, SamplingSettings(n=120, length=60, temperature=100, top_k=0))
    ended = [continuation for continuation in continuations if continuation.finish == "end"]

    assert ended
    for continuation in ended:
        assert len(continuation.token_ids) < 60
        assert END_OF_TEXT not in continuation.text


def test_one_token_is_prompt_enough(model: Any) -> None:
    assert len(model.encode("A")) == 1
    assert len(model.sample("A", ALL)[0].token_ids) == 12


def test_an_overfit_changes_what_is_said(model: Any) -> None:
    fresh = model.sample(PROMPT, LONG)

    with model.overfit(PASSAGE, ONCE):
        assert model.sample(PROMPT, LONG) != fresh

    assert model.sample(PROMPT, LONG) == fresh


def test_prompts_that_cannot_be_continued_are_refused(model: Any) -> None:
    with pytest.raises(ModelError, match="empty"):
        model.sample("", ALL)
    with pytest.raises(ModelError, match="reads at most"):
        model.sample(PROMPT, replace(ALL, length=model.card.context))
    with pytest.raises(ModelError, match="top is 0"):
        model.next_tokens(PROMPT, 0)


LATER: list[dict[str, Any]] = [
    {"min_p": 0.05, "top_p": 0.9, "top_k": 40},
    {"typical_p": 0.6},
    {"frequency_penalty": 1.5, "presence_penalty": 0.5},
    {"logit_bias": ((50, 3.0), (51, -100.0)), "banned_tokens": tuple(range(60, 90))},
    {"banned_strings": ("a", " the")},
]


@pytest.mark.parametrize("changes", LATER, ids=str)
def test_token_lists_follow_the_plain_rules(model: Any, changes: dict[str, Any]) -> None:
    settings = replace(ALL, **changes)
    plain = {choice.token_id: choice for choice in model.next_tokens(PROMPT, 10**6, ALL)}
    logits = np.log([plain[token].probability or 1e-45 for token in range(len(plain))])
    pieces = {token: choice.text.encode() for token, choice in plain.items()}

    found = {choice.token_id: choice.sampled_probability for choice in model.next_tokens(PROMPT, 10**6, settings)}

    expected = plain_probabilities(logits, model.encode(PROMPT), settings, spell=lambda token: pieces[token])
    np.testing.assert_allclose([found[token] for token in range(len(found))], expected, atol=1e-3)
    assert first_tokens(model, settings) <= {token for token, probability in found.items() if probability > 0}


def test_a_repetition_penalty_works_on_what_is_seen_alone(model: Any) -> None:
    seen = set(model.encode(PROMPT))
    before, after = (
        {choice.token_id: choice.sampled_probability for choice in model.next_tokens(PROMPT, 10**6, settings)}
        for settings in (ALL, replace(ALL, repetition_penalty=1.5))
    )

    assert sum(after[token] for token in seen) < sum(before[token] for token in seen)
    others = [token for token in before if token not in seen and before[token] > 1e-6]
    ratios = [after[token] / before[token] for token in others]
    assert max(ratios) == pytest.approx(min(ratios), rel=1e-2)


def test_a_text_can_be_kept_from_ending(model: Any) -> None:
    hot = SamplingSettings(n=40, length=8, temperature=100, top_k=0, least_length=8)

    assert all(len(continuation.token_ids) == 8 for continuation in model.sample(PROMPT, hot))


def test_beams_are_likelier_than_greedy_and_come_in_order(model: Any) -> None:
    def worth(continuation: Any) -> float:
        text = model.decode([*model.encode(PROMPT), *continuation.token_ids])
        scores = model.score(text)[-len(continuation.token_ids) :]
        assert [score.token_id for score in scores] == list(continuation.token_ids)
        return fmean(score.log_probability for score in scores)

    beams = model.sample(PROMPT, SamplingSettings(n=3, length=5, num_beams=6))
    greedy = model.sample(PROMPT, SamplingSettings(n=1, length=5, temperature=0))[0]

    assert len({beam.token_ids for beam in beams}) == 3
    whole = [beam for beam in beams if beam.finish == "length"]
    values = [worth(beam) for beam in whole]
    assert values == sorted(values, reverse=True)
    assert not whole or values[0] >= worth(greedy) - 1e-4


# Sessions


@pytest.mark.parametrize(
    "changes", [{}, {"temperature": 0}, {"stops": ("e", "an")}, {"num_beams": 4}, {"frequency_penalty": 1.0}], ids=str
)
def test_a_stream_is_the_sample_token_by_token(model: Any, changes: dict[str, Any]) -> None:
    settings = replace(LONG, length=12, **changes)

    steps = list(model.session(PROMPT).stream(settings))

    for continuation in model.sample(PROMPT, settings):
        own = [step for step in steps if step.row == continuation.index]
        ended = continuation.finish == "end"
        assert tuple(step.token_id for step in own)[: -1 if ended else None] == continuation.token_ids
        assert "".join(step.text for step in own) == continuation.text
        assert [step.finish for step in own] == [None] * (len(own) - 1) + [continuation.finish]
        assert all(0 < step.probability <= 1 and 0 < step.sampled_probability <= 1.0001 for step in own)


def test_a_streams_probabilities_are_those_of_the_token_list(model: Any) -> None:
    settings = replace(ALL, top_k=9, temperature=0.7)
    session = model.session(PROMPT)
    choices = {choice.token_id: choice for choice in session.top(10**6, settings)}

    for step in list(session.stream(settings))[: settings.n]:
        assert step.probability == pytest.approx(choices[step.token_id].probability, abs=1e-4)
        assert step.sampled_probability == pytest.approx(choices[step.token_id].sampled_probability, abs=1e-4)


def test_a_stream_ends_when_it_is_told_to(model: Any) -> None:
    asked = iter([False, False, False, True])

    assert len(list(model.session(PROMPT).stream(replace(LONG, n=1), until=lambda: next(asked)))) == 3


def test_a_session_that_goes_on_is_as_one_of_the_whole_text(model: Any) -> None:
    session, whole = model.session("The fer"), model.session(PASSAGE)

    session.extend(PASSAGE[len("The fer") :])

    assert session.token_ids == whole.token_ids == tuple(model.encode(PASSAGE))
    assert session.text == PASSAGE
    assert_same_choices(session.top(50), model.next_tokens(PASSAGE, 50))
    assert [step.token_id for step in session.stream(ALL)] == [step.token_id for step in whole.stream(ALL)]


def test_rows_that_follow_a_session_are_as_likely_as_each_by_itself(model: Any) -> None:
    session = model.session(PROMPT)
    before = session.top(20)
    long = model.encode(PASSAGE)[:17]
    rows = [long, long[3:4], [], long[5:12]]

    found = session.likelihoods(rows)

    for row, likelihoods in zip(rows, found, strict=True):
        other, expected = model.session(PROMPT), []
        for token in row:
            choices = {choice.token_id: choice.probability for choice in other.top(10**6)}
            expected.append(math.log(choices[token]))
            other.extend([token])
        assert likelihoods == pytest.approx(expected, abs=1e-3)
    assert_same_choices(session.top(20), before)
    with pytest.raises(ModelError, match="shorten"):
        session.likelihoods([long * model.card.context])


def test_a_session_goes_on_by_tokens(model: Any) -> None:
    session = model.session(PROMPT)
    more = model.sample(PROMPT, ALL)[0].token_ids

    for token in more:
        session.extend([token])

    assert session.token_ids == (*model.encode(PROMPT), *more)
    again = model.session(PROMPT)
    again.extend(more)
    assert_same_choices(session.top(50), again.top(50))


def test_a_session_becomes_another_text_as_if_it_had_been_given(model: Any) -> None:
    tokens, others = model.encode(PROMPT), model.encode(PASSAGE)
    session = model.session(tokens)

    for whole in (tokens[:2], [*tokens[:2], *others], others):
        session.become(whole)

        assert session.token_ids == tuple(whole)
        assert_same_choices(session.top(50), model.session(whole).top(50))


def test_a_text_given_as_tokens_is_scored_with_what_was_likelier(model: Any) -> None:
    tokens = model.encode(PASSAGE)

    scores = model.score(tokens, 3)

    assert [score.token_id for score in scores] == tokens[1:]
    last = model.session(tokens[:-1]).top(3)
    expected = [(choice.token_id, pytest.approx(math.log(choice.probability), abs=1e-3)) for choice in last]
    assert list(scores[-1].alternatives) == expected


def test_a_stream_tells_the_likeliest_tokens_of_each_place(model: Any) -> None:
    session = model.session(PROMPT)

    steps = list(session.stream(replace(ALL, n=2, length=3), alternatives=4))

    first = [(choice.token_id, pytest.approx(choice.probability, abs=1e-4)) for choice in session.top(4)]
    assert [list(step.alternatives) for step in steps[:2]] == [first, first]
    assert all(len(step.alternatives) == 4 for step in steps)


def test_forks_go_their_own_ways(model: Any) -> None:
    session = model.session(PROMPT)
    before = session.top(50)
    forks = [session.fork() for _ in range(3)]

    for fork, more in zip(forks, (" leaves", " leaves the pier", ""), strict=True):
        fork.extend(more)

    assert_same_choices(session.top(50), before)
    for fork, more in zip(forks, (" leaves", " leaves the pier", ""), strict=True):
        assert_same_choices(fork.top(50), model.next_tokens(PROMPT + more, 50))


def test_a_session_speaks_for_the_weights_of_the_moment(model: Any) -> None:
    session = model.session(PROMPT)
    fresh = session.top(50)

    with model.overfit(PASSAGE, ONCE):
        assert_same_choices(session.top(50), model.next_tokens(PROMPT, 50))
        assert [step.token_id for step in session.stream(LONG)][:4] is not None
        assert session.top(1)[0].probability != fresh[0].probability

    assert_same_choices(session.top(50), fresh)


def test_a_stream_does_not_go_on_with_other_weights(model: Any) -> None:
    with model.overfit(PASSAGE, ONCE):
        stream = model.session(PROMPT).stream(LONG)
        next(stream)
    with pytest.raises(ModelError, match="weights have changed since this stream began"):
        list(stream)


def test_sessions_that_cannot_be_are_refused(model: Any) -> None:
    with pytest.raises(ModelError, match="empty"):
        model.session("")
    session = model.session(PROMPT)
    with pytest.raises(ModelError, match="reads at most"):
        session.extend(model.encode(PROMPT) * model.card.context)
    with pytest.raises(ModelError, match="reads at most"):
        next(session.stream(replace(ALL, length=model.card.context)))
    assert session.text == PROMPT


def test_a_second_thread_is_refused_while_the_model_is_overfitted(model: Any) -> None:
    session = model.session(PROMPT)
    uses = [
        lambda: model.sample(PROMPT, ALL),
        lambda: model.next_tokens(PROMPT),
        lambda: model.score(PASSAGE),
        lambda: session.top(3),
        lambda: next(session.stream(ALL)),
        lambda: model.overfit(PASSAGE, ONCE).__enter__(),
    ]

    with model.overfit(PASSAGE, ONCE), ThreadPoolExecutor(1) as other:
        for use in uses:
            with pytest.raises(ModelError, match="Another thread is using this model"):
                other.submit(use).result()

    with ThreadPoolExecutor(1) as other:
        assert other.submit(uses[0]).result() == model.sample(PROMPT, ALL)


def assert_same_choices(found: list[Any], expected: list[Any]) -> None:
    """The same tokens in the same order, as far as they are not all but equally likely."""
    wanted = {choice.token_id: choice.probability for choice in expected}
    assert len(found) == len(expected)
    for choice, other in zip(found, expected, strict=True):
        assert choice.probability == pytest.approx(other.probability, rel=1e-3)
        if choice.token_id in wanted:
            assert choice.probability == pytest.approx(wanted[choice.token_id], rel=1e-3)


# Reading


def test_next_tokens_are_a_distribution_likeliest_first(model: Any) -> None:
    choices = model.next_tokens(PROMPT, 10**6, ALL)
    probabilities = [choice.probability for choice in choices]

    assert sum(probabilities) == pytest.approx(1, abs=1e-4)
    assert probabilities == sorted(probabilities, reverse=True)
    assert [choice.sampled_probability for choice in choices] == pytest.approx(probabilities, abs=1e-6)
    assert choices[0].text == model.decode([choices[0].token_id])


def test_greedy_settings_leave_one_next_token(model: Any) -> None:
    choices = model.next_tokens(PROMPT, 10, replace(ALL, temperature=0))

    assert [choice.sampled_probability for choice in choices] == [1.0] + [0.0] * 9


def test_scores_agree_with_next_tokens(model: Any) -> None:
    last = model.score(PROMPT)[-1]
    token_ids = model.encode(PROMPT)
    choices = model.next_tokens(model.decode(token_ids[:-1]), 10**6)
    places = {choice.token_id: place for place, choice in enumerate(choices, start=1)}
    by_token = {choice.token_id: choice for choice in choices}

    assert last.token_id == token_ids[-1]
    assert last.log_probability == pytest.approx(math.log(by_token[last.token_id].probability), abs=1e-4)
    assert last.rank == places[last.token_id]
    entropy = -sum(choice.probability * math.log(choice.probability) for choice in choices if choice.probability)
    assert last.entropy == pytest.approx(entropy, abs=1e-3)


def test_every_token_but_the_first_is_scored(model: Any) -> None:
    scores = model.score(PASSAGE)

    assert [score.token_id for score in scores] == model.encode(PASSAGE)[1:]
    assert all(score.log_probability <= 0 and score.rank >= 1 and score.entropy >= 0 for score in scores)


# Keeping


@pytest.mark.parametrize("recipe", ["passage", "original"])
def test_an_overfit_kept_as_its_recipe_can_be_redone(model: Any, tmp_path: Path, recipe: str) -> None:
    with model.overfit(PASSAGE, RECIPES[recipe]) as overfit:
        scores = model.score(PASSAGE)
        kept = overfit.save(tmp_path / "kept", "recipe")

    with model.redo(kept) as again:
        assert again.loss_after == overfit.loss_after
        assert model.score(PASSAGE) == scores
    assert sum(path.stat().st_size for path in kept.iterdir()) < 2000


def test_an_overfit_kept_in_openais_format_is_what_it_was(model: Any, tmp_path: Path) -> None:
    from verbosify.models.formats.gpt2_layout import HParams
    from verbosify.models.formats.openai import read_openai_checkpoint

    with model.overfit(PASSAGE, ONCE) as overfit:
        folder = overfit.save(tmp_path / "run1")

    kept = read_openai_checkpoint(folder)
    assert isinstance(kept.hparams, HParams)
    assert (folder / "counter").read_text() == "1\n"
    assert sum(tensor.size for tensor in kept.tensors.values()) == model.card.parameters


def test_an_overfit_is_kept_while_it_lasts_and_never_over_anything(model: Any, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with model.overfit(PASSAGE, ONCE) as overfit:
        with pytest.raises(ModelError, match="already there"):
            overfit.save(tmp_path / "there")
        with pytest.raises(SettingsError, match="no form 'pickle'"):
            overfit.save(tmp_path / "kept", "pickle")

    with pytest.raises(ModelError, match="has ended"):
        overfit.save(tmp_path / "kept")
    with model.overfit(PASSAGE, ONCE), pytest.raises(ModelError, match="has ended"):
        overfit.save(tmp_path / "kept")
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


# Fine-tuning

TEXTS = [PASSAGE] * 3
CORPUS = TuningRecipe(name="corpus", steps=4, windows_per_step=2, window_tokens=48, learning_rate=1e-3)


def mean_loss(model: LanguageModel) -> float:
    return -fmean(score.log_probability for score in model.score(PASSAGE))


def test_fine_tuning_teaches_the_texts_and_leaves_the_base_alone(model: Any) -> None:
    before = model.score(PASSAGE)

    with model.finetune(TEXTS, CORPUS.steps, CORPUS) as tuning:
        assert mean_loss(model) < -fmean(score.log_probability for score in before)
        assert tuning.history[-1].loss < tuning.history[0].loss
        assert [step.number for step in tuning.history] == [1, 2, 3, 4]
        assert tuning.steps == 4
        assert tuning.window_tokens == 48

    assert model.score(PASSAGE) == before


def test_fine_tuning_goes_on_after_a_break_as_if_there_had_been_none(model: Any, tmp_path: Path) -> None:
    with model.finetune(TEXTS, CORPUS.steps, CORPUS, held_out=0.2, measure_every=2) as whole:
        scores = model.score(PROMPT)

    with model.finetune(TEXTS, 2, CORPUS, held_out=0.2, measure_every=2, folder=tmp_path / "kept"):
        pass
    with model.finetune(
        TEXTS, CORPUS.steps, CORPUS, held_out=0.2, measure_every=2, folder=tmp_path / "kept"
    ) as resumed:
        assert model.score(PROMPT) == scores
        assert resumed.history == whole.history


def test_samples_between_steps_come_from_the_weights_of_the_moment(model: Any) -> None:
    said = []

    with model.finetune(TEXTS, CORPUS.steps, CORPUS, progress=lambda step: said.append(model.sample(PROMPT, LONG))):
        said.append(model.sample(PROMPT, LONG))

    assert len({tuple(row.token_ids for row in continuations) for continuations in said[:4]}) > 1
    assert said[3] == said[4]


def test_a_fine_tuned_model_can_be_kept(model: Any, tmp_path: Path) -> None:
    from verbosify.models.store.provenance import read_provenance

    with model.finetune(TEXTS, CORPUS.steps, CORPUS) as tuning:
        folder = tuning.save(tmp_path / "tuned", "openai")

    record = read_provenance(folder)
    assert record is not None
    assert "fine-tuned on" in record.source
    assert (folder / "counter").read_text() == "4\n"


@pytest.mark.parametrize("rate", [100.0, 1e30, 1e39])
@pytest.mark.parametrize("steps", [1, 3])
def test_a_fine_tuning_that_goes_too_far_is_told_and_undone(model: Any, rate: float, steps: int) -> None:
    """The first leaves numbers of which every wrong guess costs hundreds of nats; at 1.0 some models still learn."""
    before = model.score(PASSAGE)

    with (
        pytest.raises(ModelError) as error,
        model.finetune(TEXTS, steps, replace(CORPUS, learning_rate=rate)),
    ):
        pass

    assert str(error.value) == f"Fine-tuning diverged at learning rate {rate}: choose a lower one."
    assert model.score(PASSAGE) == before

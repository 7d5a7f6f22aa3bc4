"""How much of a sample stands word for word in its passage. Compares words; knows nothing of meaning."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from verbosify.words import ngrams


def longest_copied_run(sample: Sequence[str], passage: Sequence[str]) -> tuple[int, int]:
    """The longest run of consecutive words of `sample` that also stands in `passage`: where it begins, and its length.

    Of several, the first; `(0, 0)` if they share no word. Linear in both, by the passage's suffix
    automaton (Blumer et al. 1985, The smallest automaton recognizing the subwords of a text).
    """
    transitions, links, lengths = _suffix_automaton(passage)
    best_start, best_length = 0, 0
    state, length = 0, 0
    for index, word in enumerate(sample):
        while state and word not in transitions[state]:
            state = links[state]
            length = lengths[state]
        if word in transitions[state]:
            state = transitions[state][word]
            length += 1
        if length > best_length:
            best_start, best_length = index + 1 - length, length
    return best_start, best_length


def copied_share(sample: Sequence[str], passage: Sequence[str], n: int = 5) -> float | None:
    """The share of the sample's word n-grams that occur in the passage, 0 to 1; None for fewer than `n` words."""
    if len(sample) < n:
        return None
    known = set(ngrams(passage, n))
    return fmean(ngram in known for ngram in ngrams(sample, n))


def _suffix_automaton(words: Sequence[str]) -> tuple[list[dict[str, int]], list[int], list[int]]:
    """Transitions, suffix link and longest length of every state; state 0 is the start, and its link is -1."""
    transitions: list[dict[str, int]] = [{}]
    links, lengths = [-1], [0]
    last = 0
    for word in words:
        new = len(lengths)
        transitions.append({})
        lengths.append(lengths[last] + 1)
        links.append(0)
        state = last
        while state >= 0 and word not in transitions[state]:
            transitions[state][word] = new
            state = links[state]
        if state >= 0:
            target = transitions[state][word]
            if lengths[state] + 1 < lengths[target]:
                # `target` also holds longer runs that end elsewhere: the shorter ones get a state of their own.
                clone = len(lengths)
                transitions.append(transitions[target].copy())
                lengths.append(lengths[state] + 1)
                links.append(links[target])
                while state >= 0 and transitions[state].get(word) == target:
                    transitions[state][word] = clone
                    state = links[state]
                links[target] = clone
                target = clone
            links[new] = target
        last = new
    return transitions, links, lengths

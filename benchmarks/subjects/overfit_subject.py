"""Overfits of one contender, one for every line it reads; answers each with a line: the seconds it took.

Arguments: contender, folder of safetensors, precision (fp32 or bf16), passage, tokens of the window. Contenders are
`verbosify`, and `transformers` for its step and Adam on a fresh copy, in a process as Python begins it, or, as
`transformers tuned`, in one that comes by memory as ours does.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import perf_counter


def theirs(folder: str, precision: str, passage: str, window: int) -> Callable[[], object]:
    import torch
    from tokenizers import Tokenizer

    from benchmarks.plain import filled, plain_model, step_on_a_copy

    model = plain_model(folder, precision)
    ids = filled(torch.tensor([Tokenizer.from_file(f"{folder}/tokenizer.json").encode(passage).ids]), window)
    return lambda: step_on_a_copy(model, ids)


def ours(folder: str, precision: str, passage: str) -> Callable[[], object]:
    from verbosify.models.loading import load_model

    model = load_model(folder, precision=precision)

    def overfit() -> None:
        with model.overfit(passage):
            pass

    return overfit


def main(contender: str, folder: str, precision: str, passage: str, window: int) -> None:
    if contender != "transformers":
        from verbosify.models.process import tune_process

        tune_process()
    work = ours(folder, precision, passage) if contender == "verbosify" else theirs(folder, precision, passage, window)
    for _ in sys.stdin:
        started = perf_counter()
        made = work()
        print(perf_counter() - started, flush=True)
        del made


if __name__ == "__main__":
    contender, folder, precision, passage, window = sys.argv[1:]
    main(contender, folder, precision, passage, int(window))

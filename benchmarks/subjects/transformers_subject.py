"""The same job with transformers' own classes: see `benchmarks.plain`.

Arguments: folder of safetensors, precision (fp32 or bf16), passage, tokens of the window.
"""

from __future__ import annotations

import json
import sys
from time import perf_counter


def main(folder: str, precision: str, passage: str, window: int) -> None:
    import torch
    from tokenizers import Tokenizer

    from benchmarks.plain import continuations, filled, plain_model, step_on_a_copy

    started = perf_counter()
    model = plain_model(folder, precision)
    tokenizer = Tokenizer.from_file(f"{folder}/tokenizer.json")
    stages = {"load": perf_counter() - started}
    prompt = torch.tensor([tokenizer.encode(passage).ids])
    ids = filled(prompt, window)
    for _ in range(2):  # the second passage is measured, when all is warm
        started = perf_counter()
        tuned = step_on_a_copy(model, ids)
        stages["overfit"] = perf_counter() - started
        started = perf_counter()
        continuations(tuned, prompt, 10)
        stages["sample"] = perf_counter() - started
        del tuned
    print(json.dumps(stages), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))

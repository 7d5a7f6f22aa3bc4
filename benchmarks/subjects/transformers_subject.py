"""The same job with transformers' own classes: a plain PyTorch step with Adam, then `generate`.

Arguments: folder of safetensors, precision (fp32 or bf16), passage, tokens of the window.
"""

from __future__ import annotations

import copy
import json
import sys
from time import perf_counter


def main(folder: str, precision: str, passage: str, window: int) -> None:
    import torch
    from tokenizers import Tokenizer
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    started = perf_counter()
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype).eval()
    tokenizer = Tokenizer.from_file(f"{folder}/tokenizer.json")
    stages = {"load": perf_counter() - started}
    prompt = torch.tensor([tokenizer.encode(passage).ids])
    ids = prompt.repeat(1, -(-window // prompt.shape[1]))[:, :window]
    for _ in range(2):  # the second passage is measured, when all is warm
        started = perf_counter()
        tuned = copy.deepcopy(model)
        optimiser = torch.optim.Adam(tuned.parameters(), lr=1e-4)
        tuned(ids, labels=ids).loss.backward()
        optimiser.step()
        stages["overfit"] = perf_counter() - started
        started = perf_counter()
        tuned.generate(
            prompt,
            do_sample=True,
            temperature=0.8,
            top_k=30,
            max_new_tokens=100,
            min_new_tokens=100,
            num_return_sequences=10,
            pad_token_id=0,
        )
        stages["sample"] = perf_counter() - started
        del tuned, optimiser
    print(json.dumps(stages), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))

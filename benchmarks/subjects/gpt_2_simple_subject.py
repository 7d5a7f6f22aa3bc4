"""One passage as a user of gpt-2-simple does it: fine-tune one step from fresh weights, generate ten times.

Its user starts a new process (restarts the kernel) for each passage. Arguments: folder of models, size, file with the
passage repeated, windows whose gradients are summed (`accumulate_gradients`), folder to work in.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from time import perf_counter


def main(models: str, size: str, text: str, windows: int, work: str) -> None:
    started = perf_counter()
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.chdir(work)
    import gpt_2_simple

    stages = {"import": perf_counter() - started}
    with contextlib.redirect_stdout(io.StringIO()):
        session = gpt_2_simple.start_tf_sess()
        started = perf_counter()
        gpt_2_simple.finetune(
            session,
            text,
            model_name=size,
            model_dir=models,
            steps=1,
            restore_from="fresh",
            accumulate_gradients=windows,
            print_every=1,
            sample_every=1000,
            save_every=1000,
        )
        stages["overfit"] = perf_counter() - started
        started = perf_counter()
        gpt_2_simple.generate(
            session,
            nsamples=10,
            batch_size=10,
            length=100,
            temperature=0.8,
            top_k=30,
            prefix=sys.argv[6],
            return_as_list=True,
        )
        stages["sample"] = perf_counter() - started
    print(json.dumps(stages), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5])

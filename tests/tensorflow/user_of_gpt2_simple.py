"""What a user of gpt-2-simple does, without verbosify: fine-tune for a step, load a run, generate. Run in a folder with
`models/small`, `passage.txt` and, made by us, `ours/run1`; prints what was generated, as JSON.
"""

from __future__ import annotations

import json
import random
import sys

import gpt_2_simple as gpt2

SEED, PREFIX, LENGTH = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])

session = gpt2.start_tf_sess()
random.seed(SEED)
gpt2.finetune(session, "passage.txt", model_name="small", steps=1, restore_from="fresh")

generated = {}
for folder in ("checkpoint", "ours"):
    session = gpt2.reset_session(session)
    gpt2.load_gpt2(session, checkpoint_dir=folder)
    generated[folder] = gpt2.generate(
        session, checkpoint_dir=folder, prefix=PREFIX, length=LENGTH, top_k=1, return_as_list=True
    )
print("\n" + json.dumps(generated))

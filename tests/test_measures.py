import json
import re
import subprocess
import sys
from pathlib import Path

from verbosify.measures import THRESHOLDS, measure_sample

PAGE = Path(__file__).parent.parent / "docs" / "measures.md"


def test_the_worked_example_of_the_page_holds() -> None:
    page = PAGE.read_text(encoding="utf-8")
    passage, sample = (re.search(rf"^{name}: \*(.+)\*$", page, re.MULTILINE)[1] for name in ("Passage", "Sample"))  # type: ignore[index]
    shown = json.loads(re.search(r"```json\n(.+?)```", page, re.DOTALL)[1])  # type: ignore[index]
    sentences = re.split(r"(?<=\.) ", sample)

    measures = measure_sample(passage, sample, sentences, shown["similarity"], shown["sentence_similarities"])

    found = {name: round(value, 3) if isinstance(value, float) else value for name, value in measures.to_dict().items()}
    assert found == shown
    assert measures.badges() == ("looped", "reversal", "cut off")
    assert measures.drift_cut() == 4
    assert sample[measures.copied_start : measures.copied_end] == "nobody heard from it in spring"


def test_the_page_names_every_threshold_as_it_is() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert f"**copied** from {THRESHOLDS.copied_words} on" in page
    assert f"**copied** above {THRESHOLDS.copied_share}" in page
    assert f"**looped** above {THRESHOLDS.repetition}" in page
    assert f"**drifted** below {THRESHOLDS.similarity}" in page
    assert f"(similarity − {THRESHOLDS.sentence_similarity})" in page


def test_importing_the_measures_loads_nothing_heavy() -> None:
    program = "import sys, verbosify.measures; print(*{'nltk', 'numpy', 'torch', 'transformers'} & sys.modules.keys())"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == ""

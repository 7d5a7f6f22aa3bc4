"""How much a sample rhymes with itself: the share of lines of five words that end as an earlier one did."""

import re

LINE = 5


def rhyme(passage: str, sample: str) -> float | None:
    """From 0 to 1; None if the sample has fewer than two lines. The passage is not looked at."""
    words = re.findall(r"[^\W\d_]+", sample.lower())
    ends = [word[-2:] for word in words[LINE - 1 :: LINE]]
    if len(ends) < 2:
        return None
    return sum(end in ends[:place] for place, end in enumerate(ends)) / (len(ends) - 1)

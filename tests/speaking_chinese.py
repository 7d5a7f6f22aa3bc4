"""The harbour of `speaking_model` in Chinese, where no spaces part the words: an essay, and sentences to learn from."""

from __future__ import annotations

import random

_WHEN = [
    "起风以前",
    "退潮的时候",
    "晚钟响过以后",
    "镇上的人睡着的时候",
    "清晨的第一道光里",
    "雨一停",
    "雾散之前",
    "午夜过后",
]
_WHO = ["渡船", "一只灰鹭", "守灯塔的老人", "镇上的水手们", "面包师", "一个老渔夫", "提灯笼的男孩", "从北方来的客人"]
_DOES = ["慢慢地离开", "静静地看着", "一直等着", "常常想起", "悄悄地回到", "仔细地数着", "从不忘记", "轻轻地走过"]
_WHAT = [
    "安静的港口",
    "北边的海湾",
    "一排上了漆的小船",
    "石头码头",
    "空荡荡的集市",
    "远处的小岛",
    "坏了的大钟",
    "海关的旧房子",
]

ESSAY = """\
# 夜里的码头

雨一停渡船慢慢地离开石头码头。晚钟响过以后一个老渔夫仔细地数着一排上了漆的小船。\
清晨的第一道光里面包师静静地看着安静的港口。午夜过后没有人看守坏了的大钟。

起风以前一只灰鹭悄悄地回到北边的海湾。退潮的时候提灯笼的男孩常常想起远处的小岛。
"""
"""Three passages in two paragraphs, among a heading that is to stay as it is, in the words that the model knows."""


def chinese_sentences(count: int) -> str:
    """Sentences of the model's language, the same ones every time."""
    rng = random.Random(0)  # noqa: S311  # no secret
    return "".join("".join(rng.choice(part) for part in (_WHEN, _WHO, _DOES, _WHAT)) + "。" for _ in range(count))

"""Which language a text is in, as far as splitting and joining sentences needs to know. Knows nothing else."""

from __future__ import annotations

import re
from collections import Counter

_SAMPLE = 2000  # characters looked at to tell the language
_SCRIPTS = {
    "ja": re.compile("[\u3040-\u30ff]"),
    "zh": re.compile("[\u3400-\u9fff]"),
    "ru": re.compile("[\u0400-\u04ff]"),
    "el": re.compile("[\u0370-\u03ff\u1f00-\u1fff]"),
    "ar": re.compile("[\u0600-\u06ff]"),
    "hi": re.compile("[\u0900-\u097f]"),
}
_FUNCTION_WORDS = {
    "en": "the and of to a was it in is he she that had his her with for not",
    "de": "der die das und nicht ist ein eine im am er sie es war den dem zu mit von",
    "es": "el la los las y que no se un una en lo por con del su es",
    "fr": "le la les et un une il elle ne n l d qu que des du est pas dans où",
    "it": "il lo la gli le di che non è un una e del della si ma per",
    "pt": "o a os as e que não um uma em do da se por com no na",
    "nl": "de het een en niet van is in dat hij zij was op te",
}
_UNSPACED = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]")


def guess_language(text: str) -> str:
    """The language code of `text`, from its script or its commonest little words; `en` when in doubt."""
    sample = text[:_SAMPLE]
    letters = sum(character.isalpha() for character in sample)
    for language, script in _SCRIPTS.items():
        # Japanese is mostly Chinese characters by count, so a fifth of kana is enough to tell it.
        if len(script.findall(sample)) * 5 > letters:
            return language
    words = Counter(re.findall(r"[^\W\d_]+", sample.lower()))
    hits = {language: sum(words[word] for word in known.split()) for language, known in _FUNCTION_WORDS.items()}
    return max(hits, key=lambda language: hits[language])  # the first of equals: English


def is_unspaced(text: str) -> bool:
    """Whether `text` is in a script that sets no space between sentences (Chinese, Japanese)."""
    sample = text[:_SAMPLE]
    letters = sum(character.isalnum() for character in sample)
    return len(_UNSPACED.findall(sample)) * 2 > letters > 0

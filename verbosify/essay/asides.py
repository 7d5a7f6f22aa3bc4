"""Paragraphs that no reader takes for prose, whatever the format: captions, addresses, a count of words.

Told by their words. Knows no format.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from verbosify.essay.blocks import Block

_LONGEST = 2000  # characters of a paragraph that is looked at
_NUMBER = r"\d{1,3}(?:[.-]\d{1,3})?[a-z]?"
_CAPTION = re.compile(
    r"\W*(?:figure|fig|table|tab|image|picture|photo|illustration|plate|chart|graph|map|exhibit|abbildung|abb|tabelle|bild"
    r"|diagramm|karte|tableau|carte|graphique|figura|tabla|tabela|tabella|imagen|gráfico|ilustración|foto|図|表|图|圖)"
    rf"\.?\s*{_NUMBER}\s*[.:–—-]\W*\s(?!\s*\Z)|\W*[図表图圖]\s*{_NUMBER}\s*[.:：、\s]",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"\W*(?:https?://\S+|www\.\S+|[^\s@]+@[^\s@.]+\.[^\s@]+)|\W+")
_COUNTED = re.compile(
    r"\W*(?:(?:total )?word[ -]?count|words|wörter|anzahl der wörter|nombre de mots|mots|número de palabras|palabras)"
    r"\W*[:：]\W*\d[\d.,\s]*(?:words|wörter|mots|palabras)?\W*"
    r"|\W*\d[\d.,]*\s+(?:words|wörter|mots|palabras)\W*",
    re.IGNORECASE,
)
_KEYWORDS = re.compile(
    r"\W*(?:key[ -]?words|index terms|schlüsselwörter|schlagwörter|mots[ -]clés|palabras clave)\W*[:：—–]\W*\w",
    re.IGNORECASE,
)


def without_asides(text: str, blocks: Sequence[Block]) -> tuple[Block, ...]:
    """`blocks` with the paragraphs that are asides made verbatim, unless nothing else would be left of the prose."""
    found = [
        replace(block, kind="verbatim")
        if block.kind == "paragraph" and _is_aside(text[block.start : block.end])
        else block
        for block in blocks
    ]
    return tuple(found if any(block.kind == "paragraph" for block in found) else blocks)


def _is_aside(said: str) -> bool:
    if len(said) > _LONGEST:
        return False
    addresses = all(_ADDRESS.fullmatch(piece) for piece in said.split())
    return addresses or any((_COUNTED.fullmatch(said), _CAPTION.match(said), _KEYWORDS.match(said)))

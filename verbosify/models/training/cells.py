"""The cells of a table: which hold data and no prose, and which look like the heading of a column.

Knows words and signs, not files. Rules of thumb: they are asked of many cells at once, and what came of them is told.
"""

from __future__ import annotations

import re

MOST_LETTERS = 4
"""Letters that a number may have beside it, as its unit or currency."""
LONGEST_DATE = 45
LONGEST_ADDRESS = 300
LONGEST_HEADING = 40

_WORD = re.compile(r"[^\W\d_]+")
_ADDRESS = re.compile(
    r"(?:[a-z][a-z+.-]*://|www\.|mailto:)\S+|\S+@\S+\.\w+|@\w+|[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}(?:/\S*)?", re.IGNORECASE
)
_MONTH = re.compile(
    r"jan|ene|gen|feb|fev|fév|mar|mär|mrt|apr|abr|avr|ma[yi]|mei|mag|jun|jui|giu|jul|lug|aug|ago|aoû|sep|set|o[ck]t|ott|"
    r"out|nov|de[cz]|dic|déc|am$|pm$",
    re.IGNORECASE,
)
_DATE_IN_CHINESE = re.compile(r"[\d\s:年月日号號时時点點分秒]+")
_NOTHING = frozenset(("-", "--", "?", "true", "false", "yes", "no", "null", "none", "nan", "na", "n/a", "nil"))
_HEADING_WORDS = """
abstract answer article author body caption categories category class comment comments content contents country
created date datetime description dialogue doc document full headline id ids index label labels lang language
line lines link location lyric lyrics message messages msg name names note notes paragraph phrase poem poems post
posts prompt question quotation quote quotes rating reply response review reviews score sentence sentences
sentiment song source speaker story stories subject summary tag tags text texts time timestamp title titles topic
transcript translation tweet tweets url user username utterance verse word words year
antwort autor beschreibung datum frage gedicht inhalt kommentar nachricht quelle satz sprache titel wort zeile
auteur avis citation commentaire contenu langue mot paroles phrase poème texte titre
autore commento contenuto frase lingua messaggio parola poesia recensione testo titolo
comentario comentário conteúdo contenido fecha idioma mensagem mensaje palabra poema reseña texto título
文本 内容 标题 日期 作者 本文 タイトル 텍스트 текст дата автор
"""
_HEADINGS = frozenset(_HEADING_WORDS.split())


def is_data(cell: str) -> bool:
    """Whether a cell, which is not blank, holds a number, a date, an address or an id, and no words."""
    cell = cell.strip()
    if len(cell) > LONGEST_ADDRESS or cell.casefold() in _NOTHING:
        return _is_id(cell) or cell.casefold() in _NOTHING
    if all(_ADDRESS.fullmatch(part) for part in re.split(r"[\s,;]+", cell)):
        return True
    if not any(character.isdigit() for character in cell):
        return False
    words = _WORD.findall(cell)
    letters = "".join(words)
    if (letters.isascii() and len(letters) <= MOST_LETTERS) or _is_id(cell) or _DATE_IN_CHINESE.fullmatch(cell):
        return True
    return len(cell) <= LONGEST_DATE and len(words) <= MOST_LETTERS and any(_MONTH.match(word) for word in words)


def _is_id(cell: str) -> bool:
    """Whether it is one run of plain characters with a digit among them."""
    return cell.isascii() and not any(map(str.isspace, cell)) and any(map(str.isdigit, cell))


def shape(cell: str) -> str:
    """What ids of one kind have in common: `user12` and `anna7` are both a word with a number."""
    return re.sub(r"\d+", "0", re.sub(r"[^\W\d_]+", "a", cell.strip()))


def is_short(cell: str) -> bool:
    """Whether a cell is as short as headings are, and no sentence."""
    cell = cell.strip()
    return len(cell) <= LONGEST_HEADING and len(cell.split()) <= 3 and not cell.endswith((".", "!", "…", "。"))


def is_heading(cell: str) -> bool:
    """Whether a cell is such a word as people call a column by, or is made of such words: `tweet_text`, `Created`."""
    if not is_short(cell):
        return False
    parts = re.split(r"[\W\d_]+|(?<=[^\W\d_])(?=[A-Z][a-z])", cell.strip())
    known = [part.casefold() in _HEADINGS for part in parts if part]
    return all(known) and bool(known) if " " in cell.strip() else any(known)

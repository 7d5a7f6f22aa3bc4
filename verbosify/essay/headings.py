"""Headings that only their looks tell, and the header that a text opens with. Knows no format."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from verbosify.essay.blocks import Block, lines
from verbosify.essay.language import is_unspaced
from verbosify.words import plain_words

HEADING_LENGTH = 80  # characters; what is longer is not taken for a heading that nothing but its look tells
HEADER_LINES = 12  # name, school, course, teacher, date, title, subtitle...; more short lines are verse
_TITLE_WORDS = 10  # a longer question opens a text rather than names it
_QUESTION_WORDS = 6  # the same of a text's very first line
_TITLE_CHARACTERS = 24  # the same in a script without spaces

_CLOSED = re.compile(r"""[.!?…。！？:;,،؛؟।][\s"'”’»›)\]）」』*_]*$""")
_ENDED = re.compile(r"""[.!?…。！？؟।]["'”’»›)\]）」』*_]*(?:\s|(?<=[。！？]))\S""")  # and something follows
_ASKED = re.compile(r"""[!?！？؟][\s"'”’»›)\]）」』*_]*$""")
_SPEECH = re.compile(r"""[\s*_]*["'“”„‘’‚«»‹›「『—–-]""")
_ABBREVIATED = re.compile(
    r"\b(?:[A-Z]|Ph\.?D|M\.?Sc|B\.?Sc|Ed\.?D|Jr|Sr|Esq|Inc|Ltd|Univ|Dept|Prof|Dr|Sec|Per|Hr|[ap]\.?m|"
    r"Mon|Tues?|Wed|Thurs?|Fri|Sat|Sun|Jan|Feb|Mar|Apr|Aug|Sept?|Oct|Nov|Dec)\.[\s*_]*$"
)
_DATE = re.compile(
    r"\W*(?:\d{1,4}\s?[./–-]\s?\d{1,2}\s?[./–-]\s?\d{2,4}"  # 12/3/2024
    r"|(?:[^\W\d_]{2,12}[.,]?\s+){0,2}\d{1,2}(?:st|nd|rd|th|er|º|\.)?,?\s+(?:(?:of|de|d')\s+)?[^\W\d_]{3,12}\.?,?\s+"
    r"(?:de\s+)?\d{4}"  # Monday, 12 March 2024
    r"|(?:[^\W\d_]{2,12}[.,]?\s+){1,2}\d{1,2}(?:st|nd|rd|th)?,?\s+\d{4}"  # Monday, March 12, 2024
    r"|(?:spring|summer|fall|autumn|winter|term|[^\W\d_]{3,12}),?\s+\d{4}"  # March 2024
    r"|\d{4}\s?年.{0,12})\W*",
    re.IGNORECASE,
)
_LABELLED = re.compile(
    r"[\s*_]*(?:[^\W\d_]+['’]?s?\s){0,2}"
    r"(?:names?|authors?|by|student|id|teacher|professor|instructor|tutor|lecturer|supervisor|course|class|subject|module"
    r"|unit|school|university|college|department|grade|year|period|section|semester|term|date|due|submitted|to|from"
    r"|assignment|essay|paper|draft|topic|title|subtitle|prompt|question|count|words|pages?|version|e-?mail|keywords?"
    r"|autor(?:in)?|verfasser(?:in)?|klasse|kurs|fach|lehrer(?:in)?|schule|datum|abgabe|thema|titel|matrikelnummer"
    r"|nom|prénom|auteur|classe|cours|matière|professeure?|enseignante?|école|titre|sujet"
    r"|nombre|alumn[oa]|autora?|curso|clase|profesora?|docente|asignatura|fecha|tema|título"
    r"|nome|corso|data|titolo|naam|klas|vak|имя|класс|дата|тема|姓名|班级|日期|题目|名前)[\s*_]*(?:[:：]|#\d)",
    re.IGNORECASE,
)
_TITLED = re.compile(
    r"[\s*_]*(?:title|titel|titre|título|titolo|название|标题|题目)[\s*_]*[:：][\s*_]*(?=\S)", re.IGNORECASE
)
_OF_WORK = re.compile(
    r"[\s*_]*(?:essay|paper|topic|prompt|question|assignment|thema|tema|sujet|тема)\b", re.IGNORECASE
)  # the labels after which a title may stand
_SALUTATION = re.compile(
    r"[\s*_]*(?:dear|liebe[rs]?|cher|chère|querid[oa]|beste|car[oa])\s[^.!?]{1,40}[,:!]\W*", re.IGNORECASE
)
_BULLET = re.compile(r"[-*+–•‣◦▪·●○]\s")
_BYLINE = re.compile(r"[\s*_]*(?:(?:written|an essay|a paper|essay) )?(?:by|von|par|por)\s+[^\W\d_]", re.IGNORECASE)
_PERSON = re.compile(
    r"[\s*_]*(?:mr|mrs|ms|mx|miss|sir|dr|prof|professor|herr|frau|mme|sr|sra|teacher)\b\.?\s", re.IGNORECASE
)
_IN_COLUMNS = re.compile(r".*[^\W\d_]{2}[^\t]*\t+[^\t]*\w")  # name, course and date on a line
_COURSE = re.compile(r"(?:[^\W\d_]+[.\s-]+){0,4}[^\W\d_]+\.?[\s-]*\d{1,4}[A-Za-z]?(?:[,:;–-].*)?")
_SECTION = re.compile(
    r"\W*(?:introduction|abstract|preface|prologue|summary|einleitung|chapter|part|kapitel)\b", re.IGNORECASE
)


def looks_like_heading(text: str) -> bool:
    """Whether text in a format without headings reads as one: a short line that no punctuation closes."""
    return _is_short_line(text) and _CLOSED.search(text.strip()) is None


def looks_like_title(text: str) -> bool:
    """The same, or a short question or exclamation that is not speech, which a title may be."""
    if looks_like_heading(text):
        return True
    text = text.strip()
    short = len(text) <= _TITLE_CHARACTERS if is_unspaced(text) else plain_words(text) <= _TITLE_WORDS
    one = _ASKED.search(text) is not None and _ENDED.search(text) is None
    return _is_short_line(text) and short and one and _SPEECH.match(text) is None


def header_length(texts: Sequence[str]) -> int:
    """How many of a text's first paragraphs (lines, where each is one) are its header: name, course, date, title.

    They are short and not closed, but for a date, an abbreviated name, `Date: ...`, and a title that asks. None are,
    if no paragraph follows, or if there are so many that they must be something else.
    """
    length = count = 0
    while length < len(texts) and count <= HEADER_LINES:
        said = _filled_lines(texts[length])
        if not all(_is_header_line(line, broken=len(said) > 1) for line in said):
            break
        if _ASKED.search(said[-1]) and not _asks_as_title(texts, length):
            break
        count += len(said)
        length += 1
    return length if length < len(texts) and count <= HEADER_LINES else 0


def with_header(text: str, blocks: Sequence[Block]) -> tuple[Block, ...]:
    """`blocks` with the paragraphs that are the header of the text made headings: the title of level 1, others of 2."""
    top = [
        number
        for number, block in enumerate(blocks[: 4 * HEADER_LINES])
        if block.kind != "verbatim" or _is_date(text[block.start : block.end])  # 3. Mai 2024, an item in Markdown
    ]
    texts = [text[blocks[number].start : blocks[number].end] for number in top]
    header = top[: header_length(texts)]
    if all(blocks[number].kind == "heading" for number in header):
        return tuple(blocks)
    titled = any(blocks[number].level == 1 for number in header)
    said = [(number, line) for number, words in zip(header, texts, strict=False) for line in _filled_lines(words)]
    last, line = said[title_line([line for _, line in said])]
    title = last if not titled and title_words(line) else -1
    result = list(blocks)
    for number in header:
        if number == title or blocks[number].kind == "paragraph":
            result[number] = replace(blocks[number], kind="heading", level=1 if number == title else 2)
    return tuple(result)


def title_line(header: Sequence[str]) -> int:
    """Which line of a header is the title: one that says so, the last after a name and a date, or the first other."""
    last = len(header) - 1
    for number, line in enumerate(header):
        if _TITLED.match(line):
            return number
    candidates = [number for number, line in enumerate(header) if not (_is_particular(line) or _SECTION.match(line))]
    if not candidates:
        return last
    signed = last > 0 and _BYLINE.match(header[1]) is not None
    before = any(_is_particular(line) or _COURSE.fullmatch(line.strip()) for line in header[:last])
    return last if last in candidates and before and not signed else candidates[0]


def title_words(line: str, *, sure: bool = False) -> str:
    """The title in a heading, without `Title:`; none in `Teacher: ...` or `by ...`, unless it is `sure` to be one."""
    line = " ".join(line.split())
    if titled := _TITLED.match(line):
        return line[titled.end() :].strip()
    particular = not sure and (_BYLINE.match(line) or (_LABELLED.match(line) and not _OF_WORK.match(line)))
    return "" if particular else line


def _is_header_line(line: str, *, broken: bool) -> bool:
    """Whether a line may be in a header; `broken` if it is one of several of a paragraph, which may be wrapped."""
    if (broken and line[:1].islower() and not _BYLINE.match(line)) or _BULLET.match(line):
        return False
    if looks_like_title(line):
        return True
    if not _is_short_line(line) or _ENDED.search(_without_abbreviations(line)):
        return False
    if _DATE.fullmatch(line) or _SALUTATION.fullmatch(line):
        return True
    if _ABBREVIATED.search(line):
        return _is_capitalised(line)
    return _LABELLED.match(line) is not None and plain_words(line) <= _TITLE_WORDS


def _asks_as_title(texts: Sequence[str], place: int) -> bool:
    """Whether a short question is the title rather than a first sentence set apart: by its capitals, or its place."""
    if place + 1 < len(texts) and _SPEECH.match(texts[place + 1]):
        return False
    line = texts[place]
    if _is_capitalised(line) and plain_words(line) > 1:
        return True
    if place == 0:
        return plain_words(line) <= _QUESTION_WORDS
    before = _filled_lines(texts[place - 1])[-1]
    return _is_particular(before) or _COURSE.fullmatch(before.strip()) is not None


def _is_particular(line: str) -> bool:
    """Whether a header's line says who, when or for whom."""
    if len(line) > HEADING_LENGTH:
        return False
    known = (_LABELLED, _BYLINE, _PERSON, _IN_COLUMNS)
    return any(kind.match(line) for kind in known) or _is_date(line)


def _is_date(line: str) -> bool:
    return len(line) <= HEADING_LENGTH and _DATE.fullmatch(line) is not None


def _is_capitalised(line: str) -> bool:
    return all(not word[0].islower() for word in re.findall(r"[^\W\d_]{4,}", line))


def _without_abbreviations(line: str) -> str:
    return re.sub(r"\b([^\W\d_]{1,4})\.(?=\s)", r"\1", line)


def _is_short_line(text: str) -> bool:
    text = text.strip()
    short = 0 < len(text) <= HEADING_LENGTH and "\n" not in text and "\r" not in text
    return short and plain_words(text) > 0 and "://" not in text


def _filled_lines(text: str) -> list[str]:
    return [line for start, end in lines(text) if (line := text[start:end].strip())]

"""Sentence boundaries corrected by hand: a plain text file, one sentence a line, a blank line between paragraphs.

Write the file with `format_sentences`, join or split lines in any editor, read it back with
`parse_sentences`. Only line breaks may change; the words stay the essay's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from verbosify.errors import EssayError
from verbosify.essay.blocks import lines
from verbosify.essay.inline import Inline
from verbosify.essay.passages import Sentence, essay_paragraphs, sentences_ending_at
from verbosify.essay.reading import Essay

_SHOWN = 40  # characters of a line quoted in a message


def format_sentences(essay: Essay, sentences: Iterable[Sequence[Sentence]]) -> str:
    """The sentences of `essay` as they are written in it (markup and citation marks included), to correct by hand."""
    paragraphs = [
        "\n".join(" ".join(essay.text[sentence.start : sentence.end].split()) for sentence in paragraph)
        for paragraph in sentences
        if paragraph
    ]
    return "\n\n".join(paragraphs) + "\n"


def parse_sentences(text: str, essay: Essay) -> list[list[Sentence]]:
    """The sentences of `essay`, cut where the lines of `text` end; a list for each paragraph, as `essay_sentences`.

    Raises:
        EssayError: a line differs from the essay in more than white space, or a paragraph is missing, too
            many or cut in two; the message names the line.
    """
    groups = _numbered_groups(text.removeprefix("\ufeff"))
    result: list[list[Sentence]] = []
    last_line = 0
    for block, inline in essay_paragraphs(essay):
        if not sentences_ending_at(essay, block, inline, []):
            result.append([])
            continue
        if not groups:
            raise EssayError(
                f"The sentences end after line {last_line}, but {essay.name} has another paragraph: "
                f"{_shown(_source(essay, block))}. Put it back."
            )
        group = groups.pop(0)
        last_line = group[-1][0]
        result.append(_matched(essay, block, inline, group))
    if groups:
        raise EssayError(f"Line {groups[0][0][0]} is not in {essay.name}: take {_shown(groups[0][0][1])} out.")
    return result


def _numbered_groups(text: str) -> list[list[tuple[int, str]]]:
    """Runs of lines between blank lines, each line with its number from 1."""
    groups: list[list[tuple[int, str]]] = [[]]
    for number, (start, end) in enumerate(lines(text), start=1):
        if text[start:end].strip():
            groups[-1].append((number, text[start:end]))
        elif groups[-1]:
            groups.append([])
    return [group for group in groups if group]


def _matched(essay: Essay, block: int, inline: Inline, group: Sequence[tuple[int, str]]) -> list[Sentence]:
    source = _source(essay, block)
    offsets = [offset for offset, character in enumerate(source) if not character.isspace()]
    letters = "".join(source.split())
    position = 0
    ends = []
    for number, line in group:
        words = "".join(line.split())
        if not letters.startswith(words, position):
            expected = source[offsets[position] :] if position < len(offsets) else "the end of the paragraph"
            raise EssayError(
                f"Line {number} differs from {essay.name}: it has {_shown(line)} where the essay has "
                f"{_shown(expected)}. Change line breaks only."
            )
        position += len(words)
        ends.append(offsets[position - 1] + 1)
    if position < len(letters):
        raise EssayError(
            f"The paragraph that ends on line {group[-1][0]} lacks words that {essay.name} has: "
            f"{_shown(source[offsets[position] :])}. Put them back, or take the blank line out."
        )
    return sentences_ending_at(essay, block, inline, ends)


def _source(essay: Essay, block: int) -> str:
    return essay.text[essay.blocks[block].start : essay.blocks[block].end]


def _shown(text: str) -> str:
    text = " ".join(text.split())
    return f"“{text if len(text) <= _SHOWN else text[:_SHOWN] + '…'}”"

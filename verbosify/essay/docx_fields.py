"""Fields of a .docx that make whole paragraphs, such as a table of contents. Reads nothing else of the text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from verbosify.essay.docx_styles import Element, W

_LISTS = re.compile(  # of contents, of authorities, of words, of sources: Word's, Zotero's, EndNote's, Mendeley's
    r"\s*(?:(?:TOC|TOA|INDEX|BIBLIOGRAPHY)(?!\w)"
    r"|ADDIN\s+(?:ZOTERO_BIBL|EN\.REFLIST|Mendeley\s+Bibliography|CSL_BIBLIOGRAPHY))"
)


@dataclass(slots=True)
class _Field:
    """A field that has begun: its instruction as far as read, and the paragraphs that its result stands in."""

    instruction: str = ""
    paragraphs: list[Element] = field(default_factory=list)

    @property
    def is_list(self) -> bool:
        return _LISTS.match(self.instruction) is not None


def listed_by_fields(paragraphs: Iterable[Element]) -> set[Element]:
    """Those of `paragraphs` in which a table of contents, an index or a list of sources stands that a field made.

    A field that does not end makes none: nothing tells how far it would go.
    """
    listed: set[Element] = set()
    begun: list[_Field] = []
    for paragraph in paragraphs:
        for each in paragraph.iter(W + "fldChar", W + "fldSimple", W + "instrText", W + "t"):
            if each.tag == W + "fldSimple":
                if _Field(each.get(W + "instr") or "").is_list:
                    listed.add(paragraph)
            elif each.tag == W + "fldChar":
                kind = each.get(W + "fldCharType")
                if kind == "begin":
                    begun.append(_Field())
                elif kind == "end" and begun:
                    done = begun.pop()
                    listed.update(done.paragraphs if done.is_list else ())
            elif each.tag == W + "instrText" and begun:
                begun[-1].instruction += each.text or ""
            else:
                for outer in begun:
                    if not outer.paragraphs or outer.paragraphs[-1] is not paragraph:
                        outer.paragraphs.append(paragraph)
    return listed

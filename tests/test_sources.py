"""Lists of sources: their headings and entries."""

from __future__ import annotations

import pytest

from verbosify.essay.reading import Essay, essay_from_text
from verbosify.essay.sources import is_source, is_sources_heading, opens_sources


def prose(essay: Essay) -> list[str]:
    return [essay.text[block.start : block.end] for block in essay.paragraphs]


@pytest.mark.parametrize(
    "heading",
    [
        "References", "Reference", "Reference:", "REFERENCES :", "Reference(s)", "  Reference\u00a0List", "Works Cited",
        "Work cited:", "Works  Cited Page", "works-cited", "Works Cited (MLA 9)", "Works Consulted", "Citation", "Citations:",
        "Source", "Sources:", "(Sources)", "Source(s):", "Primary Sources", "Sources Used", "Online sources", "Bibliography",
        "Annotated Bibliography", "Footnotes", "Foot notes", "Endnote", "End-Notes:", "Notes", "Notes and References",
        "References & Notes", "References/Bibliography", "Further Reading", "Literature Cited", "5. Sources", "3.2 References",
        "IV. Works Cited", "Appendix A: References", "**Works cited**", "__References__", "# References #", "[References]",
        "Literatur", "Literaturverzeichnis:", "Literatur- und Quellenverzeichnis", "Quelle:", "Quellenangaben", "Fußnoten",
        "Bibliographie", "Références", "Référence :", "Ouvrages cités", "Sources consultées", "Bibliografía",
        "Referencias bibliográficas", "Fuentes:", "Obras citadas", "Notas", "Bibliografia", "Fonti", "Fontes consultadas",
        "Bronnen", "Literatuurlijst", "Список литературы", "Источники:", "Βιβλιογραφία", "المراجع", "संदर्भ", "参考文献",
        "参考文献：", "注释", "出典", "Annotated Works Cited", "Webography", "Links used:", "Bibliografía consultada",
    ],
)  # fmt: skip
def test_a_list_of_sources_is_known_by_its_heading(heading: str) -> None:
    assert is_sources_heading(heading)


@pytest.mark.parametrize(
    "heading",
    [
        "Notes on a river", "A Note", "The source of the Nile", "Sources of power", "References to boats in verse", "Works",
        "Citing works", "Literature and life", "Reading", "Quellen der Donau", "Further", "", "***", "5.", "A.", "Noted",
        "Sources " * 40,
    ],
)  # fmt: skip
def test_what_only_mentions_sources_heads_no_list_of_them(heading: str) -> None:
    assert not is_sources_heading(heading)


@pytest.mark.parametrize(
    "entry",
    [
        "[1] Adler, R. Boats.", "[1]Adler, R. Boats.", " [12]  Adler, R.", "[3]: https://example.org", "[3]. Adler",
        "[2a] Adler", "[^1]: A note.", "[^oduya]: A note.", "[Adl99] Adler, R.", "[Oduya2001] Oduya", "[a] Adler",
        "[1] de Beauvoir, S.", "[1] https://example.org", "[4] “Boats.” Harbour News.", "[1]", "¹ Adler, R. Boats.",
        "¹²Adler, R.", "Source: Harbour News, 1956.", "Sources: Adler; Oduya", "**References:** Adler, R. Boats.",
        "Works Cited: Adler, R.", "Quelle: Hafenblatt", "Fuente: Diario del puerto", "参考文献：王、船",
    ],
)  # fmt: skip
def test_an_entry_is_known_by_its_mark_or_label_whatever_the_spacing(entry: str) -> None:
    assert is_source(entry)


@pytest.mark.parametrize(
    "sentence",
    [
        "[The] captain sailed north.", "[Ruth](x) sailed.", "[1](x) sailed.", "[1] shows that boats sink.", "[1] and [2] agree.",
        "[I] went north.", "[sic] was all he said.", "1956 was a year.", "Sources: they are many, and none is dry.",
        "Source and sea.", "Note: we left at nine.", "² and ³ are written small.", "[…] we left.", "In [1] she says so.", "",
    ],
)  # fmt: skip
def test_a_sentence_that_begins_with_a_bracket_is_no_entry(sentence: str) -> None:
    assert not is_source(sentence)


def test_a_heading_may_be_a_paragraph_of_its_own() -> None:
    essay = essay_from_text("We left at nine.\n\nWorks Cited:\n\nAdler, R. Boats. Quay Press.\n\nOduya, T. Tides.\n")

    assert prose(essay) == ["We left at nine."]
    assert [block.kind for block in essay.blocks] == ["paragraph", "heading", "verbatim", "verbatim"]


def test_what_follows_the_list_is_prose_from_the_next_section_on() -> None:
    essay = essay_from_text(
        "# A\n\nOne.\n\n## B\n\nTwo.\n\nSources\n\nAdler.\n\n### Books\n\nOduya.\n\n## C\n\nThree.\n"
    )

    assert prose(essay) == ["One.", "Two.", "Three."]


def test_a_list_stays_one_under_headings_that_divide_it() -> None:
    essay = essay_from_text("# A\n\nOne.\n\n# References\n\nAdler.\n\n# Websites\n\nOduya.\n\n# Appendix\n\nTwo.\n")

    assert prose(essay) == ["One.", "Two."]


def test_a_label_with_its_first_entry_opens_the_list_if_it_names_one() -> None:
    assert opens_sources("References: Adler, R. Boats.")
    assert not opens_sources("Source: Harbour News")
    essay = essay_from_text(
        "We left.\n\nSource: Harbour News.\n\nWe came back.\n\nWorks Cited: Adler, R.\n\nOduya, T.\n"
    )
    assert prose(essay) == ["We left.", "We came back."]


def test_an_essay_called_notes_is_prose() -> None:
    assert prose(essay_from_text("# Notes\n\nI kept a diary.\n\n## Sources\n\nAdler.\n")) == ["I kept a diary."]
    assert prose(essay_from_text("# Notes\n\n[1] Adler, R. Boats.\n\n# Prose\n\nI kept a diary.\n")) == [
        "I kept a diary."
    ]


def test_paragraphs_that_are_all_numbered_are_prose() -> None:
    assert prose(essay_from_text("[1] We left at nine.\n\n[2] We came back.\n")) == [
        "[1] We left at nine.",
        "[2] We came back.",
    ]


@pytest.mark.parametrize("name", ["essay.md", "essay.txt"])
def test_a_numbered_heading_that_reads_as_an_item_opens_the_list_too(name: str) -> None:
    essay = essay_from_text("We row. It rains.\n\n5. Sources\n\nAdler, R. Boats. Penguin. London.\n", name)

    assert prose(essay) == ["We row. It rains."]

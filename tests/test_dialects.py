"""What Jekyll, Hugo, Pandoc, Obsidian and MDX put into a text is not prose."""

from __future__ import annotations

import pytest

from verbosify.essay.converting import as_plain_text
from verbosify.essay.dialects import front_matter_end
from verbosify.essay.passages import essay_sentences
from verbosify.essay.reading import Essay, essay_from_text

BEFORE, AFTER = "We sailed north. It was cold.", "We slept. It was late."


def prose(essay: Essay) -> list[str]:
    return [essay.text[block.start : block.end] for block in essay.paragraphs]


def around(source: str, line_break: str = "\n") -> Essay:
    return essay_from_text(f"{BEFORE}\n\n{source}\n\n{AFTER}\n".replace("\n", line_break))


MACHINE = [
    "![[map.png]]", "![[Notes#One|so]]", "#tag #tag2", "#boats, #sea/deep", "tags: #a #b", "due:: tomorrow", "#+TITLE: Words",
    '{% include words.html a="b" %}', "{%- assign words = 1 -%}", '{{< figure src="a" title="Words" >}}', "{{ page.words }}",
    "{{% words %}}", "\\newpage", "\\pagebreak[4]", "\\vspace{1cm}", "\\noindent", "\\tableofcontents", "{: .lead}", "{:toc}",
    "{#words .lead key=value}", "{::options words='x' /}", "import Words from './x.js'\nimport {Y} from \"y\"",
    "export const words = {\n  b: 1,\n}", "export default Words", "<Chart words={[1, 2]} />", "<Words\n  a={1}\n/>", "[TOC]",
    "[[_TOC_]]", "<% tp.words() %>", ":::", "*[HTML]: Hyper words",
    "import {\n  Words,\n  B,\n} from 'x'", "import Words, {\n  B } from 'x'",
]  # fmt: skip
APART = [
    "{% highlight py %}\nwords(1)\n\nmore\n{% endhighlight %}", "{% raw %}\nWords here.\n\nMore.\n{% endraw %}",
    "{{% notice tip %}}\nWords in it.\n\nMore.\n{{% /notice %}}", "::: note\nWords here.\n\nMore words.\n:::",
    ":::tip Title\nWords here.\n:::", "::: {.tip #x}\nWords.\n\n:::: inner\nMore.\n::::\n\nEnd.\n:::",
    "\\begin{center}\nWords here.\n\nMore.\n\\end{center}", "\\begin{equation}\nx = y\n\\end{equation}", "$$\nx = y\n\n- 2\n$$",
    "\\[\nx = y\n\nz\n\\]", "<Callout type={1}>\n\nWords within.\n\n</Callout>", "!!! note\n    Words within.\n\n    More.",
    "+---+---+\n| a | b |\n+===+===+\n| c | words |\n+---+---+", "  Right     Left\n-------  -------\n     12    words",
    "-----------------------\n First   Second\n------- ---------------\n  a     words here\n\n  b     other words\n-----------------------", "| a line of verse\n| another one", "Term\n:   its words", "Table: The words of it.",
    "a | b\n--|--\n1 | words", "![words]({{ site.url }}/a.png)", "(@) Words. They are few.\n(@two) More.",
]  # fmt: skip


@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
@pytest.mark.parametrize("source", MACHINE + APART)
def test_it_is_no_prose_and_the_prose_around_it_is(source: str, line_break: str) -> None:
    assert prose(around(source, line_break)) == [BEFORE, AFTER]


@pytest.mark.parametrize("source", MACHINE)
def test_what_is_for_a_machine_alone_is_not_in_a_text_to_read(source: str) -> None:
    assert as_plain_text(around(source)).split() == f"{BEFORE} {AFTER}".split()


@pytest.mark.parametrize("source", [source for source in APART if "words" in source.lower()])
def test_what_is_set_apart_stays_in_a_text_to_read(source: str) -> None:
    assert "words" in as_plain_text(around(source)).lower()


@pytest.mark.parametrize(
    ("source", "sentences"),
    [
        ('We {{< ref "x" >}} left. It {{ x }} was {% if a %}late{% endif %}.', ["We left.", "It was late."]),
        ("We left [@adler, p. 3]. It was late [see @oduya; @marsh1999].", ["We left.", "It was late."]),
        ("It was far.{: .lead} We left. ^block-id", ["It was far.", "We left."]),
        ("We ![[map.png]] left, \\noindent and <% x %> slept.", ["We left, and slept."]),
        ("We saw [[Boats|the boats]] and [[Sea]].", ["We saw the boats and Sea."]),
        ('We saw [*two* boats]({{< ref "b.md" >}}) [at sea]({{ "/a" | url }}).', ["We saw two boats at sea."]),
        ("We left ![a map]({% link map.png %}) at dawn.", ["We left  at dawn."]),
        ("We left.^[See Hale. She knows.] It was late.", ["We left.", "It was late."]),
        ("A lead line.\n{: .lead #first}", ["A lead line."]),
        ("#boats #sea\nWe left.", ["We left."]),
    ],
)
def test_it_goes_from_among_the_words(source: str, sentences: list[str]) -> None:
    essay = essay_from_text(source)

    assert [sentence.text for paragraph in essay_sentences(essay) for sentence in paragraph] == sentences


@pytest.mark.parametrize(
    "text",
    [
        r"C:\Users\new is a path, and {a set} of {x | y} is one.", "We met #boats there.", "Import duties from 'abroad' rose.",
        "The vote was 5::4 at last.", "Export is what we do.", "It is {so}.", "$x_{1}$ is small.", "Write `{{ x }}` and `{% y %}`.",
        "– We left -- at nine.", "Words: here they are.", "A | B is a choice.", "100% of it.", "a + b = c - d.",
    ],
)  # fmt: skip
def test_ordinary_prose_stays_as_it_is(text: str) -> None:
    essay = essay_from_text(f"{BEFORE}\n\n{text}\n")

    assert prose(essay) == [BEFORE, text]
    assert essay_sentences(essay)[1][-1].text.endswith(text.replace("`", "").split()[-1])
    assert sum(len(sentence.text.split()) for sentence in essay_sentences(essay)[1]) == len(text.split())


def test_code_keeps_what_is_in_it() -> None:
    essay = around("```liquid\n{% include x %}\n::: note\n```")

    assert prose(essay) == [BEFORE, AFTER]
    assert "{% include x %}\n::: note" in as_plain_text(essay)


@pytest.mark.parametrize(
    "source", ["::: essay\n{}\n:::", "<Layout>\n\n{}\n\n</Layout>", "{{{{% main %}}}}\n{}\n{{{{% /main %}}}}"]
)
def test_an_essay_that_stands_in_a_container_whole_is_prose(source: str) -> None:
    assert prose(essay_from_text(source.format(BEFORE))) == [BEFORE]


@pytest.mark.parametrize(
    "matter",
    [
        "---\ntitle: Boats\n---", "---\ntitle: Boats\n...", "---\n\ntitle: Boats\n---", "+++\ntitle = 'Boats'\n+++", "+++\n[a]\n+++",
        '{\n  "title": "Boats",\n  "tags": ["a"]\n}', '{"title": "Boats"}', "---json\n{\"a\": 1}\n---", "% Boats\n% Ruth Adler\n% 1956",
        "% Boats\n  and ships", "\n---\ntitle: Boats\n---",
    ],
)  # fmt: skip
@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
@pytest.mark.parametrize("name", ["essay.md", "essay.txt"])
def test_front_matter_is_no_prose(matter: str, line_break: str, name: str) -> None:
    text = f"{matter}\n\n{BEFORE}\n".replace("\n", line_break)

    assert front_matter_end(text) >= len(matter.rstrip())
    assert prose(essay_from_text(text, name)) == [BEFORE]
    assert name.endswith("txt") or as_plain_text(essay_from_text(text)) == BEFORE + line_break


@pytest.mark.parametrize(
    "text", ["---\nWe left.\n\nMore.\n\n---\n", "---\ntitle: never closed\n", "{so} it is", "100% of it", "+++\n"]
)
def test_what_only_begins_like_front_matter_is_none(text: str) -> None:
    assert front_matter_end(text) == 0


def test_the_title_has_no_attributes() -> None:
    assert essay_from_text(f"# On Ferries {{#ferries .wide}}\n\n{BEFORE}").title == "On Ferries"

"""Plain text made from Markdown, to be read."""

from __future__ import annotations

import pytest

from verbosify.essay.plain_writing import note_marks, plain_text_of_markdown


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("---\ntitle: a\n---\n\n# On *rafts*\nOne\n`is` **here**.", "On rafts\n\nOne\nis here."),
        ("Head\non two\n===", "Head on two"),
        ("One.[^x] Two.^[Not *far*.] Three.[^x]\n\n[^x]: A note\n    on two lines.\n\n    And more.", (
            "One.[1] Two.[2] Three.[1]\n\n[1] A note\n    on two lines.\n\n    And more.\n\n[2] Not far."
        )),
        ("One.[^1] Two.[1]\n\n[^1]: A note.", "One.[a] Two.[1]\n\n[a] A note."),
        ("One.[^1] Two.[^2]\n\n[^1]: A note, as [^2] or [^3].\n[^3]: Left.\n", "One.[1] Two.[^2]\n\n[3] Left.\n\n[1] A note, as [^2] or [3]."),
        ("x^[1] and y.", "x[1] and y."),
        ("A [link](http://a.example), <b@c.example>, <http://d.example/>, [http://e.example](http://e.example/).", (
            "A link (http://a.example), b@c.example, http://d.example/, http://e.example."
        )),
        ("[Here](#there), [](http://a.example), [b][], [c] and [1](http://d.example).\n\n[b]: e.md 'T'\n[c]: f.md", (
            "Here, http://a.example, b (e.md), c (f.md) and [1] (http://d.example)."
        )),
        ("One.\n\n[Smith 2001]: http://a.example 'A Book'\n[//]: # (private)\n[comment]: <> (private)", (
            "One.\n\n[Smith 2001] A Book http://a.example"
        )),
        ("![](a.png)\n\n![A *raft*\nat sea](a.png 'T') and ![][b].\n\n[b]: c.png", "[A raft at sea] and ."),
        ("One <!-- private\nnote -->is <b>here</b><br>now. H<sub>2</sub>O, 2<sup>10</sup>.\n\n<!-- a\n\nb -->\nTwo.", (
            "One is here\nnow. H2O, 2¹⁰.\n\nTwo."
        )),
        ("<p align=center>One <a href='http://a.example'>is</a>\n  here.</p><p>Two</p>\n\n<style>\n\np {}\n</style>\n\n<img alt='A raft'>", (
            "One is (http://a.example) here.\n\nTwo\n\n[A raft]"
        )),
        ("<table><tr><td>a<td>b</tr><tr><td>c</table>\n\n<pre>\n a\n  b</pre>", "a | b\n\nc\n\n a\n  b"),
        ("The `<object>` tag, an <object> tag, and <svg><text>no</text></svg>.", "The <object> tag, an  tag, and no."),
        ("* a *list*\n  - of two\n\n    and more\n* b\n\n3) c\n4) d", (
            "* a list\n  - of two\n\n    and more\n* b\n\n3) c\n4) d"
        )),
        ("> a *quotation*\n>\n> - of\n> - two\n>> deep", "> a quotation\n>\n> - of\n> - two\n>\n> > deep"),
        ("```py\n*a*\n\n![](b)\n```\n\n    *c*", "```py\n*a*\n\n![](b)\n```\n\n    *c*"),
        ("a | *b*\n--|--\nc<br>d | e \\| f", "| a | b |\n| --- | --- |\n| c / d | e | f |"),
        ("One.\n***\n\\# Two \\[x\\] &amp; &lt;three&gt;.", "One.\n\n* * *\n\n# Two [x] & <three>."),
        ("", ""),
    ],
)  # fmt: skip
def test_markdown_reads_as_plain_text(source: str, expected: str) -> None:
    assert plain_text_of_markdown(source) == expected + "\n"


def test_line_breaks_stay_those_of_the_file() -> None:
    assert plain_text_of_markdown("# One\r\nTwo\r\nthree.[^1]\r\n\r\n[^1]: Four.\r\n") == (
        "One\r\n\r\nTwo\r\nthree.[1]\r\n\r\n[1] Four.\r\n"
    )


def test_notes_are_marked_by_letters_where_numbers_mean_something_else() -> None:
    assert [note_marks("One.[1]")(number) for number in (1, 26, 27, 702, 703)] == [
        "[a]",
        "[z]",
        "[aa]",
        "[zz]",
        "[aaa]",
    ]
    assert note_marks("One.[^1]")(27) == "[27]"


def test_deep_nesting_loses_nothing() -> None:
    assert plain_text_of_markdown("> " * 40 + "deep") == "> " * 40 + "deep\n"

"""Hostile essays, made from a random generator: all that may stand in a text file, and Word files bent out of shape."""

from __future__ import annotations

import io
import random
import re
import warnings
import zipfile
from collections.abc import Callable

from tests.docx_samples import of_xml, run, with_everything

CANARY = 7919 * 7927
"""What `{{ 7919 * 7927 }}` comes to if anything takes it for a template."""

PROSE = [
    "The kettle sang before it boiled.", "Nobody had mended the clock since 1974.", "“Is it far?” Ruth asked.",
    "We counted the boats twice; there were nine.", "Dr. Ek lives at No. 5, e.g. upstairs.", "It rained.",
    "Das Boot kam am 3. Mai zurück.", "¿Quién abrió la puerta?", "« Attends », dit-elle.", "雨が降った。", "他们走了。",
    "كان البحر هادئا.", "Она ушла в 5 ч. утра.", "The price is $3.50 (not 3,5 €).", "See fig. 2 and [1, 2].",
]  # fmt: skip
FRAGMENTS = [
    "<script>window.pwned=1</script>", "<img src=x onerror=window.pwned=1>", "<svg/onload=window.pwned=1>",
    "</script><script>window.pwned=1</script>", "<!-- a private note -->", "<!--", "-->", "]]>", "<![CDATA[", "<?xml?>",
    "[x](javascript:window.pwned=1)", "![x](javascript:window.pwned=1)", "<javascript:window.pwned=1>",
    "[x](data:text/html,<script>window.pwned=1</script>)", "[x]: javascript:window.pwned=1", "<a href='//x' onclick=y>",
    "<iframe src=//x></iframe>", "<base href=//x>", "<meta http-equiv=refresh content='0;url=//x'>", "<style>*{}</style>",
    "{{ 7919 * 7927 }}", "{% for x in y %}", "{% raw %}", "{#", "${7919*7927}", "#{7919*7927}", "%s%n%d", "{0.__class__}",
    "{{< x >}}", "::: note", "%% a private note %%", "\\newpage", "$(touch pwned)", "`touch pwned`", "'; DROP TABLE samples; --",
    "\0", "\x01\x02\x1b[31m", "\x7f\x85", "\ufeff", "\u200b\u200d\u2060", "\u202e gnol", "\u2066\u2069", "\ufffe\uffff",
    "e" + "\u0301" * 40, "🏳️‍🌈👩‍👩‍👧‍👦", "\U0010ffff", "ﷺ" * 9, "ß" * 30, "İı", "ǅ", "\r", "\n", "\r\n", "\n\n", "\u2028", "\t", "\x0b\x0c",
    "---\ntitle: x\n---\n", "---", "+++", "...", "# ", "## x ##", "===\n", "> ", "> > > ", "- ", "1. ", "* * *", "```\n", "~~~\n", "    ",
    "| a | b |\n|---|---|\n| c | d |", "[^1]", "[^1]: note", "[1]", "[", "]", "(", ")", "![", "](", "*", "**", "_", "`", "\\", "&", "&amp;", "&#0;",
    "&#x110000;", "&lt;script&gt;", "“", "”", "«", "‘", "\"", "'", "—", "…", ".", "?!", "。", "¡", ":", ";", "http://x.y/z?a=b#c", "a@b.c",
    "References", "## Notes", "a" * 5000, "word " * 400, "?" * 300, "(" * 300, "[" * 300, "*" * 300, "_a" * 300, "`" * 300, "> " * 300, "<" * 300,
]  # fmt: skip


def hostile_text(rng: random.Random, size: int) -> str:
    """A text of about `size` characters: sentences, and between them what no sentence should hold."""
    parts: list[str] = []
    length = 0
    share = rng.random() ** 2
    while length < size:
        part = rng.choice(FRAGMENTS) if rng.random() < share else rng.choice(PROSE)
        if rng.random() < 0.02:
            part = "".join(chr(rng.randrange(0x20, 0x3000)) for _ in range(rng.randrange(1, 60)))
        parts.append(part + rng.choice(["", " ", " ", " ", " ", "\n", "\n\n", "  "]))
        length += len(parts[-1])
    return "".join(parts)


def repeated_text(rng: random.Random, size: int) -> str:
    """One fragment, or two in turn, again and again: what makes a pattern take for ever."""
    unit = "".join(rng.choice([*FRAGMENTS, *PROSE]) + rng.choice(["", " ", "\n"]) for _ in range(rng.randrange(1, 3)))
    return (unit * (size // max(len(unit), 1) + 1))[:size]


def encoded(rng: random.Random, text: str) -> bytes:
    """The text in some encoding, now and then with bytes changed."""
    encoding = rng.choice(
        ["utf-8"] * 12 + ["utf-8-sig", "utf-16", "utf-16-le", "cp1252", "latin-1", "cp1251", "shift_jis"]
    )
    content = text.encode(encoding, errors="replace" if not encoding.startswith("utf") else "surrogatepass")
    return flipped(rng, content) if rng.random() < 0.05 else content


def flipped(rng: random.Random, content: bytes) -> bytes:
    """The same bytes, some of them changed, left out or doubled."""
    changed = bytearray(content)
    for _ in range(rng.randrange(1, 20)):
        if not changed:
            break
        place = rng.randrange(len(changed))
        match rng.randrange(4):
            case 0:
                changed[place] = rng.randrange(256)
            case 1:
                del changed[place : place + rng.randrange(1, 50)]
            case 2:
                changed[place:place] = changed[place : place + rng.randrange(1, 50)]
            case _:
                changed[place:place] = rng.randbytes(rng.randrange(1, 9))
    return bytes(changed)


def hostile_docx(rng: random.Random, size: int) -> bytes:
    """A Word file: bytes changed, XML bent, hostile text in it, or an archive that is not what it says."""
    content = rng.choice([with_everything, lambda: _of_text(rng, size)])()
    bend: Callable[[random.Random, bytes], bytes] = rng.choice([flipped, _bent, _bent, _bent, _rearranged])
    return bend(rng, content) if rng.random() < 0.9 else content


def _of_text(rng: random.Random, size: int) -> bytes:
    """A document of hostile paragraphs, escaped as XML wants it."""
    allowed = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
    lines = allowed.sub("", hostile_text(rng, size)).split("\n")
    escaped = (line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for line in lines if line.strip())
    return of_xml(*("<w:p>" + run(line) + "</w:p>" for line in escaped))


def _bent(rng: random.Random, content: bytes) -> bytes:
    """Elements of a part's XML removed, doubled, moved, renamed, wrapped a hundredfold, or given other values."""
    return _with_part(rng, content, lambda xml: _bend(rng, xml))


_WRAPPERS = (b"w:sdt", b"w:sdtContent", b"w:p", b"w:tbl", b"w:r", b"w:ins", b"w:hyperlink", b"w:txbxContent")
_ATTRIBUTES = (b"", b"-1", b"999999999999", b"x" * 999, b"0", b"none")
_ENTITIES = b"".join(b"<!ENTITY %c '%s'>" % (98 + level, b"&%c;" % (97 + level) * 10) for level in range(9))
_DOCTYPES = (
    b"<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>" + _ENTITIES + b"]>",
    b"<!DOCTYPE x SYSTEM 'file:///etc/passwd'>",
)


def _bend(rng: random.Random, xml: bytes) -> bytes:
    for _ in range(rng.randrange(1, 8)):
        tags = [match.span() for match in re.finditer(rb"<[^>]+>", xml)] or [(0, 0)]
        start, end = rng.choice(tags)
        other, other_end = rng.choice(tags)
        match rng.randrange(7):
            case 0:
                xml = xml[:start] + xml[end:]
            case 1:
                xml = xml[:start] + xml[other:other_end] + xml[start:]
            case 2:
                depth, name = rng.choice([1, 10, 3000]), rng.choice(_WRAPPERS)
                xml = xml[:start] + (b"<%s>" % name) * depth + xml[start:end] + (b"</%s>" % name) * depth + xml[end:]
            case 3:
                xml = re.sub(rb'="[^"]*"', b'="%s"' % rng.choice(_ATTRIBUTES), xml, count=rng.randrange(1, 50))
            case 4:
                xml = re.sub(rb"<w:\w+", rng.choice([b"<w:sdt", b"<w:p", b"<w:br"]), xml, count=rng.randrange(1, 50))
            case 5:
                xml = xml.replace(b"?>", b"?>" + rng.choice(_DOCTYPES), 1)
            case _:
                xml = xml.replace(b"</w:t>", b"&j;</w:t>", 1)
    return xml


def _rearranged(rng: random.Random, content: bytes) -> bytes:
    """An archive with parts missing, twice, empty, under strange names, or very much larger than they look."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = [(name, archive.read(name)) for name in archive.namelist()]
    match rng.randrange(5):
        case 0:
            del parts[rng.randrange(len(parts))]
        case 1:
            parts.append((rng.choice(["../../pwned", "/pwned", "word\\x.xml", "word/" + "x" * 300, "🙂"]), b"pwned"))
        case 2:
            place = rng.randrange(len(parts))
            parts[place] = (parts[place][0], b"" if rng.random() < 0.5 else rng.randbytes(200))
        case 3:
            parts.append(("word/media/zeros.bin", bytes(rng.choice([10, 700]) * 1024 * 1024)))
        case _:
            parts.insert(0, (parts[-1][0], rng.randbytes(100)))
    return _zipped(parts)


def _with_part(rng: random.Random, content: bytes, change: Callable[[bytes], bytes]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = [(name, archive.read(name)) for name in archive.namelist()]
    xml = [number for number, (name, _) in enumerate(parts) if name.endswith((".xml", ".rels"))]
    document = [number for number in xml if parts[number][0] == "word/document.xml"]
    place = rng.choice(document if rng.random() < 0.7 else xml)
    parts[place] = (parts[place][0], change(parts[place][1]))
    return _zipped(parts)


def _zipped(parts: list[tuple[str, bytes]]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a name that stands there twice is meant
        for name, part in parts:
            member = zipfile.ZipInfo(name)  # of 1980, whenever it is made
            archive.writestr(member, part, zipfile.ZIP_DEFLATED)
    return file.getvalue()

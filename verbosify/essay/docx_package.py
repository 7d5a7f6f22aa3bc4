"""The file a .docx is, opened: its size weighed first, its Strict dialect translated. Knows nothing of its text."""

from __future__ import annotations

import re
import zipfile
import zlib
from io import BytesIO
from typing import TYPE_CHECKING

from verbosify.errors import EssayError

if TYPE_CHECKING:
    from docx.document import Document

MAX_PARTS = 10_000
MAX_XML_BYTES = 128 * 1024 * 1024
MAX_UNPACKED_BYTES = 512 * 1024 * 1024

_OLD_CONTAINER = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # of .doc, and of a .docx that a password locks
_STRICT = b"http://purl.oclc.org/ooxml/"
_TAG = re.compile(rb"<[^<>]*http://purl\.oclc\.org/ooxml/[^<>]*>")
_STRICT_NAME = re.compile(rb"""(?<!Target=["'])http://purl\.oclc\.org/ooxml/(\w+)/([\w/]+)""")
_CONFORMANCE = re.compile(rb"""\s[\w.-]+:conformance\s*=\s*["']strict["']""")
_RESPELLED = {b"extendedProperties": b"extended-properties", b"customProperties": b"custom-properties"}


def open_docx(source: bytes, name: str) -> Document:
    """The document, opened by python-docx, whose XML parser resolves no entities and reaches for no network.

    A document in the Strict dialect of ISO/IEC 29500 is translated into the Transitional one, which all programs
    know.

    Raises:
        EssayError: the bytes are not a Word document, or would unpack to an unreasonable size.
    """
    from docx import api
    from docx.opc.exceptions import PackageNotFoundError
    from docx.oxml.styles import CT_Styles

    not_word = f"{name} is not a Word document: save it again as “Word Document (.docx)”, or as .md or .txt."
    if source.startswith(_OLD_CONTAINER):
        raise EssayError(
            f"{name} is an old .doc, or locked: save it again as “Word Document (.docx)”, without a password."
        )
    try:
        _refuse_bomb(source, name)
        document = api.Document(BytesIO(_transitional(source)))
        if document.element.body is None or not isinstance(document.styles.element, CT_Styles):
            raise EssayError(not_word)
        return document
    except (zipfile.BadZipFile, PackageNotFoundError, SyntaxError, KeyError, ValueError, AttributeError) as error:
        raise EssayError(not_word) from error
    except (zipfile.LargeZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        # locked, damaged or cut short
        raise EssayError(f"{name} is locked or damaged: save it again as .docx, without a password.") from error


def _refuse_bomb(source: bytes, name: str) -> None:
    """Weigh the parts by their declared sizes, beyond which `zipfile` never unpacks."""
    with zipfile.ZipFile(BytesIO(source)) as archive:
        parts = archive.infolist()
    xml = sum(part.file_size for part in parts if part.filename.lower().endswith((".xml", ".rels")))
    if len(parts) > MAX_PARTS or xml > MAX_XML_BYTES or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
        raise EssayError(f"{name} would unpack to far more than an essay needs: save its text as .md or .txt.")


def _transitional(source: bytes) -> bytes:
    """The same package with the names of the Strict dialect, which python-docx does not know, translated.

    A Strict name is `http://purl.oclc.org/ooxml/` with a path; the Transitional one has the year 2006 in it.
    """
    with zipfile.ZipFile(BytesIO(source)) as archive:
        if _STRICT not in archive.read("_rels/.rels"):
            return source
        translated = BytesIO()
        with zipfile.ZipFile(translated, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
            for part in archive.infolist():
                content = archive.read(part)
                if part.filename.lower().endswith((".xml", ".rels")):
                    content = _TAG.sub(_translated_tag, content)
                target.writestr(part.filename, content)
    return translated.getvalue()


def _translated_tag(tag: re.Match[bytes]) -> bytes:
    return _STRICT_NAME.sub(_translated_name, _CONFORMANCE.sub(b"", tag[0]))


def _translated_name(name: re.Match[bytes]) -> bytes:
    rest = b"/".join(_RESPELLED.get(word, word) for word in name[2].split(b"/"))
    return b"http://schemas.openxmlformats.org/" + name[1] + b"/2006/" + rest

"""An address without a scheme is completed, and one that cannot be followed is refused with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.making import harbour
from verbosify.errors import SettingsError
from verbosify.site import build_site
from verbosify.site.address import published_address

COMPLETED = {
    "": "",
    "  ": "",
    "https://example.org": "https://example.org/",
    "https://example.org/": "https://example.org/",
    "https://example.org/a/b//": "https://example.org/a/b/",
    "http://example.org/me": "http://example.org/me/",
    "HTTPS://Example.ORG/Me": "https://example.org/Me/",
    " https://example.org/me\n": "https://example.org/me/",
    "example.org": "https://example.org/",
    "example.org/me": "https://example.org/me/",
    "example.org/a:b": "https://example.org/a:b/",
    "www.example.org/me/": "https://www.example.org/me/",
    "//example.org/me": "https://example.org/me/",
    "example.org:8080/me": "https://example.org:8080/me/",
    "localhost": "http://localhost/",
    "localhost:8000": "http://localhost:8000/",
    "localhost:8000/site": "http://localhost:8000/site/",
    "127.0.0.1:8000": "http://127.0.0.1:8000/",
    "http://[::1]:8000/a": "http://[::1]:8000/a/",
    "http://intranet/a": "http://intranet/a/",
    "https://example.org/me/index.html": "https://example.org/me/",
    "example.org/index.htm": "https://example.org/",
    "https://example.org/myindex.html": "https://example.org/myindex.html/",
    "https://münchen.example/straße/✓": "https://xn--mnchen-3ya.example/stra%C3%9Fe/%E2%9C%93/",
    "例え.テスト/a": "https://xn--r8jz45g.xn--zckzah/a/",
    "https://example.org/a%20b/~me": "https://example.org/a%20b/~me/",
    'https://example.org/"><b>': "https://example.org/%22%3E%3Cb%3E/",
}


@pytest.mark.parametrize(("written", "meant"), COMPLETED.items())
def test_an_address_is_completed(written: str, meant: str) -> None:
    assert published_address(written) == meant
    assert published_address(meant) == meant


REFUSED = {
    "http:/x": "there must be // and a host",
    "http:x": "there must be // and a host",
    "https:": "there must be // and a host",
    "https://": "no host",
    "https:///me": "no host",
    "http://:80/": "no host",
    "javascript:alert(1)": "not read by javascript:",
    "ftp://example.org/me": "not read by ftp:",
    "file:///home/me": "not read by file:",
    "mailto:me@example.org": "not read by mailto:",
    "C:/Users/me": "not read by c:",
    "C:\\Users\\me": "backslash",
    "https:\\\\example.org": "backslash",
    "my site.org": "white space",
    "https://example.org/my site": "white space",
    "https://example.org/\x07": "cannot be printed",
    "site": "site is no host",
    "./site": "no host",
    "/srv/www": "no host",
    "https://example.org/?page=1": r"no \? and no #",
    "example.org/me#top": r"no \? and no #",
    "https://ada:secret@example.org": "a name or a password",
    "me@example.org": "a name or a password",
    "https://example.org:port/": "port",
    "https://example.org:99999/": "ort",
    "https://exa mple.org": "white space",
    "https://ex<>ample.org": "no host",
    "https://[::1/": "Invalid IPv6",
    "https://faß.example": "xn--",
    "https://a..b/": "no host",
}


@pytest.mark.parametrize(("written", "reason"), REFUSED.items())
def test_what_cannot_be_followed_is_refused(written: str, reason: str) -> None:
    with pytest.raises(SettingsError, match=reason) as refusal:
        published_address(written)

    assert "as in https://example.org/essays/." in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_site_is_not_begun_for_a_wrong_address_and_completes_a_short_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        build_site([harbour()], tmp_path / "site", address="http:/x")
    assert not (tmp_path / "site").exists()

    build_site([harbour()], tmp_path / "site", address="example.org/me")

    assert 'content="https://example.org/me/card.png"' in (tmp_path / "site/index.html").read_text("utf-8")

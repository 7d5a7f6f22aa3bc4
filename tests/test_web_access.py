"""Who is let in."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from verbosify.errors import OutputError
from verbosify.web import access
from verbosify.web.access import Access, secret_in


def test_a_secret_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    secret = secret_in(tmp_path / "desk")

    assert secret_in(tmp_path / "desk") == secret != secret_in(tmp_path / "other")
    assert stat.S_IMODE((tmp_path / "desk" / access.SECRET_NAME).stat().st_mode) == 0o600


def test_a_secret_whose_making_was_interrupted_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / access.SECRET_NAME).write_bytes(b"half")

    assert len(secret_in(tmp_path)) == 64


def test_a_folder_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(OutputError, match="choose another folder"):
        secret_in(tmp_path / "file" / "desk")


def test_the_token_lets_in_and_the_password_if_there_is_one() -> None:
    door, open_door = Access(b"s" * 64), Access(b"s" * 64, "correct horse")

    assert door.admits(door.token)
    assert open_door.admits(door.token)
    assert open_door.admits("correct horse")
    for wrong in ("", "correct hors", "\ud800", "x" * 5000, door.key):
        assert not door.admits(wrong)
        assert not open_door.admits(wrong)
    assert not door.admits("correct horse")


def test_wrong_tries_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(access, "monotonic", lambda: now)  # of this module alone: a server may run beside
    door = Access(b"s" * 64)
    for _ in range(access.TRIES):
        assert door.wait == 0
        door.admits("wrong")

    assert door.wait == pytest.approx(access.WITHIN)
    now += access.WITHIN + 1
    assert door.wait == 0


def test_a_cookie_names_its_user_and_cannot_be_made_up() -> None:
    door = Access(b"s" * 64)
    cookie = door.new_cookie()
    user = door.user_of(cookie)

    assert user is not None
    assert cookie.startswith(user)
    assert door.user_of(door.new_cookie()) != user
    other = ("1" if cookie[0] == "0" else "0") + cookie[1:]
    for wrong in (None, "", other, cookie[:-1], cookie + "0", Access(b"t" * 64).new_cookie()):
        assert door.user_of(wrong) is None


def test_a_key_is_sent_as_a_bearer_token() -> None:
    door = Access(b"s" * 64)

    assert door.has_key(f"Bearer {door.key}")
    assert door.has_key(f"bearer  {door.key}")
    for wrong in (None, "", door.key, f"Basic {door.key}", "Bearer ", f"Bearer {door.token}", "Bearer é"):
        assert not door.has_key(wrong)

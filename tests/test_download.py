from __future__ import annotations

import hashlib
import os
import shutil
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.error import URLError

import pytest

from tests.web_server import Site, serving
from verbosify.errors import ModelError
from verbosify.models.store import download as download_module
from verbosify.models.store.download import download, require_space

BODY = bytes(range(256)) * 400
SUM = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as site:
        site.pages["/file"] = BODY
        yield site


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "models" / "file"


def fetch(site: Site, target: Path, **options: Any) -> str:
    return download(f"{site.url}/file", target, **({"pause": 0.001, "timeout": 5.0} | options))


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def names(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir())


def test_a_file_arrives_whole_and_alone(site: Site, target: Path) -> None:
    assert fetch(site, target, sha256=SUM, size=len(BODY)) == SUM

    assert target.read_bytes() == BODY
    assert names(target) == ["file"]


def test_progress_is_told_up_to_the_end(site: Site, target: Path) -> None:
    told: list[tuple[str, int, int | None]] = []

    fetch(site, target, progress=lambda label, done, total: told.append((label, done, total)))

    assert told[-1] == ("file", len(BODY), len(BODY))
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)


@pytest.mark.parametrize("known", [{}, {"sha256": SUM}])
def test_a_cut_line_is_taken_up_where_it_broke(site: Site, target: Path, known: dict[str, str]) -> None:
    site.cut_after = [50_000, 30_000]

    fetch(site, target, **known)

    assert target.read_bytes() == BODY
    assert [wanted for _, wanted in site.asked] == [None, "bytes=50000-", "bytes=80000-"]


def test_without_a_tag_or_a_sum_a_cut_file_is_fetched_from_the_start(site: Site, target: Path) -> None:
    site.etag, site.cut_after = None, [50_000]

    fetch(site, target)

    assert target.read_bytes() == BODY
    assert [wanted for _, wanted in site.asked] == [None, None]


def test_a_weak_tag_is_not_trusted_to_go_on(site: Site, target: Path) -> None:
    site.etag, site.cut_after = 'W/"one"', [50_000]

    fetch(site, target)

    assert [wanted for _, wanted in site.asked] == [None, None]


def test_a_server_that_knows_no_ranges_sends_the_file_again(site: Site, target: Path) -> None:
    site.ranges, site.cut_after = False, [50_000]

    fetch(site, target, sha256=SUM)

    assert target.read_bytes() == BODY


def test_a_file_that_changed_in_between_is_fetched_from_the_start(site: Site, target: Path) -> None:
    site.cut_after = [50_000]
    with pytest.raises(KeyboardInterrupt):
        fetch(site, target, progress=interrupt)
    site.etag, site.pages["/file"] = '"two"', BODY[::-1]

    fetch(site, target)

    assert target.read_bytes() == BODY[::-1]


def test_a_later_call_goes_on_where_the_last_one_ended(site: Site, target: Path) -> None:
    site.cut_after = [50_000]
    with pytest.raises(KeyboardInterrupt):
        fetch(site, target, progress=interrupt)
    assert names(target) == ["file.part", "file.part.etag"]

    fetch(site, target)

    assert target.read_bytes() == BODY
    assert site.asked[-1] == ("/file", "bytes=50000-")


def test_a_part_that_is_the_whole_file_is_taken_as_it_is(site: Site, target: Path) -> None:
    target.parent.mkdir()
    target.with_name("file.part").write_bytes(BODY)

    fetch(site, target, sha256=SUM)
    assert [wanted for _, wanted in site.asked] == [f"bytes={len(BODY)}-"]

    target.rename(target.with_name("file.part"))
    fetch(site, target, sha256=SUM, size=len(BODY))
    assert len(site.asked) == 1
    assert target.read_bytes() == BODY


def test_a_part_that_is_too_long_is_thrown_away(site: Site, target: Path) -> None:
    target.parent.mkdir()
    target.with_name("file.part").write_bytes(BODY + b"more")

    fetch(site, target, sha256=SUM)

    assert target.read_bytes() == BODY


@pytest.mark.parametrize("answer", [500, 502, 503, 429, 0])
def test_a_server_that_is_out_of_breath_is_asked_again(site: Site, target: Path, answer: int) -> None:
    site.failures = [answer, answer]

    fetch(site, target, attempts=3)

    assert target.read_bytes() == BODY


def test_a_server_that_stays_out_of_breath_is_given_up(site: Site, target: Path) -> None:
    site.failures = [503] * 9

    with pytest.raises(ModelError, match=r"in 3 attempts \(the server answered 503"):
        fetch(site, target, attempts=3)

    assert len(site.asked) == 3


@pytest.mark.parametrize("answer", [400, 403, 404])
def test_a_file_that_is_not_to_be_had_is_asked_for_once(site: Site, target: Path, answer: int) -> None:
    site.failures = [answer] * 2

    with pytest.raises(ModelError, match=f"answered {answer} .*: the file is not available there"):
        fetch(site, target)

    assert len(site.asked) == 1
    assert not target.exists()


def test_pauses_double_and_vary(site: Site, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(download_module, "time", SimpleNamespace(sleep=pauses.append))
    site.failures = [503] * 4

    fetch(site, target, attempts=5, pause=8.0)

    assert len(set(pauses)) == 4
    assert all(0.5 * base <= pause <= 1.5 * base for base, pause in zip([8, 16, 32, 60], pauses, strict=True))


def test_bytes_that_are_not_those_expected_are_removed(site: Site, target: Path) -> None:
    with pytest.raises(ModelError, match=f"its SHA-256 is {SUM} instead of 00"):
        fetch(site, target, sha256="00" * 32)

    assert names(target) == []


def test_a_length_that_is_not_the_one_expected_is_refused_before_anything_is_fetched(site: Site, target: Path) -> None:
    with pytest.raises(ModelError, match=r"has 102,400 bytes instead of 102,401"):
        fetch(site, target, size=len(BODY) + 1)

    assert names(target) == []


def test_a_server_that_promises_more_than_it_has_is_given_up(site: Site, target: Path) -> None:
    site.length_error, site.ranges = 1000, False

    with pytest.raises(ModelError, match=r"the line was cut after 102,400 of 103,400 bytes"):
        fetch(site, target, attempts=2)

    assert not target.exists()


@pytest.mark.parametrize("size", [None, len(BODY)])
def test_a_length_need_not_be_sent(site: Site, target: Path, size: int | None) -> None:
    site.length_error = None

    fetch(site, target, size=size)

    assert target.read_bytes() == BODY


def test_silence_counts_as_a_cut_line(site: Site, target: Path) -> None:
    site.pause = 1.0

    with pytest.raises(ModelError, match="timed out"):
        fetch(site, target, attempts=1, timeout=0.1)


def test_a_slow_server_is_waited_for(site: Site, target: Path) -> None:
    site.pause = 0.002

    fetch(site, target, timeout=1.0)

    assert target.read_bytes() == BODY


def test_without_a_network_one_sentence_says_what_to_do(target: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/file"

        with pytest.raises(ModelError) as caught:
            download(url, target, attempts=2, pause=0.001)

    assert "Connection refused" in str(caught.value)
    assert "check that this computer is online, or set HTTPS_PROXY" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://127.0.0.1/file", "/etc/passwd"])
def test_only_web_addresses_are_opened(target: Path, address: str) -> None:
    with pytest.raises(ModelError, match="is no web address"):
        download(address, target)


def test_a_full_disk_is_noticed_before_anything_is_written(
    site: Site, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(target.parent.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))

    with pytest.raises(ModelError, match=r"needs 0\.00 GB of free disk"):
        fetch(site, target)

    assert target.with_name("file.part").stat().st_size == 0


def test_a_place_that_cannot_be_written_is_named(site: Site, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file where the folder should be")

    with pytest.raises(ModelError, match="models cannot be read or written"):
        fetch(site, tmp_path / "models" / "file")


class Redirected:
    """A response that came from another address than was asked."""

    url = "http://127.0.0.1/file"
    status = 200

    def close(self) -> None:
        pass


def test_an_encrypted_address_that_leads_to_a_plain_one_is_not_followed(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download_module, "urlopen", lambda *_, **__: Redirected())

    with pytest.raises(ModelError, match="which is not encrypted"):
        download("https://127.0.0.1/file", target)


def test_a_redirection_is_followed(site: Site, target: Path) -> None:
    with serving() as other:
        other.redirect = f"{site.url}/file"
        download(f"{other.url}/elsewhere", target, sha256=SUM)

    assert target.read_bytes() == BODY


def test_a_certificate_that_cannot_be_trusted_ends_it_at_once(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def distrust(*_: Any, **__: Any) -> None:
        error = ssl.SSLCertVerificationError(1, "failed")
        error.verify_message = "self-signed certificate"
        raise URLError(error)

    monkeypatch.setattr(download_module, "urlopen", distrust)

    with pytest.raises(ModelError, match=r"cannot be trusted \(self-signed certificate\)"):
        download("https://127.0.0.1/file", target)


def test_a_system_without_folder_descriptors_is_not_asked_for_one(
    site: Site, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from verbosify import files

    monkeypatch.setattr(files, "os", type("System", (), {"name": "nt", "O_RDONLY": os.O_RDONLY}))

    fetch(site, target)

    assert target.read_bytes() == BODY


def test_too_little_space_is_told_with_both_numbers(tmp_path: Path) -> None:
    require_space(tmp_path, 0)

    with pytest.raises(ModelError, match=r"needs 1000000000\.00 GB of free disk and has [\d.]+ GB"):
        require_space(tmp_path, 10**18)

"""One file over HTTP: received in parts that survive a cut line, verified, and in place whole or not at all.

Knows nothing of models. Only one process at a time may download to one target; the caller sees to that.
Why not pooch: it verifies as well, but asks for no range, so that half a gigabyte begins anew after every cut line.
"""

from __future__ import annotations

import http.client
import logging
import os
import random
import shutil
import ssl
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from verbosify.errors import ModelError
from verbosify.files import os_errors_as_model_errors, replace_file, sha256_of, sync_folder
from verbosify.models.protocol import OnProgress

_log = logging.getLogger(__name__)

_CHUNK = 1 << 20
_LONGEST_PAUSE = 60.0
_PASSING_ANSWERS = {408, 425, 429, 500, 502, 503, 504}


class _PassingError(Exception):
    """This attempt failed; the next one may not."""


@dataclass(frozen=True, slots=True)
class _Request:
    url: str
    part: Path
    sha256: str | None
    size: int | None
    progress: OnProgress | None
    timeout: float

    @property
    def tag_file(self) -> Path:
        """Holds the ETag of what `part` is the beginning of."""
        return self.part.with_name(self.part.name + ".etag")


def download(
    url: str,
    target: Path,
    *,
    sha256: str | None = None,
    size: int | None = None,
    progress: OnProgress | None = None,
    attempts: int = 5,
    timeout: float = 30.0,
    pause: float = 1.0,
) -> str:
    """Fetch `url` into the file `target`; returns the SHA-256 of its bytes, in hexadecimal.

    What has arrived is kept beside the target as `NAME.part` and continued, in this call and in later ones. Time-outs,
    cut lines and answers such as 503 are tried again after `pause` seconds, then after twice that, and so on (each
    time drawn from half to one and a half of it), until `attempts` in a row have brought nothing new.

    Args:
        sha256, size: what the bytes must be; with None, any complete file will do.
        timeout: seconds of silence after which the line counts as cut.

    Raises `ModelError` if the file is not available, does not fit on the disk, or is not what it must be.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise ModelError(f"{url} is no web address: it must begin with https:// or http://.")
    request = _Request(url, target.with_name(target.name + ".part"), sha256, size, progress, timeout)
    with os_errors_as_model_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        _receive_all(request, attempts, pause)
        digest = sha256_of(request.part)
        if sha256 is not None and digest != sha256:
            _discard(request)
            raise ModelError(
                f"{url} is not the file expected (its SHA-256 is {digest} instead of {sha256}) and was removed: "
                "try again, and if that changes nothing, the source has changed and is not to be used."
            )
        _settle(request, target)
    _log.info("fetched %s, SHA-256 %s", url, digest)
    return digest


def require_space(folder: Path, needed: int) -> None:
    """Raise `ModelError` unless the disk of `folder` (which exists) has `needed` bytes free."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise ModelError(
            f"{folder} needs {needed / 1e9:.2f} GB of free disk and has {free / 1e9:.2f} GB: "
            "free some, or name another folder in VERBOSIFY_CHECKPOINTS."
        )


def _receive_all(request: _Request, attempts: int, pause: float) -> None:
    failures, furthest = 0, _length(request.part)
    while True:
        try:
            return _receive(request)
        except _PassingError as error:
            failures = 0 if _length(request.part) > furthest else failures + 1
            furthest = max(furthest, _length(request.part))
            if failures >= attempts:
                raise ModelError(
                    f"{request.url} could not be fetched in {attempts} attempts ({error}): check that this computer is "
                    "online, or set HTTPS_PROXY if it needs a proxy, then try again; what has arrived is kept."
                ) from error
        time.sleep(min(pause * 2 ** max(0, failures - 1), _LONGEST_PAUSE) * random.uniform(0.5, 1.5))  # noqa: S311  # no secret


def _receive(request: _Request) -> None:
    """One attempt, after which `part` is complete; or `_PassingError`."""
    have = _length(request.part)
    if request.size is not None and have == request.size:
        return
    tag = request.tag_file.read_text(encoding="utf-8") if request.tag_file.is_file() else ""
    if not tag and request.sha256 is None:
        have = 0  # nothing would tell whether the file has changed since
    headers = {"User-Agent": "verbosify", "Accept-Encoding": "identity"}
    if have > 0:
        headers |= {"Range": f"bytes={have}-"} | ({"If-Range": tag} if tag else {})
    with closing(_open(request.url, headers, request.timeout)) as response:
        if response.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            if response.headers.get("Content-Range") == f"bytes */{have}":
                return  # all of it had arrived
            _discard(request)
            raise _PassingError("what had arrived was no beginning of the file")
        if response.status != HTTPStatus.PARTIAL_CONTENT:
            have = 0
            request.part.write_bytes(b"")  # before the tag changes: the two must never disagree
            tag = response.headers.get("ETag", "")
            request.tag_file.write_text("" if tag.startswith("W/") else tag, encoding="utf-8", newline="\n")
        length = response.headers.get("Content-Length")
        total = request.size if length is None else have + int(length)
        if request.size is not None and total != request.size:
            _discard(request)
            raise ModelError(f"{request.url} has {total:,} bytes instead of {request.size:,}: the source has changed.")
        require_space(request.part.parent, 0 if total is None else total - have)
        with request.part.open("ab") as file:
            for chunk in _chunks(response):
                file.write(chunk)
                have += len(chunk)
                if request.progress is not None:
                    request.progress(request.part.stem, have, total)
    if total is not None and have != total:
        raise _PassingError(f"the line was cut after {have:,} of {total:,} bytes")


def _open(url: str, headers: dict[str, str], timeout: float) -> Any:
    """The response, of status 200, 206 or 416."""
    try:
        response = urlopen(Request(url, headers=headers), timeout=timeout)  # noqa: S310  # the scheme was checked
    except HTTPError as error:
        if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return error
        with error:
            if error.code in _PASSING_ANSWERS:
                raise _PassingError(f"the server answered {error.code} {error.reason}") from error
            raise ModelError(f"{url} answered {error.code} {error.reason}: the file is not available there.") from error
    except (OSError, http.client.HTTPException) as error:
        reason = error.reason if isinstance(error, URLError) else error
        if isinstance(reason, ssl.SSLCertVerificationError):
            raise ModelError(
                f"{url} shows a certificate that cannot be trusted ({reason.verify_message}): "
                "check this computer's clock and its list of certificates."
            ) from error
        raise _PassingError(str(reason) or type(reason).__name__) from error
    if url.startswith("https:") and not response.url.startswith("https:"):
        response.close()
        raise ModelError(f"{url} leads on to {response.url}, which is not encrypted: it was not followed.")
    return response


def _chunks(response: Any) -> Iterator[bytes]:
    while True:
        try:
            chunk: bytes = response.read(_CHUNK)
        except (OSError, http.client.HTTPException) as error:
            raise _PassingError(str(error) or type(error).__name__) from error
        if not chunk:
            return
        yield chunk


def _length(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _discard(request: _Request) -> None:
    request.part.unlink(missing_ok=True)
    request.tag_file.unlink(missing_ok=True)


def _settle(request: _Request, target: Path) -> None:
    """Put the part in the target's place, so that it is there whole even after the power failed."""
    with request.part.open("rb+") as file:
        os.fsync(file.fileno())
    replace_file(request.part, target)
    request.tag_file.unlink(missing_ok=True)
    sync_folder(target.parent)

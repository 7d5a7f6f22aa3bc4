"""Who may use a server of one's own: a token in its address, a password, a key for programs, and cookies that follow.

All come from one secret, in a file that its owner alone may read, so that they stay good when the server is started
again. Knows no page.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections import deque
from pathlib import Path
from time import monotonic

from verbosify.errors import OutputError
from verbosify.files import os_errors_as

SECRET_NAME = ".secret"  # noqa: S105  # the name of its file
TRIES, WITHIN = 10, 60.0
"""Wrong passwords or tokens that are looked at, over all who try, within so many seconds."""
LONGEST = 1024
"""Characters of what is given to be let in."""
_COOKIE = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{64})")


def secret_in(folder: Path) -> bytes:
    """The secret of the server whose folder this is, made if there is none. `OutputError` if it cannot be."""
    place = folder / SECRET_NAME
    with os_errors_as(OutputError, place, "choose another folder", cannot="kept"):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(secrets.token_hex(32).encode())
                file.flush()
                os.fsync(file.fileno())
        except FileExistsError:
            pass
        kept = place.read_bytes()
        if len(kept) < 64:  # its making was interrupted
            place.unlink()
            return secret_in(folder)
        return kept


class Access:
    """Lets in who has the token, the password if there is one, or the key.

    Args:
        secret: see `secret_in`.
        password: another way in, beside the token.
    """

    def __init__(self, secret: bytes, password: str | None = None) -> None:
        self._secret = secret
        self._password = None if password is None else self._hashed(password)
        self._wrong: deque[float] = deque()

    @property
    def token(self) -> str:
        """What the address holds for people."""
        return self._signed("token")[:48]

    @property
    def key(self) -> str:
        """What programs send."""
        return f"vb-{self._signed('key')[:48]}"

    def admits(self, given: str) -> bool:
        """Whether a person gave the token or the password."""
        if len(given) > LONGEST:
            return False
        known = [self.token.encode()] if self._password is None else [self.token.encode(), self._password]
        forms = [given.encode(errors="replace"), self._hashed(given)]
        found = [hmac.compare_digest(one, other) for one, other in zip(known, forms, strict=False)]
        if not any(found):
            self._wrong.append(monotonic())
        return any(found)

    @property
    def wait(self) -> float:
        """Seconds until another try is looked at; 0 if it would be now."""
        now = monotonic()
        while self._wrong and now - self._wrong[0] > WITHIN:
            self._wrong.popleft()
        return 0.0 if len(self._wrong) < TRIES else WITHIN - (now - self._wrong[0])

    def has_key(self, authorization: str | None) -> bool:
        """Whether a program's header `Authorization` holds the key."""
        scheme, _, given = (authorization or "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(
            given.strip().encode(errors="replace"), self.key.encode()
        )

    def new_cookie(self) -> str:
        """What is given to a browser that was let in."""
        user = secrets.token_hex(16)
        return f"{user}.{self._signed(f'cookie {user}')}"

    def user_of(self, cookie: str | None) -> str | None:
        """Who has that cookie; None if it is none of ours."""
        found = _COOKIE.fullmatch(cookie or "")
        if found is None or not hmac.compare_digest(found[2], self._signed(f"cookie {found[1]}")):
            return None
        return found[1]

    def _signed(self, what: str) -> str:
        return hmac.new(self._secret, what.encode(), hashlib.sha256).hexdigest()

    def _hashed(self, password: str) -> bytes:
        return hashlib.scrypt(password.encode(errors="replace"), salt=self._secret[:16], n=2**12, r=8, p=1)

"""Where pages will be published, as people write it, as an address that others can follow. Knows no page."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import quote, urlsplit

from verbosify.errors import SettingsError

_EXAMPLE = "give the address of the folder, as in https://example.org/essays/"
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):(?!\d+(?:/|$))", re.IGNORECASE)  # and not a host and its port
_UNSURE = frozenset("ßς\u200c\u200d")  # of which the two standards for such names make different hosts


def published_address(address: str) -> str:
    """`address` in full, ending in a slash: `example.org/me` is `https://example.org/me/`. Nothing stays nothing.

    A name beyond ASCII is written as networks do, `xn--…`, and a path percent-encoded. `index.html` at the end is left
    out.

    Raises:
        SettingsError: it cannot be the address of a folder of pages; the message says why.
    """
    written = address.strip()
    if not written:
        return ""
    if any(character.isspace() or not character.isprintable() or character == "\\" for character in written):
        raise _refused(address, "it holds white space, a backslash or what cannot be printed")
    found = _SCHEME.match(written)
    scheme = found[1].lower() if found else ""
    if found and scheme not in ("http", "https"):
        raise _refused(address, f"pages are not read by {scheme}:")
    if found and not written[found.end() :].startswith("//"):
        raise _refused(address, f"after {scheme}: there must be // and a host")
    rest = written[found.end() :] if found else f"//{written.removeprefix('//')}"
    try:
        parts = urlsplit(rest)
        host, port = _host(parts.hostname or "", known=bool(found)), parts.port
    except ValueError as error:
        raise _refused(address, str(error)) from None
    if parts.username is not None or parts.password is not None:
        raise _refused(address, "it holds a name or a password, which would be published")
    if "?" in written or "#" in written:
        raise _refused(address, "a folder has no ? and no #")
    scheme = scheme or ("http" if _is_here(host) else "https")
    path = quote(re.sub(r"(^|/)index\.html?$", r"\1", parts.path), safe="/%:@!$&'()*+,;=~")
    return f"{scheme}://{host}{'' if port is None else f':{port}'}{path.rstrip('/')}/"


def _host(host: str, *, known: bool) -> str:
    """The host as networks write it; `known` if the address says that it is one. `ValueError` if it is none."""
    if ":" in host:
        return f"[{ip_address(host)}]"
    if not known and "." not in host and host != "localhost":
        raise ValueError(f"{host or 'this'} is no host")
    if _UNSURE.intersection(host):
        raise ValueError("its host has letters that are written in two ways: write it as networks do, xn--…")
    try:
        plain = host.encode("idna").decode("ascii")
    except UnicodeError:
        plain = ""
    if not re.fullmatch(r"(?!-)[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?", plain):
        raise ValueError(f"{host or 'nothing'} is no host")
    return plain


def _is_here(host: str) -> bool:
    return host == "localhost" or host.startswith(("127.", "[::1]"))


def _refused(address: str, reason: str) -> SettingsError:
    return SettingsError(f"{address!r} is no place to publish pages ({reason}): {_EXAMPLE}.")

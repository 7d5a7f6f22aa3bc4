"""Files of our own as a server sends them: read once, under an address that changes with them, kept by browsers.

Knows no page.
"""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2"}
_KEPT = {"Cache-Control": "public, max-age=31536000, immutable", "Cross-Origin-Resource-Policy": "same-origin"}


class Static:
    """The files of an application by name, as `page.js` or `fonts/human.woff2`; text is sent as UTF-8.

    They lie together under one address, so that they can name each other, as `fonts/human.woff2` in a style sheet.
    """

    def __init__(self, files: Mapping[str, str | bytes]) -> None:
        self._files = {name: text.encode() if isinstance(text, str) else text for name, text in files.items()}
        digest = hashlib.sha256()
        for name, content in sorted(self._files.items()):
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        self._folder = f"/static/{digest.hexdigest()[:16]}"

    def address(self, name: str) -> str:
        """Where a file is; `KeyError` if there is none of that name."""
        if name not in self._files:
            raise KeyError(name)
        return f"{self._folder}/{name}"

    @property
    def route(self) -> Route:
        """What an application lists among its routes."""
        return Route("/static/{version}/{name:path}", self._send)

    async def _send(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in self._files or f"/static/{request.path_params['version']}" != self._folder:
            raise HTTPException(404)
        suffix = name[name.rfind(".") :]
        kind = _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        return Response(self._files[name], headers=_KEPT, media_type=kind)

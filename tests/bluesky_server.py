"""Bluesky for tests: a server of ours that speaks its documented protocol, and a real one where there is one.

The real one is npm's `@atproto/pds` with `@did-plc/server`, started by `bluesky/pds.mjs`; to it we add what the network
would, an App View that finds the mentions, here among the posts of that server's own accounts.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.bot_servers import ME, Place, with_faults
from verbosify.web.serving import running

HANDLE, PASSWORD = "ambrose.test", "the-password-of-ambrose"
POST = "app.bsky.feed.post"
CID = "bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a"
_HERE = Path(__file__).parent / "bluesky"


def did_of(author: str) -> str:
    return f"did:plc:{author.rjust(24, 'a').replace('0', 'o').replace('1', 'l').replace('9', 'g').replace('8', 'h')}"


def _token(did: str) -> str:
    """As a server's session has it: not signed, for the client does not look."""
    parts = (
        {"alg": "ES256K", "typ": "at+jwt"},
        {"sub": did, "exp": int(time.time()) + 7200, "iat": int(time.time()), "scope": "com.atproto.access"},
    )
    return ".".join(
        [*(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts), "c2ln"]
    )


def bluesky_app(place: Place) -> Any:
    """A PDS with its App View: sessions, records, notifications."""
    me = did_of(ME)
    records: dict[str, dict[str, Any]] = {}

    def problem(status: int, error: str, message: str) -> Response:
        return JSONResponse({"error": error, "message": message}, status)

    def refused(request: Request) -> Response | None:
        if request.headers.get("authorization", "").startswith("Bearer "):
            return None
        return problem(401, "AuthMissing", "Authentication Required")

    def post_of(number: int) -> str:
        post = place.get(number)
        if post is not None and post["author"] == ME:
            return f"at://{me}/{POST}/{post['rkey']}"
        return f"at://{did_of(post['author'] if post else '0')}/{POST}/{number}"

    async def session(request: Request) -> Response:
        values = json.loads(await request.body())
        if values != {"identifier": HANDLE, "password": PASSWORD}:
            return problem(401, "AuthenticationRequired", "Invalid identifier or password")
        return JSONResponse(
            {"did": me, "handle": HANDLE, "accessJwt": _token(me), "refreshJwt": _token(me), "active": True}
        )

    async def profile(request: Request) -> Response:
        return refused(request) or JSONResponse({"did": me, "handle": HANDLE})

    async def get_record(request: Request) -> Response:
        query = request.query_params
        key = f"{query['collection']}/{query['rkey']}"
        if key not in records:
            return refused(request) or problem(400, "RecordNotFound", f"Could not locate record: at://{me}/{key}")
        return refused(request) or JSONResponse({"uri": f"at://{me}/{key}", "cid": CID, "value": records[key]})

    async def put_record(request: Request) -> Response:
        values = json.loads(await request.body())
        key, record = f"{values['collection']}/{values['rkey']}", values["record"]
        if (no := refused(request)) is not None:
            return no
        if values["collection"] == POST and key not in records:
            if len(record["text"]) > 300:
                return problem(400, "InvalidRequest", "Record/text must not be longer than 300 graphemes")
            parent = next(
                (post["id"] for post in place.posts if post_of(post["id"]) == record["reply"]["parent"]["uri"]), None
            )
            number = place.add(ME, record["text"], parent=parent, bot=True)
            place.posts[-1]["rkey"] = values["rkey"]
            assert number
        records[key] = record
        return JSONResponse({"uri": f"at://{me}/{key}", "cid": CID})

    async def notifications(request: Request) -> Response:
        size, start = int(request.query_params.get("limit", 50)), int(request.query_params.get("cursor") or 0)
        found = [post for post in place.visible_mentions(2**62) for _ in range(2 if post["id"] % 5 == 0 else 1)]
        shown = [_notification(place, post, post_of) for post in found[start : start + size]]
        more = {"cursor": str(start + size)} if start + size < len(found) else {}
        return refused(request) or JSONResponse({"notifications": shown} | more)

    async def add(request: Request) -> Response:
        return JSONResponse({"id": [place.add(**one) for one in json.loads(await request.body())]})

    async def state(_: Request) -> Response:
        return JSONResponse({"posts": place.posts, "records": records})

    routes = [
        Route("/_test/mention", add, methods=["POST"]),
        Route("/_test/state", state),
        Route("/xrpc/com.atproto.server.createSession", session, methods=["POST"]),
        Route("/xrpc/app.bsky.actor.getProfile", profile),
        Route("/xrpc/com.atproto.repo.getRecord", get_record),
        Route("/xrpc/com.atproto.repo.putRecord", put_record, methods=["POST"]),
        Route("/xrpc/app.bsky.notification.listNotifications", notifications),
    ]
    return with_faults(Starlette(routes=routes), place)


def _notification(place: Place, post: dict[str, Any], post_of: Any) -> dict[str, Any]:
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(post["at"])) + f".{int(post['at'] * 1000) % 1000:03d}Z"
    record: dict[str, Any] = {"$type": POST, "text": post["text"], "createdAt": at}
    if post["parent"]:
        record["reply"] = {
            name: {"uri": post_of(number), "cid": CID}
            for name, number in (("root", post["root"]), ("parent", post["parent"]))
        }
    labels = [{"src": did_of("3"), "uri": did_of(post["author"]), "val": "bot", "cts": at}] if post["bot"] else []
    author = {"did": did_of(post["author"]), "handle": f"user{post['author']}.test", "labels": labels}
    reason = "reply" if post["parent"] else "mention"
    return {
        "uri": post_of(post["id"]),
        "cid": CID,
        "author": author,
        "reason": reason,
        "record": record,
        "isRead": False,
        "indexedAt": at,
    }


# The real server


def modules_of_pds() -> Path | None:
    """Where npm's packages of the real server lie, if anywhere: VERBOSIFY_PDS_MODULES."""
    named = os.environ.get("VERBOSIFY_PDS_MODULES", "")
    found = Path(named) if named else None
    return found if found is not None and (found / "@atproto" / "pds").is_dir() and shutil.which("node") else None


class RealServer:
    """A PDS with the accounts `ambrose.test` and `ada.test`."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.client = httpx.Client(base_url=f"{address}/xrpc", timeout=60)
        self.session = self._post(
            "com.atproto.server.createSession", {"identifier": "ada.test", "password": "the-password-of-ada"}
        )

    def _post(self, method: str, values: dict[str, Any], token: str = "") -> dict[str, Any]:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        answer = self.client.post(f"/{method}", json=values, headers=headers)
        answer.raise_for_status()
        made: dict[str, Any] = answer.json()
        return made

    def write(self, text: str, *, reply: dict[str, Any] | None = None) -> dict[str, Any]:
        """A post of Ada's; returns its uri and cid."""
        record = {
            "$type": POST,
            "text": text,
            "createdAt": "2030-01-01T00:00:00.000Z",
            **({"reply": reply} if reply else {}),
        }
        values = {"repo": self.session["did"], "collection": POST, "record": record}
        made = self._post("com.atproto.repo.createRecord", values, self.session["accessJwt"])
        return {"uri": made["uri"], "cid": made["cid"]}

    def posts(self, handle: str) -> list[dict[str, Any]]:
        """All posts of an account, oldest first: uri, cid, value."""
        answer = self.client.get(
            "/com.atproto.repo.listRecords", params={"repo": handle, "collection": POST, "limit": 100}
        )
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()["records"]
        return found[::-1]

    def profile(self, handle: str) -> dict[str, Any]:
        params = {"repo": handle, "collection": "app.bsky.actor.profile", "rkey": "self"}
        value: dict[str, Any] = self.client.get("/com.atproto.repo.getRecord", params=params).json()["value"]
        return value


def app_view(server: list[RealServer]) -> Starlette:
    """What gathers the mentions of Ambrose from the real server's own records."""

    async def notifications(_: Request) -> Response:
        ambrose = {post["uri"] for post in server[0].posts(HANDLE)}
        shown = []
        for post in reversed(server[0].posts("ada.test")):
            value = post["value"]
            is_reply = value.get("reply", {}).get("parent", {}).get("uri") in ambrose
            if is_reply or f"@{HANDLE}" in value["text"]:
                author = {"did": server[0].session["did"], "handle": "ada.test", "labels": []}
                reason = "reply" if is_reply else "mention"
                shown.append(
                    {
                        **post,
                        "author": author,
                        "reason": reason,
                        "record": value,
                        "isRead": False,
                        "indexedAt": value["createdAt"],
                    }
                )
        return JSONResponse({"notifications": shown})

    async def profile(request: Request) -> Response:
        return JSONResponse({"did": request.query_params["actor"], "handle": HANDLE})

    return Starlette(
        routes=[
            Route("/xrpc/app.bsky.notification.listNotifications", notifications),
            Route("/xrpc/app.bsky.actor.getProfile", profile),
        ]
    )


@contextmanager
def real_server(modules: Path) -> Iterator[RealServer]:
    """Start it, with its App View."""
    servers: list[RealServer] = []
    with running(app_view(servers)) as view:
        words = ["node", str(_HERE / "pds.mjs"), str(modules), view]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            try:
                assert process.stdout is not None
                servers.append(RealServer(process.stdout.readline().strip()))
                yield servers[0]
            finally:
                process.kill()
                for server in servers:
                    server.client.close()

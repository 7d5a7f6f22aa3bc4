"""Servers that speak the documented protocols of Mastodon and X over HTTP, as far as a bot uses them, with faults.

`python -m tests.bot_servers mastodon --port 0 --faults 0.1` prints its address and serves until it is ended. What it
holds is told at `/_test/state`; `/_test/mention` adds a mention. A fault comes before the call is carried out, or after:
then the client cannot know. `double` mentions come twice, `late` ones behind those that were written after them.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

ME, TOKEN = "1000", "the-token-of-the-bot"
FIRST_ID = 10_000
MARKED = "says of itself that it is a machine-made parody"


@dataclass
class Place:
    """Posts and accounts in memory."""

    faults: float = 0.0
    seed: int = 0
    description: str = MARKED
    posts: list[dict[str, Any]] = field(default_factory=list)
    hidden_until: dict[int, int] = field(default_factory=dict)
    keys: dict[str, int] = field(default_factory=dict)
    profile: dict[str, Any] = field(default_factory=lambda: {"note": "", "bot": False})
    limited_until: float = 0.0
    calls: list[str] = field(default_factory=list)
    refusals: list[tuple[int, str]] = field(default_factory=list)
    """What the next calls are answered with: a status, and the error's name."""

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)  # noqa: S311  # no secret

    def add(self, author: str, text: str, *, parent: int | None = None, late: int = 0, bot: bool = False) -> int:
        number = FIRST_ID + len(self.posts)
        root = number
        if parent is not None and (above := self.get(parent)) is not None:
            root = above["root"]
        self.posts.append(
            {
                "id": number,
                "author": author,
                "text": text,
                "parent": parent,
                "root": root,
                "bot": bot,
                "at": time.time(),
            }
        )
        if late:
            self.hidden_until[number] = number + late
        return number

    def get(self, number: int) -> dict[str, Any] | None:
        place = number - FIRST_ID
        return self.posts[place] if 0 <= place < len(self.posts) else None

    def visible_mentions(self, before: int) -> list[dict[str, Any]]:
        """Newest first."""
        latest = FIRST_ID + len(self.posts) - 1
        found = []
        for post in reversed(self.posts):
            above = self.get(post["parent"]) if post["parent"] else None
            is_mention = "@ambrose" in post["text"].lower() or (above is not None and above["author"] == ME)
            is_shown = self.hidden_until.get(post["id"], 0) <= latest
            if post["author"] != ME and is_mention and is_shown and post["id"] < before:
                found.append(post)
        return found

    def replies_to(self, number: int) -> list[dict[str, Any]]:
        return [post for post in self.posts if post["parent"] == number]


class Faulty:
    """ASGI: one call in so many fails, before or after it is carried out."""

    def __init__(self, app: Any, place: Place) -> None:
        self.app, self.place = app, place

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or path.startswith("/_test"):
            await self.app(scope, receive, send)
            return
        self.place.calls.append(f"{scope['method']} {path}")
        if self.place.refusals:
            status, name = self.place.refusals.pop(0)
            await JSONResponse({"error": name, "message": "No."}, status)(scope, receive, send)
            return
        if time.time() < self.place.limited_until:
            reset = str(int(self.place.limited_until) + 1)
            headers = {
                "X-RateLimit-Limit": "300",
                "X-RateLimit-Remaining": "0",
                "X-RateLimit-Reset": reset,
                "x-rate-limit-reset": reset,
            }
            await JSONResponse({"error": "Too many requests", "title": "Too Many Requests"}, 429, headers=headers)(
                scope, receive, send
            )
            return
        fate = self.place.rng.random()
        if fate >= self.place.faults:
            await self.app(scope, receive, send)
            return
        if fate < self.place.faults / 2:  # done, and not told

            async def nowhere(_: Any) -> None: ...

            await self.app(scope, receive, nowhere)
        await JSONResponse({"error": "Service unavailable", "title": "Service Unavailable"}, 503)(scope, receive, send)


def _instant(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds * 1000) % 1000:03d}Z"


def _test_routes(place: Place) -> list[Route]:
    async def state(_: Request) -> Response:
        return JSONResponse({"posts": place.posts, "profile": place.profile, "calls": place.calls})

    async def mention(request: Request) -> Response:
        values = json.loads(await request.body())
        return JSONResponse({"id": [place.add(**one) for one in values]})

    async def limit(request: Request) -> Response:
        place.limited_until = time.time() + float(request.query_params["seconds"])
        return JSONResponse({})

    return [
        Route("/_test/state", state),
        Route("/_test/mention", mention, methods=["POST"]),
        Route("/_test/limit", limit, methods=["POST"]),
    ]


def mastodon_app(place: Place) -> Any:
    """Mastodon's API, version 4."""

    def account(author: str, *, bot: bool = False) -> dict[str, Any]:
        name = "ambrose" if author == ME else author
        return {"id": author, "username": name, "acct": name, "display_name": name, "bot": bot, "note": "", "url": ""}

    def status(post: dict[str, Any]) -> dict[str, Any]:
        above = place.get(post["parent"]) if post["parent"] else None
        content = post["text"].replace("&", "&amp;").replace("<", "&lt;").replace("\n", "<br>")
        return {
            "id": str(post["id"]),
            "uri": f"https://example.org/{post['id']}",
            "url": f"https://example.org/@ambrose/{post['id']}",
            "created_at": _instant(post["at"]),
            "account": account(post["author"], bot=post["bot"]),
            "content": f"<p>{content}</p>",
            "visibility": "public",
            "in_reply_to_id": str(post["parent"]) if post["parent"] else None,
            "in_reply_to_account_id": above["author"] if above else None,
            "mentions": [],
        }

    def refused(request: Request) -> Response | None:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return JSONResponse({"error": "The access token is invalid"}, 401)
        return None

    async def verify(request: Request) -> Response:
        me = account(ME, bot=place.profile["bot"]) | {"source": {"note": place.profile["note"]}}
        return refused(request) or JSONResponse(me)

    async def update(request: Request) -> Response:
        form = await request.form()
        place.profile = {"note": str(form.get("note", "")), "bot": str(form.get("bot", "")) in ("1", "true", "True")}
        return refused(request) or JSONResponse(account(ME, bot=True))

    async def instance(request: Request) -> Response:
        return JSONResponse(
            {"domain": "127.0.0.1", "version": "4.3.0", "configuration": {"statuses": {"max_characters": 400}}}
        )

    async def notifications(request: Request) -> Response:
        before = int(request.query_params.get("max_id") or 2**62)
        found = place.visible_mentions(before)[: int(request.query_params.get("limit", 40))]
        shown = [
            {
                "id": str(post["id"]),
                "type": "mention",
                "created_at": _instant(post["at"]),
                "account": account(post["author"]),
                "status": status(post),
            }
            for post in found
            for _ in range(2 if post["id"] % 5 == 0 else 1)
        ]
        return refused(request) or JSONResponse(shown)

    async def context(request: Request) -> Response:
        post = place.get(int(request.path_params["number"]))
        if post is None:
            return JSONResponse({"error": "Record not found"}, 404)
        above: dict[str, Any] = post
        ancestors: list[dict[str, Any]] = []
        while above["parent"]:
            above = place.get(above["parent"]) or {"parent": None}
            ancestors.insert(0, above)
        below = place.replies_to(post["id"])
        return refused(request) or JSONResponse(
            {"ancestors": [status(one) for one in ancestors], "descendants": [status(one) for one in below]}
        )

    async def post_status(request: Request) -> Response:
        if (no := refused(request)) is not None:
            return no
        raw = await request.body()
        values = (
            json.loads(raw)
            if request.headers["content-type"].startswith("application/json")
            else dict(await request.form())
        )
        key = request.headers.get("idempotency-key", "")
        if key and key in place.keys:
            return JSONResponse(status(place.get(place.keys[key]) or {}))
        parent = int(str(values["in_reply_to_id"]))
        if place.get(parent) is None:
            return JSONResponse({"error": "Validation failed: the status being replied to does not exist"}, 422)
        if len(str(values["status"])) > 500:
            return JSONResponse({"error": "Validation failed: Text character limit of 500 exceeded"}, 422)
        number = place.add(ME, str(values["status"]), parent=parent, bot=True)
        if key:
            place.keys[key] = number
        return JSONResponse(status(place.get(number) or {}))

    routes = [
        *_test_routes(place),
        Route("/api/v1/accounts/verify_credentials", verify),
        Route("/api/v1/accounts/update_credentials", update, methods=["PATCH"]),
        Route("/api/v2/instance", instance),
        Route("/api/v1/notifications", notifications),
        Route("/api/v1/statuses/{number:int}/context", context),
        Route("/api/v1/statuses", post_status, methods=["POST"]),
    ]
    return with_faults(Starlette(routes=routes), place)


def x_app(place: Place) -> Any:
    """X's API, version 2."""

    def tweet(post: dict[str, Any]) -> dict[str, Any]:
        above = place.get(post["parent"]) if post["parent"] else None
        shown = {
            "id": str(post["id"]),
            "text": post["text"],
            "author_id": post["author"],
            "conversation_id": str(post["root"]),
            "created_at": _instant(post["at"]),
            "edit_history_tweet_ids": [str(post["id"])],
        }
        if above:
            shown |= {
                "in_reply_to_user_id": above["author"],
                "referenced_tweets": [{"type": "replied_to", "id": str(above["id"])}],
            }
        return shown

    def refused(request: Request) -> Response | None:
        if not request.headers.get("authorization", "").startswith("OAuth "):
            return JSONResponse(
                {"title": "Unauthorized", "status": 401, "detail": "Unauthorized", "type": "about:blank"}, 401
            )
        return None

    async def me(request: Request) -> Response:
        return refused(request) or JSONResponse(
            {"data": {"id": ME, "username": "ambrose", "name": "Ambrose", "description": place.description}}
        )

    def page(request: Request, posts: list[dict[str, Any]]) -> Response:
        size = int(request.query_params.get("max_results", 10))
        start = int(request.query_params.get("pagination_token") or 0)
        shown = posts[start : start + size]
        meta: dict[str, Any] = {"result_count": len(shown)}
        if start + size < len(posts):
            meta["next_token"] = str(start + size)
        users = [
            {"id": name, "username": f"user{name}" if name.isdigit() else name, "name": name, "description": ""}
            for name in sorted({post["author"] for post in shown})
        ]
        answer: dict[str, Any] = {"meta": meta, "includes": {"users": users}}
        if shown:
            answer["data"] = [tweet(post) for post in shown]
        return refused(request) or JSONResponse(answer)

    async def mentions(request: Request) -> Response:
        found = place.visible_mentions(2**62)
        return page(request, [post for post in found for _ in range(2 if post["id"] % 5 == 0 else 1)])

    async def tweets(request: Request) -> Response:
        since = int(request.query_params.get("since_id") or 0)
        return page(request, [post for post in reversed(place.posts) if post["author"] == ME and post["id"] > since])

    async def create(request: Request) -> Response:
        if (no := refused(request)) is not None:
            return no
        values = json.loads(await request.body())
        parent = int(values["reply"]["in_reply_to_tweet_id"])
        if place.get(parent) is None:
            detail = "You attempted to reply to a Tweet that is deleted or not visible to you."
            return JSONResponse({"title": "Forbidden", "status": 403, "detail": detail, "type": "about:blank"}, 403)
        number = place.add(ME, values["text"], parent=parent, bot=True)
        return JSONResponse(
            {"data": {"id": str(number), "text": values["text"], "edit_history_tweet_ids": [str(number)]}}, 201
        )

    routes = [
        *_test_routes(place),
        Route("/2/users/me", me),
        Route("/2/users/{user}/mentions", mentions),
        Route("/2/users/{user}/tweets", tweets),
        Route("/2/tweets", create, methods=["POST"]),
    ]
    return with_faults(Starlette(routes=routes), place)


def with_faults(app: Starlette, place: Place) -> Starlette:
    app.add_middleware(Faulty, place=place)
    return app


APPS = {"mastodon": mastodon_app, "x": x_app}
"""Those of this module; that of Bluesky is in `bluesky_server`."""


def main() -> None:
    import socket

    import uvicorn

    from tests.bluesky_server import bluesky_app

    parser = argparse.ArgumentParser()
    apps = APPS | {"bluesky": bluesky_app}
    parser.add_argument("kind", choices=sorted(apps))
    parser.add_argument("--faults", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    app = apps[arguments.kind](Place(faults=arguments.faults, seed=arguments.seed))
    listening = socket.create_server(("127.0.0.1", 0), backlog=256)
    print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off")).run(sockets=[listening])


if __name__ == "__main__":
    main()

"""Who may fetch what from the server, before Streamlit sees the request.

Streamlit serves its own media, uploads and page stream to anybody who knows the address. Here everything except
the sign-in page, the front end's own files and the health check needs a running session, and Streamlit's `/media` is
closed to all: our downloads have an own route that belongs to one session (`downloads.py`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from dashboards import door
from registry.errors import RegistryError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Readable without a session: the sign-in page itself, files that are the same for everybody, and the loopback
#: interface, which asks for a token of its own (registry.service.api).
OPEN = ("/sign-in", "/sign-out", "/favicon.png", "/_stcore/health", "/api/run")
OPEN_FOLDERS = ("/static/",)
#: Closed to everybody: nothing of ours is there.
CLOSED_FOLDERS = ("/media/", "/_stcore/metrics", "/_stcore/agent/", "/_stcore/upload_file/")
_OWN_QUERY = re.compile(r"[a-z]{1,20}=\d{1,19}(&[a-z]{1,20}=\d{1,19})*")
#: A link to a figure carries its choices: short names, codes and a cohort's text, never anything of a patient.
_FIGURES = frozenset({"/survival", "/incidence", "/outcomes", "/cohorts"})
_FIGURE_QUERY = re.compile(
    r"[a-z_]{1,20}=[\w.~%+*-]{0,4000}(&[a-z_]{1,20}=[\w.~%+*-]{0,4000}){0,30}", re.ASCII
)
_LONGEST = 6000
#: Of our own pages nothing stays in a shared computer's cache.
_HEADERS = {
    b"x-frame-options": b"DENY",
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
    b"permissions-policy": b"camera=(), microphone=(), geolocation=()",
    b"content-security-policy": (
        b"default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
        b"img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
        b"frame-ancestors 'none'; form-action 'self'; base-uri 'self'; object-src 'none'"
    ),
}


class Guard:
    """ASGI middleware: a session for every request, security headers on every answer.

    Args:
        app: what is guarded.
        token_paths: routes that check a token of their own (the loopback interface).
    """

    def __init__(self, app: ASGIApp, token_paths: frozenset[str] = frozenset()) -> None:
        self._app, self._token_paths = app, token_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, send the person to the sign-in page, or refuse."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            if await _signed_in(scope):
                await self._app(scope, receive, send)
            else:
                await receive()
                await send({"type": "websocket.close", "code": 4401, "reason": "sign in"})
            return
        refusal = None if scope["path"] in self._token_paths else await _refusal(scope)
        await (refusal or self._app)(scope, receive, _with_headers(scope, send))


async def _refusal(scope: Scope) -> Response | None:
    """The answer for a request that may not go on, None for one that may."""
    path = str(scope["path"])
    if path in OPEN or path.startswith(OPEN_FOLDERS):
        return None
    signed_in = await _signed_in(scope)
    if path.startswith(CLOSED_FOLDERS):
        return PlainTextResponse("Not here.", 404 if signed_in else 401)
    if signed_in:
        return None
    headers = HTTPConnection(scope).headers
    page = "text/html" in headers.get("accept", "")
    if not page:
        return PlainTextResponse("Sign in first.", 401)
    if headers.get("sec-fetch-site") == "cross-site" and scope["method"] == "GET":
        # A strict cookie stays behind on a link from elsewhere; our own hop brings it along.
        return HTMLResponse('<!doctype html><meta http-equiv="refresh" content="0"><title>…</title>')
    query = scope["query_string"].decode("ascii", "replace")
    to = path + (f"?{query}" if _own(path, query) else "")
    return RedirectResponse("/sign-in" + (f"?to={quote(to, safe='/')}" if to != "/" else ""), 303)


def _own(path: str, query: str) -> bool:
    """Whether a query is one of our own addresses: record numbers, or a figure's choices. Anything else is not repeated.

    >>> _own("/record", "patient=12"), _own("/record", "patient=x"), _own("/survival", "by=sex&site=Lung+and+Bronchus")
    (True, False, True)
    """
    if path in _FIGURES:
        return len(query) <= _LONGEST and bool(_FIGURE_QUERY.fullmatch(query))
    return bool(_OWN_QUERY.fullmatch(query))


async def _signed_in(scope: Scope) -> bool:
    token = HTTPConnection(scope).cookies.get(door.COOKIE)
    try:
        await run_in_threadpool(door.resume, token, touch=False)
    except (door.SignedOut, RegistryError):
        return False
    return True


def _with_headers(scope: Scope, send: Send) -> Send:
    async def sender(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [(k, v) for k, v in message.get("headers", []) if k.lower() not in _HEADERS]
            headers += list(_HEADERS.items())
            if not str(scope["path"]).startswith(OPEN_FOLDERS):
                headers = [(k, v) for k, v in headers if k.lower() != b"cache-control"]
                headers.append((b"cache-control", b"no-store"))
            message = {**message, "headers": headers}
        await send(message)

    return sender

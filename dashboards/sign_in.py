"""The routes `/sign-in` and `/sign-out`: plain HTML, because a script of Streamlit cannot set a cookie."""

from __future__ import annotations

import html
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from dashboards import door
from registry.errors import RegistryError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

_PAGE = (Path(__file__).parent / "sign_in.html").read_text(encoding="utf-8")
#: Two short fields: anything longer is not a sign-in.
_MOST_BYTES = 8192
OVER = "Your session has ended. Sign in to go on."


def routes(note: str = "") -> list[BaseRoute]:
    """The routes; `note` is a line under the form (demo accounts)."""

    async def form(request: Request) -> Response:
        message = OVER if "over" in request.query_params else ""
        return _page(request.query_params.get("to", ""), message, note)

    async def sign_in(request: Request) -> Response:
        if not _from_here(request):
            return _page("", "The form came from another site. Try again here.", note, 403)
        fields = await _fields(request)
        to, name = local_path(fields.get("to", "")), fields.get("name", "")
        try:
            token = await run_in_threadpool(_begin, name, fields.get("password", ""))
        except RegistryError as error:
            return _page(to, _sentence(error), note, 401)
        await run_in_threadpool(_end, request.cookies.get(door.COOKIE))
        answer = RedirectResponse(to or "/", 303)
        secure = request.url.scheme == "https"
        answer.set_cookie(door.COOKIE, token, httponly=True, samesite="strict", secure=secure, path="/")
        return answer

    async def sign_out(request: Request) -> Response:
        if not _from_here(request):
            return RedirectResponse("/", 303)
        await run_in_threadpool(_end, request.cookies.get(door.COOKIE))
        answer = RedirectResponse("/sign-in", 303)
        answer.delete_cookie(door.COOKIE, httponly=True, samesite="strict", path="/")
        answer.headers["clear-site-data"] = '"cache", "storage"'
        return answer

    return [
        Route("/sign-in", form, methods=["GET"]),
        Route("/sign-in", sign_in, methods=["POST"]),
        Route("/sign-out", sign_out, methods=["GET", "POST"]),
    ]


def local_path(to: str) -> str:
    r"""A path on this server to go to after signing in; anything else becomes empty (no open redirect).

    >>> local_path("/survival"), local_path("//evil.example"), local_path("https://evil.example"), local_path("/\\e")
    ('/survival', '', '', '')
    """
    parts = urlsplit(to)
    plain = to.startswith("/") and not to.startswith("//") and to.isprintable() and "\\" not in to
    return to if plain and not parts.scheme and not parts.netloc else ""


def _begin(name: str, password: str) -> str:
    token, _actor = door.service().run("session.sign_in", name=name, password=password)
    return str(token)


def _end(token: str | None) -> None:
    if token:
        door.service().run("session.sign_out", token=token)


def _from_here(request: Request) -> bool:
    """Whether the browser says that our own page sent the request (log-in and log-out CSRF)."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


async def _fields(request: Request) -> dict[str, str]:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST_BYTES:
            return {}
    fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=10)
    return {name: values[0] for name, values in fields.items()}


def _sentence(error: RegistryError) -> str:
    """The error's line as a sentence for the page."""
    line = error.what + (f"; {error.action}" if error.action else "")
    return line[:1].upper() + line[1:] + "."


def _page(to: str, message: str, note: str, status: int = 200) -> HTMLResponse:
    text = _PAGE.replace("{{to}}", html.escape(local_path(to), quote=True))
    text = text.replace("{{message}}", html.escape(message))
    text = text.replace("{{hidden}}", "" if message else "hidden")
    return HTMLResponse(text.replace("{{note}}", html.escape(note)), status)

"""Downloads that belong to one session: the route `/download/{ticket}`.

A page offers a ticket; the file is made when it is clicked, by running the operation again as the person who
clicks. So a link passed on is worthless, scope is today's, and each download is audited with rows and hash (SEC19).
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from dashboards import door, provenance, workbook
from registry.errors import RegistryError
from registry.service.safe_csv import to_csv

if TYPE_CHECKING:
    import polars as pl
    from starlette.requests import Request
    from starlette.routing import BaseRoute

_MOST_TICKETS = 2000


@dataclass(frozen=True)
class Ticket:
    """What one link delivers.

    Args:
        token_hash: hash of the session token that may use it.
        name: file name without patient data; `.xlsx` gives a workbook, anything else CSV.
        operation: the service operation that gives the frame, or a document {name, media_type, content}, with its
            arguments.
        pick: takes the frame, or a document, out of the answer and orders its columns.
    """

    token_hash: str
    name: str
    operation: str
    arguments: dict[str, Any] = field(default_factory=dict)
    pick: Callable[[Any], Any] = lambda answer: answer


_tickets: OrderedDict[str, Ticket] = OrderedDict()
_lock = threading.Lock()


def offer(
    name: str, operation: str, arguments: dict[str, Any], pick: Callable[[Any], Any] | None = None
) -> str:
    """The address of a download for the person on this page; the same offer keeps its address."""
    import streamlit as st

    kept: dict[str, str] = st.session_state.setdefault("_tickets", {})
    what = repr((name, operation, sorted(arguments.items())))
    ticket = kept.get(what)
    with _lock:
        if ticket is None or ticket not in _tickets:
            ticket = kept[what] = secrets.token_urlsafe(24)
        owner = _hash(door.token() or "")
        _tickets[ticket] = Ticket(owner, name, operation, arguments, pick or (lambda answer: answer))
        _tickets.move_to_end(ticket)
        while len(_tickets) > _MOST_TICKETS:
            _tickets.popitem(last=False)
    return f"/download/{ticket}"


def routes() -> list[BaseRoute]:
    """The download route (behind `guard.Guard`, which has checked the session)."""

    async def download(request: Request) -> Response:
        token = request.cookies.get(door.COOKIE)
        with _lock:
            ticket = _tickets.get(request.path_params["ticket"])
        if ticket is None or not secrets.compare_digest(ticket.token_hash, _hash(token or "")):
            return PlainTextResponse("This link is over. Open the page again.", 404)
        try:
            name, kind, data = await run_in_threadpool(_make, ticket, token)
        except door.SignedOut:
            return PlainTextResponse("Sign in first.", 401)
        except RegistryError as error:
            return PlainTextResponse(str(error), 403)
        disposition = {"content-disposition": f'attachment; filename="{name}"'}
        return Response(data, media_type=kind, headers=disposition)

    return [Route("/download/{ticket}", download, methods=["GET"])]


def _make(ticket: Ticket, token: str | None) -> tuple[str, str, bytes]:
    """File name, media type and content; the audit trail says who took it."""
    session = door.service().as_actor(door.resume(token, touch=True))
    answer = session.run(ticket.operation, **ticket.arguments)
    picked: Any = ticket.pick(answer)
    if isinstance(picked, dict) and isinstance(picked.get("content"), bytes):
        name, kind, data, rows = picked["name"], picked["media_type"], picked["content"], 0
    else:
        frame = picked
        name, rows = ticket.name, frame.height
        kind, data = _file(name, frame, answer)
    digest = hashlib.sha256(data).hexdigest()
    session.run("downloads.record", name=name, rows=rows, sha256=digest, operation=ticket.operation)
    return name, kind, data


def _file(name: str, frame: pl.DataFrame, answer: Any) -> tuple[str, bytes]:
    """Media type and content; a figure's file says of whom, of which day and by which program it is."""
    told = provenance.lines(answer)
    if name.endswith(".xlsx"):
        return workbook.MEDIA_TYPE, workbook.to_xlsx(frame, told)
    return "text/csv; charset=utf-8", to_csv(provenance.beside(frame, answer))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

"""The loopback interface: one route through which other processes of this machine run operations.

`POST /api/run` with `Authorization: Bearer <token>` and {operation, arguments, as?}. The token lies in
`<db>.serve.json`, readable only by the OS user who runs the server: whoever presents it acts as
`local:<os user>` (role admin), or, with `as: {name, password}`, as that account.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

from registry.errors import BadInput, Denied, RegistryError
from registry.service import wire

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    from registry.service.session import Session

PATH = "/api/run"


def routes(session: Session, token: str) -> list[Route]:
    """The interface's routes over a session of the owning process."""
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import Response
    from starlette.routing import Route

    async def run(request: Request) -> Response:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), token.encode()):
            return Response(wire.encode_error(Denied("loopback interface", "wrong token")), status_code=403)
        body = await request.body()
        return Response(await run_in_threadpool(_answer, session, body), media_type="application/json")

    # Every method, so that no other route answers at this address.
    return [Route(PATH, run, methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])]


def _answer(session: Session, body: bytes) -> bytes:
    try:
        call = wire.decode(body)
        if not isinstance(call, dict) or "operation" not in call:
            raise BadInput("loopback interface", "a call names an operation and its arguments")
        actor = _actor(session, call.get("as"))
        result = (session.as_actor(actor) if actor else session).run(
            call["operation"], **call.get("arguments", {})
        )
        return wire.encode({"result": result})
    except RegistryError as error:
        return wire.encode_error(error)
    except Exception as error:
        # Kind and operation only: a message could hold patient data.
        return wire.encode_error(RegistryError("registry serve", f"a defect ({type(error).__name__})"))


def _actor(session: Session, given: dict[str, str] | None) -> Any:
    if given is None:
        return None
    return session.run("session.check", name=given["name"], password=given["password"])

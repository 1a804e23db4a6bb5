"""The service from another process: through the loopback interface of a running `registry serve`.

`serve` writes `<db>.serve.json` (mode 0600: pid, port, token). Who can read it is the same OS user,
or somebody that the administrator gave it to; with `--as USER` the account's own role applies.
"""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeAlias

from registry.errors import Busy, Denied
from registry.service import wire

if TYPE_CHECKING:
    from registry.service.session import Session

TIMEOUT_SECONDS = 3600


def serve_file(database: Path) -> Path:
    """Where `registry serve` says how to reach it."""
    return database.with_name(database.name + ".serve.json")


def running_server(database: Path) -> dict[str, Any] | None:
    """Pid, port and token of the server that owns this database, or None."""
    path = serve_file(database)
    try:
        found = json.loads(path.read_text())
        os.kill(int(found["pid"]), 0)
    except PermissionError:
        raise Denied(path.name, "belongs to another user", "ask for an account and use the app") from None
    except (FileNotFoundError, ProcessLookupError, ValueError, KeyError):
        return None
    return dict(found)


class RemoteSession:
    """`Session.run` over the loopback interface; the same operations, arguments, results and errors."""

    def __init__(self, server: dict[str, Any], as_user: tuple[str, str] | None = None) -> None:
        self._server, self._as_user = server, as_user

    def run(self, operation: str, /, **arguments: Any) -> Any:
        """Run an operation in the process that owns the database."""
        body: dict[str, Any] = {"operation": operation, "arguments": arguments}
        if self._as_user:
            body["as"] = {"name": self._as_user[0], "password": self._as_user[1]}
        connection = http.client.HTTPConnection("127.0.0.1", self._server["port"], timeout=TIMEOUT_SECONDS)
        headers = {"Authorization": f"Bearer {self._server['token']}", "Content-Type": "application/json"}
        try:
            connection.request("POST", "/api/run", wire.encode(body), headers)
            answer = wire.decode(connection.getresponse().read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Busy(
                "registry serve",
                f"did not answer ({type(error).__name__})",
                "see whether it is still running",
            ) from None
        finally:
            connection.close()
        if isinstance(answer, dict) and "error" in answer:
            wire.raise_error(answer["error"])
        return answer["result"]

    def close(self) -> None:
        """Nothing to close."""

    def __enter__(self) -> RemoteSession:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


if TYPE_CHECKING:
    AnySession: TypeAlias = Session | RemoteSession


def connect(
    database: Path,
    *,
    key: str | None = None,
    as_user: str | None = None,
    password: Callable[[str], str] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> AnySession:
    """A session on a database: the running server's, else the file's.

    Args:
        as_user: act as this account; its password comes from REGISTRY_PASSWORD, the file named by
            REGISTRY_PASSWORD_FILE, or `password(name)` (a prompt).
    """
    server = running_server(database)
    secret = _password(as_user, password) if as_user else None
    if server is not None:
        return RemoteSession(server, (as_user, secret) if as_user and secret is not None else None)
    from registry.service.session import Session

    session = Session.open(database, key=key)
    if progress is not None:
        session = session.watched(progress)
    if as_user and secret is not None:
        try:
            return session.as_actor(session.run("session.check", name=as_user, password=secret))
        except BaseException:
            session.close()
            raise
    return session


def _password(name: str, ask: Callable[[str], str] | None) -> str:
    if "REGISTRY_PASSWORD" in os.environ:
        return os.environ["REGISTRY_PASSWORD"]
    if "REGISTRY_PASSWORD_FILE" in os.environ:
        return Path(os.environ["REGISTRY_PASSWORD_FILE"]).read_text().strip()
    if ask is not None:
        return ask(name)
    import getpass

    return getpass.getpass(f"Password of {name}: ")

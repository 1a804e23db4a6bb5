"""The service from another process: through the loopback interface of a running `registry serve`.

`serve` writes `<db>.serve.json` (mode 0600: pid, port, token). Who can read it is the same OS user,
or somebody that the administrator gave it to; with `--as USER` the account's own role applies.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeAlias

from registry.errors import BadInput, Busy, Denied
from registry.service import wire

if TYPE_CHECKING:
    from registry.service.session import Session

TIMEOUT_SECONDS = 3600


def serve_file(database: Path) -> Path:
    """Where `registry serve` says how to reach it."""
    return database.with_name(database.name + ".serve.json")


def running_server(database: Path) -> dict[str, Any] | None:
    """Pid, port and token of the server that owns this database, or None (also when its file is a dead one's).

    Raises:
        Denied: the server is another user's.
    """
    path = serve_file(database)
    try:
        found = dict(json.loads(path.read_text()))
        pid, port = int(found["pid"]), int(found["port"])
    except PermissionError:
        raise Denied(path.name, "belongs to another user", "ask for an account and use the app") from None
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    return found if _alive(pid) and _listens(port) else None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (OSError, OverflowError):
        # Whoever can read the file is the server's own user: a process of somebody else's has its number by now.
        return False
    return True


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            return True
    except (OSError, OverflowError):
        return False


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
    secret = _password(as_user, password) if as_user else None
    found = _reach(database, key)
    if isinstance(found, dict):
        return RemoteSession(found, (as_user, secret) if as_user and secret is not None else None)
    session = found
    if progress is not None:
        session = session.watched(progress)
    if as_user and secret is not None:
        try:
            return session.as_actor(session.run("session.check", name=as_user, password=secret))
        except BaseException:
            session.close()
            raise
    return session


def _reach(database: Path, key: str | None) -> dict[str, Any] | Session:
    """The running server, or the opened file; while another command has the file, waits for either."""
    from registry.service.session import Session, wait_seconds

    deadline = time.monotonic() + wait_seconds()
    while True:
        server = running_server(database)
        if server is not None:
            return server
        try:
            return Session.open(database, key=key, wait=0)
        except Busy:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.2)


def _password(name: str, ask: Callable[[str], str] | None) -> str:
    if "REGISTRY_PASSWORD" in os.environ:
        return os.environ["REGISTRY_PASSWORD"]
    if "REGISTRY_PASSWORD_FILE" in os.environ:
        return Path(os.environ["REGISTRY_PASSWORD_FILE"]).read_text().strip()
    if ask is not None:
        return ask(name)
    if not sys.stdin.isatty():
        raise BadInput(
            "password", "there is no terminal to ask for the password", "use REGISTRY_PASSWORD_FILE"
        )
    import getpass

    return getpass.getpass(f"Password of {name}: ")

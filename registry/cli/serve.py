"""`registry serve`: one process owns the database file: service, loopback interface, screens."""

from __future__ import annotations

import json
import os
import secrets
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import click

from registry.cli.options import Options, global_options


@contextmanager
def stoppable() -> Iterator[None]:
    """Let SIGTERM end the process as Ctrl+C does: the database is closed, nothing is left behind."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one must not disturb the closing
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def announced(database: Path, port: int) -> Iterator[str]:
    """Write `<db>.serve.json` (mode 0600) while the server runs; yields the interface's token."""
    from registry.service.remote import serve_file

    path, token = serve_file(database), secrets.token_urlsafe(32)
    part = path.with_name(path.name + ".new")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump({"pid": os.getpid(), "port": port, "token": token}, file)
    part.replace(path)
    try:
        yield token
    finally:
        path.unlink(missing_ok=True)


def run_server(options: Options, host: str, port: int, note: str = "", jobs: bool = True) -> None:
    """Open the database, tell other commands where to find us, serve and work jobs off until stopped.

    Raises:
        Busy: another process (perhaps another server) has the file. BadInput: the port cannot be used, or the job table
            has a fault.
    """
    from dashboards.server import build_app, listen, run
    from pipelines.schedule import Scheduler
    from registry.errors import Busy
    from registry.service.api import routes
    from registry.service.remote import running_server
    from registry.service.session import Session

    other = running_server(options.db)
    if other is not None:
        raise Busy(
            options.db.name, f"is served already (pid {other['pid']}, port {other['port']})", "use that one"
        )
    scheduler = None
    with (
        suppress(KeyboardInterrupt),
        stoppable(),
        listen(host, port) as listening,
        Session.open(options.db, key=options.key()) as session,
        announced(options.db, port) as token,
    ):
        if jobs:
            scheduler = Scheduler(session, options.db)
            scheduler.check()
        hooks = scheduler.lifespan() if scheduler else None
        app = build_app(lambda: session, routes=routes(session, token), lifespan=hooks, note=note)
        options.remark(f"http://{host}:{port}  (Ctrl+C stops)")
        run(app, listening)
    if scheduler is not None and not scheduler.idle(10):
        # The database is closed; what still computes has nowhere to write, and its run is taken up at the next start.
        os._exit(0)


@click.command(epilog="Example: registry serve --db my.duckdb --port 8501")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address; put TLS in front of any other."
)
@click.option("--port", default=8501, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--no-jobs", is_flag=True, help="Leave scheduled jobs to cron or systemd (registry jobs units)."
)
@global_options
def serve(options: Options, host: str, port: int, no_jobs: bool) -> None:
    """Run the app, the scheduled jobs and the loopback interface on a database.

    While it runs, other commands on the same database go through it.
    """
    run_server(options, host, port, jobs=not no_jobs)

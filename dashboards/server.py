"""Build and run the screens: a Streamlit application with sign-in, guarded routes and safe defaults."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboards import door
from dashboards.components.theme import STREAMLIT_THEME
from registry.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    import streamlit as st
    from starlette.routing import Route

_SCRIPT = Path(__file__).parent / "app.py"
#: Options that guard data come first; see `docs/security.md`.
OPTIONS: dict[str, Any] = {
    "browser.gatherUsageStats": False,
    "client.showErrorDetails": "none",
    "client.showErrorLinks": "false",
    "client.disableDataExport": True,  # Streamlit's own CSV button knows nothing of formulas or audit
    "client.toolbarMode": "minimal",
    "client.allowedOrigins": [],
    "server.enableXsrfProtection": True,
    "server.xsrfCookieSameSite": "strict",
    "server.enableCORS": True,
    "server.enableStaticServing": False,
    "server.enableAgentApi": False,
    "server.maxUploadSize": 1,
    "server.disconnectedSessionTTL": 30,
    "server.fileWatcherType": "none",
    "server.runOnSave": False,
    "server.headless": True,
    "server.showEmailPrompt": False,
    "runner.magicEnabled": False,
    "global.developmentMode": False,
    "logger.level": "error",
    "logger.enableRich": False,  # prints past the logging system, with the error's text
    **STREAMLIT_THEME,
}


def build_app(
    session_factory: Callable[[], door.Service],
    *,
    routes: Sequence[Route] = (),
    lifespan: Callable[[Any], AbstractAsyncContextManager[dict[str, Any] | None]] | None = None,
    note: str = "",
) -> st.App:
    """The ASGI application: screens, `/sign-in`, `/sign-out`, `/download`, all behind the guard.

    Args:
        session_factory: gives a service session of the server itself; screens work `as_actor` of who signed in.
        routes: further routes that check a token of their own (`registry.service.api`); everything else needs the
            session cookie.
        lifespan: start and stop hooks of whoever serves (jobs, listener).
        note: a line under the sign-in form, for demo accounts.
    """
    import streamlit as st
    from starlette.middleware import Middleware
    from streamlit import config
    from streamlit.runtime.pages_manager import PagesManager

    from dashboards import downloads, icon, pictures, sign_in
    from dashboards.guard import Guard

    door.use(session_factory)
    # A folder named pages beside the script is otherwise run file by file, past the script's look at the session.
    PagesManager.uses_pages_directory = False
    config.get_config_options(force_reparse=True, options_from_flags=dict(OPTIONS))
    return st.App(
        _SCRIPT,
        routes=[*sign_in.routes(note), *downloads.routes(), *pictures.routes(), *icon.routes(), *routes],
        middleware=[Middleware(Guard, token_paths=frozenset(route.path for route in routes))],
        lifespan=lifespan,
        on_script_error=_on_script_error,
    )


def listen(host: str = "127.0.0.1", port: int = 8501) -> socket.socket:
    """Take the port; who connects before `run` waits for it.

    Raises:
        BadInput: the port is taken or not allowed.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()
    except OSError as error:
        listening.close()
        raise BadInput(
            f"port {port}", "cannot be used: " + (error.strerror or "refused"), "give --port"
        ) from None
    return listening


def run(app: Any, listening: socket.socket) -> None:
    """Serve the application: one process, one worker, no access log; returns after Ctrl+C or SIGTERM."""
    import uvicorn

    from dashboards import quiet

    quiet.install()
    settings = uvicorn.Config(
        app,
        workers=1,
        access_log=False,
        log_level="warning",
        server_header=False,
        ws="websockets-sansio",
        timeout_graceful_shutdown=3,
    )
    # uvicorn ends in order on a signal and then raises it again, for whoever would like to know
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(settings).run(sockets=[listening])


def _on_script_error(error: Exception) -> bool:
    """Show one friendly line instead of a traceback (pages catch their own errors; this is the last net)."""
    from dashboards.components.messages import show_error

    show_error(error)
    return True

"""The route `/figure/plotly.js`: the drawing library with which a browser makes a picture of a figure it shows.

It is the file of the installed Plotly package, fetched when somebody takes the first picture of a page; nothing comes
from elsewhere, and no browser runs on the server.
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

ADDRESS: Final = "/figure/plotly.js"


def routes() -> list[BaseRoute]:
    """The route (behind `guard.Guard`)."""

    async def library(_request: Request) -> Response:
        return Response(await run_in_threadpool(_library), media_type="text/javascript")

    return [Route(ADDRESS, library, methods=["GET"])]


def _library() -> bytes:
    return resources.files("plotly").joinpath("package_data", "plotly.min.js").read_bytes()

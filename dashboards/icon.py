"""The tab's icon, and the home page under its own name. Nothing is fetched from elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

ICON: Final = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#0b6e69"/>
<g fill="#fff"><rect x="6" y="6" width="4" height="20"/><rect x="12" y="11" width="4" height="15" opacity=".85"/>
<rect x="18" y="15" width="4" height="11" opacity=".7"/><rect x="24" y="18" width="3" height="8" opacity=".55"/></g></svg>"""

#: Said with the page, so that Streamlit does not fetch an icon font's picture from elsewhere.
DATA_ADDRESS: Final = "data:image/svg+xml," + quote(ICON)


def routes() -> list[BaseRoute]:
    """`/favicon.png` (browsers take an SVG there) and `/overview`, which Streamlit keeps at `/`."""

    async def icon(_request: Request) -> Response:
        return Response(ICON, media_type="image/svg+xml")

    async def home(_request: Request) -> Response:
        return RedirectResponse("/", 303)

    return [Route("/favicon.png", icon), Route("/overview", home)]

"""The screens' one way to the service: who is signed in, and running an operation as that person.

Streamlit runs its script again for every click, in threads of one process; this module is imported once and keeps
the factory of service sessions. Nothing of a user is kept here: answers live in that user's own session state.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

from registry.errors import Denied, NotReady

#: Name of the cookie that holds the session token (HttpOnly, SameSite=Strict).
COOKIE = "registry_session"
#: Answers to figures (never to records) are reused for this many seconds within one browser session.
FRESH_SECONDS = 60.0


class Actor(Protocol):
    """Who is signed in, as the service tells it (screens import the service only)."""

    @property
    def name(self) -> str:
        """What the audit trail says."""

    @property
    def role(self) -> str:
        """registrar, quality, researcher, …"""

    @property
    def facilities(self) -> frozenset[str] | None:
        """Facilities the person is held to; None = all."""

    @property
    def scope_key(self) -> tuple[str, tuple[str, ...] | None]:
        """Role and facilities, for keys of kept answers."""

    def may(self, operation: str) -> bool:
        """Whether the role grants the operation."""


class Service(Protocol):
    """What a service session offers."""

    def run(self, operation: str, /, **arguments: Any) -> Any:
        """Run an operation."""

    def as_actor(self, actor: Any) -> Service:
        """The same store, another person."""


_factory: Callable[[], Service] | None = None


class SignedOut(Exception):
    """Nobody is signed in (any more): the screen asks to sign in again."""


def use(factory: Callable[[], Service]) -> None:
    """Tell the screens where service sessions come from; `build_app` calls it once."""
    global _factory  # noqa: PLW0603  (one process, one service; see the module's docstring)
    _factory = factory


def service() -> Service:
    """A service session of the server itself, for signing in and out.

    Raises:
        NotReady: the screens were not started by `build_app`.
    """
    if _factory is None:
        raise NotReady("screens", "are not connected to a registry", "start them with `registry serve`")
    return _factory()


def resume(token: str | None, *, touch: bool) -> Actor:
    """The person behind a token.

    Args:
        token: the cookie's value, None when there is no cookie.
        touch: whether this counts as activity for the idle clock.

    Raises:
        SignedOut: no token, or its session is over.
    """
    if not token:
        raise SignedOut
    try:
        actor: Actor = service().run("session.resume", token=token, touch=touch)
    except Denied:
        raise SignedOut from None
    return actor


def token() -> str | None:
    """The token that the browser sent when this page was opened."""
    import streamlit as st

    value = st.context.cookies.get(COOKIE)
    return value if isinstance(value, str) else None


def actor(*, touch: bool = True) -> Actor:
    """Who is signed in on this page.

    Raises:
        SignedOut: nobody.
    """
    return resume(token(), touch=touch)


def ask(operation: str, /, **arguments: Any) -> Any:
    """Run an operation as the person who is signed in.

    Raises:
        SignedOut: the session is over.
        registry.errors.RegistryError: what the operation says.
    """
    return service().as_actor(actor()).run(operation, **arguments)


def figures(operation: str, /, **arguments: Any) -> Any:
    """Like `ask`, for counts and curves: the answer is reused for a minute, by this person in this tab only (SEC20)."""
    import streamlit as st

    who = actor()
    key = (operation, repr(sorted(arguments.items())), who.name, who.scope_key)
    kept: dict[Any, tuple[float, Any]] = st.session_state.setdefault("_figures", {})
    if key in kept and time.monotonic() - kept[key][0] < FRESH_SECONDS:
        return kept[key][1]
    answer = service().as_actor(who).run(operation, **arguments)
    if len(kept) > 50:
        kept.clear()
    kept[key] = (time.monotonic(), answer)
    return answer


def act(operation: str, /, **arguments: Any) -> Any:
    """Like `ask`, for what changes something: figures that were kept are asked for anew."""
    import streamlit as st

    answer = ask(operation, **arguments)
    st.session_state.pop("_figures", None)
    return answer

"""The life of an abstract, move by move."""

from __future__ import annotations

import datetime as dt

import pytest

from registry.abstracting.status import LOCKED, NEXT, change, require_editable
from registry.errors import BadInput, Denied

TODAY = dt.date(2026, 10, 31)
MOVES = [(one, two) for one in NEXT for two in NEXT]


@pytest.mark.parametrize(("one", "two"), MOVES)
def test_every_move(one: str, two: str) -> None:
    if two not in NEXT[one]:
        with pytest.raises(BadInput, match=one):
            change(one, two, reason="because", today=TODAY)
        return
    assert change(one, two, reason="because", today=TODAY)["status"] == two
    needs_reason = two == "void" or (one in LOCKED and two != "exported")
    if needs_reason:
        for nothing in (None, "", "   "):
            with pytest.raises(Denied, match="reason"):
                change(one, two, reason=nothing, today=TODAY)
    else:
        assert change(one, two, reason=None, today=TODAY)["status"] == two


def test_nothing_returns_to_suspense_and_nothing_is_a_dead_end() -> None:
    assert not any("suspense" in following for following in NEXT.values())
    assert all(NEXT.values())


@pytest.mark.parametrize("status", NEXT)
def test_what_is_locked(status: str) -> None:
    if status in {"complete", "exported", "void"}:
        with pytest.raises(Denied, match="reopen"):
            require_editable(status)
    else:
        require_editable(status)

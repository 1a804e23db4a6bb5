"""Accounts and sessions on a real database file, with the clock in the test's hand (SEC05, SEC06)."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from registry.errors import BadInput, Conflict, Denied, NotFound
from registry.security import Actor, Gate, Limits
from registry.security.sessions import token_hash
from registry.store import Store

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
ROOT = Actor("root", "admin")
WORDS = "tulips in the north window"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.create(tmp_path / "registry.duckdb", key="a key for this test")
    yield opened
    opened.close()


@pytest.fixture
def gate(store: Store) -> Gate:
    made = Gate(store)
    made.accounts.add(ROOT, "anna", WORDS, "registrar", ["42"], now=NOON)
    return made


def test_sign_in_gives_token_and_actor(gate: Gate) -> None:
    token, actor = gate.sign_in(" Anna ", WORDS, now=NOON)
    assert actor == Actor("anna", "registrar", frozenset({"0000000042"}))
    assert gate.resume(token, now=NOON + MINUTE) == actor


def test_only_hashes_are_kept(gate: Gate, store: Store) -> None:
    token, _ = gate.sign_in("anna", WORDS, now=NOON)
    kept = [
        store.query(f"SELECT CAST(t AS VARCHAR) AS row FROM {table} AS t")["row"].to_list()
        for table in ("account", "session", "audit_event")
    ]
    assert token_hash(token) in str(kept)
    assert token not in str(kept) and WORDS not in str(kept)


@pytest.mark.parametrize(
    ("name", "password", "role", "facilities"),
    [
        ("b", WORDS, "admin", None),
        ("9lives", WORDS, "admin", None),
        ("bo b", WORDS, "admin", None),
        ("bob", "tulip", "admin", None),
        ("bob", "x" * 300, "admin", None),
        ("bob", "aaaaaaaaaaaaaaaa", "admin", None),
        ("bobthebuilder", "bobthebuilder2026", "admin", None),
        ("bob", WORDS, "root", None),
        ("bob", WORDS, "registrar", ["not a number"]),
        ("bob", WORDS, "registrar", []),
    ],
)
def test_bad_accounts_are_refused(
    gate: Gate, name: str, password: str, role: str, facilities: list[str] | None
) -> None:
    with pytest.raises(BadInput) as caught:
        gate.accounts.add(ROOT, name, password, role, facilities, now=NOON)
    assert password not in str(caught.value)
    assert gate.accounts.list()["name"].to_list() == ["anna"]


def test_a_name_is_used_once_even_when_deactivated(gate: Gate) -> None:
    gate.accounts.deactivate(ROOT, "anna", now=NOON)
    with pytest.raises(Conflict):
        gate.accounts.add(ROOT, "ANNA", WORDS, "registrar", now=NOON)


def test_every_refusal_says_the_same(gate: Gate) -> None:
    gate.accounts.add(ROOT, "gone", WORDS, "quality", now=NOON)
    gate.accounts.deactivate(ROOT, "gone", now=NOON)
    lines = set()
    for name, password in [
        ("anna", "wrong words here"),
        ("nobody", WORDS),
        ("gone", WORDS),
        ("anna", "x" * 999),
    ]:
        with pytest.raises(Denied) as caught:
            gate.sign_in(name, password, now=NOON)
        lines.add(str(caught.value))
    assert len(lines) == 1


def test_unknown_user_takes_as_long_as_wrong_password(gate: Gate) -> None:
    def once(name: str) -> float:
        begin = time.perf_counter()
        with pytest.raises(Denied):
            gate.sign_in(name, "wrong words here", now=NOON)
        return time.perf_counter() - begin

    once("warm-up")
    known, unknown = [], []
    for _ in range(4):
        known.append(once("anna"))
        unknown.append(once("nobody"))
    low, high = sorted([statistics.median(known), statistics.median(unknown)])
    assert high < 2.5 * low  # without the throw-away hash the ratio is above 10


def test_five_failures_lock_and_time_unlocks(gate: Gate) -> None:
    for _ in range(5):
        with pytest.raises(Denied):
            gate.sign_in("anna", "wrong words here", now=NOON)
    with pytest.raises(Denied):
        gate.sign_in("anna", WORDS, now=NOON + 14 * MINUTE)
    gate.sign_in("anna", WORDS, now=NOON + 16 * MINUTE)
    assert gate.accounts.list().row(0, named=True)["failed"] == 0


def test_guesses_in_parallel_are_all_counted(gate: Gate) -> None:
    answers: list[str] = []

    def guess() -> None:
        try:
            gate.sign_in("anna", "wrong words here", now=NOON)
        except Denied as error:
            answers.append(str(error))

    threads = [threading.Thread(target=guess) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 6
    with pytest.raises(Denied):
        gate.sign_in("anna", WORDS, now=NOON + MINUTE)


def test_failed_and_successful_sign_ins_are_audited(gate: Gate, store: Store) -> None:
    with pytest.raises(Denied):
        gate.sign_in("anna", "wrong words here", now=NOON)
    with pytest.raises(Denied):
        gate.sign_in("my secret typed into the wrong field", WORDS, now=NOON)
    token, _ = gate.sign_in("anna", WORDS, now=NOON)
    gate.sign_out(token, now=NOON)
    events = store.query(
        "SELECT actor, action, CAST(after_value AS VARCHAR) AS after FROM audit_event ORDER BY seq"
    )
    actions = events["action"].to_list()
    assert [a for a in actions if a.startswith("session.")] == [
        "session.refused",
        "session.refused",
        "session.start",
        "session.end",
    ]
    assert "secret typed" not in str(events.rows())
    assert store.verify_audit().ok


def test_idle_session_ends(gate: Gate) -> None:
    token, _ = gate.sign_in("anna", WORDS, now=NOON)
    gate.resume(token, now=NOON + 14 * MINUTE)
    gate.resume(token, now=NOON + 28 * MINUTE)
    with pytest.raises(Denied, match="idle"):
        gate.resume(token, now=NOON + 43 * MINUTE)
    with pytest.raises(Denied, match="ended"):
        gate.resume(token, now=NOON + 29 * MINUTE)


def test_looking_is_not_activity(gate: Gate) -> None:
    token, _ = gate.sign_in("anna", WORDS, now=NOON)
    gate.resume(token, now=NOON + 10 * MINUTE, touch=False)
    with pytest.raises(Denied, match="idle"):
        gate.resume(token, now=NOON + 15 * MINUTE)


def test_activity_survives_a_restart(gate: Gate, store: Store) -> None:
    token, actor = gate.sign_in("anna", WORDS, now=NOON)
    gate.resume(token, now=NOON + 10 * MINUTE)
    assert Gate(store).resume(token, now=NOON + 20 * MINUTE) == actor


def test_busy_session_ends_by_age(store: Store) -> None:
    gate = Gate(store, Limits(absolute=timedelta(hours=1)))
    gate.accounts.add(ROOT, "anna", WORDS, "registrar", now=NOON)
    token, _ = gate.sign_in("anna", WORDS, now=NOON)
    for minutes in range(10, 60, 10):
        gate.resume(token, now=NOON + minutes * MINUTE)
    with pytest.raises(Denied, match="too old"):
        gate.resume(token, now=NOON + 60 * MINUTE)


def test_sign_out_ends_and_may_be_repeated(gate: Gate) -> None:
    token, _ = gate.sign_in("anna", WORDS, now=NOON)
    gate.sign_out(token, now=NOON)
    gate.sign_out(token, now=NOON)
    gate.sign_out("never was", now=NOON)
    with pytest.raises(Denied):
        gate.resume(token, now=NOON)


def test_password_change_ends_the_other_sessions(gate: Gate) -> None:
    mine, _ = gate.sign_in("anna", WORDS, now=NOON)
    other, _ = gate.sign_in("anna", WORDS, now=NOON)
    with pytest.raises(Denied):
        gate.change_own_password(mine, "wrong words here", "crocus by the garden gate", now=NOON)
    gate.change_own_password(mine, WORDS, "crocus by the garden gate", now=NOON)
    gate.resume(mine, now=NOON)
    with pytest.raises(Denied):
        gate.resume(other, now=NOON)
    with pytest.raises(Denied):
        gate.sign_in("anna", WORDS, now=NOON)
    gate.sign_in("anna", "crocus by the garden gate", now=NOON)


def test_deactivation_and_new_role_end_sessions(gate: Gate) -> None:
    token, _ = gate.sign_in("anna", WORDS, now=NOON)
    gate.accounts.change(ROOT, "anna", "quality", now=NOON)
    with pytest.raises(Denied):
        gate.resume(token, now=NOON)
    token, actor = gate.sign_in("anna", WORDS, now=NOON)
    assert actor == Actor("anna", "quality", None)
    gate.accounts.deactivate(ROOT, "anna", now=NOON)
    with pytest.raises(Denied):
        gate.resume(token, now=NOON)


def test_the_last_admin_stays(gate: Gate) -> None:
    gate.accounts.add(ROOT, "olga", WORDS, "admin", now=NOON)
    with pytest.raises(Denied, match="last active admin"):
        gate.accounts.deactivate(ROOT, "olga", now=NOON)
    with pytest.raises(Denied, match="last active admin"):
        gate.accounts.change(ROOT, "olga", "quality", now=NOON)
    gate.accounts.add(ROOT, "ivan", WORDS, "admin", now=NOON)
    gate.accounts.deactivate(ROOT, "olga", now=NOON)


def test_unknown_account_is_named(gate: Gate) -> None:
    with pytest.raises(NotFound, match="account bob"):
        gate.accounts.get("bob")

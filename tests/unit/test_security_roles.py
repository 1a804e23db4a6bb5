"""The permission matrix and facility scope (SEC02-SEC04)."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.errors import BadInput, Denied
from registry.security import roles
from registry.security.roles import ROLES, Actor

OPERATIONS = [
    # operation, roles that may
    ("account.me", set(ROLES)),
    ("account.add", {"admin"}),
    ("account.list", {"manager", "admin", "auditor"}),
    ("overview.summary", set(ROLES)),
    ("survival.kaplan_meier", {"registrar", "quality", "researcher", "manager", "admin", "job"}),
    ("quality.failures", {"registrar", "quality", "manager", "admin", "job"}),
    ("quality.override", {"quality", "admin"}),
    ("records.search", {"registrar", "quality", "manager", "admin", "job"}),
    ("records.save", {"registrar", "quality", "admin"}),
    ("records.status", {"registrar", "quality", "admin"}),
    ("followup.list", {"registrar", "quality", "manager", "admin", "job"}),
    ("followup.record", {"registrar", "admin", "job"}),
    ("export.naaccr", {"manager", "admin", "job"}),
    ("audit.verify", {"admin", "auditor"}),
    ("no.such", set()),
]


@pytest.mark.parametrize(("operation", "allowed"), OPERATIONS)
def test_matrix_says_who_may(operation: str, allowed: set[str]) -> None:
    assert {role for role in ROLES if Actor("x", role).may(operation)} == allowed


def test_every_operation_name_has_one_row() -> None:
    names = [name for row in roles.permission_matrix()["operations"] for name in row.split()]
    assert len(names) == len(set(names))


def test_what_no_row_names_is_refused_with_one_line() -> None:
    with pytest.raises(Denied, match="role admin may not do this"):
        Actor("root", "admin").require("magic.wand")


@pytest.mark.parametrize(("name", "role"), [("", "admin"), ("  ", "admin"), ("anna", "root"), ("anna", "")])
def test_an_actor_has_a_name_and_a_known_role(name: str, role: str) -> None:
    with pytest.raises(BadInput):
        Actor(name, role)


@settings(deadline=None)
@given(
    records=st.lists(st.sampled_from([None, *"123456"]), max_size=30),
    mine=st.frozensets(st.sampled_from("123456"), max_size=4),
)
def test_scope_never_lets_another_facility_through(records: list[str | None], mine: frozenset[str]) -> None:
    import duckdb

    actor = Actor("anna", "registrar", mine)
    frame = pl.DataFrame({"facility_id": records}, schema={"facility_id": pl.String})
    seen = frame.filter(actor.scope_expr("facility_id"))["facility_id"].to_list()
    condition, parameters = actor.scope_sql("facility_id")
    with duckdb.connect() as connection:
        connection.register("frame", frame)
        rows = connection.execute(f"SELECT facility_id FROM frame WHERE {condition}", parameters).fetchall()
    by_sql = [row[0] for row in rows]
    assert seen == [r for r in records if r in mine] and sorted(by_sql) == sorted(seen)
    assert all(actor.covers(r) == (r in mine) for r in records)


def test_central_roles_see_all() -> None:
    actor = Actor("olga", "quality")
    frame = pl.DataFrame({"facility_id": ["1", None]})
    assert frame.filter(actor.scope_expr("facility_id")).height == 2
    assert actor.covers(None)


@pytest.mark.parametrize("column", ["facility_id; DROP TABLE account", "a b", "", "1", "f(x)"])
def test_scope_takes_only_identifiers(column: str) -> None:
    with pytest.raises(BadInput):
        Actor("anna", "registrar", frozenset({"1"})).scope_sql(column)


def test_scope_key_tells_scopes_apart() -> None:
    one = Actor("a", "registrar", frozenset({"1"}))
    assert one.scope_key != Actor("b", "registrar", frozenset({"2"})).scope_key
    assert one.scope_key != Actor("b", "registrar").scope_key
    assert one.scope_key == Actor("b", "registrar", frozenset({"1"})).scope_key


def test_researcher_sees_no_direct_identifier() -> None:
    frame = pl.DataFrame(
        {
            c: ["canary"]
            for c in ("nameLast", "socialSecurityNumber", "telephone", "dateOfBirth", "textRemarks")
        }
        | {"primarySite": ["C509"], "report_text": ["canary"]}
    )
    assert roles.without_identifiers(frame, Actor("rita", "researcher")).columns == ["primarySite"]
    assert roles.without_identifiers(frame, Actor("anna", "registrar")).equals(frame)


def test_every_operation_of_the_service_has_a_row() -> None:
    from registry.service import operations

    assert [name for name in operations() if roles.group_of(name) is None] == []

"""Saved cohorts: who sees and changes them, versions, two saves at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from registry.errors import Conflict, Denied, NotFound
from registry.security.roles import Actor
from registry.service import Session
from tests.integration.figures_registry import (
    AS_OF,
    ONE,
    TWO,
    opened,
)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with opened(tmp_path_factory.mktemp("statistics")) as made:
        yield made


def test_saved_cohorts(session: Session) -> None:
    anna, otto = (
        session.as_actor(Actor(name, "registrar", frozenset({home})))
        for name, home in (("anna", ONE), ("otto", TWO))
    )
    rita = session.as_actor(Actor("rita", "researcher"))
    definition = {"sites": ["Breast"], "years": [2010, 2020]}
    assert anna.run("cohort.save", name="Mamma, früh", definition=definition)["version"] == 1
    session.run("cohort.save", name="Everywhere", definition={"sequence": "first"})
    session.run("cohort.save", name="Mine", definition={}, shared=False)
    assert anna.run("cohort.list")["name"].to_list() == ["Everywhere", "Mamma, früh"]
    assert otto.run("cohort.list")["name"].to_list() == ["Everywhere"]
    assert rita.run("cohort.list")["name"].to_list() == ["Everywhere", "Mamma, früh"]
    with pytest.raises(NotFound):
        otto.run("survival.estimate", cohort="Mamma, früh")
    shown = anna.run("cohort.show", name="mamma, FRÜH")
    assert (shown["definition"]["sites"], shown["may_change"]) == (["Breast"], True)
    for asked in (definition, shown["link"], "Mamma, früh"):
        assert anna.run("cohort.preview", cohort=asked, as_of=AS_OF)["exclusions"].height > 1
    with pytest.raises(Conflict, match="version 1"):
        anna.run("cohort.save", name="Mamma, früh", definition={})
    assert anna.run("cohort.save", name="Mamma, früh", definition={}, expected_version=1)["version"] == 2
    with pytest.raises(Conflict):
        anna.run("cohort.save", name="Mamma, früh", definition={}, expected_version=1)
    with pytest.raises(Denied):
        rita.run("cohort.remove", name="Mamma, früh", expected_version=2)
    with pytest.raises(Denied):
        rita.run("cohort.save", name="everywhere", definition={})
    assert anna.run("cohort.remove", name="Mamma, früh", expected_version=2)["version"] == 3
    assert anna.run("cohort.list")["name"].to_list() == ["Everywhere"]
    assert (
        anna.run("cohort.load", text=session.run("cohort.export", cohort="Everywhere"))["name"]
        == "Everywhere"
    )


def test_of_two_saves_of_one_name_at_once_one_is_kept(tmp_path: Path) -> None:
    with Session.create(tmp_path / "r.duckdb") as opened:

        def save(place: int) -> str:
            try:
                opened.run(
                    "cohort.save", name="Breast" if place % 2 else "breast", definition={"sites": ["Breast"]}
                )
            except Conflict:
                return "told"
            return "kept"

        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(save, range(12)))
        assert answers.count("kept") == 1
        assert opened.run("cohort.list").height == 1
        assert opened.run("audit.verify")["ok"]

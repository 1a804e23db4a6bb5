"""Words to codes, and a code's names, through the door."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from registry.errors import BadInput, NotFound
from registry.service import Session
from tests.received import KEY


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with Session.create(tmp_path_factory.mktemp("codes") / "r.duckdb", key=KEY) as opened:
        yield opened


def test_words_become_codes_with_the_words_that_matched(session: Session) -> None:
    found = session.run("code.search", text="infiltrating duct carcinoma upper outer quadrant left breast")
    first = found.row(0, named=True)
    assert (first["primarySite"], first["histologicTypeIcdO3"], first["behaviorCodeIcdO3"]) == (
        "C504",
        "8500",
        "3",
    )
    assert first["laterality"] == "2" and "duct" in first["words"] and "quadrant" in first["words"]
    assert found["rank"].to_list() == list(range(1, found.height + 1)) and found.height <= 5
    assert found["score"].is_sorted(descending=True)


def test_what_was_typed_is_not_in_the_audit_trail(session: Session) -> None:
    session.run("code.search", text="Doe Jane melanoma of arm", limit=3)
    said = session._store.query(
        "SELECT max(after_value) AS said FROM audit_event WHERE entity_id = 'code.search'"
    ).item()
    assert said is not None and "Doe" not in said


def test_sex_leaves_out_sites(session: Session) -> None:
    sites = session.run("code.search", text="adenocarcinoma of endometrium", sex="1", limit=10)["primarySite"]
    assert not [site for site in sites if site.startswith("C54")]


def test_operations_and_causes_of_death_have_codes(session: Session) -> None:
    found = session.run("code.surgery", text="total mastectomy", site="C504", year=2022)
    assert found.row(0, named=True)["code"] == "40" and "mastectomy" in found["words"][0]
    assert session.run("code.cause_of_death", text="cancer of the pancreas")["code"][0] == "C259"
    assert session.run("code.surgery", text=" ", site="C504", year=2022).is_empty()
    with pytest.raises(BadInput, match="topography"):
        session.run("code.surgery", text="x", site="50", year=2022)


def test_nothing_typed_finds_nothing(session: Session) -> None:
    assert session.run("code.search", text="  ").is_empty()
    with pytest.raises(BadInput, match="hits"):
        session.run("code.search", text="x", limit=1000)


def test_a_code_has_names_and_neighbours(session: Session) -> None:
    site = session.run("code.term", code="C50.4")
    assert (site["code"], site["name"]) == ("C504", "Upper-outer quadrant of breast")
    assert (
        "C505" in site["neighbours"]["code"].to_list() and "C504" not in site["neighbours"]["code"].to_list()
    )
    duct = session.run("code.term", code="8500")
    assert (duct["code"], duct["kind"]) == ("8500/3", "morphology") and "duct" in duct["name"].lower()
    assert len(duct["also"]) > 2 and "8503/3" in set(duct["neighbours"]["code"])
    assert session.run("code.term", code="8500/2")["name"] != duct["name"]


@pytest.mark.parametrize(
    ("code", "error"), [("C999", NotFound), ("1234/5", NotFound), ("breast", NotFound), ("", NotFound)]
)
def test_what_is_no_code_is_said_in_a_line(session: Session, code: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        session.run("code.term", code=code)

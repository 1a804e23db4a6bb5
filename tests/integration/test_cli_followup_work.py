"""`registry followup record|import|bar|lift-bar|consent|withdraw-consent|history` as people type them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.conftest import Run
from tests.integration.followup_store import make
from tests.received import KEY, ONE


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("made"))


@pytest.fixture
def typed(made: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Commands on a copy of the small registry."""
    import shutil

    for file in made.glob("r.duckdb*"):
        shutil.copy(file, tmp_path / file.name)
    monkeypatch.setenv("REGISTRY_DB", str(tmp_path / "r.duckdb"))
    monkeypatch.setenv("REGISTRY_KEY", KEY)
    return run


def test_a_reply_from_the_command_line(typed: Run) -> None:
    words = ("followup", "record", 1, "--on", "2026-06-01", "--alive", "--from", "physician", "--item", "telephone=518-555-0101",
             "--tumor", "1:cancerStatus=1", "--tumor", "2:cancerStatus=2")  # fmt: skip
    code, out, err = typed(*words, "--dry-run")
    assert (code, err) == (0, "")
    assert "effect: moved" in out
    assert "5185550101" in out
    code, out, err = typed(*words, "--key", "k1")
    assert code == 0, err
    assert "last contact       20260601" in out
    assert typed(*words, "--key", "k1")[1] == out
    answer = json.loads(typed("followup", "history", 1, "--json")[1])
    assert answer["patient"]["dateOfLastContact"] == "20260601"
    assert [tumor["cancerStatus"] for tumor in answer["tumors"]] == ["1", "2"]
    assert len(answer["contacts"]) == 1
    assert "contact_id" in typed("followup", "history", 1)[1]


def test_a_review_and_what_is_wrong_show_in_the_exit_code(typed: Run) -> None:
    assert typed("followup", "record", 1, "--on", "2026-05", "--dead")[0] == 0
    code, out, _ = typed("followup", "record", 1, "--on", "2026-06-01", "--alive")
    assert code == 1
    assert "review tasks" in out
    code, _, err = typed("followup", "record", 1, "--postmark", "2026-06-01", "--dead")
    assert code == 2
    assert err.count("\n") == 1
    assert "a death needs its date" in err
    code, out, _ = typed("followup", "record", 1, "--postmark", "2036-06-01", "--dead", "--dry-run")
    assert code == 1
    assert out.count("\n") == 3
    assert (
        typed(
            "followup", "record", 1, "--on", "2025-01-01", "--alive", "--correct", "--reason", "wrong person"
        )[0]
        == 0
    )
    for bad in (("--item", "telephone"), ("--tumor", "x:cancerStatus=1"), ("--tumor", "1:cancerStatus")):
        code, _, err = typed("followup", "record", 1, "--on", "2026-06-01", *bad)
        assert (code, err.count("\n")) == (2, 1)


def test_a_passive_source_from_the_command_line(typed: Run, tmp_path: Path) -> None:
    visits = tmp_path / "visits.csv"
    visits.write_text(
        f"facility,medicalRecordNumber,nameLast,visit_date\n{ONE},MRN1,ALVAREZ,2026-05-01\n{ONE},NO,X,2026-05-01\n"
    )
    code, out, err = typed("followup", "import", visits, "--kind", "visits")
    assert code == 0, err
    assert "moved       1" in out
    assert "unmatched" in err
    assert "nothing changed" in typed("followup", "import", visits, "--kind", "visits")[2]
    assert "no patient has this number" in typed("followup", "import-lines", 1, "--outcome", "unmatched")[1]
    assert typed("followup", "import", "--kind", "pathology")[0] == 0
    visits.write_text(visits.read_text() + f"{ONE},MRN1,SMITH,2026-05-01\n")
    assert typed("followup", "import", visits, "--kind", "visits")[0] == 1
    code, _, err = typed("followup", "import", tmp_path / "none.csv", "--kind", "visits")
    assert (code, err.count("\n")) == (2, 1)


def test_bars_and_consents_from_the_command_line(typed: Run) -> None:
    assert typed("followup", "bar", 1, "--reason", "asked", "--requested-by", "the son")[1] == "bar 1\n"
    assert (
        typed("followup", "bar", 1, "--reason", "asked", "--requested-by", "the son")[1]
        == "bar 1 stands already\n"
    )
    assert "asked" in typed("followup", "history", 1)[1]
    assert typed("followup", "lift-bar", 1, "--reason", "asked again")[1] == "lifted: 1\n"
    assert typed("followup", "lift-bar", 1, "--reason", "asked again")[0] == 2
    assert (
        typed("followup", "consent", "P7", "--patient", 1, "--refused", "--on", "2026-10-01")[1]
        == "consent 1\n"
    )
    assert typed("followup", "withdraw-consent", 1, "--reason", "called")[1] == "consent 1 is withdrawn\n"

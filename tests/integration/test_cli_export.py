"""`registry export ...`: a profile, a step, or options alone; what is printed, exit codes, JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from registry.cli import main
from tests.integration.submitted import AS_OF, RECORDS, registry, tumor
from tests.received import KEY, changed

Run = Callable[..., tuple[int, str, str]]
AWAY = (changed(RECORDS[0][0], nameLast="Eaton", socialSecurityNumber="301225555", patientIdNumber="9"),
        [tumor(9, addrAtDxState="CT", countyAtDx="001", addrAtDxPostalCode="06001")])  # fmt: skip
WRONG = (changed(RECORDS[0][0], nameLast="Fox", socialSecurityNumber="302225555", patientIdNumber="10"),
         [tumor(10, primarySite="C619", laterality="0")])  # fmt: skip


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    with registry(tmp_path, *RECORDS, AWAY, WRONG):
        pass
    monkeypatch.setenv("REGISTRY_KEY", KEY)
    monkeypatch.setenv("REGISTRY_DB", str(tmp_path / "r.duckdb"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("REGISTRY_USER", raising=False)
    capsys.readouterr()

    def command(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            main(["export", *map(str, words)])
        captured = capsys.readouterr()
        return int(stop.value.code or 0), captured.out, captured.err

    yield command


def test_a_profile_is_prepared_sent_answered_and_sent_again(run: Run, tmp_path: Path) -> None:
    code, out, err = run("STATE_FULL", "--out", "out", "--as-of", AS_OF)
    assert code == 0, err
    assert "STATE_FULL: submission 1 SEALED: 4 records (4 new, 0 same), 1 held back" in out
    assert "held back (1): edit errors site-sex" in err
    assert (tmp_path / "out" / "STATE_FULL-1.xml").exists()
    assert run("send", "1")[0:2] == (0, "submission 1 SENT; 4 disclosures, 0 tasks closed\n")
    (tmp_path / "report.csv").write_text(
        "patientIdNumber,tumorRecordNumber,answer,reason\n2,1,rejected,county\n8,8,rejected,x\n"
    )
    code, out, err = run("ack", "1", "report.csv")
    assert code == 1
    assert "0 accepted, 1 rejected, 3 without an answer, 1 lines fit no record; 1 new tasks" in out
    assert "fits no record sent" in err
    (tmp_path / "report.csv").write_text(
        "patientIdNumber,tumorRecordNumber,answer,reason\n2,1,rejected,county\n"
    )
    code, out, err = run("ack", "1", "report.csv")
    assert "3 accepted, 1 rejected, 0 without an answer" in out
    code, out, _ = run("records", "1", "--answer", "rejected", "--json")
    assert [row["reason"] for row in json.loads(out)] == ["county"]
    code, out, err = run("resubmit", "1", "--out", "again")
    assert (code, "DRAFT" in out) == (1, True)
    assert "nothing may leave" in err
    code, out, _ = run("show", "1")
    assert "PARTLY_REJECTED" in out
    assert "STATE_FULL-1.xml" in out
    code, out, _ = run("list", "--json")
    assert [row["state"] for row in json.loads(out)] == ["DRAFT", "PARTLY_REJECTED"]


def test_a_draft_is_sealed_later(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("NPCR_CSS", "--draft", "--from", "2023", "--to", "2023", "--json")
    made = json.loads(out)[0]
    assert (code, made["state"], made["records"], made["region"]) == (0, "VALIDATED", 2, "NY")
    assert not (tmp_path / "submissions").exists()
    code, out, _ = run("seal", made["submission_id"])
    assert code == 0
    assert (tmp_path / "submissions" / f"NPCR_CSS-{made['submission_id']}.xml").exists()
    assert (tmp_path / "submissions").stat().st_mode & 0o777 == 0o700


def test_options_alone_write_one_plain_file(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("--state", "NY", "--year", "2023", "--out", "ny.xml")
    assert (code, (tmp_path / "ny.xml").exists()) == (0, True)
    assert out.startswith("ny.xml: 3 patients, 3 tumors")
    code, out, _ = run("file", "--out", "all.xml", "--json")
    assert json.loads(out)["tumors"] == 5
    assert json.loads(run("list", "--json")[1]) == []


def test_the_preview_tells_what_goes_and_what_stays(run: Run) -> None:
    code, out, _ = run("preview", "STATE_FULL", "--as-of", AS_OF)
    assert code == 0
    assert "4 records of 4 patients go" in out
    assert "site-sex" in out
    code, out, err = run("preview", "STATE_FULL", "--strict")
    assert (code, "cannot be sealed" in err) == (1, True)
    assert json.loads(run("preview", "STATE_FULL", "--json")[1])["held"] == 1


def test_an_exchange_is_encrypted_and_opened(run: Run, tmp_path: Path) -> None:
    code, out, err = run("IDE", "--out", "out")
    assert (code, out) == (2, "")
    assert (
        err == "registry: profile IDE: its files leave encrypted, and there is no key; give --file-key-file\n"
    )
    assert run("key", "k")[0] == 0
    assert (tmp_path / "k").stat().st_mode & 0o777 == 0o600
    assert run("key", "k")[0] == 2
    code, out, _ = run("IDE", "--out", "out", "--file-key-file", "k", "--json")
    made = json.loads(out)
    assert [(one["region"], one["state"]) for one in made] == [("CT", "SEALED")]
    sealed = tmp_path / "out" / made[0]["files"][-1]["name"]
    assert run("open", sealed, "--file-key-file", "k", "--out", "plain.xml")[0] == 0
    assert "Eaton" in (tmp_path / "plain.xml").read_text()
    sealed.write_bytes(sealed.read_bytes()[:-1] + b"x")
    assert run("open", sealed, "--file-key-file", "k", "--out", "other.xml")[0] == 2
    assert not (tmp_path / "other.xml").exists()


def test_tables_are_shown_and_loaded(run: Run, tmp_path: Path) -> None:
    assert "NPCR_CSS" in run("profiles")[1]
    assert "inter-state" in run("profiles", "--show", "IDE")[1]
    (tmp_path / "required.csv").write_text("item,NPCR,CoC\n400,R,R\n160,R,.\n")
    assert (
        run("required", "required.csv", "--naaccr-version", "26")[1] == "4 rows of CoC, NPCR, versions 260\n"
    )
    assert len(json.loads(run("required", "--agency", "NPCR", "--json")[1])) == 2
    assert run("restrictions", "--set", "ide:CT", "02", "--allow", "--reason", "agreement")[0] == 0
    rows = json.loads(run("restrictions", "--json")[1])
    assert [row["reason"] for row in rows if row["recipient"] == "ide:CT"] == ["agreement"]
    assert "STATE_FULL" in run("calendar", "--as-of", "2026-11-01")[1]
    (tmp_path / "mine.toml").write_text("[[profile]]\nid = 'X1'\n")
    assert run("profiles", "--add", "mine.toml")[2] == "registry: mine.toml profile X1: version is missing\n"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("lst",), "did you mean list"),
        (("nobody",), "profiles are in capitals"),
        (("NOBODY",), "there is no such profile"),
        (("ack", "1"), "give the receiver's report"),
        (("list", "--state", "SEND"), "'SEND' is not one of"),
        (("show", "99"), "there is no submission 99"),
        (("NPCR_CSS", "--state", "QQ"), "not a code of item 80"),
        (("STATE_FULL", "--out", "no/such/folder"), "cannot become one"),
        (("NPCR_CSS", "--out", "file.csv"), "writes .xml"),
        (("--record-type", "Q", "--out", "x.xml"), "Q"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_what_cannot_be_done_is_one_line(run: Run, words: tuple[str, ...], says: str) -> None:
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert says in err
    assert len(err.splitlines()) == 1

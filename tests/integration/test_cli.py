"""The command line: options before and after the command, hints, exit codes, JSON, examples in every help."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import polars as pl
import pytest

from registry.cli import COMMANDS, cli, main
from registry.service import Session
from tests.received import KEY, PERSON, TUMOR, changed, write

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    with Session.create(folder / "r.duckdb", key=KEY, reference_date="2007-01-01") as session:
        session.run("ingest.file", path=write(folder / "one.xml", (PERSON, [TUMOR])))
        session.run("ingest.file", path=write(folder / "two.xml", (PERSON, [changed(TUMOR, laterality="1")])))
    return folder / "r.duckdb"


@pytest.fixture
def run(
    database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Run]:
    monkeypatch.setenv("REGISTRY_KEY", KEY)
    monkeypatch.setenv("REGISTRY_DB", str(database))
    monkeypatch.setenv("REGISTRY_WAIT", "0")
    monkeypatch.chdir(tmp_path)
    for name in ("REGISTRY_USER", "REGISTRY_PASSWORD", "REGISTRY_PASSWORD_FILE"):
        monkeypatch.delenv(name, raising=False)

    def command(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            main([str(word) for word in words])
        captured = capsys.readouterr()
        return int(stop.value.code or 0), captured.out, captured.err

    yield command


def leaves(
    command: click.Command, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that does something, with the words that lead to it."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        assert inner is not None
        yield from leaves(inner, (*path, name))


LEAVES = dict(leaves(cli))


@pytest.mark.parametrize("words", LEAVES, ids=" ".join)
def test_every_help_has_an_example_that_the_command_understands(run: Run, words: tuple[str, ...]) -> None:
    code, out, _ = run(*words, "--help")
    assert code == 0
    command = LEAVES[words]
    assert command.epilog is not None, f"registry {' '.join(words)} shows no example"
    assert command.epilog.startswith("Example: ")
    assert " ".join(command.epilog.split()) in " ".join(out.split())
    typed = shlex.split(command.epilog.removeprefix("Example: "))
    typed = [word for word in typed if not re.match(r"[A-Z_]+=", word)]
    assert typed[: len(words) + 1] == ["registry", *words]
    command.make_parser(click.Context(command)).parse_args(typed[len(words) + 1 :])


def test_the_help_lists_every_command(run: Run) -> None:
    code, out, _ = run("--help")
    assert code == 0
    for name, (_, text) in COMMANDS.items():
        assert name in out
        assert text.split(",")[0][:30] in out
    assert run("-h")[1] == out
    assert re.fullmatch(r"registry, version \d+\.\d+\.\d+\n", run("--version")[1])


@pytest.mark.parametrize(
    ("typed", "hint"),
    [("ingset", "ingest"), ("follow-up", "followup"), ("backups", "backup"), ("xyzzy", "registry --help")],
)
def test_an_unknown_command_gets_a_hint(run: Run, typed: str, hint: str) -> None:
    code, out, err = run(typed)
    assert (code, out) == (2, "")
    assert typed in err
    assert hint in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    "words",
    [
        ("ingest",),
        ("followup", "lists"),
        ("export", "--out", "x.xml", "--record-type", "Q"),
        ("load", "faults", "seven"),
        ("serve", "--port", "99999999"),
        ("synth", "--patients", "0", "--out", "x"),
        ("ingest", "x.xml", "--colour", "blue"),
        ("--db",),
        ("followup", "list", "--as-of", "soon"),
        ("stats", "survival", "--by", "colour"),
        ("followup", "list", "--out", "list.docx"),
        ("user", "add", "x", "--role", "king", "--password-file", "nowhere"),
        ("dictionary", "show", "noSuchItem"),
        ("dictionary", "show", "99999"),
        ("naaccr", "validate", "nowhere.xml"),
        ("restore", "nowhere.duckdb", "--db", "new.duckdb"),
        ("standards", "build", "--from", "nowhere"),
        ("derive", "run", "no-such-derivation"),
        ("edits", "list", "--set", "no-such-set"),
        ("edits", "run", "--set", "no-such-set"),
        ("publish", "--out", "x", "--profile", "no-such-profile"),
    ],
    ids=" ".join,
)
def test_what_is_mistyped_is_one_line_and_exit_code_2(run: Run, words: tuple[str, ...]) -> None:
    code, out, err = run(*words)
    assert code == 2
    assert out == ""
    assert len(err.splitlines()) == 1, err
    assert err.startswith("registry: ")
    assert "defect" not in err
    code, out, _ = run(*words, "--json")
    assert code == 2
    assert list(json.loads(out)) == ["error"]


def test_global_options_before_and_after(run: Run, database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REGISTRY_DB")
    before = run("--db", database, "--json", "--quiet", "stats", "overview")
    after = run("stats", "overview", "--db", database, "--json", "--quiet")
    mixed = run("--json", "stats", "overview", "--quiet", "--db", database)
    assert before == after == mixed
    assert before[0] == 0
    assert json.loads(before[1])["patients"] == 1
    code, _, err = run("stats", "overview")  # neither option nor variable: the default name
    assert code == 2
    assert "registry.duckdb" in err
    monkeypatch.delenv("REGISTRY_KEY")
    assert run("--db", database, "stats", "overview")[0] == 2
    key = Path("key")
    key.touch(mode=0o600)
    key.write_text(KEY + "\n")
    for words in (("--key-file", key, "stats", "overview"), ("stats", "overview", "--key-file", key)):
        assert run("--db", database, *words)[0] == 0


def test_exit_codes_0_and_1(run: Run, tmp_path: Path) -> None:
    assert run("load", "list")[0] == 0
    code, out, _ = run("review")
    assert (code, "resent-critical" in out) == (1, True)  # something waits
    assert run("review", "--kind", "no-such-kind")[:2] == (0, "nothing waits\n")
    assert run("quarantine", "list")[:2] == (0, "nothing in quarantine\n")
    assert run("load", "faults", "1")[:2] == (0, "no faults\n")
    assert run("audit", "verify")[0] == 0
    faulty = write(tmp_path / "faulty.xml", (changed(PERSON, dateOfBirth="19501399", nameLast="Zed",
                                                     socialSecurityNumber=None, patientIdNumber="00000099"),
                                             [changed(TUMOR, accessionNumberHosp="209900001")]))  # fmt: skip
    code, out, _ = run("naaccr", "validate", faulty)
    assert (code, "dateOfBirth" in out) == (1, True)


def test_json_is_the_only_thing_on_stdout(run: Run, tmp_path: Path) -> None:
    Path("lists").mkdir()
    for words in (
        ("stats", "overview"), ("stats", "counts"), ("stats", "survival"), ("followup", "rates"), ("load", "list"),
        ("followup", "list", "--as-of", "2026-10-31"), ("followup", "list", "--out", "lists/a.csv"), ("edits", "run"),
        ("edits", "list"), ("edits", "failures"), ("derive", "list"), ("derive", "run"), ("user", "list"),
        ("audit", "verify"), ("audit", "log"), ("review",), ("quarantine", "list"), ("load", "faults", "1"),
        ("export", "--out", "x.xml"), ("publish", "--out", "snapshot"), ("backup", tmp_path / "b.duckdb"),
        ("standards", "list"), ("dictionary", "show", "primarySite"), ("dictionary", "search", "laterality"),
        ("quality", "indicators"), ("naaccr", "validate", "x.xml"), ("naaccr", "read", "x.xml", "--out", "tables"),
        ("restore", tmp_path / "b.duckdb", "--db", tmp_path / "again.duckdb"), ("init", "--db", tmp_path / "new.duckdb"),
        ("synth", "--patients", "5", "--out", "made"),
    ):  # fmt: skip
        code, out, err = run(*words, "--json")
        assert code in {0, 1}, (words, err)
        assert len(out.splitlines()) == 1, words
        json.loads(out)
        code, out, err = (
            run(*words, "--quiet")
            if words[0] not in {"backup", "restore", "init", "publish"}
            else (0, "", "")
        )
        assert code in {0, 1}, (words, err)
        assert err == "", words


def test_the_export_marks_what_it_left_out(run: Run) -> None:
    code, _, err = run("export", "--out", "x.xml", "--record-type", "I")
    assert code == 0
    assert "left out: " in err
    assert "nameLast" in err
    assert Path("x.xml").read_text().count("<Tumor>") == 1
    manifest = json.loads(Path("x.xml.manifest.json").read_text())
    assert manifest["tumors"] == 1
    assert "Alvarez" not in Path("x.xml.manifest.json").read_text()


def test_a_list_for_spreadsheets_runs_no_formula(run: Run, tmp_path: Path) -> None:
    evil = changed(
        PERSON,
        nameLast="=cmd()",
        nameFirst="+1",
        patientIdNumber="00000077",
        socialSecurityNumber="219880001",
    )
    write(tmp_path / "evil.xml", (evil, [changed(TUMOR, accessionNumberHosp="209900077")]))
    assert run("ingest", "evil.xml")[0] in {0, 1}
    assert run("followup", "list", "--as-of", "2026-10-31", "--out", "list.csv")[0] == 0
    listed = pl.read_csv("list.csv", infer_schema=False)
    assert "'=cmd()" in listed["nameLast"].to_list()


def test_accounts_on_the_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("password").write_text("correct horse battery staple 7\n")
    assert run("user", "add", "rita", "--role", "researcher", "--password-file", "password")[0] == 0
    code, _, err = run("user", "add", "rita", "--role", "researcher", "--password-file", "password")
    assert code == 2
    assert "rita" in err
    monkeypatch.setenv("REGISTRY_PASSWORD", "correct horse battery staple 7")
    assert run("--as", "rita", "stats", "overview")[0] == 0
    code, _, err = run("review", "--as", "rita")
    assert (code, "researcher" in err) == (2, True)
    code, _, err = run("user", "add", "x", "--role", "admin", "--password-file", "password", "--as", "rita")
    assert code == 2
    assert run("user", "deactivate", "rita")[0] == 0
    code, _, err = run("--as", "rita", "stats", "overview")
    assert code == 2
    assert "staple" not in err
    log = json.loads(run("audit", "log", "--json")[1])
    assert {row["actor"] for row in log} >= {"rita"}

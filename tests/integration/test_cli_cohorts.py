"""`registry stats cohort`: a definition from a file, kept, shown, handed on, used by a figure, removed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from registry.cli import main
from registry.service import Session
from tests.integration.figures_registry import fill, people
from tests.received import KEY

Run = Callable[..., tuple[int, str, str]]
YAML = "name: Brust, früh\nsites: Breast\nyears: {from: 2010, to: 2020}\nsequence: first\n"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cohorts") / "r.duckdb"
    with Session.create(path, key=KEY) as session:
        fill(session, *people(200))
    return path


@pytest.fixture
def run(
    database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Run]:
    monkeypatch.setenv("REGISTRY_KEY", KEY)
    monkeypatch.setenv("REGISTRY_DB", str(database))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("REGISTRY_USER", raising=False)

    def command(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            main(["stats", *(str(word) for word in words)])
        captured = capsys.readouterr()
        return int(stop.value.code or 0), captured.out, captured.err

    yield command


def test_the_life_of_a_cohort(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(YAML, encoding="utf-8-sig")
    assert run("cohort", "import", "a.yaml")[:2] == (0, "Brust, früh: saved, version 1\n")
    assert "Brust, früh" in run("cohort", "list")[1]
    code, text, _ = run("cohort", "show", "brust, FRÜH")
    assert code == 0
    assert "Malignant tumors" in text
    link = text.strip().splitlines()[-1]
    assert run("cohort", "export", "Brust, früh", "--out", "b.yaml")[0] == 0
    assert run("cohort", "export", "Brust, früh", "--link")[1].strip() == link
    assert (tmp_path / "b.yaml").read_text(encoding="utf-8").startswith("format: 1\nname: Brust, früh\n")
    whole = json.loads(run("cohort", "flow", "--cohort", "Brust, früh", "--as-of", "2024-12-31", "--json")[1])
    by_link = json.loads(run("cohort", "flow", "--cohort", link, "--as-of", "2024-12-31", "--json")[1])
    by_file = json.loads(run("cohort", "flow", "--file", "b.yaml", "--as-of", "2024-12-31", "--json")[1])
    assert whole == by_link == by_file
    assert whole["exclusions"][0]["remaining"] == 220
    assert "were analysed" in run("cohort", "flow", "--no-follow-up")[1]
    assert run("survival", "--cohort", link, "--as-of", "2024-12-31")[0] == 0
    assert run("cohort", "save", "Brust, früh", "--file", "b.yaml")[0] == 2
    assert run("cohort", "save", "Brust, früh", "--file", "b.yaml", "--note", "twice", "--replace", 1)[
        1
    ].endswith("version 2\n")
    assert run("cohort", "remove", "Brust, früh", "--version", 2)[0] == 0
    assert run("cohort", "show", "Brust, früh")[0] == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("cohort", "import", "missing.yaml"), "there is no such file"),
        (("cohort", "save", "x"), "give --file or --cohort"),
        (("cohort", "save", "x", "--cohort", "nobody"), "no saved cohort"),
        (("cohort", "flow", "--cohort", "c1.zzz"), "damaged"),
        (("cohort", "import", "noname.yaml"), "give --name"),
        (("cohort", "import", "list.yaml"), "no definition"),
        (("cohort", "import", "wrong.yaml"), "did you mean sites"),
    ],
)
def test_what_is_wrong_takes_one_line(run: Run, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    (tmp_path / "noname.yaml").write_text("sites: [Breast]\n")
    (tmp_path / "list.yaml").write_text("- a\n")
    (tmp_path / "wrong.yaml").write_text("site: Breast\n")
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert said in err
    assert len(err.strip().splitlines()) == 1

"""The guide on NAACCR files is true: its examples run, its commands and options exist, its codes are all."""

from __future__ import annotations

import doctest
import json
import re
import shlex
from pathlib import Path

import click

from registry.cli import cli
from registry.cli.naaccr_faults import ADVICE
from tests.integration.test_cli_naaccr import run
from tests.paths import ROOT

GUIDE = ROOT / "docs" / "guide" / "naaccr-files.md"


def test_the_guide_is_true() -> None:
    failed, tried = doctest.testfile(str(GUIDE), module_relative=False)
    assert (failed, tried > 5) == (0, True)


def test_the_dictionary_of_the_guide_is_one(tmp_path: Path) -> None:
    (text,) = re.findall(r"```text\n(# Dictionary URI.*?)```", GUIDE.read_text(encoding="utf-8"), re.S)
    (tmp_path / "state.csv").write_text(text)
    assert run("dictionary", "validate", "state.csv", cwd=tmp_path)[:2] == (0, "state.csv: no fault\n")
    code, out, _ = run(
        "dictionary", "show", "stateTract", "--user-dictionary", "state.csv", "--json", cwd=tmp_path
    )
    (one,) = json.loads(out)["items"]
    assert (code, one["dictionary"], one["length"]) == (0, "https://example.org/state.xml", 6)


def test_the_guide_names_every_code_and_its_commands_exist() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    told = set(re.findall(r"`([a-z-]+)`", text.split("## What each code means")[1].split("## ")[0]))
    assert set(ADVICE) <= told
    lines = [line for block in re.findall(r"```sh\n(.*?)```", text, re.S) for line in block.splitlines()]
    assert len(lines) >= 20
    for line in lines:
        words = shlex.split(line)
        command: click.Command = cli
        context = click.Context(cli)
        at = 1
        while isinstance(command, click.Group):
            found = command.get_command(context, words[at])
            assert found is not None, line
            command, at = found, at + 1
        command.make_parser(click.Context(command)).parse_args(words[at:])
        known = {name for param in command.params for name in param.opts}
        assert {word for word in words[at:] if word.startswith("--")} <= known, line

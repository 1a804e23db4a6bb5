"""The guide on classification is true: its examples run, its commands and options exist."""

from __future__ import annotations

import doctest
import re
import shlex

import click

from registry.cli import cli
from tests.paths import ROOT

GUIDE = ROOT / "docs" / "guide" / "classification.md"


def test_the_examples_run() -> None:
    failed, tried = doctest.testfile(str(GUIDE), module_relative=False)
    assert (failed, tried > 5) == (0, True)


def test_the_commands_exist() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    lines = [line for block in re.findall(r"```sh\n(.*?)```", text, re.S) for line in block.splitlines()]
    assert len(lines) >= 20
    for line in lines:
        words = shlex.split(line)[1:]
        command: click.Command = cli
        while isinstance(command, click.Group):
            found = command.get_command(click.Context(command), words.pop(0))
            assert found is not None, line
            command = found
        command.make_parser(click.Context(command)).parse_args(words)

"""Folders of outputs: whole or not there, replaced in one step, cleared of what a killed attempt left."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines import outputs
from registry.errors import NotReady


def filled(root: Path, period: str, **files: str) -> Path:
    with outputs.building(root, period) as folder:
        for name, text in files.items():
            path = folder / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return outputs.publish(folder, root, period)


def test_it_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    root = tmp_path / "jobs" / "x"
    with pytest.raises(KeyError), outputs.building(root, "2026") as folder:
        (folder / "half").write_text("x")
        assert not (root / "2026").exists()
        raise KeyError
    assert list(root.iterdir()) == []
    filled(root, "2026", a="1", sub__b="2")
    assert [each["name"] for each in outputs.listing(root / "2026")] == ["a", "sub/b"]


def test_a_second_time_replaces_the_first(tmp_path: Path) -> None:
    filled(tmp_path, "2026-11", a="1", old="1")
    first = outputs.output_hash(outputs.listing(tmp_path / "2026-11"))
    filled(tmp_path, "2026-11", a="2")
    found = outputs.listing(tmp_path / "2026-11")
    assert [(each["name"], each["bytes"]) for each in found] == [("a", 1)]
    assert outputs.output_hash(found) != first
    assert [each.name for each in tmp_path.iterdir()] == ["2026-11"]
    filled(tmp_path, "2026-11", old="1", a="1")
    assert outputs.output_hash(outputs.listing(tmp_path / "2026-11")) == first


def test_killed_while_it_was_exchanged_nothing_is_in_the_way(tmp_path: Path) -> None:
    filled(tmp_path, "2026-W01", a="1")
    (tmp_path / "2026-W01").rename(tmp_path / ".2026-W01.00000000.old")
    (tmp_path / ".2026-W01.11111111.part").mkdir()
    filled(tmp_path, "2026-W01", a="1")
    assert [each.name for each in tmp_path.iterdir()] == ["2026-W01"]


def test_only_periods_are_removed_the_oldest_first(tmp_path: Path) -> None:
    for name in ("2025-12-31", "2026-01-01", "2026-01-02", "letters", "2026-01-02-copy"):
        (tmp_path / name).mkdir()
    (tmp_path / "2024-01-01").write_text("a file of that name")
    assert outputs.prune(tmp_path, 0) == []
    assert outputs.prune(tmp_path, 5) == []
    assert outputs.prune(tmp_path, 1) == ["2025-12-31", "2026-01-01"]
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "2024-01-01",
        "2026-01-02",
        "2026-01-02-copy",
        "letters",
    ]


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "jobs").write_text("a file is in the way")
    with (
        pytest.raises(NotReady, match=r"the folder of outputs cannot be made \("),
        outputs.building(tmp_path / "jobs" / "x", "2026"),
    ):
        raise AssertionError("it was made")

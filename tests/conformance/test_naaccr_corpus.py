"""Every document of the corpus through Python and through the file-to-file commands: exact rows, exact faults.

The corpus (`naaccr_corpus*`) is read off the issue and the standard; the reader is judged by it, on both of
its paths.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl
import pytest

from registry.cli import main
from registry.errors import BadInput
from registry.formats import NaaccrData, jit, read_naaccr_xml
from registry.formats.naaccr import reader
from registry.formats.naaccr.spreadsheet import read_table
from tests.conformance.naaccr_corpus import ANY, CORPUS, UNREADABLE, Case, planted

# XML written is 1.0, has a record type and only its items, and root items that say what the root says.
NOT_CARRIED: dict[str, set[str]] = {
    "xml": {
        "XML 1.1 with control characters by reference",
        *("record type missing", "record type unknown", "record type in small letters", "everything at once"),
        *(
            "a header over several lines",
            "root item recordType differs",
            "root item naaccrRecordVersion differs",
        ),
        *("a tumor's item of another record type", "a patient's item of another record type"),
        "another record type and a space",
    },
}
READABLE = [case for case in CORPUS if case.unreadable is None]
FAULT_COLUMNS = ["file", "line", "patient", "tumor", "level", "naaccr_id", "code", "message", "value"]
ITEM_COLUMNS = ["patient", "tumor", "level", "naaccr_id", "value"]


@pytest.fixture(autouse=True, scope="module")
def _long_cells() -> Iterator[None]:
    """Cells of any length while these tests run."""
    before = csv.field_size_limit(1 << 24)
    yield
    csv.field_size_limit(before)


Told = tuple[str, str, str, str, str, str, str | None]
"""line, patient, tumor, level, naaccr_id, code, value."""


def each(cases: list[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.name.replace(" ", "-"))


def placed(case: Case, folder: Path) -> tuple[Path, list[Path]]:
    """The document and its dictionaries as files."""
    path = folder / f"a{case.suffix}"
    path.write_bytes(case.data)
    dictionaries = [folder / f"dictionary{n}.xml" for n in range(len(case.dictionaries))]
    for name, content in zip(dictionaries, case.dictionaries, strict=True):
        name.write_bytes(content)
    return path, dictionaries


def compare(expected: Iterable[Told], told: Iterable[Told]) -> None:
    """The same faults, each as often; ids and lines that the issue leaves open, and values, where stated."""
    left = sorted(told, key=lambda row: [part or "" for part in row])
    missing = []
    for row in sorted(expected, key=lambda row: (ANY in row, [part or "" for part in row])):
        found = next(
            (one for one in left if all(w in (ANY, None, h) for w, h in zip(row, one, strict=True))), None
        )
        if found is None:
            missing.append(row)
        else:
            left.remove(found)
    assert (missing, left) == ([], []), "(expected but not told, told but not expected)"


def text(number: int | None, add: int = 0) -> str:
    return "" if number is None else str(number + add)


def faults_of(data: NaaccrData) -> list[Told]:
    columns = ("line", "patient_index", "tumor_index", "level", "item", "code", "value")
    return [
        (text(line), text(p, 1), text(t, 1), level, item or "", code, value)
        for line, p, t, level, item, code, value in data.errors.select(columns).rows()
    ]


def items_of(data: NaaccrData) -> list[tuple[str, ...]]:
    columns = ("patient_index", "tumor_index", "level", "item", "value")
    return [(text(p, 1), text(t, 1), *rest) for p, t, *rest in data.items.select(columns).rows()]


def wide_of(data: NaaccrData) -> list[tuple[str, ...]]:
    """The items of the wide frames, as (patient, tumor, column, value)."""
    found: list[tuple[str, ...]] = []
    for frame in (data.patients, data.tumors):
        own = {"patient_index", "tumor_index", "line", "byte_start", "byte_length"}
        for row in frame.iter_rows(named=True):
            place = (text(row["patient_index"], 1), text(row.get("tumor_index"), 1))
            found += [
                (*place, name, value) for name, value in row.items() if name not in own and value is not None
            ]
    return sorted(found)


def check(case: Case, data: NaaccrData) -> None:
    """Everything that the reader says of a readable document."""
    compare(case.faults, faults_of(data))
    if case.rows is None:
        return
    assert items_of(data) == list(case.rows)
    below = [(p, t, name, value) for p, t, level, name, value in case.rows if level != "NaaccrData"]
    if not case.dictionaries:  # columns of ids that occur twice have other names
        assert wide_of(data) == sorted(below)
    if case.patients is not None:
        kept = set(range(1, case.patients + 1)) - set(case.quarantined)
        assert {index + 1 for index in data.patients["patient_index"]} == kept
    assert [index + 1 for index in data.quarantined["patient_index"]] == list(case.quarantined)


@pytest.fixture(params=["reference", "fast"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Which of the reader's two paths is taken, whatever the size of the document."""
    if request.param == "fast" and not jit.available():
        pytest.skip("numba is not installed")
    for size in ("FAST_FROM", "COLD_FROM"):
        monkeypatch.setattr(reader, size, 0 if request.param == "fast" else 1 << 26)
    return str(request.param)


@each(READABLE)
def test_python_reads_it_exactly(case: Case, tmp_path: Path, way: str) -> None:
    path, dictionaries = placed(case, tmp_path)
    check(case, read_naaccr_xml(path, dictionary=dictionaries or None))


@each([case for case in READABLE if case.quarantined])
def test_quarantine_holds_the_exact_bytes(case: Case, tmp_path: Path, way: str) -> None:
    data = read_naaccr_xml(case.data, dictionary=placed(case, tmp_path)[1] or None)
    for index, start, length, content in data.quarantined.select(
        "patient_index", "byte_start", "byte_length", "content"
    ).rows():
        assert content == case.data[start : start + length]
        plain = content.decode("utf-16-le") if case.data[:2] == b"\xff\xfe" else content.decode()
        assert plain.startswith("<")
        assert plain.partition("Patient")[0] in ("<", "<q:")
        assert plain.rstrip().endswith(("Patient>", "/>"))
        if case.pieces:
            assert content == case.pieces[index + 1]


@each(UNREADABLE)
def test_python_refuses_it(case: Case, tmp_path: Path, way: str) -> None:
    path, _ = placed(case, tmp_path)
    with pytest.raises(BadInput) as stop:
        read_naaccr_xml(path)
    assert stop.value.code == case.unreadable  # type: ignore[attr-defined]
    assert "\n" not in str(stop.value)


def command(*words: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return int(stop.value.code or 0)


def table(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, strict=True))


def given(dictionaries: list[Path]) -> list[object]:
    return [word for path in dictionaries for word in ("--user-dictionary", path)]


@each(CORPUS)
def test_the_validate_command(case: Case, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path, dictionaries = placed(case, tmp_path)
    report = tmp_path / "errors.csv"
    code = command("naaccr", "validate", path, *given(dictionaries), "--errors", report)
    assert code == case.exit_code
    head, *rows = table(report)
    assert head == FAULT_COLUMNS
    told: list[Told] = [(r[1], r[2], r[3], r[4], r[5], r[6], r[8]) for r in rows]
    if case.unreadable:
        assert [row[1:6] for row in told] == [("", "", "File", "", case.unreadable)]
    else:
        compare(case.faults, told)
    assert all(row[7] for row in rows), "a fault without a message"
    assert "defect" not in capfd.readouterr().err


@each(CORPUS)
def test_the_read_command(case: Case, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path, dictionaries = placed(case, tmp_path)
    out = tmp_path / "items.csv"
    code = command("naaccr", "read", path, *given(dictionaries), "--long", "--out", out)
    assert code == case.exit_code
    if case.unreadable:
        assert not out.exists()
        return
    head, *rows = table(out)
    assert head == ITEM_COLUMNS
    if case.rows is not None:
        assert [tuple(row) for row in rows] == list(case.rows)
    assert "defect" not in capfd.readouterr().err


def carried(case: Case) -> list[tuple[str, ...]]:
    """The rows of a case as a converted file has them: sorted, patients numbered anew without those left out."""
    kept = [n for n in range(1, (case.patients or 50) + 1) if n not in case.quarantined]
    number = {"": "", **{str(n): str(new) for new, n in enumerate(kept, 1)}}
    return sorted((number[patient], *rest) for patient, *rest in case.rows or ())


@pytest.mark.parametrize("form", ["xml", pytest.param("csv", marks=pytest.mark.slow)])
@each([case for case in READABLE if case.rows is not None])
def test_the_convert_command(
    case: Case, tmp_path: Path, form: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path, dictionaries = placed(case, tmp_path)
    out = tmp_path / f"out.{form}"
    code = command("naaccr", "convert", path, *given(dictionaries), "--format", form, "--out", out)
    assert "defect" not in capfd.readouterr().err
    if case.name in NOT_CARRIED.get(form, ()):
        return
    assert code == case.exit_code
    if form == "xml":
        data = read_naaccr_xml(out, dictionary=dictionaries or None)
    else:
        data = read_table(out, dictionary=dictionaries or None)
    assert sorted(items_of(data)) == carried(case)


def test_the_corpus_is_as_large_as_it_says() -> None:
    assert len(CORPUS) >= 400
    assert len({case.name for case in CORPUS}) == len(CORPUS)
    codes = {told[5] for case in CORPUS for told in case.faults} | {case.unreadable for case in UNREADABLE}
    assert len(codes) == 24


# -- the large file ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def large() -> Case:
    return planted()


def test_a_large_file_with_planted_faults(large: Case, tmp_path: Path, way: str) -> None:
    path, _ = placed(large, tmp_path)
    data = read_naaccr_xml(path)
    check(large, data)
    assert {i + 1: c for i, c in data.quarantined.select("patient_index", "content").rows()} == large.pieces


def test_a_large_file_through_the_commands(large: Case, tmp_path: Path) -> None:
    path, _ = placed(large, tmp_path)
    report, out = tmp_path / "errors.csv", tmp_path / "items.csv"
    assert command("naaccr", "validate", path, "--errors", report) == 1
    compare(large.faults, [(r[1], r[2], r[3], r[4], r[5], r[6], r[8]) for r in table(report)[1:]])
    assert command("naaccr", "read", path, "--long", "--out", out) == 1
    assert [tuple(row) for row in table(out)[1:]] == list(large.rows or ())
    assert pl.read_csv(out, infer_schema=False).height == len(large.rows or ())


@pytest.mark.parametrize("form", ["xml", "csv", "parquet"])
def test_a_large_file_converts_to_the_same_bytes_each_time(large: Case, tmp_path: Path, form: str) -> None:
    path, _ = placed(large, tmp_path)
    for name in ("one", "two"):
        assert command("naaccr", "convert", path, "--format", form, "--out", tmp_path / name) == 1
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    data = read_naaccr_xml(tmp_path / "one") if form == "xml" else read_table(tmp_path / "one")
    rows = carried(large)
    if form == "xml":  # only items of the record type are written
        rows = [row for row in rows if row[3] != "textRemarks"]
    assert sorted(items_of(data)) == rows

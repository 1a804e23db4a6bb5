"""Edits over groups of records, names and text against a plain transcription, on partly dirty records."""

from __future__ import annotations

import datetime as dt
import random
import zipfile
from collections import defaultdict
from pathlib import Path

import polars as pl
import pytest

from registry import edits
from registry.coding.primaries import compare_tumors
from registry.edits import build_names
from registry.errors import NotFound
from tests.property import edits_groups_row_by_row as plain

AS_OF = dt.date(2026, 11, 1)
DATES = ["20200105", "20200301", "20200306", "20200110", "20191231", "20190620", "202001", "2020", "2019"]
TEXTS = [
    "RIGHT BREAST",
    "left lung",
    "LEFT AND RIGHT",
    "BRIGHT",
    "left-sided, RT",
    "Bilateral, left",
    "  ",
    "",
]

# item: usual values, then values that no item edit lets pass
POOL: dict[str, tuple[list[str], list[str]]] = {
    "sexAssignedAtBirth": (["1", "1", "2", "9", ""], ["3"]),
    "sex": (["1", "2", "3", "5", "6", "9", ""], ["7"]),
    "dateOfBirth": (["19500102", "19500201", "19500102", "195001", "1950", "19500103", ""], ["19501399"]),
    "dateOfLastContact": (["20200201", "20200110", "202001", "2021", "20260101", ""], ["20261301"]),
    "dateOfDiagnosis": (DATES, ["20201399", ""]),
    "race1": (["01", "01", "02"], ["88"]),
    "race2": (["88", "88", "01", ""], ["XX"]),
    "race3": (["88", "88", "03"], []),
    "race4": (["88", "88", "04"], []),
    "race5": (["88", "88", "05"], []),
    "spanishHispanicOrigin": (["0", "0", "1", "9", ""], ["A"]),
    "nhiaDerivedHispOrigin": (["0", "0", "7", ""], ["9"]),
    "birthplaceCountry": (["USA", "USA", "MEX", "ZZU", ""], ["123"]),
    "vitalStatus": (["1", "0", ""], ["4"]),
    "causeOfDeath": (["C509", "C619", "0000", ""], ["!!"]),
    "icdRevisionNumber": (["1", "1", "0", ""], ["5"]),
    "sequenceNumberCentral": (["00", "01", "01", "02", "03", "59", "60", "61", "62", "63", "88", "98", "99", ""], ["89"]),
    "primarySite": (["C509", "C504", "C341", "C349", "C187", "C199", "C209", "C421", "C443", "C809", "C760", "C679"], ["C999", ""]),
    "histologicTypeIcdO3": (["8500", "8503", "8520", "8140", "8070", "8000", "8010", "9861", "9680", "9800", "9140"], ["0000", ""]),
    "behaviorCodeIcdO3": (["3", "3", "3", "2"], ["9", ""]),
    "laterality": (["1", "2", "9", "0"], ["7", ""]),
    "typeOfReportingSource": (["1", "7", "7"], ["0", ""]),
    "tumorRecordNumber": (["01", "02", "03", ""], []),
    "textDxProcPath": (TEXTS, []),
    "diagnosticConfirmation": (["1", "2", "4", "5", "9", ""], ["0"]),
    "rxTextSurgery": (["LUMPECTOMY", " ", ""], []),
    "rxSummSurgPrimSite": (["00", "10", "22", "90", "98", "99", ""], ["X"]),
    "rxSummSurgPrimSite2023": (["A000", "A220", "B900", "A980", "A990", "", ""], ["220"]),
    "reportingFacility": (["0000000101", "0000000102"], [""]),
    "accessionNumberHosp": ([f"20200{n:04d}" for n in range(1, 400)], ["ABC", ""]),
    "sequenceNumberHospital": (["00", "01"], ["98", ""]),
}  # fmt: skip
LAST = ["GARCIA LOPEZ", "LOPEZ", "SMITH", "SMYTH", "NGUYEN", "ANH", "O'NEIL", "ONEIL", "BAKER", "BECKER", ""]
FIRST = ["JOHN", "JOHAN", "J", "MARY", "MARIA", "ANH", "NGUYEN", "Mary Ann", "ALBERTO", "RUTH", ""]
NUMBERS = ["111223333", "112123333", "111223334", "222334444", "999999999", ""]
PERSONS: dict[str, list[str]] = {
    "nameLast": [*LAST, *(f"{name}{end}" for name in LAST[:9] for end in ("S", "MAN", "VILLE"))],
    "nameFirst": [*FIRST, *(f"{name}{end}" for name in FIRST[:9] for end in ("E", "INE"))],
    "dateOfBirth": [f"19{year}{day}" for year in (50, 51, 62) for day in ("0102", "0201", "01", "", "0611")]
    * 2
    + [""],
    "socialSecurityNumber": NUMBERS + [f"{n}{n % 90 + 10}1{n}" for n in range(110, 190)],
}


def drawn(rng: random.Random, patients: int) -> list[dict[str, str | None]]:
    """Records of patients with one to five tumors each, in any order."""
    records: list[dict[str, str | None]] = []
    before: dict[str, str] = {}
    for patient in range(patients):
        dirty = rng.random() < 0.4
        base = {item: rng.choice(usual) for item, (usual, _) in POOL.items()}
        person = {item: rng.choice(values) for item, values in PERSONS.items()}
        if patient % 2:  # shares some with the patient before, and so does nobody else
            person |= {item: before[item] for item in rng.sample(sorted(PERSONS), rng.randint(0, 4))}
        before = person
        base |= person
        for _ in range(rng.choice([1, 2, 2, 3, 5])):
            record = base | {
                item: rng.choice(usual + bad if dirty else usual)
                for item, (usual, bad) in POOL.items()
                if rng.random() < 0.5
            }
            records.append(
                {item: value or None for item, value in record.items()}
                | {"patientIdNumber": f"{patient:08d}"}
            )
    rng.shuffle(records)
    return records


def cleaned(record: dict[str, str | None]) -> dict[str, str | None]:
    """The null rule: values that are not valid are not there."""
    return {
        item: None if item in POOL and value in POOL[item][1] else value for item, value in record.items()
    }


def found(records: list[dict[str, str | None]], ids: list[str]) -> dict[str, set[int]]:
    """Rows that the engine finds, by edit."""
    frame = pl.DataFrame(records, schema=dict.fromkeys(records[0], pl.String)).with_row_index("tumor_id")
    failures = edits.run(None, frame, ids, as_of=AS_OF, keys=["tumor_id"])
    rows: dict[str, set[int]] = {edit_id: set() for edit_id in ids}
    for edit_id, row in failures.select("edit", "tumor_id").rows():
        rows[edit_id].add(row)
    return rows


def by_patient(records: list[dict[str, str | None]]) -> list[list[int]]:
    rows: dict[str | None, list[int]] = defaultdict(list)
    for row, record in enumerate(records):
        rows[record["patientIdNumber"]].append(row)
    return list(rows.values())


@pytest.mark.parametrize("seed", range(3))
def test_edits_over_a_patients_records(seed: int) -> None:
    records = drawn(random.Random(seed), 1_200)
    valid = [cleaned(record) for record in records]
    judged = found(records, list(plain.OF_PATIENT))
    for edit_id, fires in plain.OF_PATIENT.items():
        expected, compared = set(), set()
        for rows in by_patient(records):
            group = [valid[row] for row in rows]
            if edit_id == "ir-iarc-mp" and not plain.comparable(group):
                continue
            compared |= set(rows)
            expected |= {row for row, yes in zip(rows, fires(group), strict=True) if yes}
        assert judged[edit_id] & compared == expected, edit_id
        assert len(expected) > 20, f"{edit_id}: the records show too little"


@pytest.mark.parametrize("seed", range(3))
def test_edits_across_patients(seed: int) -> None:
    records = drawn(random.Random(100 + seed), 120)
    valid = [cleaned(record) for record in records]
    judged = found(records, list(plain.OF_FILE))
    for edit_id, fires in plain.OF_FILE.items():
        expected = {row for row, yes in enumerate(fires(valid)) if yes}
        assert judged[edit_id] == expected, edit_id
        assert 0 < len(expected) < len(records), edit_id


def test_multiple_primary_rules_are_asked_of_every_pair() -> None:
    items = ("primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3", "laterality", "dateOfDiagnosis")
    records = drawn(random.Random(7), 60)
    valid = [cleaned(record) for record in records]
    expected = set()
    for rows in by_patient(records):
        for one, other in ((a, b) for a in rows for b in rows if a < b):
            pair = {f"{i}_1": valid[one][i] for i in items} | {f"{i}_2": valid[other][i] for i in items}
            if None in pair.values():
                continue
            if compare_tumors(pl.DataFrame([pair]), today=AS_OF)["result"].item() in (
                "single",
                "questionable",
            ):
                expected |= {one, other}
    assert found(records, ["ir-mph-solid"])["ir-mph-solid"] == expected
    assert expected


def test_text_edits() -> None:
    records = [record | {"primarySite": None} for record in drawn(random.Random(3), 1_000)]
    judged = found(records, list(plain.OF_RECORD))
    for edit_id, fires in plain.OF_RECORD.items():
        expected = {row for row, record in enumerate(map(cleaned, records)) if fires(record)}
        assert judged[edit_id] == expected, edit_id
        assert len(expected) > 20, edit_id


def test_first_names_against_their_table() -> None:
    table: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
    for name, since, until, sex in pl.read_csv(build_names.TABLE, infer_schema=False).rows():
        table[name].append((int(since), int(until), sex))
    rng = random.Random(5)
    names = [*rng.sample(sorted(table), 400), "JEAN", "KIM", "ANDREA", "QZXY", "Mary-Ann", "Ryan", "JOAN"]
    records: list[dict[str, str | None]] = [
        {
            "nameFirst": rng.choice(names),
            "sexAssignedAtBirth": rng.choice("129"),
            "dateOfBirth": f"{rng.randint(1860, 2025)}0101",
        }
        for _ in range(4_000)
    ]
    shared_with = {
        "1": {"JOAN", "MACKENZIE"},
        "2": {"ALEX", "CARSON", "GABRIEL", "HARLEY", "JESSE", "LOREN", "MORGAN", "RILEY", "RYAN"},
        "9": set(),
    }
    expected = set()
    for row, record in enumerate(records):
        decade = min(max(int(record["dateOfBirth"][:3]) * 10, 1880), 2010)
        runs = table[plain.letters(record["nameFirst"])]
        usual = {sex for since, until, sex in runs if since <= decade <= until}
        if plain.letters(record["nameFirst"]) in shared_with[record["sexAssignedAtBirth"]]:
            continue
        if usual | {record["sexAssignedAtBirth"]} == {"1", "2"}:
            expected.add(row)
    assert found(records, ["name-sex"])["name-sex"] == expected
    assert len(expected) > 200


def test_first_names_are_counted_by_decade() -> None:
    counts = [
        ("Ann", "F", 991, 1950), ("Ann", "M", 9, 1950),  # 99.1 % of 1,000
        ("Bea", "F", 990, 1950), ("Bea", "M", 10, 1950), ("Bea", "F", 90_000, 1960),  # 99.0 %, then all
        ("Cal", "M", 400, 1950), ("Cal", "F", 20, 1950), ("Cal", "M", 90_000, 1960),  # few, and not alike
        ("Dot", "F", 999, 1950), ("Dot", "F", 4_001, 1960),  # few, and alike
        ("Eve", "F", 999, 1950), ("Eve", "F", 4_000, 1960),  # few, and not 5,000 in all
        ("Kim", "F", 5_000, 1950), ("Kim", "M", 5_000, 1950),
    ]  # fmt: skip
    frame = pl.DataFrame(counts, schema=["name", "sex", "children", "year"], orient="row")
    assert build_names.one_sex(frame).rows() == [
        ("ANN", 1950, 1950, "2"),
        ("BEA", 1960, 1960, "2"),
        ("CAL", 1960, 1960, "1"),
        ("DOT", 1950, 1960, "2"),
        ("EVE", 1960, 1960, "2"),
    ]


def test_first_names_are_read_from_published_files(tmp_path: Path) -> None:
    folder = tmp_path / "coding" / "names" / "ssa"
    assert build_names.build(tmp_path, tmp_path, partly=True) == {}
    with pytest.raises(NotFound):
        build_names.build(tmp_path, tmp_path)
    folder.mkdir(parents=True)
    (folder / "yob1950.txt").write_text("Mary,F,6000\nMary,M,10\n")
    with zipfile.ZipFile(folder / "names.zip", "w") as archive:
        archive.writestr("yob1960.txt", "John,M,7000\n")
        archive.writestr("NationalReadMe.pdf", "no counts")
    assert build_names.build(tmp_path, tmp_path) == {build_names.NAME: 2}
    rows = pl.read_csv(tmp_path / build_names.NAME).rows()
    assert rows == [("JOHN", 1950, 1960, 1), ("MARY", 1950, 1960, 2)]

"""Edits on stage and treatment against a plain transcription, on thousands of random, partly dirty records."""

from __future__ import annotations

import datetime as dt
import random

import polars as pl
import pytest

from registry import edits, staging
from tests.property import stage_edits_row_by_row, treatment_edits_row_by_row
from tests.property.stage_record import DATES, METS, Record, codes

EDITS = stage_edits_row_by_row.EDITS | treatment_edits_row_by_row.EDITS

AS_OF = dt.date(2026, 11, 1)
SITES = "C509 C500 C504 C619 C189 C069 C341 C421 C420 C779 C809 C760 C445 C710 C751 C754 C739 C111 C481 C679 C559 C629 "
SITES += "C541 C163 C424 C589 C639 C507 C99 509 c509 C5090"
HISTOLOGIES = "8500 8140 8850 8020 8070 8130 8260 8345 8441 8631 8720 9061 9440 9490 9500 9510 9530 9580 9590 9680 9687 "
HISTOLOGIES += "9702 9732 9823 9826 9861 9948 9993 8000 8700 9070 8240 0000 850 85000"
GRADES = "1 2 3 4 5 8 9 A B C D E H L M S Z a 03"
TNM_T = "pTis cTis pTa pT1 pT1a cT2 pT0 pTX 88 pTis(DCIS) T1 Ta pIS xx"
TNM_N = "cN0 pN0 pN1 pN1a cN2 pNX 88 pN0(i+) 0 1 c1 p0 X 1MI N9"
TNM_M = "cM0 cM1 pM1 cM1a cM0(i+) 88 0 1 c1 p1 X 1B M2"
GROUPS = "0 0A 0IS 1 1A 2 2B IIA III 3C 4 4B IV 88 99 OC I 12"
DATE_TEXTS = "2020 202003 20200105 20200301 2019 2018 20171231 2017 2010 2003 1995 2022 20221231 2023 20230615 2024 2025 "
DATE_TEXTS += "20201399 202013 20200230 x 20300101 2003"
SURGERY_CODES = "00 10 20 30 41 90 95 98 99 0 A2 A200"
LETTERED = "A000 A100 A200 A300 A410 A900 A980 A990 B200 B410 B900 B990 C200 20 A991"
TWO = "00 01 02 03 10 11 12 16 17 20 30 40 50 82 85 86 87 88 98 99 4"
ONE = "0 1 2 3 4 5 6 7 8 9 X"

POOLS = {
    "primarySite": SITES,
    "histologicTypeIcdO3": HISTOLOGIES,
    "behaviorCodeIcdO3": "0 1 2 3 3 3 3 6",
    "sexAssignedAtBirth": "1 2 9 3",
    "sex": "1 2",
    "schemaDiscriminator1": "1 2 3 9 X",
    "schemaDiscriminator2": "1 2 8 9 12",
    "schemaId": "00480 00580 00790 00830 00060 99999 00721 09721 00730 00111 00481 480",
    "grade": "1 2 3 4 5 6 7 8 9 0",
    "gradeClinical": GRADES,
    "gradePathological": GRADES,
    "ageAtDiagnosis": "054 055 999 060 030",
    "diagnosticConfirmation": "1 2 4 5 7 9 0",
    "classOfCase": "00 10 14 22 30 31 32 33 34 38 42 43 49 99 15",
    "vitalStatus": "0 1 4",
    "tumorSizeSummary": "000 001 020 025 300 301 350 988 989 990 991 998 999 25",
    "tumorSizeClinical": "000 001 020 025 990 991 998 999 25 0A0",
    "tumorSizePathologic": "000 001 020 025 990 991 998 999 25",
    "regionalNodesExamined": "00 01 02 10 90 91 95 96 97 98 99",
    "regionalNodesPositive": "00 01 02 10 90 91 95 96 97 98 99",
    "summaryStage2018": "0 1 2 3 4 5 7 8 9",
    "seerSummaryStage2000": "0 1 2 3 4 5 7 8 9",
    "lymphVascularInvasion": ONE,
    "neoadjuvantTherapy": "0 0 0 1 3 9",
    "tnmEditionNumber": "00 01 05 06 07 08 09 88 99 U7",
    "naaccrRecordVersion": "180 220 230 260 260",
    "phase1TotalDose": "005000 005250 005251 004750 004749 000000 999998 999999 5000",
    "phase1DosePerFraction": "00200 00200 00180 00000 99998 99999 200",
    "phase1NumberOfFractions": "025 025 028 000 999 25",
    "phase1RadiationTreatmentModality": TWO,
    "rxSummSurgPrimSite": SURGERY_CODES,
    "rxSummSurgPrimSite2023": LETTERED,
    "rxHospSurgPrimSite": SURGERY_CODES,
    "rxHospSurgPrimSite2023": LETTERED,
    "rxHospRadiation": ONE,
    "rxSummOther": ONE,
    "rxSummTransplntEndocr": TWO,
    "reasonForNoSurgery": ONE,
    "reasonForNoRadiation": ONE,
    "rxSummTreatmentStatus": "0 1 2 9 3",
    "rxSummSurgRadSeq": ONE,
    "rxSummSystemicSurSeq": ONE,
    "rxSummScopeRegLnSur": ONE,
    "rxSummSurgOthRegDis": ONE,
    **dict.fromkeys(METS, "0 0 0 1 2 8 9"),
    **dict.fromkeys(
        ("estrogenReceptorSummary", "progesteroneRecepSummary", "her2OverallSummary"), "0 1 7 9 0 1 8 2"
    ),
    **dict.fromkeys(("eodPrimaryTumor", "eodRegionalNodes", "eodMets"), "100 000"),
    **dict.fromkeys(DATES, DATE_TEXTS),
    **{f"{date}Flag": "10 11 12 12" for date in DATES[1:-1]},
    **{f"rx{place}{drug}": TWO for place in ("Summ", "Hosp") for drug in ("Chemo", "Hormone", "Brm")},
    **{f"ajccTnm{time}T": TNM_T for time in ("Clin", "Path")},
    **{f"ajccTnm{time}N": TNM_N for time in ("Clin", "Path")},
    **{f"ajccTnm{time}M": TNM_M for time in ("Clin", "Path")},
    **{f"ajccTnm{time}StageGroup": GROUPS for time in ("Clin", "Path")},
    **{f"tnm{time}N": TNM_N for time in ("Clin", "Path")},
    **{f"tnm{time}M": TNM_M for time in ("Clin", "Path")},
}
CHOICES = {item: text.split() for item, text in POOLS.items()}


def random_record(chance: random.Random) -> dict[str, str | None]:
    """A record with blanks; one in three keeps site, histology and year in step with nothing else changed."""
    blanks = chance.choice([0.02, 0.15, 0.4])
    record: dict[str, str | None] = {
        item: None if chance.random() < blanks else chance.choice(values) for item, values in CHOICES.items()
    }
    if chance.random() < 0.5:
        record["schemaId"] = None
    if chance.random() < 0.5:
        newer = chance.random() < 0.5
        record["rxSummSurgPrimSite" if newer else "rxSummSurgPrimSite2023"] = None
    if chance.random() < 0.3:
        record |= dict.fromkeys(("sexAssignedAtBirth", "schemaDiscriminator1", "schemaDiscriminator2"))
    return record


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 5))])
def test_expressions_equal_the_transcription(seed: int) -> None:
    chance = random.Random(seed)
    records = [random_record(chance) for _ in range(3_000)]
    frame = pl.DataFrame(records, schema=dict.fromkeys(CHOICES, pl.String)).with_row_index("tumor_id")
    found = edits.run(None, frame, list(EDITS), as_of=AS_OF).select("edit", "tumor_id").rows()
    fired: dict[str, set[int]] = {edit_id: set() for edit_id in EDITS}
    for edit_id, row in found:
        fired[edit_id].add(row)
    for edit_id, fails in EDITS.items():
        expected = {row for row, record in enumerate(records) if fails(Record(record))}
        assert expected, f"{edit_id}: no random record fails"
        assert len(expected) < len(records), edit_id
        differ = sorted(expected ^ fired[edit_id])[:3]
        assert not differ, (
            edit_id,
            [(row in expected, {k: records[row][k] for k in shown(edit_id)}) for row in differ],
        )


def shown(edit_id: str) -> list[str]:
    """Items that explain a difference."""
    edit = edits.find(edit_id)
    basics = ("dateOfDiagnosis", "primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3", "schemaId")
    return [item for item in dict.fromkeys((*edit.items, *edit.columns, *basics)) if item in CHOICES]


def test_every_edit_of_these_files_is_transcribed() -> None:
    rooms = "grade nodes radiation schema size stage stage_tnm treatment treatment_codes treatment_dates treatment_here"
    ours = {
        edit.id
        for edit in edits.all_edits().values()
        if edit.expression.__module__.rpartition(".")[2] in rooms.split()
    }
    assert ours - set(EDITS) == {"stage-group-consistent"}
    assert set(EDITS) - ours == {"lvi-valid", "scope-ln-valid", "surg-other-valid"}, "made by a list of codes"


def test_whole_columns_of_schemas_equal_the_lookup() -> None:
    """Dense look-ups against the selection table read row by row, over all axes and unknown values."""
    chance = random.Random(7)
    sites = [int(code[1:]) for code in CHOICES["primarySite"] if code[0] == "C" and len(code) == 4] + [
        *range(1_000)
    ]
    common = [9140, 8720, 8140, 8500, 9591, 9823, 8070, 8240, 8246, 8041, 9700, 8090, 8461, 8441]
    axes = {
        "behavior": [None, *range(4)],
        "year": [None, 1999, 2017, *range(2018, 2028), 2099, 2100],
        "sex": [None, 1, 2, 9, 3],
        "discriminator_1": [None, *range(10)],
        "discriminator_2": [None, *range(10)],
    }
    rows = [
        {
            "site": chance.choice(sites),
            "histology": chance.choice(common) if n % 2 else chance.randrange(7990, 10_000),
        }
        | {axis: chance.choice(values) for axis, values in axes.items()}
        for n in range(6_000)
    ]
    frame = pl.DataFrame(rows)
    sets = frame.select(staging.schema_set(**{axis: pl.col(axis) for axis in frame.columns})).to_series()
    several = 0
    for row, number in zip(rows, sets, strict=True):
        given = {axis: None if row[axis] is None else str(row[axis]) for axis in axes}
        given["sex"] = given["sex"] if given["sex"] in {"1", "2", "9"} else None
        given["year"] = None if row["year"] == 2100 else given["year"]
        expected = staging.lookup_schema(
            site=f"C{row['site']:03}", histology=f"{row['histology']:04}", **given
        )
        assert staging.members(number) == expected, row
        several += len(expected) > 1
    assert several > 50


def test_codes_of_a_list() -> None:
    assert codes("00-02,9") == {"00", "01", "02", "9"}

"""Pathology reports of the invented tumors as HL7 2.5.1 ORU^R01 batch files.

One narrative report per message, segments ended by carriage return, sections under their LOINC
codes (style A of the laboratories that send to registries). Text fits site, side, histology, grade.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import polars as pl

from registry.synthetic import calendar_days
from registry.synthetic.calendar_days import MISSING
from registry.synthetic.draw import Ints, chance, either
from registry.synthetic.facts import Facts
from registry.synthetic.naaccr_files import column_bytes

REPORTED = 0.64
"""Share of microscopically confirmed tumors with a report in the files (about 60 % of all tumors)."""
BENIGN = 0.03
"""Reports of harmless findings of the same people, beside the cancer reports."""
GRADE_WORDS = {
    "1": "well differentiated", "2": "moderately differentiated", "3": "poorly differentiated",
    "4": "undifferentiated", "L": "low grade", "H": "high grade",
}  # fmt: skip
GLEASON = {
    "1": "Gleason score 3+3=6, grade group 1", "2": "Gleason score 3+4=7, grade group 2",
    "3": "Gleason score 4+3=7, grade group 3", "4": "Gleason score 4+4=8, grade group 4",
    "5": "Gleason score 4+5=9, grade group 5",
}  # fmt: skip
SIDES = {"1": "right ", "2": "left ", "4": "bilateral "}
RACE_HL7 = {
    "01": "2106-3^White^HL70005", "02": "2054-5^Black or African American^HL70005",
    "03": "1002-5^American Indian or Alaska Native^HL70005", "04": "2034-7^Chinese^HL70005",
    "05": "2039-6^Japanese^HL70005", "06": "2036-2^Filipino^HL70005", "08": "2040-4^Korean^HL70005",
    "10": "2047-9^Vietnamese^HL70005", "16": "2029-7^Asian Indian^HL70005", "17": "2044-8^Pakistani^HL70005",
    "96": "2028-9^Asian^HL70005", "97": "2076-8^Native Hawaiian or Other Pacific Islander^HL70005",
    "98": "2131-1^Other Race^HL70005", "99": "",
}  # fmt: skip
COLUMNS = (
    "tumor_row", "facility", "stage_letter", "dx_day", "medicalRecordNumber", "nameLast", "nameFirst", "nameMiddle",
    "dateOfBirth", "sexAssignedAtBirth", "race1", "socialSecurityNumber", "addrAtDxNoStreet", "addrAtDxCity",
    "addrAtDxPostalCode", "countyAtDx", "telephone", "spanishHispanicOrigin", "npiPhysicianManaging",
)  # fmt: skip
BENIGN_TEXT = "Benign tissue with chronic inflammation. Negative for malignancy."


@dataclass(frozen=True)
class Laboratory:
    """Who sends: name, CLIA number (invented), prefix of report numbers."""

    name: str
    clia: str
    prefix: str
    upper_case: bool


LABORATORIES = (
    Laboratory("SYNTHETIC CAPITAL PATHOLOGY", "33D9900001", "SCP", True),
    Laboratory("SYNTHETIC HUDSON VALLEY LAB", "33D9900002", "SHV", False),
    Laboratory("SYNTHETIC UNIVERSITY PATHOLOGY", "33D9900003", "SUP", False),
)


def final_diagnosis(facts: Facts, tumors: pl.DataFrame, surgery_row: Ints) -> pl.Series:
    """Final diagnosis of each tumor, two lines: specimen and procedure, then what it is."""
    histology = facts.histologies["text"].gather(tumors["histology_row"])
    site = facts.subsites["text"].gather(tumors["subsite_row"])
    operated = surgery_row != MISSING
    operation = facts.surgery["text"].gather(np.maximum(surgery_row, 0)).str.to_lowercase()
    site_row = tumors["site_row"].to_numpy()
    grade = tumors["grade_code"]
    frame = pl.DataFrame(
        {
            "side": tumors["laterality"].replace_strict(SIDES, default="", return_dtype=pl.String),
            "site": site,
            "operation": operation,
            "operated": operated,
            "histology": histology,
            "unspecific": tumors["histologicTypeIcdO3"] == "8000",
            "grade": either(
                facts.is_scale("isup")[site_row],
                grade.replace_strict(GLEASON, default=None, return_dtype=pl.String),
                either(
                    facts.is_scale("three", "four", "lowhigh", "sarcoma")[site_row],
                    grade.replace_strict(GRADE_WORDS, default=None, return_dtype=pl.String),
                ),
            ),
            "marrow": facts.is_kind("heme")[site_row],
        }
    )
    procedure = (
        pl.when("operated")
        .then("operation")
        .when("marrow")
        .then(pl.lit("aspirate and biopsy"))
        .otherwise(pl.lit("biopsy"))
    )
    what = pl.when("unspecific").then(pl.lit("malignant neoplasm")).otherwise("histology")
    place = pl.concat_str("side", "site")
    return frame.select(
        pl.concat_str(
            place.str.slice(0, 1).str.to_uppercase(), place.str.slice(1), pl.lit(", "), procedure, pl.lit(":\n- "),
            what.str.slice(0, 1).str.to_uppercase(), what.str.slice(1),
            pl.when(pl.col("grade").is_not_null()).then(pl.concat_str(pl.lit(", "), "grade")).otherwise(pl.lit("")),
            pl.lit("."),
        ).alias("final_diagnosis")
    ).to_series()  # fmt: skip


@dataclass
class ReportFile:
    """One batch file (FHS/BHS ... BTS/FTS) of a laboratory, written in pieces."""

    path: Path
    laboratory: Laboratory
    as_of: dt.date
    messages: int = 0
    _file: BinaryIO | None = field(default=None, repr=False)

    def write(self, messages: pl.Series) -> None:
        """Append whole messages."""
        if not len(messages):
            return
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("wb")
            stamp = f"{self.as_of:%Y%m%d}0800"
            sender = f"SYNTHETIC LIS|{self.laboratory.name}^{self.laboratory.clia}^CLIA|CCR|STATE REGISTRY"
            for segment in ("FHS", "BHS"):
                self._file.write(f"{segment}|^~\\&|{sender}|{stamp}\r".encode())
        self._file.writelines(column_bytes(messages))
        self.messages += len(messages)

    def close(self) -> None:
        """End the batch."""
        if self._file is not None:
            self._file.write(f"BTS|{self.messages}\rFTS|1\r".encode())
            self._file.close()
            self._file = None


def choose(rng: np.random.Generator, tumors: pl.DataFrame, abstracts: pl.DataFrame) -> pl.DataFrame:
    """Rows for reports: one abstract of each reported tumor, `laboratory`, and benign extras.

    Patient items are those of the first facility, as the laboratory got them from there.
    """
    first = np.flatnonzero((abstracts["role"] == 0).to_numpy())
    first = first[np.argsort(abstracts["tumor_row"].to_numpy()[first], kind="stable")]
    size = len(first)
    read = tumors["diagnosticConfirmation"].is_in(["1", "2", "3"]).to_numpy()
    cancer = first[read & chance(rng, REPORTED, size)]
    extra = first[chance(rng, BENIGN, size)]
    rows = np.concatenate([cancer, extra])
    chosen = abstracts.select(COLUMNS)[rows]
    laboratory = (chosen["facility"].to_numpy() + (rng.random(len(rows)) < 0.15)) % len(LABORATORIES)
    return chosen.with_columns(
        tumors["final_diagnosis"].gather(chosen["tumor_row"]),
        pl.Series("benign", np.arange(len(rows)) >= len(cancer)),
        pl.Series("laboratory", laboratory),
        pl.Series("clinic", rng.integers(0, 8, len(rows))),
    )


def messages(facts: Facts, chosen: pl.DataFrame, laboratory: Laboratory, start: int) -> pl.Series:
    """HL7 messages of the chosen rows, numbered from `start` + 1 within the laboratory."""
    number = pl.Series(start + 1 + np.arange(len(chosen))).cast(pl.String).str.zfill(8)
    stage = chosen["stage_letter"].to_numpy()
    day = chosen["dx_day"].to_numpy() + np.where(chosen["benign"].to_numpy(), 30, 0)
    final = pl.select(
        pl.when(chosen["benign"])
        .then(pl.lit("Skin, biopsy:\n- " + BENIGN_TEXT))
        .otherwise(chosen["final_diagnosis"])
    ).to_series()
    if laboratory.upper_case:
        final = final.str.to_uppercase()
    specimen = final.str.split(":").list.first()
    history = pl.Series(["Abnormal imaging", "Palpable mass", "Screening finding", "Known cancer, staging", "Weight loss", "Follow-up", "Bleeding", "Pain & swelling"])  # fmt: skip
    facility = facts.facilities[chosen["facility"]]
    frame = chosen.with_columns(
        number.alias("number"),
        calendar_days.text(day).alias("collected"),
        calendar_days.text(day + 1 + stage % 3).alias("reported"),
        _hl7_text(final).alias("final"),
        _hl7_text(specimen).alias("specimen"),
        _hl7_text(history.gather(chosen["clinic"])).alias("history"),
        chosen["race1"].replace_strict(RACE_HL7, default="", return_dtype=pl.String).alias("race_hl7"),
        chosen["sexAssignedAtBirth"].replace_strict({"1": "M", "2": "F"}, default="U", return_dtype=pl.String).alias("sex_hl7"),
        _hl7_text(facility["name"]).alias("facility_name"),
        facility["facility"].str.slice(3).alias("facility_aha"),
        facility["city"].alias("facility_city"),
        facility["zip"].alias("facility_zip"),
        *(_hl7_text(chosen[name]).alias(name) for name in ("nameLast", "nameFirst", "addrAtDxNoStreet")),
    )  # fmt: skip
    return frame.lazy().select(pl.concat_str(_segments(laboratory), ignore_nulls=True)).collect().to_series()


def _hl7_text(values: pl.Series) -> pl.Series:
    """Escape what HL7 reserves; a line end becomes a break."""
    for character, escape in (
        ("&", "\\T\\"),
        ("|", "\\F\\"),
        ("^", "\\S\\"),
        ("~", "\\R\\"),
        ("\n", "\\.br\\"),
    ):
        if values.str.contains(character, literal=True).any():
            values = values.str.replace_all(character, escape, literal=True)
    return values


def _segments(lab: Laboratory) -> list[pl.Expr]:
    """Pieces of one message in order; names are columns, everything else is fixed text."""
    ethnic = (
        pl.when(pl.col("spanishHispanicOrigin") == "0").then(pl.lit("2186-5^Not Hispanic or Latino^HL70189"))
        .when(pl.col("spanishHispanicOrigin") != "9").then(pl.lit("2135-2^Hispanic or Latino^HL70189"))
    )  # fmt: skip
    ssn = pl.when(pl.col("socialSecurityNumber") != "999999999").then(
        pl.concat_str(pl.lit("~"), "socialSecurityNumber", pl.lit("^^^SSA^SS"))
    )
    doctor = pl.concat_str(
        "npiPhysicianManaging", pl.lit("^SYNTHETIC^DOCTOR^^^DR^MD^^NPI&2.16.840.1.113883.4.6&ISO^L^^^NPI")
    )
    text: list[str | pl.Expr] = [
        f"MSH|^~\\&|SYNTHETIC LIS|{lab.name}^{lab.clia}^CLIA|CCR|STATE REGISTRY^2.16.840.1.113883.19.9^ISO|",
        pl.col("reported"), f"101500-0500||ORU^R01^ORU_R01|{lab.prefix}", pl.col("number"),
        "|P|2.5.1|||||||||VOL_V_50_ORU_R01^NAACCR_CP^2.16.840.1.113883.9.8^ISO\rPID|1||",
        pl.col("medicalRecordNumber"), f"^^^LAB&{lab.clia}&CLIA^MR", ssn, "||",
        pl.col("nameLast"), "^", pl.col("nameFirst"), "^", pl.col("nameMiddle"), "^^^^L||", pl.col("dateOfBirth"), "|",
        pl.col("sex_hl7"), "||", pl.col("race_hl7"), "|", pl.col("addrAtDxNoStreet"), "^^", pl.col("addrAtDxCity"), "^NY^",
        pl.col("addrAtDxPostalCode"), "^USA^H^^", pl.col("countyAtDx"), "||^PRN^PH^^1^", pl.col("telephone").str.slice(0, 3),
        "^", pl.col("telephone").str.slice(3), "|||||||||", ethnic, "\rPV1|1|O|||||", doctor,
        "\rORC|RE||||||||||||||||||||", pl.col("facility_name"), "^^", pl.col("facility_aha"), "^^^AHA|1 HOSPITAL RD^^",
        pl.col("facility_city"), "^NY^", pl.col("facility_zip"),
        f"\rOBR|1||{lab.prefix}-", pl.col("number"), "|60567-5^Comprehensive pathology report panel^LN|||",
        pl.col("collected"), "0830||||||||TISS|", doctor, "||||||", pl.col("reported"), "1000||PAT|F|||||||1000000038&PATH&DANA&&&DR&MD",
        *_section(1, "TX", "22636-5^Clinical history", pl.col("history")),
        *_section(2, "TX", "22633-2^Nature of specimen", pl.col("specimen")),
        *_section(3, "FT", "22634-0^Gross description", pl.lit("Received in formalin, labeled with the patient's name. Entirely submitted \\T\\ inked. SYNTHETIC REPORT.")),
        *_section(4, "FT", "22635-7^Microscopic description", pl.lit("Microscopic examination supports the diagnosis below.")),
        *_section(5, "FT", "22637-3^Final diagnosis", pl.col("final")),
        "\r",
    ]  # fmt: skip
    return [pl.lit(piece) if isinstance(piece, str) else piece for piece in text]


def _section(number: int, kind: str, code: str, value: pl.Expr) -> list[str | pl.Expr]:
    return [f"\rOBX|{number}|{kind}|{code}^LN|1|", value, "||||||F|||", pl.col("collected")]

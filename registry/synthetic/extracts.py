"""The other files: treatments of an oncology system, death certificates, facilities, physicians."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import polars as pl

from registry.synthetic import calendar_days, people
from registry.synthetic.abstracts import Visits, here, physician_npis
from registry.synthetic.calendar_days import MISSING
from registry.synthetic.draw import Ints, chance, either, pick, strings
from registry.synthetic.facts import Facts
from registry.synthetic.planted import misspell
from registry.synthetic.population import OTHER_CAUSES, Population

SENDING_TREATMENTS = (0, 1, 2)
"""Facilities (rows in facilities.csv) whose oncology information system sends treatments."""
DUPLICATED = 0.01
INVALID_DATE = 0.003
DRUGS: dict[str, tuple[tuple[str, str], ...]] = {
    "breast": (("72962", "Docetaxel"), ("3002", "Cyclophosphamide")),
    "colon": (("4492", "5-FU (FOLFOX)"), ("32592", "Oxaliplatin (FOLFOX)")),
    "rectum": (("4492", "5-FU"), ("32592", "Oxaliplatin")),
    "lung": (("40048", "Carboplatin"), ("56946", "Paclitaxel")),
    "ovary": (("40048", "Carboplatin"), ("56946", "Paclitaxel")),
    "corpus": (("40048", "Carboplatin"), ("56946", "Paclitaxel")),
    "pancreas": (("12574", "Gemcitabine"), ("56946", "Nab-paclitaxel")),
    "bladder": (("12574", "Gemcitabine"), ("2555", "Cisplatin")),
    "nhl": (("3639", "Doxorubicin"), ("3002", "Cyclophosphamide")),
    "hodgkin": (("3639", "Doxorubicin"), ("11202", "Vinblastine")),
    "myeloma": (("358258", "Bortezomib"), ("342369", "Lenalidomide")),
    "aml": (("3041", "Cytarabine"), ("3109", "Daunorubicin")),
    "cml": (("282388", "Imatinib"), ("475342", "Dasatinib")),
}
USUAL_DRUGS = (("2555", "Cisplatin"), ("4492", "5-FU"))
HORMONES = {
    "breast": ("84857", "Anastrozole"),
    "prostate": ("42375", "Leuprolide"),
    "thyroid": ("10582", "Levothyroxine"),
}
IMMUNE = {
    "nhl": ("121191", "Rituximab"),
    "breast": ("224905", "Trastuzumab"),
    "bladder": ("1657", "BCG vaccine"),
}
CAUSE_TEXT = {
    "I219": "Acute myocardial infarction", "I251": "Coronary artery disease", "I500": "Congestive heart failure",
    "I639": "Cerebral infarction", "J449": "Chronic obstructive pulmonary disease", "G309": "Alzheimer disease",
    "F019": "Vascular dementia", "E119": "Type 2 diabetes", "N189": "Chronic kidney disease", "J189": "Pneumonia",
    "A419": "Sepsis", "K746": "Cirrhosis of liver", "W199": "Fall & hip fracture",
}  # fmt: skip
THREE_CHARACTERS = ("C01", "C07", "C19", "C20", "C23", "C56", "C61", "C64", "C73")
"""Causes that ICD-10 does not divide further: certificates carry three characters."""
OUTSIDERS = {"cancer": 0.01, "other": 0.01}
"""Certificates of people the registry does not know, per certificate of one it knows."""
IN_STATE = 0.97
SYNTHETIC_LINE = "SYNTHETIC CERTIFICATE"


@dataclass
class CsvFile:
    """A CSV written in pieces, header first."""

    path: Path
    rows: int = 0
    _file: BinaryIO | None = field(default=None, repr=False)

    def write(self, frame: pl.DataFrame) -> None:
        """Append rows."""
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("wb")
            self._file.write((",".join(frame.columns) + "\n").encode())
        frame.write_csv(self._file, include_header=False)
        self.rows += len(frame)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def treatments(
    rng: np.random.Generator, facts: Facts, population: Population, seen: Visits, abstracts: pl.DataFrame
) -> tuple[pl.DataFrame, dict[str, int]]:
    """Rows of the treatment CSV: what the sending facilities gave themselves; and the counts."""
    given, place = population.given, here(seen)
    sends = np.isin(seen.facility, SENDING_TREATMENTS)
    parts = []
    for name, kind in (
        ("surgery", "surgery"),
        ("radiation", "radiation"),
        ("chemo", "chemo"),
        ("hormone", "hormone"),
        ("brm", "immunotherapy"),
    ):
        day = given.day[name][seen.tumor]
        rows = np.flatnonzero(sends & place[name] & (day != MISSING))
        for agent in range(2 if name == "chemo" else 1):
            wanted = rows if agent == 0 else rows[(abstracts["rxSummChemo"].gather(rows) == "03").to_numpy()]
            parts.append(
                _treatment_rows(facts, population, seen, abstracts, wanted, day[wanted], kind, agent)
            )
    frame = pl.concat(parts)
    order = np.lexsort((np.arange(len(frame)), frame["row"].to_numpy()))
    frame = frame[order].drop("row")
    twice = chance(rng, DUPLICATED, len(frame))
    wrong = ~twice & chance(rng, INVALID_DATE, len(frame))
    start = frame["start_date"]
    frame = frame.with_columns(either(wrong, start.str.slice(0, 4) + "-13-40", start).alias("start_date"))
    frame = frame[np.repeat(np.arange(len(frame)), np.where(twice, 2, 1))]
    return frame, {"rows": len(frame), "duplicates": int(twice.sum()), "invalid_dates": int(wrong.sum())}


def _treatment_rows(
    facts: Facts, population: Population, seen: Visits, abstracts: pl.DataFrame, rows: Ints, day: Ints, kind: str, agent: int
) -> pl.DataFrame:  # fmt: skip
    who = abstracts[rows]
    tumor = seen.tumor[rows]
    group = facts.sites["group"].gather(who["site_row"])
    surgery = np.maximum(population.given.surgery_row[tumor], 0)
    length = {"surgery": 0, "radiation": 38, "chemo": 90, "hormone": -1, "immunotherapy": 120}[kind]
    until = population.people["last_day"].to_numpy()[who["person_row"].to_numpy()]
    end = (
        np.where(day + length <= until, day + length, MISSING) if length >= 0 else np.full(len(rows), MISSING)
    )
    blank = pl.Series([None] * len(rows), dtype=pl.String)
    code, text = _what_was_given(facts, group, surgery, kind, agent)
    radiation = kind == "radiation"
    prostate = facts.is_group("prostate")[who["site_row"].to_numpy()]
    return pl.DataFrame(
        {
            "row": rows,
            "source_system": pl.Series(["SYNTHETIC-ONC-IS"] * len(rows), dtype=pl.String),
            "facility_npi": who["npiReportingFacility"],
            "mrn": who["medicalRecordNumber"],
            "last_name": who["nameLast"],
            "first_name": who["nameFirst"],
            "birth_date": who["true_birth"],
            "sex": who["sexAssignedAtBirth"].replace({"1": "M", "2": "F"}),
            "primary_site": population.tumors["primarySite"].gather(tumor),
            "laterality": population.tumors["laterality"].gather(tumor),
            "treatment_type": pl.Series([kind] * len(rows), dtype=pl.String),
            "start_date": calendar_days.text(day),
            "end_date": calendar_days.text(end),
            "code": code,
            "code_system": pl.Series([{"surgery": "CPT", "radiation": "HCPCS"}.get(kind, "RxNorm")] * len(rows), dtype=pl.String),
            "description": text,
            "dose_cgy": strings(np.where(prostate, "7920", "5000")) if radiation else blank,
            "fractions": strings(np.where(prostate, "44", "25")) if radiation else blank,
            "modality": pl.Series(["photons"] * len(rows), dtype=pl.String) if radiation else blank,
            "volume": facts.subsites["text"].gather(who["subsite_row"]) if radiation else blank,
        }
    )  # fmt: skip


def _what_was_given(
    facts: Facts, group: pl.Series, surgery: Ints, kind: str, agent: int
) -> tuple[pl.Series, pl.Series]:
    if kind == "surgery":
        return facts.surgery["cpt"].gather(surgery), facts.surgery["text"].gather(surgery)
    if kind == "radiation":
        fixed = dict.fromkeys(facts.sites["group"], ("77385", "IMRT"))
    elif kind == "hormone":
        fixed = {name: HORMONES.get(name, ("3264", "Dexamethasone")) for name in facts.sites["group"]}
    elif kind == "immunotherapy":
        fixed = {name: IMMUNE.get(name, ("1547545", "Pembrolizumab")) for name in facts.sites["group"]}
    else:
        fixed = {name: DRUGS.get(name, USUAL_DRUGS)[agent] for name in facts.sites["group"]}
    codes = group.replace_strict({name: code for name, (code, _) in fixed.items()}, return_dtype=pl.String)
    return codes, group.replace_strict(
        {name: text for name, (_, text) in fixed.items()}, return_dtype=pl.String
    )


def deaths(
    rng: np.random.Generator, facts: Facts, population: Population, start: int, seed: int
) -> tuple[pl.DataFrame, dict[str, int]]:
    """Death certificates of this chunk's dead, and of some people whom the registry does not know."""
    persons = population.people
    dead = persons.filter((pl.col("death_day") != MISSING) & pl.Series(chance(rng, IN_STATE, len(persons))))
    strangers = _strangers(rng, facts, dead, start, seed)
    columns = ["nameLast", "nameFirst", "nameMiddle", "true_birth", "death_day", "sexAssignedAtBirth", "true_ssn", "true_cause", "unreported"]  # fmt: skip
    frame = pl.concat([dead.select(columns), strangers.select(columns)])
    size = len(frame)
    last, first = frame["nameLast"].to_list(), frame["nameFirst"].to_list()
    for names, rate in ((last, 0.031), (first, 0.022)):
        for row in np.flatnonzero(chance(rng, rate, size)):
            names[row] = misspell(rng, names[row])
    cause = frame["true_cause"]
    category = cause.str.slice(0, 3)
    short = either(category.is_in(THREE_CHARACTERS), category, cause)
    cancer = cause.str.slice(0, 1).is_in(["C", "D"])
    line = cause.replace_strict(CAUSE_TEXT, default=None, return_dtype=pl.String).fill_null(
        "Malignant neoplasm"
    )
    terminal = pl.Series(
        ["Respiratory failure", "Cardiopulmonary arrest", "Multiple organ failure", "Sepsis"]
    )
    no_ssn = pl.Series(chance(rng, 0.2, size))
    day = frame["death_day"].to_numpy()
    result = pl.DataFrame(
        {
            "state_file_number": calendar_days.text(day).str.slice(0, 4),
            "last_name": pl.Series(last, dtype=pl.String),
            "first_name": pl.Series(first, dtype=pl.String),
            "middle_name": frame["nameMiddle"],
            "birth_date": frame["true_birth"],
            "death_date": calendar_days.text(day),
            "sex": frame["sexAssignedAtBirth"].replace({"1": "M", "2": "F"}),
            "ssn": either(~no_ssn, frame["true_ssn"]),
            "state_of_death": pl.Series(["NY"] * size, dtype=pl.String),
            "underlying_cod": short,
            "line_a": either(cancer, terminal.gather(rng.integers(0, 4, size)), line),
            "line_b": either(cancer, line),
            "line_c": pl.Series([SYNTHETIC_LINE] * size, dtype=pl.String),
        }
    )  # fmt: skip
    return result, {
        "certificates": size,
        "of_registry_patients": len(dead),
        "unknown_to_facilities": int(dead["unreported"].sum()),
        "of_others_with_cancer": int(strangers["true_cause"].str.starts_with("C").sum()),
        "of_others_without_cancer": int((~strangers["true_cause"].str.starts_with("C")).sum()),
    }


def _strangers(
    rng: np.random.Generator, facts: Facts, dead: pl.DataFrame, start: int, seed: int
) -> pl.DataFrame:
    size = rng.binomial(len(dead), sum(OUTSIDERS.values())) if len(dead) else 0
    day = dead["death_day"].to_numpy()[rng.integers(0, max(len(dead), 1), size)]
    age = rng.integers(55, 95, size)
    birth = day - (age * 365.2425).astype(np.int64) - rng.integers(0, 365, size)
    male = rng.integers(0, 2, size)
    # numbered far above the registry's people, so that no number is used twice
    number = 20_000_000 + start + np.arange(size)
    person = people.draw_people(rng, facts, number, male, birth, age, seed)
    share = OUTSIDERS["cancer"] / sum(OUTSIDERS.values())
    cancer = np.array(["C259", "C349", "C800", "C189", "C220"])[rng.integers(0, 5, size)]
    other = np.array(list(OTHER_CAUSES))[pick(rng, size, OTHER_CAUSES)]
    cause = np.where(chance(rng, share, size), cancer, other)
    return person.with_columns(
        pl.Series("death_day", day, dtype=pl.Int64), pl.Series("true_cause", cause, dtype=pl.String), pl.lit(False).alias("unreported")
    )  # fmt: skip


def facilities(facts: Facts, abstracts_a_year: dict[int, int]) -> pl.DataFrame:
    """facilities.csv in the columns of the store's facility table."""
    table = facts.facilities
    rows = range(len(table))
    return pl.DataFrame(
        {
            "facility_id": table["facility"],
            "effective_from": ["2007-01-01" for _ in rows],
            "npi": table["npi"],
            "name": table["name"],
            "network": ["SYNTHETIC NORTH", "SYNTHETIC SOUTH", "SYNTHETIC SOUTH", "SYNTHETIC NORTH", "SYNTHETIC WEST", "SYNTHETIC WEST"],
            "reference_date": ["2007-01-01" for _ in rows],
            "opened": ["1950-01-01" for _ in rows],
            "closed": ["" for _ in rows],
            "merged_into": ["" for _ in rows],
            "contact_name": ["SYNTHETIC REGISTRAR" for _ in rows],
            "contact_phone": [f"518555010{row}" for row in rows],
            "contact_email": [f"registrar{row}@example.org" for row in rows],
            "address": [f"{row + 1} HOSPITAL RD" for row in rows],
            "city": table["city"],
            "state": ["NY" for _ in rows],
            "postal_code": table["zip"],
            "expected_cases": [abstracts_a_year.get(row, 0) for row in rows],
        }
    )  # fmt: skip


def physicians(facts: Facts) -> pl.DataFrame:
    """physicians.csv in the columns of the store's physician table."""
    specialties = ("Medical oncology", "Surgical oncology", "Radiation oncology", "Hematology", "Urology", "Gynecologic oncology", "Internal medicine", "Family medicine")  # fmt: skip
    surnames, given = facts.surnames["name"], facts.first_names["name"]
    rows = []
    for number, facility in enumerate(facts.facilities.iter_rows(named=True)):
        for place, npi in enumerate(physician_npis(number)):
            key = number * len(specialties) + place
            rows.append(
                {
                    "physician_id": npi,
                    "effective_from": "2007-01-01",
                    "npi": npi,
                    "name": f"SYNTHETIC {surnames[key * 5 % len(surnames)]}, {given[key * 7 % len(given)]}",
                    "specialty": specialties[place],
                    "address": f"{100 + key} CLINIC WAY",
                    "city": facility["city"],
                    "state": "NY",
                    "postal_code": facility["zip"],
                    "phone": f"51855501{key % 100:02d}",
                    "active": "false" if place == 7 and number % 3 == 0 else "true",
                    "letter_preference": ("mail", "email", "portal")[key % 3],
                }
            )
    return pl.DataFrame(rows)

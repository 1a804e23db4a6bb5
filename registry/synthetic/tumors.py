"""Invented tumors: site, histology, behaviour, stage, grade, size; one row each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from registry.synthetic import calendar_days
from registry.synthetic.draw import Bools, Floats, Grouped, Ints, chance, either, pick, strings
from registry.synthetic.facts import FIRST_YEAR, STAGES, Facts

DX_DAY_UNKNOWN = 0.015
SIZE_UNKNOWN = 0.08
LATERALITY_UNKNOWN = 0.05
PANDEMIC_DIP = 0.91
GRADES: dict[str, dict[str, float]] = {
    "three": {"1": 0.20, "2": 0.42, "3": 0.26, "9": 0.12},
    "four": {"1": 0.12, "2": 0.46, "3": 0.26, "4": 0.03, "9": 0.13},
    "isup": {"1": 0.25, "2": 0.31, "3": 0.18, "4": 0.10, "5": 0.11, "9": 0.05},
    "lowhigh": {"L": 0.44, "H": 0.46, "9": 0.10},
    "sarcoma": {"1": 0.18, "2": 0.28, "3": 0.34, "9": 0.20},
    "who": {"9": 1.0},
    "nine": {"9": 1.0},
    "none": {"8": 1.0},
}
OLD_GRADE = {"L": "1", "H": "3", "5": "3", "8": "9"}
"""Before 2018 one grade item served all sites: low and high grade become 1 and 3."""
STAGE_CODES = {"I": "0", "B": "8", "L": "1", "R": "2", "D": "7", "U": "9"}
SIZE_BY_STAGE = {"I": 0.6, "B": 1.0, "L": 0.85, "R": 1.25, "D": 1.4, "U": 1.0}
UNSPECIFIC = "8000"
"""Histology of a solid tumor that nobody looked at under a microscope."""
OWN_CLINICAL = [8170, 9530, 8272]
"""Histologies that imaging or laboratory alone may establish (SEER IF31 accepted list and pituitary)."""


@dataclass(frozen=True)
class Diagnoses:
    """Who gets which tumor when: one entry per tumor."""

    site: Ints
    male: Ints
    day: Ints
    age: Floats
    age_score: Floats


class TumorMaker:
    """Draws diagnoses and their clinical description for one as-of date."""

    def __init__(self, facts: Facts, last_year: int) -> None:
        self.facts, self.last_year = facts, last_year
        self.years = np.arange(FIRST_YEAR, last_year + 1)
        number = facts.site_numbers
        growth = (1 + number("trend")[:, None] / 100 + 0.004) ** (self.years - FIRST_YEAR)
        growth = growth * np.where(self.years == 2020, PANDEMIC_DIP, 1.0)
        sites = len(facts.sites)
        self._year = Grouped(np.repeat(np.arange(sites), len(self.years)), growth.ravel())
        self._shares = np.stack([number("female"), number("male")])
        self._grade_codes = np.array(sorted({code for scale in GRADES.values() for code in scale}))
        scales = [GRADES[scale] for scale in facts.sites["grade_scale"]]
        table = np.array([[scale.get(code, 0.0) for code in self._grade_codes] for scale in scales])
        self._grade = Grouped(np.repeat(np.arange(sites), len(self._grade_codes)), table.ravel())

    def first_diagnoses(self, rng: np.random.Generator, size: int) -> Diagnoses:
        """First tumors: site and sex by their shares, then age and date."""
        place = pick(rng, size, self._shares.ravel().tolist())
        male, site = place // self._shares.shape[1], place % self._shares.shape[1]
        age, score = self._ages(rng, site)
        year = self.years[self._year.draw(rng, site) % len(self.years)]
        starts = np.array(
            [calendar_days.day_number(_new_year(y)) for y in range(FIRST_YEAR, self.last_year + 2)]
        )
        start, end = starts[year - FIRST_YEAR], starts[year - FIRST_YEAR + 1]
        day = start + (rng.random(size) * (end - start)).astype(np.int64)
        return Diagnoses(site, male, day, age, score)

    def second_sites(self, rng: np.random.Generator, male: Ints) -> Ints:
        """Sites of later primaries: malignant, known, of adults."""
        barred = self.facts.is_kind("benign", "unknown") | self.facts.sites["group"].is_in(["all"]).to_numpy()
        shares = np.where(barred, 0.0, self._shares)
        return Grouped(np.repeat([0, 1], shares.shape[1]), shares.ravel()).draw(rng, male) % shares.shape[1]

    def _ages(self, rng: np.random.Generator, site: Ints) -> tuple[Floats, Floats]:
        number = self.facts.site_numbers
        second = chance(rng, number("w2")[site], len(site))
        mean = np.where(second, number("age2")[site], number("age1")[site])
        spread = np.where(second, number("sd2")[site], number("sd1")[site])
        age = mean + spread * rng.standard_normal(len(site))
        low = number("min_age")[site]
        age = np.where(age < low, low + np.minimum(low - age, 3.0) * rng.random(len(site)), age)
        age = np.where(age > 97, 97 - np.minimum(age - 97, 10) * rng.random(len(site)), age)
        w2, m1, m2 = number("w2"), number("age1"), number("age2")
        overall = (1 - w2) * m1 + w2 * m2
        variance = (1 - w2) * (number("sd1") ** 2 + m1**2) + w2 * (number("sd2") ** 2 + m2**2) - overall**2
        return age, (age - overall[site]) / np.sqrt(variance[site])

    def describe(
        self, rng: np.random.Generator, site: Ints, day: Ints, needs_microscopy: Bools
    ) -> pl.DataFrame:
        """Clinical description under NAACCR ids, with `site_row`, `subsite_row`, `histology_row`,
        `stage_row`, `stage_letter` (position in STAGES) and `year` beside them.
        """
        facts, size = self.facts, len(site)
        subsite = facts.subsite_draw.draw(rng, site)
        histology_row = facts.histology_draw.draw(rng, site)
        behavior = facts.histology_behavior[histology_row]
        drawn = facts.stage_draw.draw(rng, site)
        letter = np.where(behavior == 2, 0, np.where(behavior < 2, 1, facts.stage_letter[drawn]))
        year = calendar_days.year(day)
        hematopoietic = facts.is_kind("heme", "lymphoma")[site]
        seen = needs_microscopy | (behavior == 2) | chance(rng, facts.site_numbers("micro")[site] / 100, size)
        own_clinical = np.isin(facts.histology_code, OWN_CLINICAL)[histology_row]
        unspecific = ~seen & ~hematopoietic & ~own_clinical & (behavior == 3)
        code = facts.histologies["histology"].gather(histology_row)
        return pl.DataFrame(
            {
                "site_row": site,
                "subsite_row": subsite,
                "histology_row": histology_row,
                "stage_row": facts.stage_rows[site, letter],
                "stage_letter": letter,
                "dx_day": day,
                "year": year,
                "microscopic": seen,
                "primarySite": facts.subsites["site"].gather(subsite),
                "histologicTypeIcdO3": either(~unspecific, code, UNSPECIFIC),
                "behaviorCodeIcdO3": facts.histologies["behavior"].gather(histology_row),
                "diagnosticConfirmation": strings(_confirmation(rng, seen, hematopoietic, behavior, year)),
                "laterality": strings(_laterality(rng, facts.subsite_side[subsite], letter)),
            }
        ).with_columns(
            *self._grades(rng, site, histology_row, behavior, year, seen),
            *_stages(rng, letter, (facts.is_kind("solid") & (facts.site_numbers("nodes") > 0))[site], year),
            *self._sizes(rng, site, letter, year),
            *_receptors(rng, facts.is_group("breast")[site], behavior, year),
            _partial(rng, calendar_days.text(day)).alias("dateOfDiagnosis"),
        )

    def _grades(
        self,
        rng: np.random.Generator,
        site: Ints,
        histology_row: Ints,
        behavior: Ints,
        year: Ints,
        seen: Bools,
    ) -> list[pl.Series]:
        codes = self._grade_codes[self._grade.draw(rng, site) % len(self._grade_codes)].astype("U1")
        codes = np.where(~seen & (codes != "8"), "9", codes)
        implied = self.facts.histology_grade.astype("U1")[histology_row]
        known = np.where(
            behavior == 0, "1", np.where(behavior == 1, "2", np.where(implied == "0", "9", implied))
        )
        codes = np.where(self.facts.is_scale("who")[site] & seen, known, codes)
        old = np.where(implied != "0", implied, codes)
        for code, before in OLD_GRADE.items():
            old = np.where((implied == "0") & (codes == code), before, old)
        old = np.where(~seen & (implied != "5") & (implied != "6"), "9", old)
        new = year >= 2018
        text = strings(codes)
        return [
            either(~new, strings(old)).alias("grade"),
            either(new, text).alias("gradeClinical"),
            text.alias("grade_code"),
        ]

    def _sizes(self, rng: np.random.Generator, site: Ints, letter: Ints, year: Ints) -> list[pl.Series]:
        usual = (
            self.facts.site_numbers("size_mm")[site] * np.array([SIZE_BY_STAGE[s] for s in STAGES])[letter]
        )
        size = np.clip(np.rint(usual * np.exp(0.5 * rng.standard_normal(len(site)))), 1, 400).astype(np.int64)
        unknown = (usual == 0) | chance(rng, SIZE_UNKNOWN, len(site))
        text = _digits(np.where(unknown, 999, size), 3)
        solid = self.facts.is_kind("solid")[site]
        blank = self.facts.is_kind("heme", "lymphoma", "benign", "unknown")[site]
        return [
            either(year >= 2016, text).alias("tumorSizeSummary"),
            *_metastases(rng, letter, solid, blank, year),
        ]


def _new_year(year: int) -> calendar_days.dt.date:
    return calendar_days.dt.date(year, 1, 1)


def _digits(values: Ints, width: int) -> pl.Series:
    """Zero-filled numbers, by a table (values are small).

    >>> _digits(np.array([7, 12]), 3).to_list()
    ['007', '012']
    """
    return pl.Series([f"{n:0{width}d}" for n in range(10**width)]).gather(values)


def _partial(rng: np.random.Generator, date: pl.Series) -> pl.Series:
    """Sometimes only year and month are known."""
    return either(chance(rng, DX_DAY_UNKNOWN, len(date)), date.str.slice(0, 6), date)


def _confirmation(
    rng: np.random.Generator, seen: Bools, hematopoietic: Bools, behavior: Ints, year: Ints
) -> np.ndarray:
    u = rng.random(len(seen))
    micro = np.where((behavior == 3) & ~hematopoietic & (u < 0.04), "2", "1")
    micro = np.where(hematopoietic & (year >= 2010) & (u < 0.7), "3", micro)
    other = np.where(hematopoietic, "5", np.where(u < 0.75, "7", np.where(u < 0.9, "8", "9")))
    return np.where(seen, micro, other)


def _laterality(rng: np.random.Generator, side: Ints, letter: Ints) -> np.ndarray:
    known = np.where(rng.random(len(side)) < 0.505, "1", "2")
    # a side may stay unknown only where the tumor has spread or is unstaged
    unknown = (letter >= STAGES.index("D")) & chance(rng, LATERALITY_UNKNOWN, len(side))
    return np.where(side == 2, "1", np.where(side == 1, np.where(unknown, "9", known), "0"))


def _stages(rng: np.random.Generator, letter: Ints, nodal: Bools, year: Ints) -> list[pl.Series]:
    code = np.array([STAGE_CODES[letter] for letter in STAGES])[letter]
    u = rng.random(len(letter))
    split = np.where(u < 0.25, "2", np.where(u < 0.68, "3", "4"))
    text = strings(np.where((letter == STAGES.index("R")) & nodal, split, code))
    new = year >= 2018
    return [
        either(new, text).alias("summaryStage2018"),
        either(~new, text).alias("seerSummaryStage2000"),
        text.alias("stage_code"),
    ]


def _metastases(
    rng: np.random.Generator, letter: Ints, solid: Bools, blank: Bools, year: Ints
) -> list[pl.Series]:
    chances = {"Bone": 0.34, "Brain": 0.10, "Liver": 0.38, "Lung": 0.32, "DistantLn": 0.24, "Other": 0.20}
    size = len(letter)
    distant = (letter == STAGES.index("D")) & solid
    found = {name: chance(rng, share, size) for name, share in chances.items()}
    found["Other"] |= distant & ~np.any(list(found.values()), axis=0)
    otherwise = np.where(blank, "8", np.where(letter == STAGES.index("U"), "9", "0"))
    recorded = year >= 2016
    return [
        either(recorded, strings(np.where(distant & here, "1", otherwise))).alias(f"metsAtDx{name}")
        for name, here in found.items()
    ]


def _receptors(rng: np.random.Generator, breast: Bools, behavior: Ints, year: Ints) -> list[pl.Series]:
    size = len(breast)
    recorded = breast & (year >= 2018)
    er = np.array(["1", "0", "9"])[pick(rng, size, [0.80, 0.17, 0.03])]
    pr = np.where(er == "1", np.where(rng.random(size) < 0.86, "1", "0"), er)
    her2 = np.where(behavior == 2, "9", np.array(["0", "1", "9"])[pick(rng, size, [0.82, 0.15, 0.03])])
    return [
        either(recorded, strings(er)).alias("estrogenReceptorSummary"),
        either(recorded, strings(pr)).alias("progesteroneRecepSummary"),
        either(recorded, strings(her2)).alias("her2OverallSummary"),
    ]

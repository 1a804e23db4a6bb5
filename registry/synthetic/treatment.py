"""First course of treatment of each invented tumor, under NAACCR ids, with dates that fit together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from registry.synthetic import calendar_days
from registry.synthetic.calendar_days import MISSING
from registry.synthetic.draw import Bools, Floats, Ints, chance, either, pick, strings
from registry.synthetic.facts import STAGES, Facts

MODALITIES = ("surgery", "radiation", "chemo", "hormone", "brm")
DATE_UNKNOWN = 0.015
SURVEILLANCE = 0.7
NOT_GIVEN = {"00": 0.90, "82": 0.03, "86": 0.02, "87": 0.03, "99": 0.02}
NO_SURGERY = {"1": 0.84, "2": 0.06, "6": 0.02, "7": 0.05, "9": 0.03}
NO_RADIATION = {"1": 0.91, "2": 0.02, "6": 0.02, "7": 0.05}
BEAM = {"02": 0.90, "01": 0.04, "03": 0.02, "04": 0.02, "09": 0.02}
DATE_ITEMS = {
    "surgery": "rxDateSurgery", "radiation": "rxDateRadiation", "chemo": "rxDateChemo", "hormone": "rxDateHormone",
    "brm": "rxDateBrm",
}  # fmt: skip
# from 2023 codes have a letter; sites whose "none" code is B000 and from which year (SEER manuals 2023, 2024)
B_CODES_FROM = {
    "melanoma": 2023,
    "breast": 2024,
    "colon": 2024,
    "lung": 2024,
    "pancreas": 2024,
    "thyroid": 2024,
}


@dataclass(frozen=True)
class Given:
    """What was given when: day numbers, MISSING where not given; `unknown_date` where the day was lost."""

    day: dict[str, Ints]
    unknown_date: dict[str, Bools]
    surgery_row: Ints
    cut_short: dict[str, Bools]

    def first(self, names: tuple[str, ...] = MODALITIES, *, known_only: bool = False) -> Ints:
        """Earliest day of these modalities."""
        days = [self._filled(name, known_only) for name in names]
        earliest = np.min(days, axis=0)
        return np.where(earliest == _NEVER, MISSING, earliest)

    def last(self, names: tuple[str, ...]) -> Ints:
        """Latest day of these modalities."""
        return np.max([self.day[name] for name in names], axis=0)

    def _filled(self, name: str, known_only: bool) -> Ints:
        day = self.day[name]
        absent = (day == MISSING) | (self.unknown_date[name] if known_only else False)
        return np.where(absent, _NEVER, day)


_NEVER = 10**9


def give(rng: np.random.Generator, facts: Facts, tumors: pl.DataFrame, age: Ints, until: Ints) -> Given:
    """Decide the modalities and their days; nothing is given after `until` (last contact or death)."""
    size = len(tumors)
    row, dx, year = (tumors[name].to_numpy() for name in ("stage_row", "dx_day", "year"))
    frail = np.clip(1 - 0.03 * np.maximum(age - 75, 0), 0.3, 1.0)
    planned: dict[str, Bools] = {}
    for name in MODALITIES:
        probability = facts.treated[name][row]
        if name == "brm":  # immunotherapy of solid tumors became common after 2012
            probability = probability * np.clip((year - 2009) / 9, 0.15, 1.3)
        if name != "hormone":
            probability = np.where(probability < 0.9, probability * frail, probability)
        planned[name] = chance(rng, probability, size)
    # what was removed was looked at; shares of surgery are those among microscopically confirmed tumors
    planned["surgery"] &= tumors["microscopic"].to_numpy()
    days = _days(rng, planned, facts, tumors["site_row"].to_numpy(), dx)
    cut = {name: planned[name] & (days[name] > until) for name in MODALITIES}
    day = {name: np.where(planned[name] & ~cut[name], days[name], MISSING) for name in MODALITIES}
    lost = {name: (day[name] != MISSING) & chance(rng, DATE_UNKNOWN, size) for name in MODALITIES}
    surgery_row = np.full(size, MISSING)
    operated = day["surgery"] != MISSING
    surgery_row[operated] = facts.surgery_draw.draw(rng, tumors["site_row"].to_numpy()[operated])
    return Given(day, lost, surgery_row, cut)


def _days(
    rng: np.random.Generator, planned: dict[str, Bools], facts: Facts, site: Ints, dx: Ints
) -> dict[str, Ints]:
    size = len(dx)

    def after(start: Ints, low: int, high: int) -> Ints:
        return start + rng.integers(low, high + 1, size)

    early = facts.is_group("rectum", "esophagus", "stomach")[site]
    before = planned["surgery"] & planned["chemo"] & chance(rng, np.where(early, 0.65, 0.14), size)
    at_once = chance(rng, 0.35, size)
    chemo_first = after(dx, 14, 50)
    surgery = np.where(before, after(chemo_first, 85, 150), np.where(at_once, dx, after(dx, 5, 70)))
    anchor = np.where(planned["surgery"], surgery, dx)
    chemo = np.where(before | ~planned["surgery"], chemo_first, after(surgery, 21, 60))
    radiation = np.where(before & early, after(chemo_first, 0, 7), after(anchor, 21, 90))
    hormone = np.where(planned["radiation"], after(radiation, 20, 60), after(anchor, 20, 75))
    brm = np.where(planned["chemo"], after(chemo, 0, 21), after(anchor, 20, 60))
    return {"surgery": surgery, "radiation": radiation, "chemo": chemo, "hormone": hormone, "brm": brm}


def columns(
    rng: np.random.Generator, facts: Facts, tumors: pl.DataFrame, given: Given, dead: Bools, until: Ints
) -> list[pl.Series]:
    """Summary treatment items for all facilities together."""
    size = len(tumors)
    has = {name: given.day[name] != MISSING for name in MODALITIES}
    text = {
        name: calendar_days.text(np.where(given.unknown_date[name], MISSING, given.day[name]))
        for name in MODALITIES
    }
    site, year, dx = (tumors[name].to_numpy() for name in ("site_row", "year", "dx_day"))
    surgical_site = ~facts.is_kind("heme", "unknown")[site]
    code = surgery_codes(facts, site, year, given.surgery_row)
    systemic = ("chemo", "hormone", "brm")
    any_given = np.any(list(has.values()), axis=0)
    local_prostate = facts.is_group("prostate")[site] & (
        tumors["stage_letter"].to_numpy() == STAGES.index("L")
    )
    watched = ~any_given & local_prostate & chance(rng, SURVEILLANCE, size)
    decided = np.minimum(dx + rng.integers(5, 40, size), until)
    first_known = given.first(known_only=True)
    first_course = np.where(any_given, first_known, decided)
    nodes = _nodes(rng, facts, tumors, has["surgery"], given.surgery_row)
    ablated = facts.surgery_ablation[np.maximum(given.surgery_row, 0)]
    return [
        either(year < 2023, code).alias("rxSummSurgPrimSite"),
        either(year >= 2023, code).alias("rxSummSurgPrimSite2023"),
        strings(_reason(rng, NO_SURGERY, has["surgery"], given.cut_short["surgery"], dead, ~surgical_site)).alias("reasonForNoSurgery"),
        strings(np.full(size, "0")).alias("rxSummSurgOthRegDis"),
        strings(np.where(has["surgery"] & ~ablated, np.where(rng.random(size) < 0.93, "0", "2"), np.where(surgical_site & ~has["surgery"], "8", "9"))).alias("rxSummSurgicalMargins"),
        strings(_modality(rng, facts, site, has["radiation"])).alias("phase1RadiationTreatmentModality"),
        strings(_reason(rng, NO_RADIATION, has["radiation"], given.cut_short["radiation"], dead, np.zeros(size, bool))).alias("reasonForNoRadiation"),
        strings(_systemic(rng, has["chemo"], given.cut_short["chemo"], dead, np.where(rng.random(size) < 0.3, "02", "03"))).alias("rxSummChemo"),
        strings(_systemic(rng, has["hormone"], given.cut_short["hormone"], dead, np.full(size, "01"))).alias("rxSummHormone"),
        strings(_systemic(rng, has["brm"], given.cut_short["brm"], dead, np.full(size, "01"))).alias("rxSummBrm"),
        strings(np.full(size, "00")).alias("rxSummTransplntEndocr"),
        strings(np.full(size, "0")).alias("rxSummOther"),
        strings(np.where(any_given, "1", np.where(watched, "2", "0"))).alias("rxSummTreatmentStatus"),
        strings(np.where(has["surgery"] & has["radiation"], np.where(given.day["radiation"] < given.day["surgery"], "2", "3"), "0")).alias("rxSummSurgRadSeq"),
        strings(_systemic_sequence(given, systemic)).alias("rxSummSystemicSurSeq"),
        *(text[name].alias(item) for name, item in DATE_ITEMS.items()),
        text["surgery"].alias("rxDateMostDefinSurg"),
        calendar_days.text(given.first(systemic, known_only=True)).alias("rxDateSystemic"),
        calendar_days.text(first_known).alias("dateInitialRxSeer"),
        calendar_days.text(first_course).alias("date1stCrsRxCoc"),
        *nodes,
    ]  # fmt: skip


def surgery_codes(facts: Facts, site: Ints, year: Ints, surgery_row: Ints) -> pl.Series:
    """Surgery code of the primary site as of the diagnosis year; "none" where the row is MISSING."""
    eras = [facts.surgery[name].alias("code") for name in ("code_2022", "code_2023", "code_2024")]
    labels = pl.concat([*eras, pl.Series("code", ["00", "98", "A000", "A980", "B000"])])
    rows = len(facts.surgery)
    era = np.clip(year - 2022, 0, 2)
    b_from = np.array([B_CODES_FROM.get(name, 9999) for name in facts.sites["group"]])[site]
    without = facts.is_kind("heme", "unknown")[site]
    none = np.where(era == 0, np.where(without, 1, 0), np.where(without, 3, np.where(year >= b_from, 4, 2)))
    return labels.gather(np.where(surgery_row == MISSING, 3 * rows + none, era * rows + surgery_row))


def _reason(
    rng: np.random.Generator, weights: dict[str, float], given: Bools, cut: Bools, dead: Bools, fixed: Bools
) -> np.ndarray:
    none = np.array(list(weights))[pick(rng, len(given), weights)]
    none = np.where(cut, np.where(dead, "5", "8"), none)
    return np.where(given, "0", np.where(fixed, "1", none))


def _systemic(
    rng: np.random.Generator, given: Bools, cut: Bools, dead: Bools, code: np.ndarray
) -> np.ndarray:
    none = np.array(list(NOT_GIVEN))[pick(rng, len(given), NOT_GIVEN)]
    return np.where(given, code, np.where(cut, np.where(dead, "85", "88"), none))


def _modality(rng: np.random.Generator, facts: Facts, site: Ints, given: Bools) -> np.ndarray:
    code = np.array(list(BEAM))[pick(rng, len(site), BEAM)]
    code = np.where(facts.is_group("thyroid")[site], "13", code)
    code = np.where(facts.is_group("prostate")[site] & (rng.random(len(site)) < 0.15), "10", code)
    return np.where(given, code, "00")


def _systemic_sequence(given: Given, systemic: tuple[str, ...]) -> np.ndarray:
    first, last, surgery = given.first(systemic), given.last(systemic), given.day["surgery"]
    both = (first != MISSING) & (surgery != MISSING)
    return np.where(both, np.where(first >= surgery, "3", np.where(last > surgery, "4", "2")), "0")


def _nodes(
    rng: np.random.Generator, facts: Facts, tumors: pl.DataFrame, operated: Bools, surgery_row: Ints
) -> list[pl.Series]:
    """Regional nodes examined and positive, and the scope of regional node surgery."""
    size = len(tumors)
    site, letter = tumors["site_row"].to_numpy(), tumors["stage_letter"].to_numpy()
    usual = facts.site_numbers("nodes")[site]
    stage = tumors["stage_code"].cast(pl.Int64).to_numpy()
    local = facts.surgery_local[np.maximum(surgery_row, 0)]
    examined = (
        operated & (usual > 0) & ~local & chance(rng, np.where(letter == 0, 0.2, 0.85), size) & (stage != 9)
    )
    number = np.clip(rng.poisson(np.maximum(usual, 0)) + 1, 1, 90)
    nodal = (stage == 3) | (stage == 4) | ((stage == 7) & (rng.random(size) < 0.5))
    positive = np.where(nodal, np.clip(rng.binomial(number, 0.25), 1, number), 0)
    blank = usual < 0
    table = pl.Series([f"{n:02d}" for n in range(100)])
    shown = np.where(blank, 99, np.where(examined, number, 0))
    found = np.where(blank, 99, np.where(examined, positive, 98))
    sentinel = facts.is_group("breast", "melanoma")[site]
    scope = np.where(
        number <= 3, np.where(sentinel, "2", "4"), np.where(sentinel & (rng.random(size) < 0.5), "6", "5")
    )
    return [
        table.gather(shown).alias("regionalNodesExamined"),
        table.gather(found).alias("regionalNodesPositive"),
        strings(np.where(blank, "9", np.where(examined, scope, "0"))).alias("rxSummScopeRegLnSur"),
    ]


def age_years(ages: Floats) -> Ints:
    """Completed years of exact ages."""
    return np.floor(ages).astype(np.int64)

"""What is true in the made-up registry: survival, shares, trends, follow-up, planted errors."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from registry import formats
from registry.synthetic import calendar_days, generate, planted, survival, tumors
from registry.synthetic.facts import STAGES, load, read
from registry.synthetic.population import simulate

AS_OF = dt.date(2026, 10, 31)
PEOPLE = 60_000


@pytest.fixture(scope="module")
def truth() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Persons and their first tumors, row for row."""
    facts, day = load(), calendar_days.day_number(AS_OF)
    maker = tumors.TumorMaker(facts, AS_OF.year - 1)
    population = simulate(np.random.default_rng([3, 0]), facts, maker, 0, PEOPLE, day, 3)
    return population.people, population.tumors.head(PEOPLE)


def net_survival(people: pl.DataFrame, first: pl.DataFrame, rows: np.ndarray, years: int = 5) -> float:
    """Pohar Perme estimate in monthly steps with the generator's own life table, in percent."""
    facts, step = load(), 1 / 12
    chosen, tumor = people[rows], first[rows]
    death, dx = chosen["death_day"].to_numpy(), tumor["dx_day"].to_numpy()
    end = np.where(death >= 0, death, calendar_days.day_number(AS_OF))
    time, died = (end - dx) / survival.DAYS, death >= 0
    male = (chosen["sexAssignedAtBirth"] == "1").to_numpy().astype(int)
    age = tumor["ageAtDiagnosis"].cast(pl.Float64).to_numpy() + 0.5
    year = tumor["year"].to_numpy().astype(float)
    expected, excess = np.ones(len(rows)), 0.0
    for month in range(years * 12):
        hazard = survival.other_hazard(facts, male, age + month * step, year + month * step)
        weight = np.exp(hazard * step / 2) / expected
        exposed = np.clip(time - month * step, 0, step) * weight
        deaths = weight[(time > month * step) & (time <= (month + 1) * step) & died].sum()
        excess += step * (deaths - (exposed * hazard).sum()) / exposed.sum()
        expected = expected * np.exp(-hazard * step)
    return float(100 * np.exp(-excess))


def test_relative_survival_by_site_and_stage(truth: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    """Within 2.5 points plus three standard errors of the table, for every cell of 150 or more."""
    people, first = truth
    names = load().sites["group"].to_list()
    site, letter = first["site_row"].to_numpy(), first["stage_letter"].to_numpy()
    cells = 0
    for group, stage, wanted in read("stages").select("group", "stage", "rs5").iter_rows():
        rows = np.flatnonzero((site == names.index(group)) & (letter == STAGES.index(stage)))
        if len(rows) < 150:
            continue
        share = float(wanted) / 100
        error = 100 * np.sqrt((share * (1 - share) + 0.08) / len(rows))  # 0.08: deaths of other causes
        assert abs(net_survival(people, first, rows) - float(wanted)) < 2.5 + 3 * error, (group, stage)
        cells += 1
    assert cells > 40


def test_relative_survival_of_all_malignant_tumors(truth: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    people, first = truth
    malignant = np.flatnonzero(first["stage_letter"].to_numpy() >= STAGES.index("L"))
    assert 62 < net_survival(people, first, malignant) < 68  # SEER 1990-1999: 62.7; USCS 2011: 65


def test_older_patients_die_sooner_of_the_same_tumor(truth: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    people, first = truth
    names = load().sites["group"].to_list()
    colon = first["site_row"].to_numpy() == names.index("colon")
    age = first["ageAtDiagnosis"].cast(pl.Int64).to_numpy()
    young, old = (np.flatnonzero(colon & which) for which in (age < 60, age >= 75))
    assert net_survival(people, first, young) > net_survival(people, first, old) + 5


def test_shares_of_sites_by_sex(truth: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    people, first = truth
    facts = load()
    shares = facts.sites.select("group", pl.col("male").cast(pl.Float64), pl.col("female").cast(pl.Float64))
    total = shares["male"].sum() + shares["female"].sum()
    female = (people["sexAssignedAtBirth"] == "2").to_numpy()
    site = first["site_row"].to_numpy()
    for row, (group, male_share, female_share) in enumerate(shares.iter_rows()):
        for wanted, sex in ((male_share / total, ~female), (female_share / total, female)):
            found = ((site == row) & sex).mean()
            assert abs(found - wanted) < 4 * np.sqrt(wanted * (1 - wanted) / PEOPLE) + 1e-4, group


def test_cases_rise_over_the_years(truth: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    _, first = truth
    count = dict(first["year"].value_counts().iter_rows())
    assert sorted(count) == list(range(2007, 2026))
    assert 1.2 < (count[2023] + count[2024] + count[2025]) / (count[2007] + count[2008] + count[2009]) < 1.7
    assert count[2020] < count[2019]


def test_follow_up_is_like_a_good_registry(truth: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    """About 90 % of patients of the last five years are dead or were seen within 15 months."""
    people, first = truth
    recent = first["year"].to_numpy() >= 2021
    as_of = calendar_days.day_number(AS_OF)
    known = people["dead"].to_numpy() | (people["last_day"].to_numpy() >= as_of - 456)
    assert 0.86 < known[recent].mean() < 0.94
    assert abs(people["lost"].mean() - survival.LOST) < 0.004
    assert (people["last_day"].to_numpy() >= first["dx_day"].to_numpy()).all()
    assert (people["last_day"].to_numpy() <= as_of).all()


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, pl.DataFrame]:
    """Manifest and abstracts of a small registry whose error rates are ten times the usual ones."""
    out = tmp_path_factory.mktemp("synthetic") / "registry"
    often = tuple(planted.Plant(p.name, p.rate * 10, p.eligible, p.change) for p in planted.ERRORS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planted, "ERRORS", often)
        generate(4000, 11, out)
    parts = []
    for path in sorted((out / "abstracts").glob("*.xml")):
        batch = formats.read_naaccr_xml(path)
        parts.append(batch.tumors.join(batch.patients.drop("line"), on="patient_index"))
    frame = pl.concat(parts, how="diagonal").with_columns(
        pl.coalesce("sexAssignedAtBirth", "sex").alias("either_sex"), pl.col("dateOfDiagnosis").str.slice(0, 4).cast(pl.Int32).alias("year")
    )  # fmt: skip
    return json.loads((out / "manifest.json").read_text()), frame


def _number(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Int64, strict=False)


def _age() -> pl.Expr:
    full = (pl.col("dateOfBirth").str.len_bytes() == 8) & (pl.col("dateOfDiagnosis").str.len_bytes() == 8)
    real = ~pl.col("dateOfDiagnosis").str.ends_with("0231")
    return pl.when(full & real).then((_number("dateOfDiagnosis") - _number("dateOfBirth")) // 10_000)


SITE = pl.col("primarySite")
PAIRED = SITE.is_in(read("subsites").filter(pl.col("side") != "none")["site"].to_list())
HOW_TO_FIND: dict[str, Callable[[], pl.Expr]] = {
    "site_sex_conflict": lambda: (SITE.str.contains("^C5[1-8]") & pl.col("either_sex").is_in(["1", "5"]))
    | (SITE.str.contains("^C6[0-3]") & pl.col("either_sex").is_in(["2", "6"])),
    "last_contact_before_diagnosis": lambda: (pl.col("dateOfLastContact") < pl.col("dateOfDiagnosis"))
    & (pl.col("dateOfDiagnosis").str.len_bytes() == 8),
    "impossible_diagnosis_date": lambda: pl.col("dateOfDiagnosis").str.ends_with("0231"),
    "surgery_before_diagnosis": lambda: (pl.col("rxDateSurgery") < pl.col("dateOfDiagnosis"))
    & ~pl.col("dateOfDiagnosis").str.ends_with("0231") & (pl.col("dateOfDiagnosis").str.len_bytes() == 8),
    "invalid_primary_site": lambda: SITE == "C999",
    "missing_histology": lambda: pl.col("histologicTypeIcdO3").is_null(),
    "missing_laterality": lambda: pl.col("laterality").is_null(),
    "laterality_not_paired": lambda: PAIRED & (pl.col("laterality") == "0"),
    "stage_in_situ_but_invasive": lambda: (pl.col("summaryStage2018") == "0") & (pl.col("behaviorCodeIcdO3") == "3"),
    "more_nodes_positive_than_examined": lambda: (_number("regionalNodesExamined") < _number("regionalNodesPositive"))
    & (_number("regionalNodesExamined") > 0),
    "both_surgery_items": lambda: pl.col("rxSummSurgPrimSite").is_not_null() & pl.col("rxSummSurgPrimSite2023").is_not_null(),
    "missing_grade": lambda: pl.col("gradeClinical").is_null() & (pl.col("year") >= 2018),
    "age_not_from_dates": lambda: (_number("ageAtDiagnosis") - _age()).abs() >= 9,
    "dead_without_cause": lambda: (pl.col("vitalStatus") == "0") & (pl.col("causeOfDeath") == "0000"),
    "alive_with_cause": lambda: (pl.col("vitalStatus") == "1") & (pl.col("causeOfDeath") != "0000"),
    "missing_county": lambda: pl.col("countyAtDx").is_null(),
    "malignant_sequence_60": lambda: (pl.col("sequenceNumberCentral") == "60") & (pl.col("behaviorCodeIcdO3") == "3"),
}  # fmt: skip


@pytest.mark.parametrize("name", [plant.name for plant in planted.ERRORS])
def test_planted_errors_are_found_again(sent: tuple[dict, pl.DataFrame], name: str) -> None:
    manifest, frame = sent
    found = int(frame.select(HOW_TO_FIND[name]().fill_null(False).sum()).item())
    assert found == manifest["planted"][name]["planted"] > 0


def test_errors_come_at_their_rates(sent: tuple[dict, pl.DataFrame]) -> None:
    manifest, _ = sent
    for part in ("planted", "disagreements", "missing"):
        for name, count in manifest[part].items():
            spread = np.sqrt(count["eligible"] * count["rate"]) + 1
            # an abstract has one error at most, so later kinds lose a few places
            assert (
                abs(count["planted"] - count["eligible"] * count["rate"])
                < 4 * spread + 0.3 * count["eligible"] * count["rate"]
            ), name


def test_several_facilities_and_primaries(sent: tuple[dict, pl.DataFrame]) -> None:
    counts = sent[0]["counts"]
    assert 0.15 < counts["patients_at_two_or_more_facilities"] / counts["patients"] < 0.25
    assert 0.05 < counts["patients_with_second_primary"] / counts["patients"] < 0.08
    assert 0.55 < counts["tumors_with_pathology_report"] / counts["tumors"] < 0.65
    classes = set(sent[1]["classOfCase"])
    assert {"00", "10", "12", "14", "20", "21", "22", "30", "32"} <= classes


def test_surgery_items_change_with_the_year(sent: tuple[dict, pl.DataFrame]) -> None:
    _, frame = sent
    new = frame.filter(pl.col("year") >= 2023)
    assert new["rxSummSurgPrimSite2023"].null_count() == 0
    assert set(new["rxSummSurgPrimSite2023"].str.slice(0, 1)) == {"A", "B"}
    breast = new.filter(SITE.str.starts_with("C50"))
    assert set(breast.filter(pl.col("year") == 2023)["rxSummSurgPrimSite2023"].str.slice(0, 1)) == {"A"}
    assert set(breast.filter(pl.col("year") > 2023)["rxSummSurgPrimSite2023"].str.slice(0, 1)) == {"B"}
    assert frame.filter(pl.col("year") < 2023)["rxSummSurgPrimSite2023"].null_count() == len(frame) - len(new)


def test_treatment_never_follows_death(sent: tuple[dict, pl.DataFrame]) -> None:
    frame = sent[1].filter(pl.col("dateOfLastContact") >= pl.col("dateOfDiagnosis"))
    for item in (
        "rxDateSurgery",
        "rxDateRadiation",
        "rxDateChemo",
        "rxDateHormone",
        "rxDateBrm",
        "dateOf1stContact",
    ):
        assert not frame.select((pl.col(item) > pl.col("dateOfLastContact")).any()).item(), item

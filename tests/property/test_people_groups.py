"""Hispanic origin, Asian and Pacific Islander race, SEER race and ages: whole frames against one person at a time."""

from __future__ import annotations

import random
from collections import defaultdict
from functools import cache

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry import coding
from registry.coding import reference

Row = dict[str, str | None]

VALUES: dict[str, list[str | None]] = {
    "patientIdNumber": ["1", "2", "3", "4", None],
    "spanishHispanicOrigin": ["0", "0", "0", "1", "4", "6", "7", "8", "9", "9", "X", None],
    "birthplaceCountry": ["USA", "USA", "ZZU", "MEX", "PRI", "ESP", "CHN", "WSM", "SGP", "ASM", "XXX", None],
    "race1": ["01", "01", "02", "03", "04", "06", "07", "88", "96", "96", "97", "98", "99", "1", "45", None],
    "race2": ["88", "88", "88", "01", "02", "05", "07", "88", "96", "97", "98", "99", "A", None],
    "race3": ["88", "88", "88", "88", "03", "04", "96", "97", None],
    "race4": ["88", "88", "88", "88", "99", None],
    "race5": ["88", "88", "88", "88", "99", None],
    "ihsLink": ["0", "0", "1", "9", None],
    "sex": ["1", "1", "2", "2", "2", "3", "9", None],
    "nameLast": ["GARCIA", "Garcia", "SMITH", "NGUYEN", " NGUYEN", "ACFALLE", "NOBODYS", "GARCIA ", None],
    "nameBirthSurname": ["GARCIA", "AABERG", "smith", "ABABA", " NGUYEN ", "AFOA", "NOBODYS", None, None],
    "nameMaiden": [None, None, "GARCIA"],
    "addrAtDxState": ["AL", "AL", "CA", "AK", "ak", "ON", "QQ", None],
    "countyAtDxAnalysis": ["001", "001", "037", "050", "998", "999", "1", None],
    "dateOfDiagnosis": ["20200101", "19901231", "1991", "199", "X990", "99999999", None],
    "ageAtDiagnosis": ["000", "004", "017", "062", "089", "090", "120", "121", "999", "62", None],
}
IDS = ["nhia", "napiia", "race-1-recode", "age-recodes"]
ROWS = st.lists(
    st.fixed_dictionaries({item: st.sampled_from(codes) for item, codes in VALUES.items()}),
    min_size=1,
    max_size=12,
)


@cache
def _names(wanted: str) -> frozenset[str]:
    return frozenset(surname for surname, kind in _rows("nhia_surnames.csv.gz") if kind == wanted)


@cache
def _rows(table: str) -> frozenset[tuple[str, ...]]:
    return frozenset(reference.table(table).rows())


def _low(row: Row) -> bool:
    """Whether the county counts as one with few Hispanics; an unknown one does."""
    county = row["countyAtDxAnalysis"]
    if county is None or county in ("998", "999"):
        return True
    return (row["addrAtDxState"], county) in _rows("nhia_low_hispanic_counties.csv")


def plain_nhia(row: Row, tumors: list[Row], option: int) -> str:
    origin, race, country = row["spanishHispanicOrigin"], row["race1"], row["birthplaceCountry"]
    answer = origin if origin in tuple("1234568") else "0"
    if origin not in ("0", "6", "7", "9") and race not in ("96", "97"):
        return str(answer)
    for algorithm, _, born, code in _rows("birthplace_groups.csv"):
        if algorithm == "nhia" and born == country:
            return str(code)
    if origin not in ("0", "7", "9") or race in ("96", "97", "03", "06", "07") or row["ihsLink"] == "1":
        return str(answer)
    low = all(_low(tumor) for tumor in tumors)
    believed = {"7": True, "9": option < 2 or not low, "0": option == 0 or not low}[str(origin)]
    return "7" if believed and _hispanic(row) else "0"


def _hispanic(row: Row) -> bool:
    heavily = _names("heavily")
    rarely = _names("rarely")
    last = (row["nameLast"] or "").upper()
    birth = (row["nameBirthSurname"] or row["nameMaiden"] or "").upper()
    if row["sex"] == "1":
        return last in heavily
    if row["sex"] == "2":
        return birth in heavily or (birth not in rarely and last in heavily)
    return False


def plain_napiia(row: Row) -> tuple[str | None, str]:
    """Race and whether a person must look, step by step on the five codes."""
    races = [row[f"race{place}"] for place in range(1, 6)]
    coded = [race for race in races if race not in (None, "88")]
    specific = [race for race in coded if "04" <= str(race) <= "32"]
    darker = [race for race in coded if race in ("02", "03")]
    asian, islander, blank = coded.count("96"), coded.count("97"), 5 - len(coded)
    one = asian == 1 or islander == 1
    if not asian and not islander:
        simple = [race for race in coded if race in ("01", "02", "03", "98", "99") or race in specific]
        if (blank == 4 and simple) or coded == ["99"] * 5:
            return races[0], "0"
        if blank == 3 and coded.count("01") == 1 and darker + specific:
            return (darker + specific)[0], "0"
        if coded.count("07") == 1 and blank < 4:
            return "07", "0"
        return (None, "0") if blank == 4 else (races[0], "1")
    alone = blank == 4 and races[0] in ("96", "97")
    beside_white = one and blank == 3 and coded.count("01") == 1
    if not alone and one and len(specific) == 1 and blank == 3:
        return specific[0], "0"
    if not alone and one and "07" in specific:
        return "07", "0"
    if not (alone or beside_white) or (not alone and len(specific) > 1):
        return races[0], "1"
    race = "96" if asian else "97"
    if alone and row["spanishHispanicOrigin"] in tuple("1234568"):
        return race, "0"
    return _indirect(row, "asian" if asian else "pacific_islander") or race, "0"


def _indirect(row: Row, population: str) -> str | None:
    for algorithm, group, born, code in _rows("birthplace_groups.csv"):
        if algorithm == "napiia" and born == row["birthplaceCountry"]:
            if group == population:
                return str(code)
            if group in ("other_asian", "hispanic"):
                return None
    list_ = {name: race for name, group, race in _rows("napiia_surnames.csv") if group == population}
    last, birth = row["nameLast"] or "", row["nameBirthSurname"] or row["nameMaiden"] or ""
    names = {"1": [last.strip()], "2": [birth.strip(), last.strip()]}.get(row["sex"] or "", [last])
    return next((list_[name.upper()] for name in names if name.upper() in list_), None)


def plain_race(row: Row, tumors: list[Row]) -> str:
    years = [(tumor["dateOfDiagnosis"] or "")[:4] for tumor in tumors]
    first, second = (
        int(race) if (race := row[item]) is not None and race.isdigit() else 99 for item in ("race1", "race2")
    )
    if any((tumor["addrAtDxState"] or "").upper() == "AK" for tumor in tumors):
        return f"{first:02d}"
    early = any(len(year) == 4 and year.isdigit() and int(year) < 1991 for year in years)
    least = {1: 2, 98: 999 if early else 1}.get(first, 999)
    if least <= second <= 97 and second != 88:
        first = second
    if row["ihsLink"] == "9":
        return "99"
    return "03" if row["ihsLink"] == "1" and first in (1, 98, 99) else f"{first:02d}"


def _patients(rows: list[Row]) -> list[list[Row]]:
    """Of each row the tumors of its patient."""
    patients = defaultdict(list)
    for row in rows:
        patients[row["patientIdNumber"]].append(row)
    return [patients[row["patientIdNumber"]] if row["patientIdNumber"] else [row] for row in rows]


def _frame(rows: list[Row]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(VALUES, pl.String))


@given(ROWS)
@settings(deadline=None, max_examples=70)
def test_as_one_person_at_a_time(rows: list[Row]) -> None:
    made = coding.derive(_frame(rows), IDS).rows(named=True)
    for row, tumors, answer in zip(rows, _patients(rows), made, strict=True):
        for option in range(3):
            assert answer[f"nhia_option{option}"] == plain_nhia(row, tumors, option), row
        assert (answer["raceNapiia"], answer["napiiaNeedsHumanReview"]) == plain_napiia(row), row
        assert (answer["napiia_review_reason"] is not None) == (answer["napiiaNeedsHumanReview"] == "1")
        assert answer["race1Recode"] == plain_race(row, tumors), row


@given(ROWS, st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=20)
def test_order_of_rows_does_not_matter(rows: list[Row], chance: random.Random) -> None:
    order = list(range(len(rows)))
    chance.shuffle(order)
    made = coding.derive(_frame(rows), IDS)
    assert coding.derive(_frame([rows[place] for place in order]), IDS).rows() == made[order].rows()


@given(ROWS, ROWS)
@settings(deadline=None, max_examples=20)
def test_other_patients_change_nothing(rows: list[Row], others: list[Row]) -> None:
    apart = [{**row, "patientIdNumber": f"other {row['patientIdNumber']}"} for row in others]
    alone = coding.derive(_frame(rows), IDS)
    assert coding.derive(_frame([*rows, *apart]), IDS).head(len(rows)).rows() == alone.rows()


def test_surname_options_only_take_away() -> None:
    chance = random.Random(4)
    rows = [{item: chance.choice(codes) for item, codes in VALUES.items()} for _ in range(3000)]
    made = coding.derive(_frame(rows), ["nhia"])
    seven = [made.get_column(f"nhia_option{option}") == "7" for option in range(3)]
    assert seven[0].sum() > seven[1].sum() > seven[2].sum() > 0
    assert not (seven[1] & ~seven[0]).any() and not (seven[2] & ~seven[1]).any()
    for option in (1, 2):
        differ = made.filter(pl.col("nhia_option0") != pl.col(f"nhia_option{option}"))
        assert differ.get_column(f"nhia_option{option}").unique().to_list() == ["0"]


@pytest.mark.parametrize("item", ["sexAssignedAtBirth", "sex"])
def test_sex_may_come_under_either_name(item: str) -> None:
    woman = pl.DataFrame({item: ["2"], "spanishHispanicOrigin": ["7"], "nameBirthSurname": ["GARCIA"]})
    assert coding.derive(woman, ["nhia_option2"]).get_column("nhia_option2").to_list() == ["7"]


def test_nothing_in_nothing_out() -> None:
    made = coding.derive(_frame([]), IDS)
    assert made.height == 0
    assert {"nhia_option0", "raceNapiia", "race1Recode", "age_group_20"} <= set(made.columns)

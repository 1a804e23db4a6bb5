"""Files of denominators: populations, life tables, deaths; read whole, judged line by line, brought to the tables' columns.

Besides CSV, populations may come as SEER's fixed-width files (seer.cancer.gov/popdata/popdic.html): year, state, two FIPS
codes, registry, race, origin, sex, age (19 groups or single years), population.
"""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from registry.analytics.incidence import AGE_GROUPS, age_group, ages
from registry.coding.recodes.site_groups import group_names
from registry.errors import BadInput
from registry.service.statistics.analysis_codes import RACES as RACE_ENUM

KINDS: Final = ("population", "life_table", "mortality")
COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "population": ("state", "county", "year", "sex", "race", "age_group", "population"),
    "life_table": ("region", "sex", "year", "age", "age_start_days", "daily_hazard"),
    "mortality": ("site_group", "state", "county", "year", "sex", "age_group", "deaths"),
}
OPTIONAL: Final = frozenset(["state", "county", "race", "region", "age_start_days"])
RACES: Final = tuple(RACE_ENUM.categories.to_list())
SEER_LINE = re.compile(rb"\d{4}[A-Z]{2}\d{5}\d{2}\d{3}\d{2}(\d{8}|\d{8}\.\d)\r?")
SEER_RACES = {"1": RACES[0], "2": RACES[1], "3": RACES[2], "4": RACES[3]}
Fault = tuple[pl.Expr, str]


@dataclass(frozen=True)
class Read:
    """A file as read: its rows in the columns of its table, and what is wrong with it.

    Attributes:
        rows: columns of COLUMNS without source; empty when there are faults.
        faults: frame[line (null: the whole file), reason], sorted.
        sources: values of the file's own column `source`, if it has one.
        lines: rows of the file.
    """

    rows: pl.DataFrame
    faults: pl.DataFrame
    sources: list[str]
    lines: int


def read(content: bytes, kind: str, where: str) -> Read:
    """Read and judge a file.

    Args:
        content: the file, gzip or not.
        kind: population, life_table or mortality.
        where: its name, for error texts.

    Raises:
        BadInput: it is no table of this kind at all (not UTF-8, no CSV, a column missing).
    """
    if kind not in KINDS:
        raise BadInput("population", f"{kind!r} is no kind of table", f"use {', '.join(KINDS)}")
    if content[:2] == b"\x1f\x8b":
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError):
            raise BadInput(where, "cannot be unpacked", "look whether it is whole") from None
    if kind == "population" and SEER_LINE.fullmatch(content.partition(b"\n")[0]):
        table, faults = _seer(content, where), []
    else:
        table = _csv(content, COLUMNS[kind], where)
        faults = _judged(table, _RULES[kind](table))
    sources = sorted(table["source"].drop_nulls().unique()) if "source" in table.columns else []
    if len(sources) > 1:
        faults.append((None, f"has {len(sources)} sources in one file; give each a file of its own"))
    if table.is_empty():
        faults.append((None, "has no rows"))
    rows = pl.DataFrame()
    if not faults:
        rows, faults = _FINISH[kind](table)
    told = pl.DataFrame(faults, schema={"line": pl.Int64, "reason": pl.String}, orient="row").unique()
    return Read(
        rows if told.is_empty() else pl.DataFrame(),
        told.sort("line", "reason", nulls_last=True),
        sources,
        table.height,
    )


def _csv(content: bytes, columns: tuple[str, ...], where: str) -> pl.DataFrame:
    """The rows as text, blanks cut, with their line; absent optional columns empty."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    try:
        content.decode("utf-8")
        table = pl.read_csv(io.BytesIO(content), infer_schema=False)
    except UnicodeDecodeError:
        raise BadInput(where, "is not text in UTF-8", "save it as CSV UTF-8") from None
    except pl.exceptions.PolarsError:
        raise BadInput(where, "cannot be read as a CSV table", _needs(columns)) from None
    table = table.rename({name: name.strip() for name in table.columns})
    if missing := [name for name in columns if name not in table.columns and name not in OPTIONAL]:
        raise BadInput(where, f"there is no column {', '.join(missing)}", _needs(columns))
    kept = [name for name in (*columns, "source") if name in table.columns]
    text = [pl.col(name).str.strip_chars().replace("", None) for name in kept]
    blank = [pl.lit(None, pl.String).alias(name) for name in columns if name not in table.columns]
    return table.select(pl.int_range(2, pl.len() + 2, dtype=pl.Int64).alias("line"), *text, *blank).filter(
        pl.any_horizontal(pl.col(kept).is_not_null())
    )


def _needs(columns: tuple[str, ...]) -> str:
    needed = [name for name in columns if name not in OPTIONAL]
    further = [name for name in columns if name in OPTIONAL]
    return f"it needs {', '.join(needed)}; it may have {', '.join(further)}"


def _seer(content: bytes, where: str) -> pl.DataFrame:
    """A fixed-width file as the columns of a CSV; origins and registries are added up later."""
    lines = pl.Series("text", content.decode("latin-1").splitlines())
    if (
        lines.filter(lines != "")
        .map_elements(lambda one: SEER_LINE.fullmatch(one.encode()) is None, pl.Boolean)
        .any()
    ):
        raise BadInput(
            where, "begins as a SEER population file, but some lines have another form", "get it again"
        )
    cut = {
        "year": (0, 4), "state": (4, 2), "county": (8, 3), "race_code": (13, 1), "sex": (15, 1), "age": (16, 2),
        "population": (18, 10),
    }  # fmt: skip
    table = lines.filter(lines != "").to_frame().select(
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("line"),
        *(pl.col("text").str.slice(*place).alias(name) for name, place in cut.items()),
    )  # fmt: skip
    code = pl.col("age").cast(pl.Int64)
    single = int(table.select(code.max()).item()) > 19
    groups = age_group(code).cast(pl.String) if single else code.clip(0, 18).replace_strict(
        dict(enumerate(AGE_GROUPS)), return_dtype=pl.String
    )  # fmt: skip
    # Without a code 4 the file has three races, the third being all others together.
    races = SEER_RACES if "4" in set(table["race_code"]) else SEER_RACES | {"3": "Other"}
    table = table.with_columns(
        groups.alias("age_group"), pl.col("race_code").replace_strict(races, default="Other").alias("race")
    )
    keys = ["state", "county", "year", "sex", "race", "age_group"]
    people = pl.col("population").cast(pl.Float64).sum().cast(pl.String)
    return (
        table.group_by(keys)
        .agg(pl.col("line").min(), people)
        .sort("line")
        .select("line", *keys, "population")
    )


def _judged(table: pl.DataFrame, rules: list[Fault]) -> list[tuple[int | None, str]]:
    """Lines that break a rule; a rule is true where it is broken, unknown counts as broken."""
    found: list[tuple[int | None, str]] = []
    for broken, reason in rules:
        lines = table.filter(broken.fill_null(True))["line"]
        found.extend((int(line), reason) for line in lines)
    return found


def _number(column: str) -> pl.Expr:
    value = pl.col(column).cast(pl.Float64, strict=False)
    return pl.when(value.is_finite()).then(value)


def _year() -> Fault:
    return (~_number("year").is_between(1800, 2200) | (_number("year") % 1 != 0), "year is no year")


def _sex() -> Fault:
    return (~pl.col("sex").is_in(["1", "2"]), "sex is not 1 (male) or 2 (female)")


def _place() -> list[Fault]:
    state, county = pl.col("state").fill_null(""), pl.col("county").fill_null("")
    return [
        (~state.str.contains(r"^([A-Z]{2})?$"), "state is not two capital letters"),
        (~county.str.contains(r"^(\d{3})?$"), "county is not three digits"),
        ((county != "") & (state == ""), "a county without a state"),
    ]


def _age(table: pl.DataFrame) -> Fault:
    known = [text for text in table["age_group"].drop_nulls().unique() if _within(text) is not None]
    return (
        ~pl.col("age_group").is_in(known),
        "age group does not lie within one of 00, 01-04, 05-09 ... 85+",
    )


def _within(text: str) -> int | None:
    """Place of the age group among the 19 that an age group (or single age) lies in."""
    span = ages.bounds(text)
    if span is None or span[0] > 125:
        return None
    place = sum(low <= span[0] for low in ages.LOWER) - 1
    end = [*ages.LOWER[1:], ages.OPEN][place]
    return place if span[1] <= end else None


def _population_rules(table: pl.DataFrame) -> list[Fault]:
    race = pl.col("race").fill_null("")
    return [
        _year(), _sex(), *_place(), _age(table),
        (~race.is_in(["", *RACES, "Other"]), f"race is none of {', '.join(RACES[:-1])}"),
        (~(_number("population") >= 0), "population is no number of at least 0"),
    ]  # fmt: skip


def _mortality_rules(table: pl.DataFrame) -> list[Fault]:
    return [
        _year(), _sex(), *_place(), _age(table),
        (~pl.col("site_group").is_in(sorted(set(group_names().values()))), "site group is not one that this registry uses"),
        (~(_number("deaths") >= 0) | (_number("deaths") % 1 != 0), "deaths is no whole number of at least 0"),
    ]  # fmt: skip


def _life_table_rules(_table: pl.DataFrame) -> list[Fault]:
    given = pl.col("age_start_days").is_not_null()
    return [
        _year(), _sex(),
        (~_number("age").is_between(0, 130) | (_number("age") % 1 != 0), "age is no whole number from 0 to 130"),
        (~(_number("daily_hazard") >= 0) | (_number("daily_hazard") >= 10), "daily hazard is no number from 0 to 10"),
        (given & ~(_number("age_start_days") >= 0), "age_start_days is no number of at least 0"),
    ]  # fmt: skip


def _finished(kind: str, table: pl.DataFrame) -> pl.DataFrame:
    """Text of a sound file as the columns and types of its table."""
    types: dict[str, Any] = {"year": pl.Int32, "population": pl.Float64, "deaths": pl.Int64, "age": pl.Int32}
    types |= {"age_start_days": pl.Float64, "daily_hazard": pl.Float64}
    columns = [
        pl.col(name).cast(pl.Float64).cast(types[name]) if name in types else pl.col(name).fill_null("")
        for name in COLUMNS[kind]
    ]
    return table.select("line", *columns)


def _counts(
    kind: str, value: str
) -> Callable[[pl.DataFrame], tuple[pl.DataFrame, list[tuple[int | None, str]]]]:
    """Finish a table by age groups: single years are added up, no person twice, no age missing."""

    def finish(table: pl.DataFrame) -> tuple[pl.DataFrame, list[tuple[int | None, str]]]:
        rows = _finished(kind, table)
        key = [name for name in COLUMNS[kind] if name not in ("age_group", value)]
        spans = {text: ages.bounds(text) or (0, 0) for text in rows["age_group"].unique()}
        rows = rows.with_columns(
            pl.col("age_group").replace_strict({text: span[0] for text, span in spans.items()}).alias("_low"),
            pl.col("age_group")
            .replace_strict({text: span[1] for text, span in spans.items()})
            .alias("_high"),
            pl.col("age_group").replace_strict({text: AGE_GROUPS[_within(text) or 0] for text in spans}),
        ).sort(*key, "_low", "_high", "line")
        again = (pl.col("_low") < pl.col("_high").shift(1)).over(key).fill_null(False)
        faults: list[tuple[int | None, str]] = [
            (int(line), "tells a second time of the same people") for line in rows.filter(again)["line"]
        ]
        if kind == "population" and not faults:
            faults = _gaps(rows, key)
        summed = rows.group_by([*key, "age_group"]).agg(pl.col(value).sum()).select(COLUMNS[kind])
        return summed.sort(COLUMNS[kind][:-1]), faults

    return finish


def _gaps(rows: pl.DataFrame, key: list[str]) -> list[tuple[int | None, str]]:
    """Places, years and sexes of which some ages are not told: a rate of them would be wrong."""
    holes = (pl.col("_low") != pl.col("_high").shift(1)).fill_null(pl.col("_low") != 0)
    lacking = rows.group_by(key).agg(
        pl.col("line").min(), (holes.any() | (pl.col("_high").max() < 100)).alias("lacking")
    )  # fmt: skip
    return [
        (int(line), "some ages of this place, year, sex and race are missing in the file")
        for line in lacking.filter("lacking")["line"].sort()
    ]


def _lives(table: pl.DataFrame) -> tuple[pl.DataFrame, list[tuple[int | None, str]]]:
    """Finish a life table: each sex, year and age once."""
    rows = _finished("life_table", table)
    key = ["region", "sex", "year", "age"]
    given = table["age_start_days"].is_not_null()
    rows = rows.with_columns(pl.when(given).then("age_start_days").alias("age_start_days"))
    again = rows.filter(~pl.struct(key).is_first_distinct())["line"]
    faults: list[tuple[int | None, str]] = [
        (int(line), "the same sex, year and age a second time") for line in again
    ]
    uneven = rows.group_by("region", "sex").agg(
        pl.len().alias("n"), pl.col("year").n_unique().alias("years"), pl.col("age").n_unique().alias("ages")
    )  # fmt: skip
    if not faults and uneven.filter(pl.col("n") != pl.col("years") * pl.col("ages")).height:
        faults.append((None, "not every year of a sex has the same ages"))
    return rows.drop("line").sort(key), faults


_RULES: Final[dict[str, Callable[[pl.DataFrame], list[Fault]]]] = {
    "population": _population_rules,
    "life_table": _life_table_rules,
    "mortality": _mortality_rules,
}
_FINISH: Final[dict[str, Callable[[pl.DataFrame], tuple[pl.DataFrame, list[tuple[int | None, str]]]]]] = {
    "population": _counts("population", "population"),
    "life_table": _lives,
    "mortality": _counts("mortality", "deaths"),
}

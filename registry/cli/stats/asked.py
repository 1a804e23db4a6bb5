"""What a file command of `registry stats survival` was asked, read into columns that every method understands."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.cli.stats.tables import Faults, Table, listed, number_text, parsed, read_csv
from registry.errors import BadInput

if TYPE_CHECKING:
    import datetime as dt

    import polars as pl

MONTH = 365.25 / 12
Row = tuple[str, str, str, str, float | int | None]
"""method, group, time, stat, value: as they are written."""


@dataclass(frozen=True)
class Asked:
    """One question: the people and the choices."""

    people: pl.DataFrame
    """A row a person: line, time (Float64 days > 0), code (String, numbers in one way of writing), event (Boolean),
    group (String; "" without --by, null when empty), stratum (Int32 from 0; null when empty), and when columns were
    named: start, birth (Date), sex (String as in the file, numbers in one way). Methods that need a group, a stratum
    or a birth leave the rows out that have none (`having`); they are already named or remarked on."""
    covariates: pl.DataFrame
    """The columns of --covariates, rows as in `people`: Float64 for a column of numbers, else String; null when empty."""
    groups: list[str]
    """Groups that occur, in the order they are written; [""] without --by."""
    at: list[float] = field(default_factory=list)
    """The times of --at as given, each once."""
    ci: str = "log-log"
    by: str | None = None
    strata: str | None = None
    ties: str = "efron"
    causes: dict[str, list[str]] = field(default_factory=dict)
    """Name of a cause → its codes, written like `people.code`."""
    life_table: str | None = None
    """Path of the table."""
    period: tuple[dt.date, dt.date] | None = None
    age_weights: str | None = None
    """Path of a file, or a name (icss1 …)."""
    given: float | None = None
    """conditional: survived so many days."""
    interval: float = MONTH
    """life-table: days an interval."""
    faults: Faults = field(default_factory=Faults)

    def having(self, *columns: str) -> pl.DataFrame:
        """The people who have a value in each of these columns."""
        return self.people.drop_nulls(list(columns))

    def times(self) -> list[str]:
        """The times of --at as they are written."""
        return [number_text(value) for value in self.at]


def read(options: dict[str, Any], relative: bool) -> Asked:
    """Read the cohort and the choices.

    Args:
        options: the command's options by name.
        relative: a method needs birth, sex and start, so rows without them are faulty.

    Raises:
        BadInput: a column is not there, or an option can't be understood.
    """
    import polars as pl

    faults = Faults()
    columns = {
        name: options[name] for name in ("time", "start", "end", "status", "by", "strata", "birth", "sex")
    }
    _check_columns(columns)
    covariates = listed(options["covariates"], "--covariates")
    at = _times("--at", options["at"])
    given, interval = _one("--given", options["given"]), _one("--interval", options["interval"])
    causes = _causes(options["causes"])
    events = listed(options["event"], "--event")
    period = _period(options["period"])
    table = read_csv(options["input"], faults)
    table.need(*columns.values(), *covariates)
    groups, names = table.labels(columns["by"]) if columns["by"] else (None, [""])
    people = pl.DataFrame({"line": table.lines}).with_columns(
        _time(table, columns, faults).alias("time"),
        _status(table, columns["status"], faults).alias("code"),
        pl.lit("").alias("group") if groups is None else groups.alias("group"),
        _strata(table, columns["strata"]).alias("stratum"),
        *_facts(table, columns, faults, relative),
    )
    known = _written(table, columns["status"], events)
    event = pl.col("code").is_in(known) if events else pl.col("code") != "0"
    people = people.with_columns(event.alias("event"))
    causes = {name: _written(table, columns["status"], codes) for name, codes in causes.items()}
    _remark_on_codes(people, known, causes, faults)
    terms = table.frame.select(
        (table.numbers(name) if table.is_number(name) else table.text(name)).alias(name)
        for name in covariates
    )
    sound = ~people["line"].is_in(list(faults.rows)) & (people["time"] > 0).fill_null(False)
    _remark_on_zero(people, faults)
    _remark_on_options(options, faults)
    people, terms = people.filter(sound), terms.filter(sound) if covariates else terms
    _remark_on_gaps(people, columns, terms, faults)
    present = set(people["group"].drop_nulls().to_list())
    return Asked(
        people, terms, [name for name in names if name in present], at, options["ci"] or "log-log",
        columns["by"], columns["strata"], options["ties"] or "efron", causes, options["life_table"], period,
        options["age_weights"], given, interval or MONTH, faults,
    )  # fmt: skip


def _check_columns(columns: dict[str, str | None]) -> None:
    if columns["status"] is None:
        raise BadInput("--status", "is needed with --input", "name the column of the status")
    if columns["time"] and columns["end"]:
        raise BadInput("--time", "does not go with --end", "give --time, or --start and --end")
    if not columns["time"] and not (columns["start"] and columns["end"]):
        raise BadInput("--time", "is needed with --input", "or give --start and --end")


def _times(option: str, text: str | None) -> list[float]:
    import polars as pl

    values = parsed(pl.Series(listed(text, option), dtype=pl.String)).to_list()
    if any(value is None or value < 0 for value in values):
        raise BadInput(option, "has a part that is no number of days", "write days, such as 365.25,1826.25")
    return list(dict.fromkeys(values))


def _one(option: str, text: str | None) -> float | None:
    values = _times(option, text)
    if len(values) > 1 or 0.0 in values:
        raise BadInput(option, "is not one number of days above 0", "write for example 365.25")
    return values[0] if values else None


def _causes(text: str | None) -> dict[str, list[str]]:
    causes: dict[str, list[str]] = {}
    for part in listed(text, "--causes"):
        name, equals, code = (piece.strip() for piece in part.partition("="))
        if not (name and equals and code):
            raise BadInput("--causes", "has a part that is not name=code", "write cancer=1,other=2")
        causes.setdefault(name, []).append(code)
    codes = [code for own in causes.values() for code in own]
    if len(set(codes)) < len(codes):
        raise BadInput("--causes", "gives a code to two causes", "give each code once")
    return causes


def _period(text: str | None) -> tuple[dt.date, dt.date] | None:
    if text is None:
        return None
    from registry.cli.words import day_of

    first, colon, last = text.partition(":")
    if not colon:
        raise BadInput("--period", "is not FROM:TO", "write 2015-01-01:2019-12-31")
    start, end = (day_of(part.strip(), "--period") for part in (first, last))
    assert start and end
    if start > end:
        raise BadInput("--period", "ends before it starts", "write the earlier day first")
    return start, end


def _time(table: Table, columns: dict[str, str | None], faults: Faults) -> pl.Series:
    import polars as pl

    if columns["time"]:
        time = table.numbers(columns["time"])
        faults.add(table.lines.filter(table.text(columns["time"]).is_null()), f"{columns['time']} is empty")
        faults.add(
            table.lines.filter(_unread(table, columns["time"], time)), f"{columns['time']} is no number"
        )
        faults.add(table.lines.filter((time < 0).fill_null(False)), f"{columns['time']} is negative")
        return time
    days = [_dates(table, str(columns[name]), faults) for name in ("start", "end")]
    time = (days[1] - days[0]).dt.total_days().cast(pl.Float64)
    faults.add(
        table.lines.filter((time < 0).fill_null(False)), f"{columns['end']} is before {columns['start']}"
    )
    return time


def _dates(table: Table, column: str, faults: Faults) -> pl.Series:
    days = table.dates(column)
    faults.add(table.lines.filter(table.text(column).is_null()), f"{column} is empty")
    faults.add(table.lines.filter(_unread(table, column, days)), f"{column} is no day")
    return days


def _unread(table: Table, column: str, values: pl.Series) -> pl.Series:
    return values.is_null() & table.text(column).is_not_null()


def _status(table: Table, column: str | None, faults: Faults) -> pl.Series:
    return _codes(table, str(column), faults)


def _codes(table: Table, column: str, faults: Faults) -> pl.Series:
    codes = table.codes(column)
    faults.add(table.lines.filter(table.text(column).is_null()), f"{column} is empty")
    faults.add(table.lines.filter(_unread(table, column, codes)), f"{column} is no number as the others are")
    return codes


def _strata(table: Table, column: str | None) -> pl.Series | pl.Expr:
    import polars as pl

    if column is None:
        return pl.lit(0, pl.Int32)
    labels, names = table.labels(column)
    return labels.replace_strict(names, range(len(names)), default=None, return_dtype=pl.Int32)


def _facts(table: Table, columns: dict[str, str | None], faults: Faults, relative: bool) -> list[pl.Series]:
    """Start, birth and sex as far as columns were named; faulty only when a method asked for needs them."""
    own = faults if relative else Faults()
    facts = [
        _dates(table, column, own).alias(name)
        for name in ("start", "birth")
        if (column := columns[name]) is not None
    ]
    if columns["sex"]:
        facts.append(_codes(table, columns["sex"], own).alias("sex"))
    if relative and columns["start"] and columns["birth"]:
        late = (facts[1] > facts[0]).fill_null(False)
        own.add(table.lines.filter(late), f"{columns['birth']} is after {columns['start']}")
    return facts


def _written(table: Table, column: str | None, codes: list[str]) -> list[str]:
    """Codes of an option in the way in which `people.code` writes them."""
    import polars as pl

    if not codes or not table.has_number_codes(str(column)):
        return codes
    numbers = parsed(pl.Series(codes, dtype=pl.String)).to_list()
    return [
        code if number is None else number_text(number) for code, number in zip(codes, numbers, strict=True)
    ]


def _remark_on_codes(
    people: pl.DataFrame, events: list[str], causes: dict[str, list[str]], faults: Faults
) -> None:
    seen = set(people["code"].drop_nulls().unique().to_list())
    for option, codes in (
        ("--event", events),
        ("--causes", [code for own in causes.values() for code in own]),
    ):
        if unused := [code for code in codes if code not in seen]:
            faults.remark(f"no row has the code {', '.join(unused)} of {option}")
    if seen and not events and "0" not in seen:
        faults.remark("no row has the code 0, so every row counts as an event (see --event)")


def _remark_on_zero(people: pl.DataFrame, faults: Faults) -> None:
    zero = people.filter(time=0.0)
    if count := zero.height - zero["line"].is_in(list(faults.rows)).sum():
        faults.remark(f"{count} rows with time 0 left out")


def _remark_on_options(options: dict[str, Any], faults: Faults) -> None:
    """Say which of the methods asked for take no notice of an option that would choose people or weigh them."""
    relative = ("pohar-perme", "ederer1", "ederer2", "hakulinen", "hakulinen-calendar")
    tests = ("log-rank", "peto-peto", "log-rank-trend", "gray", "cox")
    for option, heeding in (("period", relative), ("age_weights", relative), ("strata", tests)):
        heedless = [name for name in listed(options["method"], "--method") if name not in heeding]
        if options[option] and heedless:
            faults.remark(f"--{option.replace('_', '-')} is not used by {', '.join(heedless)}")


def _remark_on_gaps(
    people: pl.DataFrame, columns: dict[str, str | None], terms: pl.DataFrame, faults: Faults
) -> None:
    for option, column in (("group", columns["by"]), ("stratum", columns["strata"])):
        if empty := people[option].null_count():
            faults.remark(f"{empty} rows without {column} left out where it is needed")
    for name in terms.columns:
        if empty := terms[name].null_count():
            faults.remark(f"{empty} rows without {name} left out where it is needed")


def path_or_name(text: str, names: tuple[str, ...]) -> str:
    """A named standard as it is, else a file that is there.

    Raises:
        BadInput: neither.
    """
    if text in names or Path(text).is_file():
        return text
    raise BadInput(text, "is neither a file nor a named standard", f"the names are {', '.join(names)}")

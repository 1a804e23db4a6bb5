"""The frames that the suites judge: small Parquet files of counts, as `registry.quality.suite_frames` makes them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from registry.errors import BadInput

if TYPE_CHECKING:
    import pandas as pd

ALL = "all"
COLUMNS: dict[str, dict[str, str]] = {
    "completeness": {
        "facility_id": "object", "diagnosis_year": "Int64", "item": "object", "records": "int64", "filled": "int64",
        "unknown": "int64", "percent": "float64",
    },
    "indicators": {
        "indicator": "object", "name": "object", "group": "object", "facility": "object", "year": "Int64",
        "numerator": "float64", "denominator": "float64", "value": "float64",
    },
    "thresholds": {
        "indicator": "object", "name": "object", "programme": "object", "level": "object", "operator": "object", "value": "float64",
        "severity": "object", "months": "Int64",
    },
    "drift": {
        "item": "object", "year": "Int64", "records": "int64", "psi_excess": "float64", "total_variation": "float64",
        "judged": "bool",
    },
    "validity": {"item": "object", "filled": "int64", "invalid": "int64", "percent_valid": "float64"},
    "uniqueness": {"key": "object", "records": "int64", "blank": "int64", "repeated": "int64"},
    "loads": {
        "load": "object", "received": "int64", "loaded": "int64", "quarantined": "int64", "missing": "int64",
    },
    "edits": {"edit": "object", "severity": "object", "source": "object", "open": "int64", "overridden": "int64"},
    "gate": {
        "facility": "object", "records": "int64", "errors": "int64", "official_errors": "int64", "reviews": "int64",
    },
    "timeliness": {
        "facility": "object", "year": "Int64", "records": "int64", "timed": "int64", "median_days": "float64",
        "percent_within_6_months": "float64", "reversed": "int64", "received": "int64", "report_median_days": "float64",
        "percent_by_12_months": "float64", "percent_by_23_months": "float64",
    },
    "about": {"as_of": "object", "records": "int64", "edited": "bool", "official": "bool"},
}  # fmt: skip
"""Columns of each frame; more are ignored. Facility "all" is every record, year null is every year."""

NEEDED = ("completeness", "about")
"""The others may be missing; what they would say is then not judged."""


@dataclass(frozen=True)
class Frames:
    """The frames of one run by name, and the day on which they were judged."""

    tables: dict[str, pd.DataFrame]
    as_of: dt.date

    def __getitem__(self, name: str) -> pd.DataFrame:
        """A copy, so that suites cannot change one another's figures."""
        return self.tables[name].copy()


def read_all(folder: Path) -> Frames:
    """All frames of a folder.

    Raises:
        BadInput: a needed file is missing, or a file has not the columns it should have.
    """
    tables = {name: read(folder / f"{name}.parquet", needed=name in NEEDED) for name in COLUMNS}
    days = [str(day)[:10] for day in tables["about"]["as_of"]]
    try:
        as_of = dt.date.fromisoformat(days[0])
    except (IndexError, ValueError):
        raise BadInput("about.parquet", "does not say the day of judgement (as_of)") from None
    return Frames(tables, as_of)


def read(path: Path, *, needed: bool = True) -> pd.DataFrame:
    """One frame with its columns in their types; an empty one when it is missing and not needed.

    Raises:
        BadInput: naming the file and what is wrong with it.
    """
    import pandas as pd

    columns = COLUMNS[path.stem]
    if not path.is_file():
        if needed:
            raise BadInput(path.name, "there is no such file in the folder of frames", "write it first")
        return pd.DataFrame(columns=list(columns)).astype(columns)
    try:
        frame = pd.read_parquet(path)
    except Exception:
        raise BadInput(path.name, "not a readable Parquet file", "write it again") from None
    if missing := [name for name in columns if name not in frame.columns]:
        raise BadInput(
            path.name, f"column {', '.join(missing)} is missing", f"expected: {', '.join(columns)}"
        )
    try:
        return frame[list(columns)].astype(columns)
    except (TypeError, ValueError):
        numbers = [name for name, kind in columns.items() if kind != "object"]
        raise BadInput(path.name, f"{', '.join(numbers)} must be numbers") from None

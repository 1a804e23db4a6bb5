"""What a suite is made of: figures in one table, and checks that say what each must be.

A *figure* is a number about something (an item, an indicator, a key), perhaps of one facility or year. Each figure has
a column of its own, each thing a row, because a condition on rows costs Great Expectations five times a column.
A check asks that all numbers of a figure lie between two limits; cells that a figure does not have are left
out. Its severity says what is lost when it fails: `critical` a
programme's certification or the sense of the figures, `warning` its better level, `info` good advice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

CRITICAL, WARNING, INFO = "critical", "warning", "info"
SEVERITIES = (CRITICAL, WARNING, INFO)
"""Worst first; the words of Great Expectations."""

LABELS = ("subject", "facility", "year")
"""Columns that say what a row is about; blank where it does not matter."""


@dataclass(frozen=True)
class Check:
    """One expectation: kind and arguments as Great Expectations names them, and the sentence a person reads.

    `names` are the columns that tell which rows failed, `value` the column that is shown beside them.
    """

    kind: str
    plain: str
    arguments: dict[str, Any]
    names: tuple[str, ...] = ()
    value: str | None = None
    severity: str = CRITICAL


@dataclass(frozen=True)
class Suite:
    """A named list of checks over one frame of figures."""

    name: str
    title: str
    frame: pd.DataFrame
    checks: list[Check] = field(default_factory=list)


class Figures:
    """Collects figures and their checks, and makes the suite of them.

    >>> figures = Figures("timeliness", "Records arrive in time")
    >>> figures.add("median days", [{"facility": "A", "value": 90.0}])
    >>> figures.between("median days", "Half of the abstracts are done in 183 days", most=183)
    >>> suite = figures.suite()
    >>> suite.frame.to_dict("records"), [check.severity for check in suite.checks]
    ([{'subject': '', 'facility': 'A', 'year': '', 'median days': 90.0}], ['critical', 'critical'])
    """

    def __init__(self, name: str, title: str) -> None:
        self.name = name
        self.title = title
        self._rows: dict[tuple[str, ...], dict[str, float]] = {}
        self._checks: list[Check] = []
        self._known: dict[str, None] = {}

    def add(self, figure: str, rows: Sequence[dict[str, Any]]) -> None:
        """Numbers of one figure; a row has `value`, and where they apply subject, facility and year."""
        for row in rows:
            value = float(row["value"])
            if math.isnan(value):
                continue
            self._known[figure] = None
            key = tuple("" if _absent(row.get(label)) else str(row[label]) for label in LABELS)
            copy = 0
            while figure in self._rows.get((*key, str(copy)), {}):
                copy += 1
            self._rows.setdefault((*key, str(copy)), {})[figure] = value

    def table(self, figure: str, frame: pd.DataFrame, **columns: str) -> None:
        """Numbers from a frame: `value="percent", subject="item"` says which of its columns are what."""
        kept = frame.rename(columns={source: name for name, source in columns.items()})
        self.add(
            figure, kept[[name for name in (*LABELS, "value") if name in kept.columns]].to_dict("records")
        )

    def between(
        self,
        figure: str,
        plain: str,
        least: float | None = None,
        most: float | None = None,
        *,
        severity: str = CRITICAL,
        names: tuple[str, ...] = (),
        strict: bool = False,
    ) -> None:
        """Ask that all figures of a name lie between two limits; nothing is asked when there are none.

        Args:
            figure: name of the figures.
            plain: the sentence.
            least: smallest good value.
            most: largest good value.
            severity: critical, warning or info.
            names: columns that tell which figures failed.
            strict: the limit itself is not good.
        """
        if figure not in self._known:
            return
        limits = {"min_value": least, "max_value": most, "strict_min": strict, "strict_max": strict}
        unused = {"strict_min"} if least is None else {"strict_max"} if most is None else set()
        arguments = {
            name: limit for name, limit in limits.items() if name not in unused and limit is not False
        }
        kind = "ExpectColumnValuesToBeBetween"
        self._checks.append(Check(kind, plain, {"column": figure, **arguments}, names, figure, severity))

    def none_of(
        self, figure: str, plain: str, broken: pd.DataFrame, names: tuple[str, ...], severity: str = CRITICAL
    ) -> None:
        """Ask that there are no broken lines; each of them is a figure of value 1."""
        self.add(figure, [{"subject": "none", "value": 0.0}])
        self.table(figure, broken.assign(value=1.0).head(100))
        self.between(figure, plain, most=0, severity=severity, names=names)

    def suite(self) -> Suite:
        """The suite; besides what was asked of the figures, none may be told twice about the same thing."""
        import pandas as pd

        ordered = sorted(self._rows)
        labels = {label: [row[n] for row in ordered] for n, label in enumerate(LABELS)}
        numbers = {
            figure: pd.Series([self._rows[row].get(figure) for row in ordered], dtype="float64")
            for figure in self._known
        }
        once = Check(
            "ExpectCompoundColumnsToBeUnique",
            "Each figure is told once",
            {"column_list": list(LABELS)},
            LABELS,
        )
        return Suite(self.name, self.title, pd.DataFrame({**labels, **numbers}), [once, *self._checks])


def _absent(value: object) -> bool:
    import pandas as pd

    return bool(pd.isna(value))

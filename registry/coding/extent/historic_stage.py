"""SEER historic stage: in situ, localized, regional, distant over all years, whatever was coded.

The rules are decision tables (`historic_stage.csv.gz`); here is only which of them a tumor goes
through. Each tumor takes one road by its year of diagnosis and EOD coding system.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
import polars as pl

from registry.coding.derivation import derivation
from registry.coding.extent.stage_roads import ROADS, numbers, road

_INPUTS = (
    "primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3", "dateOfDiagnosis", "typeOfReportingSource",
    "registryId", "csExtension", "csLymphNodes", "csMetsAtDx", "csSiteSpecificFactor1",
    "csSiteSpecificFactor2", "codingSystemForEod", "eodExtension", "eodLymphNodeInvolv", "eodOld4Digit",
    "eodOld13Digit", "eodOld2Digit",
)  # fmt: skip

NAMES = {
    "0": "In situ",
    "1": "Localized",
    "2": "Regional",
    "4": "Distant",
    "6": "Needs review",
    "7": "Not applicable",
    "9": "Unstaged",
}


def _why(values: Mapping[str, str | None]) -> str:
    """Which codes decided for one tumor, and what they come to in the tables (- = in no table)."""
    record = pl.DataFrame(
        {item: [values.get(item) or None] for item in _INPUTS}, dict.fromkeys(_INPUTS, pl.String)
    )
    work = record.with_columns(**numbers()).with_columns(road=road(last_year=9999))
    way = ROADS[work.item(0, "road")]
    if way.parts is None:
        return way.told
    if values.get("typeOfReportingSource") == "7" and work.item(0, "road") in ("cs", "4"):
        return f"{way.told}: known from a death certificate only, unstaged unless a leukemia"
    parts = work.select(**way.parts()).row(0, named=True)
    return f"{way.told}: " + ", ".join(
        f"{part} {'-' if code is None else code}" for part, code in parts.items()
    )


@derivation(
    "seer-historic-stage",
    version="2026-05 tables",
    inputs=_INPUTS,
    outputs=["historicStage"],
    source="https://seer.cancer.gov/seerstat/variables/seer/lrd-stage/",
    effective_years=(1973, 2015),
    columns=[
        "dateOfDiagnosis", "primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3", "typeOfReportingSource",
        "registryId", "codingSystemForEod", "csExtension", "csLymphNodes", "csMetsAtDx", "csSiteSpecificFactor1",
        "csSiteSpecificFactor2", "eodExtension", "eodLymphNodeInvolv", "eodOld4Digit", "eodOld13Digit",
        "eodOld2Digit", "historicStage",
    ],
    examples=[
        "2004 | C003 | 9130 | 3 | 1 |  |  | 405 | 110 | 00 |  |  |  |  |  |  |  | 2",
        "2004 | C003 | 9130 | 3 | 1 |  |  | 405 | 110 |    |  |  |  |  |  |  |  | 6",
        "2004 | C003 | 9130 | 3 | 7 |  |  | 405 | 110 | 00 |  |  |  |  |  |  |  | 9",
        "2012 | C424 | 9823 | 3 | 7 |  |  | 100 | 100 | 00 |  |  |  |  |  |  |  | 4",
        "2007 | C400 | 9827 | 3 | 1 |  |  | 800 | 100 | 99 |  |  |  |  |  |  |  | 9",
        "2010 | C541 | 9882 | 3 | 1 |  |  | 530 | 000 | 00 |  | 100 |  |  |  |  |  | 1",
        "2010 | C541 | 9882 | 3 | 1 |  |  | 530 | 000 | 00 |  | 010 |  |  |  |  |  | 2",
        "2009 | C505 | 8000 |   | 1 |  |  | 070 | 130 | 00 |  |  |  |  |  |  |  | 6",
        "2009 | C505 | 8000 | 3 | 1 |  |  | 070 | 130 | 00 |  |  |  |  |  |  |  | 2",
        "2008 | C384 | 9995 | 3 | 1 |  |  | 100 | 800 | 10 | 010 |  |  |  |  |  |  | 4",
        "2008 | C384 | 9995 | 3 | 1 |  |  | 100 | 800 | 10 | 040 |  |  |  |  |  |  | 6",
        "1990 | C005 | 9542 | 3 | 3 | 0000001536 | 4 |  |  |  |  |  | 10 | 3 |  |  |  | 2",
        "1990 | C005 | 9542 | 3 | 3 | 0000001535 | 4 |  |  |  |  |  | 10 | 3 |  |  |  | 7",
        "1990 | C505 | 9733 | 3 | 7 |  | 4 |  |  |  |  |  |    |   |  |  |  | 4",
        "1990 | C505 | 9127 | 2 | 1 |  | 4 |  |  |  |  |  | 05 | 0 |  |  |  | 0",
        "1990 | C505 | 9127 | 3 | 1 |  | 4 |  |  |  |  |  | 05 | 0 |  |  |  | 1",
        "1992 | C675 | 9143 | 3 | 1 |  | 4 |  |  |  |  |  | 05 | 3 |  |  |  | 1",
        "1992 | C711 | 9143 | 3 | 1 |  | 4 |  |  |  |  |  | 05 | 3 |  |  |  | 9",
        "1990 | C444 | 8770 | 3 | 1 |  | 4 |  |  |  |  |  | 99 | 3 |  |  |  | 2",
        "1985 | C444 | 9805 | 3 | 3 |  | 3 |  |  |  |  |  |    |   |      |  |  | 4",
        "1985 | C035 | 9133 | 3 | 1 |  | 3 |  |  |  |  |  |    |   | 1200 |  |  | 0",
        "1985 | C035 | 9133 | 3 | 1 |  | 3 |  |  |  |  |  |    |   |      |  |  | 9",
        "1985 | C569 | 9100 | 3 | 1 |  | 3 |  |  |  |  |  |    |   | 0216 |  |  | 4",
        "1985 | C0569 | 9100 | 3 | 1 |  | 3 |  |  |  |  |  |    |   | 0216 |  |  | 9",
        "1980 | C347 | 9133 | 3 | 1 |  | 2 |  |  |  |  |  |    |   |  | 111-1&986-000 |  | 2",
        "1980 | C447 | 8733 | 3 | 1 |  | 2 |  |  |  |  |  |    |   |  | 111-23-8--100 |  | 4",
        "1980 | C677 | 8733 | 3 | 1 |  | 2 |  |  |  |  |  |    |   |  | 111-83-821000 |  | 2",
        "1980 | C502 | 8733 | 3 | 1 |  | 2 |  |  |  |  |  |    |   |  | 1111-&-821000 |  | 2",
        "1980 | C502 | 9590 | 3 | 1 |  | 2 |  |  |  |  |  |    |   |  | 1111-&-821000 |  | 9",
        "1980 | C502 | 8733 | 3 | 1 |  | 2 |  |  |  |  |  |    |   |  | 1111          |  |  ",
        "1976 | C645 | 8733 | 3 | 1 |  | 1 |  |  |  |  |  |    |   |  |  | 2& | 1",
        "1976 | C160 | 8700 | 3 | 1 |  | 1 |  |  |  |  |  |    |   |  |  | &2 | 4",
        "1976 | C160 | 8700 | 3 | 1 |  | 1 |  |  |  |  |  |    |   |  |  | 3  | 9",
        "1974 | C560 | 8700 | 3 | 1 |  | 0 |  |  |  |  |  |    |   |  |  | 7- | 2",
        "1980 | C444 | 9140 | 3 | 1 |  | 9 |  |  |  |  |  |    |   |  |  |    | 9",
        "1990 | C805 | 8733 | 3 | 1 |  |   |  |  |  |  |  |    |   |  |  |    | 7",
        "1990 |      | 8733 | 3 | 1 |  | 4 |  |  |  |  |  | 10 | 3 |  |  |    | 9",
        "     | C003 | 9130 | 3 | 1 |  |   | 405 | 110 | 00 |  |  |  |  |  |  |  | 9",
        "2031 | C003 | 9130 | 3 | 1 |  |   | 405 | 110 | 00 |  |  |  |  |  |  |  | 9",
    ],
    parameters={"as_of": dt.date(2026, 1, 31)},
    labels=lambda _: NAMES,
    why=_why,
)  # fmt: skip
def historic_stage(frame: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """Historic stage of SEER research data: 0 in situ, 1 localized, 2 regional, 4 distant, 9 unstaged.

    6 asks for review (2004 and later, codes that no table knows), 7 means that stage is not made
    (before 2004 without EOD coding system, Los Angeles 1988-1991). A diagnosis after the as-of date is
    unstaged. Blank: the EOD coding system says 13 or 2 digits, but they are not there.
    """
    work = frame.with_row_index("row").with_columns(**numbers()).with_columns(road=road(as_of.year))
    stages = np.full(frame.height, _NONE, dtype=np.uint8)
    for name, way in ROADS.items():
        part = work.filter(pl.col("road") == name)
        if part.height:
            made = part.with_columns(**way.columns).select("row", stage=way.stage().fill_null(_NONE))
            stages[made.get_column("row").to_numpy()] = made.get_column("stage").to_numpy()
    return pl.DataFrame({"historicStage": _TEXT.gather(pl.Series(stages, dtype=pl.UInt32))})


_NONE = 10
_TEXT = pl.Series([*(str(code) for code in range(_NONE)), None], dtype=pl.String)

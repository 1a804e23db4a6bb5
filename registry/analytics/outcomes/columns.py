"""The columns that a quality measure may ask about: what they hold, and what they are made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

from registry.analytics.outcomes.treatment import ITEMS as TREATMENT_ITEMS
from registry.analytics.outcomes.treatment import MODALITIES
from registry.analytics.stages.ajcc import AJCC_GROUPS
from registry.analytics.stages.summary import GROUPS as STAGES

Kind = Literal["number", "text", "flag"]


@dataclass(frozen=True)
class Column:
    """A column of the frame that measures are computed on: kind, meaning, and its values when these are few."""

    kind: Kind
    meaning: str
    values: tuple[str, ...] = ()


_ANSWERS: Final = ("yes", "no")
_DAYS: Final = {
    "days_to_treatment": "any first course treatment", "days_to_surgery": "surgery", "days_to_radiation": "radiation",
    "days_to_systemic": "systemic therapy", "days_to_chemo": "chemotherapy", "days_to_hormone": "hormone therapy",
    "days_to_immuno": "immunotherapy",
}  # fmt: skip
COLUMNS: Final[dict[str, Column]] = {
    "site_group": Column("text", "site group by its name"),
    "site": Column("text", "primary site, three characters (C50)"),
    "primarySite": Column("text", "primary site, four characters (C504)"),
    "histology": Column("number", "histologic type ICD-O-3"),
    "behavior": Column("number", "behavior 0 to 3"),
    "laterality": Column("text", "laterality code"),
    "sex": Column("text", "1 male, 2 female, 9 unknown", ("1", "2", "9")),
    "age": Column("number", "completed years at diagnosis"),
    "year": Column("number", "year of diagnosis"),
    "stage": Column("text", "resolved summary stage", tuple(STAGES)),
    "stage_code": Column("text", "its code"),
    "ajcc_group": Column("text", "AJCC group", tuple(AJCC_GROUPS)),
    "ajcc_edition": Column("text", "edition of the AJCC manual"),
    "sequence": Column("number", "sequence number; 0 or 1 = first cancer"),
    "first_primary": Column("flag", "first cancer of the patient"),
    "class_of_case": Column("number", "class of case; 0 to 22 = analytic"),
    "reporting_source": Column("number", "type of reporting source; 6 autopsy, 7 death certificate"),
    "confirmed": Column("flag", "microscopically confirmed"),
    "dead": Column("flag", "dead at last contact"),
    "followed": Column("number", "days from diagnosis to last contact or death"),
    "surgery_code": Column("number", "surgery of the primary site, two digits of the older codes (A220, B220 = 22)"),
    **{name: Column("text", f"{words.lower()} given", _ANSWERS) for name, words in MODALITIES.items()},
    **{name: Column("number", f"days from diagnosis to {what}") for name, what in _DAYS.items()},
}  # fmt: skip
"""Beside these, each NAACCR item of the dictionary may be named by its id: text, compared as a number after < > between."""

SOURCES: Final = {
    "days_to_treatment": "first_treatment", "days_to_surgery": "first_surgery", "days_to_radiation": "first_radiation",
    "days_to_systemic": "first_systemic",
}  # fmt: skip
"""Columns under another name in the analysis frame."""
DATES: Final = {
    "days_to_chemo": "rxDateChemo",
    "days_to_hormone": "rxDateHormone",
    "days_to_immuno": "rxDateBrm",
}
ITEMS: Final = [*TREATMENT_ITEMS, *DATES.values(), "dateOfDiagnosis"]
"""NAACCR items that the columns need beside the analysis frame."""


def kind_of(name: str, is_item: bool) -> Kind | None:
    """Kind of a column; None when there is none of this name.

    >>> kind_of("age", False), kind_of("tumorSizeSummary", True), kind_of("agee", False)
    ('number', 'text', None)
    """
    if name in COLUMNS:
        return COLUMNS[name].kind
    return "text" if is_item else None


def table() -> pl.DataFrame:
    """The catalogue: frame[column, kind, meaning, values].

    >>> table().columns
    ['column', 'kind', 'meaning', 'values']
    """
    rows = [(name, one.kind, one.meaning, ", ".join(one.values)) for name, one in COLUMNS.items()]
    return pl.DataFrame(rows, schema=["column", "kind", "meaning", "values"], orient="row")

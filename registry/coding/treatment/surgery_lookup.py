"""Surgery codes for a form: what may be coded for this tumor, what it is called, whether a code is legal."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import polars as pl

from registry.coding import reference
from registry.coding.numbers import PREPARED
from registry.coding.treatment.surgery import NAMES, TABLES, surgery_table_number

FIRST_YEAR_OF_LETTERS = 2023
"""Diagnoses of this year and later have codes of a letter and three digits."""


@dataclass(frozen=True)
class SurgeryCode:
    """A code with its words.

    Attributes:
        code: `30`, since 2023 `A300`.
        level: indentation in the manual, 0 = outermost.
        name: words of the manual, None when they are not installed.
    """

    code: str
    level: int
    name: str | None


@dataclass(frozen=True)
class SurgeryTable:
    """The table of codes that applies to a tumor.

    Attributes:
        version: manual, such as `2024`.
        title: name of the table, such as `Breast`.
        year: diagnosis year that was asked for.
        newest: whether it is the newest table installed.
        legal_codes: codes in the order of the manual.
    """

    version: str
    title: str
    year: int
    newest: bool
    legal_codes: tuple[str, ...]

    @cached_property
    def codes(self) -> tuple[SurgeryCode, ...]:
        """The codes with level and words."""
        names = _names(self.version, self.title)
        return tuple(SurgeryCode(code, *names.get(code, (0, None))) for code in self.legal_codes)

    @property
    def why(self) -> str:
        """Which table it is; says so when the year has none of its own yet."""
        text = f"table {self.title} of the SEER manual {self.version}"
        if self.newest and self.year > int(self.version):
            text += f", the newest that is installed; the update for {self.year} may differ"
        return text


@dataclass(frozen=True)
class SurgeryCheck:
    """Whether a code may stand in a form.

    Attributes:
        legal: None when no table is known for the tumor.
        why: one line for the registrar.
        code: the code with its words, when it is legal.
    """

    legal: bool | None
    why: str
    code: SurgeryCode | None = None


def surgery_table(site: str | None, histology: str | None, year: int) -> SurgeryTable | None:
    """The table for a tumor, None when there is none (before 1998, or no codes of site and histology).

    Args:
        site: topography, C and two or three digits.
        histology: four digits.
        year: year of diagnosis.

    >>> surgery_table("C739", "8260", 2017).version
    '2016'
    >>> surgery_table("C509", "8500", 2026).why
    'table Breast of the SEER manual 2024, the newest that is installed; the update for 2026 may differ'
    """
    tumor = {"primarySite": site, "histologicTypeIcdO3": histology, "dateOfDiagnosis": f"{year:04}"}
    frame = pl.DataFrame(tumor, schema=dict.fromkeys(tumor, pl.String))
    numbers = [PREPARED[name].alias(name) for name in ("@site", "@histology", "@diagnosis_year")]
    row = frame.with_columns(numbers).select(surgery_table_number(last_year=year)).item()
    if row is None:
        return None
    one = reference.table(TABLES).row(row, named=True)
    codes = tuple(one["codes"].split())
    return SurgeryTable(one["version"], one["title"], year, not one["year_max"], codes)


def surgery_codes(site: str | None, histology: str | None, year: int) -> tuple[SurgeryCode, ...]:
    """Codes for a pick list, in the order of the manual; empty when no table is known.

    >>> [code.code for code in surgery_codes("C619", "8140", 2024)][:3]
    ['A000', 'A180', 'A190']
    >>> surgery_codes("C509", "8500", 2022)[0].name
    'None; no surgery of primary site; autopsy ONLY'
    """
    table = surgery_table(site, histology, year)
    return table.codes if table else ()


def check_surgery_code(code: str, site: str | None, histology: str | None, year: int) -> SurgeryCheck:
    """Whether this code of surgery of the primary site is legal for the tumor.

    >>> check_surgery_code("30", "C509", "8500", 2023).why
    'codes of diagnosis year 2023 are a letter and three digits, as A300'
    >>> check_surgery_code("A300", "C509", "8500", 2023).code.name
    'Subcutaneous mastectomy'
    """
    table = surgery_table(site, histology, year)
    if table is None:
        return SurgeryCheck(None, f"no table of surgery codes for this site and histology in {year}")
    if code in table.legal_codes:
        return SurgeryCheck(True, f"in {table.why}", next(one for one in table.codes if one.code == code))
    lettered = code[:1].isalpha()
    if lettered and year < FIRST_YEAR_OF_LETTERS:
        return SurgeryCheck(False, f"codes of diagnosis year {year} are two digits, as {code[1:3]}")
    if not lettered and year >= FIRST_YEAR_OF_LETTERS:
        likely = [one for one in table.legal_codes if one[1:3] == code][:1]
        example = likely[0] if likely else table.legal_codes[0]
        return SurgeryCheck(
            False, f"codes of diagnosis year {year} are a letter and three digits, as {example}"
        )
    return SurgeryCheck(False, f"{code} is not in {table.why}")


@cache
def _names(version: str, title: str) -> dict[str, tuple[int, str]]:
    """Level and words by code."""
    names = reference.table(NAMES).filter(
        (pl.col("title") == title) & (pl.col("version_min") <= version) & (pl.col("version_max") >= version)
    )
    return {
        code: (int(level), name) for code, level, name in names.select("code", "level", "name").iter_rows()
    }

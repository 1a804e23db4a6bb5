"""Carry records from one NAACCR version to another; whatever has no place there is listed.

An item is its number: an id may change between versions, a number does not. Sex [220] becomes Sex
Assigned at Birth [225] by the conversion table of version 26, for every diagnosis year.
Sources: the base dictionaries 14 to 26; NAACCR's lists of renamed items (2018, 2019); NAACCR 26 (225
replaces 220); NAACCR 25 (specimen dates 7320 to 7324 become dateTime); NAACCR 24 (item 1791 moves from
Tumor to Patient).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, NamedTuple

import polars as pl

from registry import standards
from registry.formats.naaccr.data import NaaccrData
from registry.formats.naaccr.header import NaaccrHeader
from registry.standards import Dictionary, Item, sex
from registry.standards.lengthening import Lengthening

LOST: dict[str, Any] = {
    "patient_index": pl.Int64,
    "tumor_index": pl.Int64,
    "item": pl.String,
    "number": pl.Int32,
    "value": pl.String,
    "reason": pl.String,
}
SEX, SEX_AT_BIRTH = 220, 225
OWN_COLUMNS = ("file", "patient_index", "tumor_index", "line", "byte_start", "byte_length")
ISO_PARTS = r"^(\d{4})-?(\d{2})?-?(\d{2})?(T.*)?"


@dataclass
class Translation:
    """Records in their new version.

    Attributes:
        data: header, patients and tumors of the new version. `errors` and `quarantined` are those of
            the file as it was read.
        lost: one row a value that has no place there: `patient_index` (null for root items),
            `tumor_index` (null above the tumor), `item`, `number` (null when not known), `value`,
            `reason`; sorted by place, number, item.
    """

    data: NaaccrData
    lost: pl.DataFrame


class Fate(NamedTuple):
    """What becomes of a column: its item there, its column there, or the reason why it has none."""

    item: Item | None
    there: Item | None
    column: str
    reason: str = ""


def translate(
    data: NaaccrData, to: str | None = None, *, dictionaries: Sequence[Dictionary] = ()
) -> Translation:
    """Carry records to another version, newer or older.

    Items are matched by number: renamed ids get the id of the version; an item that moved from Tumor to
    Patient is carried when all tumors of the patient that have it agree, one that moved down goes to
    every tumor. Values are carried as they are, also when they are too long there, except: left zeros are
    added where a number became longer (a code that would become no code stays as it is, and is listed), and
    specimen dates change between YYYYMMDD and YYYY-MM-DD.

    Args:
        data: records of one version.
        to: the version wanted ("260", "26"); the newest when not given.
        dictionaries: user-defined dictionaries, to know the numbers of their items. Without them a
            column that no base dictionary knows is carried as it is.

    Raises:
        NotFound: there is no such version.

    >>> from registry.formats.naaccr.data import NaaccrData
    >>> old = NaaccrData(
    ...     NaaccrHeader(version="180", record_type="I"),
    ...     patients=pl.DataFrame({"patient_index": [0], "sex": ["3"]}),
    ...     tumors=pl.DataFrame({"patient_index": [0], "tumor_index": [0], "primarySite": ["C504"]}),
    ...     errors=pl.DataFrame())
    >>> new = translate(old, "260")
    >>> new.data.patients.columns, new.data.header.version
    (['patient_index', 'sexAssignedAtBirth'], '260')
    >>> new.lost.select("item", "value", "reason").rows()
    [('sex', '3', 'became sexAssignedAtBirth 9, which says less')]
    """
    to = standards.version_code(to)
    if to == data.header.version:
        return Translation(data, pl.DataFrame(schema=LOST))
    work = _Work(data, to, dictionaries)
    header = work.header()
    for level, frame in (("Patient", data.patients), ("Tumor", data.tumors)):
        work.carry(level, frame)
    patients, tumors = work.frame("Patient"), work.frame("Tumor")
    return Translation(NaaccrData(header, patients, tumors, data.errors, data.quarantined), work.lost())


@cache
def _with_defaults(version: str) -> Dictionary:
    default = standards.default_user_dictionary(version)
    return standards.dictionary(version).merged([default] if default else [])


def is_own(column: str) -> bool:
    """True for the reader's and the store's own columns, which are no items: "line", "patient_id".

    >>> is_own("byte_start"), is_own("fooBar__9512"), is_own("primarySite")
    (True, False, False)
    """
    return column in OWN_COLUMNS or ("_" in column and "__" not in column)


class _Work:
    """One translation: the frames that grow, and what is lost on the way."""

    def __init__(self, data: NaaccrData, to: str, dictionaries: Sequence[Dictionary]) -> None:
        self._data, self._to = data, to
        self._from = data.header.version
        self._here = _with_defaults(self._from).merged(dictionaries)
        self._base_there = _with_defaults(to)
        self._there = self._base_there.merged(dictionaries)
        self._columns_there = {(item.id, item.number): item.column for item in self._there.definitions}
        self._order = {column: at for at, column in enumerate(self._there.columns())}
        self._lost: list[pl.DataFrame] = []
        own = {"Patient": data.patients, "Tumor": data.tumors}
        self._frames: dict[str, dict[str, pl.Series]] = {
            level: {name: frame[name] for name in frame.columns if is_own(name)}
            for level, frame in own.items()
        }

    # -- which item a column becomes -------------------------------------------------------------

    def fate(self, column: str) -> Fate:
        item = self._here.of_column(column)
        if item is None:
            return self._fate_of_unknown(column)
        there = self._base_there.by_number(item.number)
        if there is not None:
            return Fate(item, there, self._columns_there[there.id, there.number])
        name = self._columns_there.get((item.id, item.number))
        if name is not None:
            return Fate(item, item, name)
        return Fate(item, None, column, self._why_gone(item))

    def _fate_of_unknown(self, column: str) -> Fate:
        """A renamed item under its old id, an item kept although its version lacks it, or a user item."""
        newest = standards.renamed_items().get(column)
        known = standards.item(newest) if newest else None
        there = self._base_there.by_number(known.number) if known else self._base_there.item(column)
        if there is None:
            reason = self._why_gone(known) if known else ""
            return Fate(known, None, column, reason)
        if not known and self._data.header.user_dictionaries:
            what = f"{column} is another item in NAACCR {self._to}; give the user dictionary"
            return Fate(None, None, column, what)
        return Fate(there, there, self._columns_there[there.id, there.number])

    def _why_gone(self, item: Item) -> str:
        if standards.is_date_flag(item.id):
            return f"date flags are not part of NAACCR {self._to}: the date is only left blank"
        return f"not an item of NAACCR {self._to}"

    # -- carrying --------------------------------------------------------------------------------

    def header(self) -> NaaccrHeader:
        """The header there; root items are carried like the others."""
        header = self._data.header
        items = {}
        for name, value in header.items.items():
            fate = self.fate(name)
            if name == "naaccrRecordVersion":
                items[name] = self._to
            elif fate.reason:
                self._lose(pl.DataFrame({"value": [value]}), fate)
            else:
                items[fate.column] = value
        default_here = standards.default_user_dictionary(self._from)
        default_there = standards.default_user_dictionary(self._to)
        uris = [
            uri
            for uri in header.user_dictionaries
            if uri not in {one.uri for one in (default_here, default_there) if one}
        ]
        if default_there and len(uris) < len(header.user_dictionaries):
            uris.insert(0, default_there.uri)
        return replace(
            header, version=self._to, base_dictionary_uri="", user_dictionaries=tuple(uris), items=items
        )

    def carry(self, level: str, frame: pl.DataFrame) -> None:
        other_sex = None
        for column in frame.columns:
            if is_own(column):
                continue
            fate, values = self.fate(column), frame[column].cast(pl.String)
            sex_there = self._sex_instead(fate)
            if sex_there:
                other_sex = (values, fate, sex_there)
                continue
            if fate.reason:
                self._lose_where(level, values, values.is_not_null(), fate)
                continue
            values = self._converted(level, values, fate)
            moved = fate.item and fate.there and fate.item.level != fate.there.level
            if not moved or fate.there is None or fate.there.level == level:
                self._put(level, values, fate)
            elif level == "Tumor":
                self._put("Patient", self._raised(values, fate), fate)
            else:
                self._put("Tumor", self._lowered(values, fate), fate)
        if other_sex:
            self._put_sex(level, *other_sex)

    def _sex_instead(self, fate: Fate) -> Item | None:
        """Item 225 for 220, or 220 for 225, where the version wanted has only the other one."""
        if fate.there or not fate.item or fate.item.number not in (SEX, SEX_AT_BIRTH):
            return None
        return self._base_there.by_number(SEX_AT_BIRTH if fate.item.number == SEX else SEX)

    def _put(self, level: str, values: pl.Series, fate: Fate) -> None:
        """Add a column; where the item has another value already, that one stays."""
        present = self._frames[level].get(fate.column)
        if present is not None:
            other = values.is_not_null() & present.is_not_null() & (values != present)
            self._lose_where(level, values, other, fate, "the item has another value already")
            values = pl.select(pl.coalesce(present, values)).to_series()
        self._frames[level][fate.column] = values.alias(fate.column)

    def _raised(self, values: pl.Series, fate: Fate) -> pl.Series:
        """The value of each patient: that of all its tumors that have one."""
        tumors = self._data.tumors.select("patient_index").with_columns(values.alias("value"))
        by_patient = (
            tumors.drop_nulls("value")
            .group_by("patient_index")
            .agg(pl.col("value").first(), pl.col("value").n_unique().alias("values"))
        )
        agreed = by_patient.filter(pl.col("values") == 1).select("patient_index", "value")
        patients = self._data.patients.select("patient_index")
        kept = agreed.join(patients, on="patient_index", how="semi")
        gone = ~tumors["patient_index"].is_in(kept["patient_index"].implode()) & values.is_not_null()
        what = f"now an item of the patient, and the patient's tumors disagree on {fate.column}"
        self._lose_where("Tumor", values, gone, fate, what)
        return patients.join(kept, on="patient_index", how="left", maintain_order="left")["value"]

    def _lowered(self, values: pl.Series, fate: Fate) -> pl.Series:
        """The value of each tumor: that of its patient."""
        patients = self._data.patients.select("patient_index").with_columns(values.alias("value"))
        tumors = self._data.tumors.select("patient_index")
        childless = ~patients["patient_index"].is_in(tumors["patient_index"].unique().implode())
        what = f"an item of the tumor in NAACCR {self._to}, and the patient has none"
        self._lose_where("Patient", values, childless & values.is_not_null(), fate, what)
        return tumors.join(patients, on="patient_index", how="left", maintain_order="left")["value"]

    # -- values that change their form -------------------------------------------------------------

    def _converted(self, level: str, values: pl.Series, fate: Fate) -> pl.Series:
        item, there = fate.item, fate.there
        if item is None or there is None or item == there:
            return values
        if {item.data_type, there.data_type} == {"date", "dateTime"}:
            parts = [values.str.extract(ISO_PARTS, part) for part in (1, 2, 3)]
            day = pl.concat_str(parts, separator="-" * (there.data_type == "dateTime"), ignore_nulls=True)
            is_date = values.str.contains(r"^\d{4}(\d{2}(\d{2})?)?$|^\d{4}(-\d{2}(-\d{2}(T.*)?)?)?$")
            timed = is_date & values.str.contains("T")
            self._lose_where(level, values, timed, fate, f"NAACCR {self._to} keeps the day only")
            return pl.select(pl.when(is_date).then(day).otherwise(values)).to_series()
        longer = there.length > item.length and item.padding == there.padding == "leftZero"
        if longer and item.data_type == there.data_type and item.data_type in ("digits", "mixed"):
            codes = _special(item, self._from), _special(there, self._to)
            rule, value = Lengthening(item.length, there.length, *codes), pl.col("value")
            frame = values.alias("value").to_frame()
            short = frame.select(rule.stays_short(value)).to_series()
            self._lose_where(level, values, short.fill_null(False), fate, rule.why())
            return frame.select(rule.applied(value)).to_series()
        return values

    def _put_sex(self, level: str, values: pl.Series, fate: Fate, there: Item) -> None:
        """220 into 225 or back, for a version that has only the other one."""
        columns = self._frames[level]
        given = columns.get(there.column, pl.Series(there.column, [None] * values.len(), dtype=pl.String))
        frame = pl.DataFrame([values.alias(fate.column), given.alias(there.id)])
        filled = standards.convert_sex(frame)[0] if there.number == SEX_AT_BIRTH else _sex_back(frame)
        columns[there.column] = now = filled[there.id].alias(there.column)
        says_else = now.is_null() | (now.str.strip_chars() != values.str.strip_chars())
        reason = (
            pl.when(pl.lit(now).is_null())
            .then(pl.lit(f"{there.id} has no such code"))
            .when(pl.lit(given).is_not_null())
            .then(pl.format(f"{there.id} says {{}}", pl.lit(now)))
            .otherwise(pl.format(f"became {there.id} {{}}, which says less", pl.lit(now)))
        )
        self._lose_where(level, values, values.is_not_null() & says_else, fate, reason)

    # -- results ---------------------------------------------------------------------------------

    def _lose_where(
        self, level: str, values: pl.Series, rows: pl.Series, fate: Fate, why: str | pl.Expr = ""
    ) -> None:
        if not rows.any():
            return
        frame = self._data.patients if level == "Patient" else self._data.tumors
        places = frame.select(pl.col("^(patient|tumor)_index$"), values.alias("value"))
        reason = why if isinstance(why, pl.Expr) else pl.lit(why or fate.reason)
        places = places.with_columns(reason.alias("why"))
        self._lose(places.filter(rows), fate)

    def _lose(self, rows: pl.DataFrame, fate: Fate) -> None:
        """Note values: `value`, and where there are any `patient_index`, `tumor_index`, `why`."""
        if rows.is_empty():
            return
        name = fate.item.id if fate.item else fate.column
        number = fate.item.number if fate.item else None
        fixed = {"item": name, "number": number, "reason": fate.reason}
        empty = [pl.lit(None).alias(name) for name in LOST if name not in rows.columns and name not in fixed]
        rows = rows.with_columns(*empty, *(pl.lit(value).alias(name) for name, value in fixed.items()))
        if "why" in rows.columns:
            rows = rows.with_columns(pl.col("why").alias("reason"))
        self._lost.append(rows.select(pl.col(name).cast(kind) for name, kind in LOST.items()))

    def lost(self) -> pl.DataFrame:
        rows = pl.concat([pl.DataFrame(schema=LOST), *self._lost])
        order = ["patient_index", "tumor_index", "number", "item", "value", "reason"]
        return rows.sort(order, nulls_last=False)

    def frame(self, level: str) -> pl.DataFrame:
        """The columns of our own as they stood, then items in dictionary order, unknown ones last."""
        columns = self._frames[level]
        own = [name for name in columns if is_own(name)]
        items = sorted(columns.keys() - set(own), key=lambda name: (self._order.get(name, 2**31), name))
        return pl.DataFrame([columns[name] for name in (*own, *items)])


def _special(item: Item, version: str) -> frozenset[str]:
    """Codes of an item in a version, and its values that are no numbers though they are written in digits."""
    codes = standards.special_codes(item.id, version)["code"]
    return frozenset({*codes, *standards.item_type(item, version).labels})


def _sex_back(frame: pl.DataFrame) -> pl.DataFrame:
    """`sex` filled from `sexAssignedAtBirth` where it is blank, for the codes that both items have."""
    same = {code: new for code, new in sex.conversion().items() if code == new}
    back = pl.col(sex.NEW).str.strip_chars().replace_strict(same, default=None, return_dtype=pl.String)
    return frame.with_columns(pl.coalesce(sex.OLD, back).alias(sex.OLD))

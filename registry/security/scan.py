"""The last look before an extract leaves: every byte of the files as written, against the registry's identifiers.

The files are read back from the disk. Each column must be one of the profile's, each value of the column's shape, each
file exactly what its columns give when written again, so that nothing stands between or behind them. Then every value,
its parts and its groups of digits are looked up among the registry's names, numbers and addresses, whatever the case,
accents and separators. A hit names file, column and kind, never the value.

What cannot be seen: an identifier that looks like a code of the column it stands in (a two-digit number in a column of
two-digit codes). Only the allow list keeps such values out.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import polars as pl

from registry.errors import BadInput
from registry.security.allow_list import BIRTH, DATES, KEYS, LIMITED_PLACES
from registry.standards import dates

SHORTEST_NAME: Final = 4
SHORTEST_NUMBER: Final = 6
SHORTEST_NUMBER_IN_TEXT: Final = 9
SHORTEST_TEXT: Final = 8
_ASCII_REST: Final = r"[\x00-/:-@\[-`{-\x7f]+"
_DAY: Final = re.compile(
    r"(?<!\d)(?:[12]\d{3}([-/. ]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])"
    r"|(?:0?[1-9]|[12]\d|3[01])[-/.](?:0?[1-9]|[12]\d|3[01])[-/.](?:[12]\d{3}))(?!\d)"
)
_ISO_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
#: Which lookup a kind of identifier needs.
HOW: Final = {"name": "parts of letters", "number": "whole, without separators", "text": "whole"}


TOKENS: Final = {
    "file": pl.String, "column": pl.String, "token": pl.String, "whole": pl.Boolean, "data": pl.Boolean,
}  # fmt: skip


@dataclass(frozen=True)
class Hit:
    """Something that must not leave: where and of which kind, how many different values."""

    file: str
    column: str
    kind: str
    values: int

    def __str__(self) -> str:
        return f"{self.file}, column {self.column}: {self.kind} ({self.values} values)"


@dataclass
class Scan:
    """What was read back from the files of an extract, ready to be asked for identifiers.

    Attributes:
        hits: faults of shape found so far.
        tokens: frame[file, column, token, whole, data]: folded values and their parts; `data` False for a manifest.
        bytes: bytes read, unpacked.
    """

    hits: list[Hit] = field(default_factory=list)
    tokens: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=TOKENS))
    bytes: int = 0

    def look_up(self, kind: str, how: str, values: pl.Series) -> list[Hit]:
        """Hits of one kind of identifier.

        Args:
            kind: what the hit is called, such as "social security number".
            how: "name", "number" or "text"; see HOW.
            values: the registry's values of that kind, as kept.
        """
        known = identifiers(values, how)
        asked = self.tokens
        if how == "name":
            asked = asked.filter(pl.col("data") | pl.col("whole"))
        elif how == "number":
            long = pl.col("token").str.len_chars() >= SHORTEST_NUMBER_IN_TEXT
            asked = asked.filter(pl.col("data") | long).with_columns(
                pl.col("token").str.strip_chars_start("0")
            )
        else:
            asked = asked.filter("whole")
        found = asked.join(known, on="token", how="semi").unique(["file", "column", "token"])
        rows = found.group_by("file", "column").len().sort("file", "column").iter_rows()
        return [Hit(file, column, kind, count) for file, column, count in rows]


def read(
    folder: Path,
    shapes: Mapping[str, str],
    words: Mapping[str, Iterable[str]],
    *,
    days_allowed: bool = False,
    own_texts: Collection[str] = (),
) -> Scan:
    """Read every file of a folder back and check the shape of all that is in it.

    Args:
        folder: .parquet, .csv and .json files; any other file is a hit.
        shapes: column → pattern of its whole value.
        words: column → the only words it may hold; they are no names of persons.
        days_allowed: full dates may stand in the columns of dates (limited data set, shifted dates).
        own_texts: the program's own words in a manifest (names of columns, profiles): somebody may be called so.

    Raises:
        BadInput: a file cannot be read back.
    """
    scan = Scan()
    parts = []
    for path in sorted(folder.iterdir()):
        if path.suffix in {".parquet", ".csv"}:
            parts.append(_columns(scan, path, shapes, words, days_allowed))
        elif path.suffix == ".json":
            parts.append(_texts(scan, path, frozenset(own_texts)))
        else:
            scan.hits.append(Hit(path.name, "", "a file of another kind", 1))
    if parts:
        scan.tokens = pl.concat(parts)
    return scan


def _columns(
    scan: Scan,
    path: Path,
    shapes: Mapping[str, str],
    words: Mapping[str, Iterable[str]],
    days_allowed: bool,
) -> pl.DataFrame:
    frame = _read_back(path)
    scan.bytes += int(frame.estimated_size())
    if not _is_all(path, frame):
        scan.hits.append(Hit(path.name, "", "bytes that are in none of its columns", 1))
    parts = [pl.DataFrame(schema=TOKENS)]
    for name in frame.columns:
        values = frame[name].cast(pl.String).drop_nulls().unique().sort()
        if name not in shapes:
            scan.hits.append(Hit(path.name, name, "a column that the profile does not have", values.len()))
        else:
            fits = values.str.contains(rf"\A(?:{shapes[name]})\z")
            if not fits.all():
                scan.hits.append(Hit(path.name, name, "values of another shape", int((~fits).sum())))
        of_days = days_allowed and name.removeprefix("shifted_") in {*DATES, BIRTH}
        if of_days:
            values = values.filter(values.to_frame("d").select(dates.is_valid("d").not_()).to_series())
        if name in words:
            values = values.filter(~values.is_in(sorted(words[name])))
        if name in LIMITED_PLACES:  # a census tract may look like a short record number
            values = values.filter(~values.str.contains(rf"\A(?:{shapes.get(name, '')})\z"))
        if name not in KEYS and (days := sum(1 for value in _perhaps_days(values) if _DAY.search(value))):
            scan.hits.append(Hit(path.name, name, "full dates", days))
        parts.append(tokens(values, path.name, name, data=True))
    return pl.concat(parts)


def _read_back(path: Path) -> pl.DataFrame:
    try:
        if path.suffix == ".csv":
            return pl.read_csv(path, infer_schema=False)
        if further := set(pl.read_parquet_metadata(path)) - {"ARROW:schema"}:
            raise BadInput(path.name, f"it carries {len(further)} further texts beside its columns")
        return pl.read_parquet(path)
    except pl.exceptions.PolarsError:
        raise BadInput(path.name, "it cannot be read back, so it cannot be looked through") from None


def write(frame: pl.DataFrame, to: Path | io.BytesIO, suffix: str) -> None:
    """Write a frame as every extract is written: the same frame always gives the same bytes."""
    if suffix == ".csv":
        frame.write_csv(to)
    else:
        frame.write_parquet(to, compression="zstd", row_group_size=1 << 18)


def _is_all(path: Path, frame: pl.DataFrame) -> bool:
    """Whether the file holds nothing but the frame: writing it again gives the same bytes."""
    again = io.BytesIO()
    write(frame, again, path.suffix)
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest() == hashlib.sha256(again.getbuffer()).digest()


def _texts(scan: Scan, path: Path, own: frozenset[str]) -> pl.DataFrame:
    """Tokens of every text in a JSON file but the program's own words, which its keys are, too."""
    content = path.read_bytes()
    scan.bytes += len(content)
    parts = [pl.DataFrame(schema=TOKENS)]
    for place, text in _leaves(json.loads(content), ""):
        if text not in own:
            parts.append(tokens(pl.Series([text], dtype=pl.String), path.name, place, data=False))
    return pl.concat(parts)


def _leaves(thing: Any, place: str) -> Iterable[tuple[str, str]]:
    if isinstance(thing, dict):
        for name, value in thing.items():
            yield from _leaves(value, f"{place}.{name}" if place else str(name))
    elif isinstance(thing, list):
        for value in thing:
            yield from _leaves(value, place)
    elif isinstance(thing, str) and not _ISO_DAY.fullmatch(thing):
        yield place, thing


def _perhaps_days(values: pl.Series) -> list[str]:
    return values.filter(values.str.contains(r"[0-9].*[0-9].*[0-9].*[0-9].*[0-9].*[0-9]")).to_list()


def tokens(values: pl.Series, file: str, column: str, *, data: bool) -> pl.DataFrame:
    """Folded forms under which an identifier could stand in these values.

    >>> found = tokens(pl.Series(["Dr. Muñoz, SSN 078-05 1120"]), "f.csv", "note", data=True)
    >>> {"MUNOZ", "078051120", "DRMUNOZSSN078051120"} <= set(found["token"])
    True
    """
    distinct = values.cast(pl.String).drop_nulls().unique().sort()
    distinct = distinct.filter(distinct.str.len_chars() >= SHORTEST_NAME)
    whole = fold(distinct).rename("token").to_frame().with_columns(whole=pl.lit(True))
    several = distinct.filter(distinct.str.contains(r"[\s!-/:-@\[-`{-~]") | (distinct.str.len_bytes() != distinct.str.len_chars()))  # fmt: skip
    pieces = [piece for text in several.to_list() for piece in _pieces(text)]
    parts = pl.DataFrame({"token": pieces}, schema={"token": pl.String}).with_columns(whole=pl.lit(False))
    found = pl.concat([whole, parts]).filter(pl.col("token").str.len_chars() >= SHORTEST_NAME)
    return found.unique().sort("token", "whole").select(
        pl.lit(file).alias("file"), pl.lit(column).alias("column"), "token", "whole", pl.lit(data).alias("data")
    )  # fmt: skip


def _pieces(text: str) -> set[str]:
    """Words of a text, words with an apostrophe or hyphen in them, and neighbouring groups of digits put together."""
    spelled = _spelled(text)
    runs = re.findall(r"[^\W_]+", spelled)
    found = {*runs, *(re.sub(r"[\W_]", "", word) for word in spelled.split())}
    for stretch in re.findall(r"\d(?:[\W_]{0,3}\d)+", spelled):
        groups = re.findall(r"\d+", stretch)
        for first in range(len(groups)):
            for last in range(first + 1, min(first + 10, len(groups)) + 1):
                found.add("".join(groups[first:last]))
    return found


def fold(values: pl.Series) -> pl.Series:
    """Capital letters and digits only: no accents, no separators.

    >>> fold(pl.Series(["O'Brien-Łukasz", "123-45-6789", "Ｍuñoz"])).to_list()
    ['OBRIENŁUKASZ', '123456789', 'MUNOZ']
    """
    ascii_only = values.str.len_bytes() == values.str.len_chars()
    quick = values.str.to_uppercase().str.replace_all(_ASCII_REST, "")
    if ascii_only.all():
        return quick
    slow = values.filter(~ascii_only).drop_nulls().unique()
    spelled = {text: re.sub(r"[\W_]", "", _spelled(text)) for text in slow.to_list()}
    frame = pl.DataFrame({"value": values, "quick": quick, "ascii": ascii_only})
    other = pl.col("value").replace_strict(spelled, default=None, return_dtype=pl.String)
    return frame.select(pl.when("ascii").then("quick").otherwise(other)).to_series().alias(values.name)


def _spelled(text: str) -> str:
    """Upper case, accents away, every kind of digit as 0 to 9."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.upper()) if not unicodedata.combining(c))
    return "".join(str(unicodedata.digit(c)) if c.isdigit() and not c.isascii() else c for c in plain)


def identifiers(values: pl.Series, how: str) -> pl.DataFrame:
    """Folded identifiers to look for: frame[token].

    >>> identifiers(pl.Series(["De la Cruz-Rivera", "Ann"]), "name")["token"].sort().to_list()
    ['CRUZ', 'DELACRUZRIVERA', 'RIVERA']
    """
    distinct = values.cast(pl.String).drop_nulls().unique()
    if how == "name":
        pieces = distinct.str.to_uppercase().str.split(" ").explode().str.split("-").explode()
        folded = fold(pl.concat([distinct.alias("token"), pieces.alias("token")]).drop_nulls().unique())
        known = folded.filter((folded.str.len_chars() >= SHORTEST_NAME) & ~folded.str.contains(r"[0-9]"))
    elif how == "number":
        folded = fold(distinct).str.strip_chars_start("0")
        known = folded.filter((folded.str.len_chars() >= SHORTEST_NUMBER) & folded.str.contains(r"[0-9]"))
    else:
        folded = fold(distinct)
        known = folded.filter(folded.str.len_chars() >= SHORTEST_TEXT)
    return known.unique().sort().alias("token").to_frame()

"""Geocoding as pure functions: which addresses to send, how a changed address is told, what a returned line may say.

A geocoder's answer belongs to one address: the key of a line carries the number of the tumor and a digest of the address
that was sent, so that an answer for an address that changed meanwhile is recognised and refused.

Source: NAACCR data dictionary 26, items 81-97, 110-135, 331, 332, 361-369, 2352, 2354 (codes in registry.standards).
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from typing import Final

import polars as pl

from registry import standards
from registry.errors import BadInput

ADDRESS: Final = (
    "addrAtDxNoStreet", "addrAtDxSupplementl", "addrAtDxCity", "addrAtDxState", "addrAtDxPostalCode", "addrAtDxCountry",
)  # fmt: skip
"""What a geocoder gets, beside the key and the reported county."""

RESULT: Final = (
    "latitude", "longitude", "gisCoordinateQuality", "geocodingQualityCode", "geocodingQualityCodeDetail",
    "geocodingAccuracyScore", "geocodingAccuracyType",
    *(f"{item}Geocode{year}" for year in (2000, 2010, 2020) for item in ("stateAtDx", "countyAtDx")),
    "censusTract2000", "censusTrCertainty2000", "censusBlockGroup2000",
    "censusTract2010", "censusTrCertainty2010", "censusBlockGroup2010",
    "censusTract2020", "censusTractCertainty2020", "censusBlockGroup2020",
)  # fmt: skip
"""Items that a geocoder's file may bring; its columns carry these ids."""

COUNTIES: Final = ("countyAtDxGeocode2020", "countyAtDxGeocode2010", "countyAtDxGeocode2000")
"""Geocoded counties, the newest census first."""
TRACTS: Final = {
    "censusTract2000": "censusTrCertainty2000",
    "censusTract2010": "censusTrCertainty2010",
    "censusTract2020": "censusTractCertainty2020",
}
NO_COUNTY: Final = ("", "998", "999", "000")
NO_TRACT: Final = ("", "999999")
FAILED: Final = "F"
TO_REVIEW: Final = "R"
KEY: Final = re.compile(r"(\d{1,18})-([0-9a-f]{16})")
_NUMBER: Final = r"\A[+-]?[0-9]{1,3}(?:\.[0-9]{1,15})?\z"
_NOTHING: Final = ("UNKNOWN", "UNK", "NONE", "HOMELESS", "88888", "99999", "888888888", "999999999")


def digests(addresses: pl.DataFrame) -> pl.Series:
    """Digest of each address (16 hexadecimal digits), null where nothing of it can be looked for on a map.

    Case and blanks do not count. A street, a city or a postal code that says nothing (UNKNOWN, 99999) is none.

    Args:
        addresses: frame with the columns ADDRESS; missing ones count as blank.

    >>> frame = pl.DataFrame({"addrAtDxNoStreet": ["7 Main  St", "7 MAIN ST", "UNKNOWN"], "addrAtDxState": ["NY"] * 3})
    >>> found = digests(frame).to_list()
    >>> found[0] == found[1], found[2]
    (True, None)
    """
    parts = [_said(addresses, item) for item in ADDRESS]
    somewhere = pl.any_horizontal(
        ~_said(addresses, item).is_in(["", *_NOTHING])
        for item in ("addrAtDxNoStreet", "addrAtDxCity", "addrAtDxPostalCode")
    )
    texts = addresses.select(pl.when(somewhere).then(pl.concat_str(parts, separator="\x1f")).alias("digest"))
    distinct = texts["digest"].drop_nulls().unique().to_list()
    known = {text: hashlib.sha256(b"address\0" + text.encode()).hexdigest()[:16] for text in distinct}
    return texts["digest"].replace_strict(known, default=None, return_dtype=pl.String)


def _said(frame: pl.DataFrame, item: str) -> pl.Expr:
    if item not in frame.columns:
        return pl.lit("")
    text = pl.col(item).cast(pl.String).fill_null("").str.to_uppercase()
    return text.str.replace_all(r"\s+", " ").str.strip_chars()


def keys(tumor_ids: pl.Expr | str, digest: pl.Expr | str) -> pl.Expr:
    """Key of a line: number of the tumor and digest of the address.

    >>> pl.DataFrame({"t": [7], "d": ["0123456789abcdef"]}).select(keys("t", "d")).item()
    '7-0123456789abcdef'
    """
    tumor = pl.col(tumor_ids) if isinstance(tumor_ids, str) else tumor_ids
    return pl.concat_str(tumor.cast(pl.String), pl.col(digest) if isinstance(digest, str) else digest, separator="-")  # fmt: skip


def read_result(lines: pl.DataFrame, where: str) -> tuple[pl.DataFrame, pl.DataFrame, list[str]]:
    """A geocoder's file: what can be used of it, what cannot and why, and columns that are not for us.

    Args:
        lines: the file as text columns; `key` and any of RESULT.
        where: name of the file, for errors.

    Returns:
        (frame[line, tumor_id, digest, *RESULT present], frame[line, item, reason], other columns). A line with any
        fault is not used at all. Lines count from 2, as a spreadsheet shows them below the header. Reasons hold no value.

    Raises:
        BadInput: no column `key`, or none of RESULT.
    """
    if "key" not in lines.columns:
        raise BadInput(where, "it has no column key", "send back the file as it was exported, with results")
    items = [item for item in RESULT if item in lines.columns]
    if not items:
        raise BadInput(where, "it has no column of a result", f"name them {', '.join(RESULT[:4])} …")
    sent = {"key", *ADDRESS, "countyAtDx"}
    other = [name for name in lines.columns if name not in sent and name not in items]
    blank_as_null = [_blank_as_null(lines, name) for name in ("key", *items)]
    table = lines.select(pl.int_range(2, lines.height + 2, dtype=pl.Int64).alias("line"), *blank_as_null)
    table = table.with_columns(
        pl.col("key").str.extract(r"\A([0-9]{1,18})-[0-9a-f]{16}\z").cast(pl.Int64).alias("tumor_id"),
        pl.col("key").str.extract(r"\A[0-9]{1,18}-([0-9a-f]{16})\z").alias("digest"),
    )
    table = table.with_columns(_padded(item) for item in items)
    faults = _faults(table, items)
    good = table.join(faults, on="line", how="anti", maintain_order="left")
    good = good.with_columns(_degrees(item) for item in ("latitude", "longitude") if item in items)
    return good.select("line", "tumor_id", "digest", *items), faults, other


def _blank_as_null(lines: pl.DataFrame, name: str) -> pl.Expr:
    text = pl.col(name).cast(pl.String).str.strip_chars()
    return pl.when(text != "").then(text).alias(name)


def _padded(item: str) -> pl.Expr:
    """A code of digits that a spreadsheet robbed of its leading zeros gets them back."""
    known = standards.item(item)
    text = pl.col(item)
    if known.data_type == "digits" and known.length > 1:
        text = pl.when(text.str.contains(r"\A[0-9]+\z")).then(text.str.zfill(known.length)).otherwise(text)
    return text.alias(item)


def _degrees(item: str) -> pl.Expr:
    """Decimal degrees with six decimals, as the item's length allows."""
    number = pl.col(item).cast(pl.Float64, strict=False)
    micro = (number.abs() * 1_000_000).round().cast(pl.Int64)
    sign = pl.when((number < 0) & (micro > 0)).then(pl.lit("-")).otherwise(pl.lit(""))
    whole, rest = (micro // 1_000_000).cast(pl.String), (micro % 1_000_000).cast(pl.String).str.zfill(6)
    return pl.when(number.is_not_null()).then(pl.concat_str(sign, whole, pl.lit("."), rest)).alias(item)


def _faults(table: pl.DataFrame, items: list[str]) -> pl.DataFrame:
    asked = [("key", ~_holds(pl.col("key").str.contains(r"\A[0-9]{1,18}-[0-9a-f]{16}\z")), "is no key of an exported line")]  # fmt: skip
    asked += [("key", pl.col("key").is_duplicated() & pl.col("key").is_not_null(), "stands on several lines")]
    for item in items:
        text = pl.col(item)
        if item in ("latitude", "longitude"):
            most = 90 if item == "latitude" else 180
            number = text.cast(pl.Float64, strict=False)
            bad = ~_holds(text.str.contains(_NUMBER)) | ~_holds(number.abs() <= most)
            asked.append((item, text.is_not_null() & bad, f"is not a number of degrees from -{most} to {most}"))  # fmt: skip
        else:
            asked.append((item, text.is_not_null() & ~_legal(item), "is not a value that the item may have"))
    asked += _together(items)
    parts = [
        table.filter(bad.fill_null(False)).select(
            "line", pl.lit(item).alias("item"), pl.lit(reason).alias("reason")
        )
        for item, bad, reason in asked
    ]
    return pl.concat(parts).unique(["line", "item"], keep="first", maintain_order=True).sort("line", "item")


def _holds(condition: pl.Expr) -> pl.Expr:
    return condition.fill_null(False)


@cache
def _codes(item: str) -> tuple[list[str], list[tuple[str, str]]]:
    return sorted(standards.code_set(item)), standards.ranges(item)


def _legal(item: str) -> pl.Expr:
    """Whether a value is one of the item's codes, inside its ranges, or (free items) of its length and kind."""
    text, known = pl.col(item), standards.item(item)
    fits = text.str.len_chars() <= known.length
    if item == "geocodingAccuracyScore":
        return fits & _holds(text.cast(pl.Float64, strict=False).is_between(0, 1))
    if not standards.is_closed(item):
        kinds = {"mixed": r"\A[A-Za-z0-9 ]+\z", "digits": r"\A[0-9]+\z"}
        return fits & text.str.contains(kinds.get(known.data_type, r"\A[ -~]+\z"))
    codes, ranges = _codes(item)
    inside: pl.Expr = text.is_in(codes)
    for low, high in ranges:
        digits = text.str.contains(rf"\A[0-9]{{{len(low)}}}\z")
        inside = inside | (digits & (text >= low) & (text <= high))
    return fits & inside


def _together(items: list[str]) -> list[tuple[str, pl.Expr, str]]:
    """What two items of a line may not say together."""
    found: list[tuple[str, pl.Expr, str]] = []

    def known(item: str) -> pl.Expr:
        return pl.col(item).is_not_null() if item in items else pl.lit(False)

    def value(item: str) -> pl.Expr:
        return pl.col(item).fill_null("") if item in items else pl.lit("")

    found.append(("latitude", known("latitude") ^ known("longitude"), "comes without its longitude, or the other way round"))  # fmt: skip
    if {"latitude", "longitude"} <= set(items):
        both = [pl.col(item).cast(pl.Float64, strict=False) == 0 for item in ("latitude", "longitude")]
        found.append(("latitude", both[0] & both[1], "is 0 with longitude 0: no place was found"))
    found.append(("gisCoordinateQuality", (value("gisCoordinateQuality") == "99") & known("latitude"), "says that no coordinates were assigned, but they are there"))  # fmt: skip
    found.append(("geocodingQualityCode", (value("geocodingQualityCode") == FAILED) & known("latitude"), "says that no match was found, but coordinates are there"))  # fmt: skip
    for tract, certainty in TRACTS.items():
        assigned = ~value(tract).is_in(NO_TRACT)
        found.append((certainty, assigned & (value(certainty) == "9"), f"says that no tract was assigned, but {tract} is there"))  # fmt: skip
    for year in ("2000", "2010", "2020"):
        county, state = f"countyAtDxGeocode{year}", f"stateAtDxGeocode{year}"
        found.append((county, known(county) & ~value(county).is_in(NO_COUNTY) & (value(state).is_in(["", "00"]) if state in items else pl.lit(False)), f"comes without {state}"))  # fmt: skip
    return found


def outcome(items: list[str]) -> pl.Expr:
    """State of a used line: `failed` (no match, or neither coordinates nor a county or tract), `review` or `done`."""
    places = [item for item in ("latitude", *COUNTIES, *TRACTS) if item in items]
    found = pl.any_horizontal([pl.col(item).is_not_null() for item in places]) if places else pl.lit(False)
    quality = pl.col("geocodingQualityCode").fill_null("") if "geocodingQualityCode" in items else pl.lit("")
    return (
        pl.when(~found | (quality == FAILED)).then(pl.lit("failed"))
        .when(quality == TO_REVIEW).then(pl.lit("review")).otherwise(pl.lit("done")).alias("state")
    )  # fmt: skip


def geocoded_county(items: list[str]) -> pl.Expr:
    """The geocoded county of the newest census that has one; null without."""
    known = [pl.when(~pl.col(item).is_in(NO_COUNTY)).then(pl.col(item)) for item in COUNTIES if item in items]
    return (pl.coalesce(known) if known else pl.lit(None, pl.String)).alias("geocoded_county")


def differs(county: pl.Expr, geocoded: pl.Expr) -> pl.Expr:
    """True where a known reported county is not the geocoded one.

    >>> frame = pl.DataFrame({"r": ["061", "061", "999", None], "g": ["061", "047", "047", "047"]})
    >>> frame.select(differs(pl.col("r"), pl.col("g"))).to_series().to_list()
    [False, True, False, False]
    """
    reported = county.fill_null("").str.strip_chars()
    return _holds(~reported.is_in(NO_COUNTY) & geocoded.is_not_null() & (reported != geocoded))

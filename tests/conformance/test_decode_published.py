"""Decoding agrees with the published record types: every code, sentinel and kind of R's naaccr package."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from registry import standards
from registry.formats.naaccr.decode import decode, unlisted
from tests.paths import needs_shared, shared

pytestmark = needs_shared


def rows(name: str) -> list[dict[str, str]]:
    path: Path = shared("naaccr", "codes", name)
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def kinds() -> dict[str, str]:
    known = {item.id for item in standards.newest_items()}
    return {row["name"]: row["type"] for row in rows("padoh-field_info.csv") if row["name"] in known}


@cache
def schemes(kind: str) -> dict[str, dict[str, dict[str, str]]]:
    """Item → code → row of its published scheme."""
    named, code = ("code-schemes.csv.gz", "code") if kind == "code" else ("sentinel-schemes.csv", "sentinel")
    found: dict[str, dict[str, dict[str, str]]] = defaultdict(dict)
    for row in rows(f"padoh-{named}"):
        if row[code]:
            found[row["scheme"]].setdefault(row[code], row)
    return {row["name"]: found[row["scheme"]] for row in rows(f"padoh-field_{kind}_scheme.csv")}


def one(item: str, values: list[str]) -> pl.DataFrame:
    return pl.DataFrame({item: values}, schema={item: pl.String})


def test_kinds_of_items() -> None:
    expected = {
        "factor": pl.Enum, "boolean01": pl.Boolean, "boolean12": pl.Boolean, "override": pl.Boolean,
        "sentineled_integer": pl.Int64, "integer": pl.Int64, "count": pl.Int64, "age": pl.Int64,
        "sentineled_numeric": pl.Float64, "numeric": pl.Float64, "Date": pl.Date, "datetime": pl.Datetime,
    }  # fmt: skip
    without_codes = {item for item, kind in kinds().items() if kind == "factor" and not schemes("code")[item]}
    for item, kind in kinds().items():
        found = decode(one(item, ["1"])).schema[item]
        if item in without_codes and not standards.labels(item):
            assert found == pl.String
        else:
            assert found.base_type() == expected.get(kind, pl.String), (item, kind)
    assert len(kinds()) > 860 and len(without_codes) < 12


def test_every_published_code_has_a_label() -> None:
    checked = 0
    for item, kind in kinds().items():
        codes = sorted(schemes("code").get(item, {}))
        if kind == "factor" and codes:
            assert unlisted(one(item, codes)).is_empty(), item
            assert decode(one(item, codes))[item].n_unique() == len(codes), item
            checked += len(codes)
    assert checked > 5_000


def test_codes_that_mean_unknown() -> None:
    for item, codes in schemes("code").items():
        if kinds().get(item) == "factor":
            missing = [code for code, row in sorted(codes.items()) if row["means_missing"] == "TRUE"]
            found = decode(one(item, sorted(codes)), keep_unknown=False)[item]
            assert found.null_count() == len(missing), item


def test_every_sentinel_is_no_number() -> None:
    for item, codes in schemes("sentinel").items():
        if item in kinds():
            found = decode(one(item, sorted(codes)))
            assert found[item].null_count() == len(codes), item
            labels = found[item + "Reason"].cast(pl.String).to_list()
            assert labels == [codes[code]["label"] for code in sorted(codes)], item


@pytest.mark.parametrize("version", ["230", "240", "250"])
def test_a_published_sample_decodes(version: str) -> None:
    from registry.formats import read_naaccr_xml

    data = read_naaccr_xml(shared("naaccr", "samples", f"naaccr-xml-sample-v{version}-abstract-100.xml.gz"))
    for frame in (data.patients, data.tumors):
        found = decode(frame)
        assert found.height == frame.height and found.select(frame.columns).columns == frame.columns
        for item in frame.columns:
            blank = frame[item].is_null()
            if found.schema[item] == pl.String:
                assert found[item].equals(frame[item])
            elif not item.startswith("overRide"):
                assert found.filter(blank)[item].null_count() == blank.sum()
    listed = unlisted(data.tumors).group_by("item").agg(pl.col("count").sum())
    assert listed.height < len(data.tumors.columns) / 4

"""Identifiers planted anywhere never leave: the allow list drops them, and the last look finds what an allow list lets by."""

from __future__ import annotations

import io
import json
import tempfile
from pathlib import Path

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from registry import standards
from registry.security import scan
from registry.security.allow_list import PROFILES, TUMOR_WORDS, Profile, shapes
from registry.security.deidentify import deidentify
from registry.security.extracts import profile_for, published_words

KEY = b"0123456789abcdef0123456789abcdef"
ITEMS = dict(standards.dictionary().items.select("id", "level").iter_rows())
LEVELS = {
    level: sorted(name for name, own in ITEMS.items() if own == level) for level in ("Patient", "Tumor")
}
RULES = [*PROFILES.values(), profile_for("DEID", "shifted"), profile_for("LIMITED", "months")]
WORDS = published_words([])

ssn = st.from_regex(r"[1-8]\d{2}[1-9]\d[1-9]\d{3}", fullmatch=True)
names = st.sampled_from(["Quetzalcoatl", "O'Xochitl-Tlaloc", "de la Itzpapalotl", "Ñuñezotl", "Tezcatlipoca"])
streets = st.sampled_from(["7 Quetzal Lane Apt 4", "Rural Route 9 Tlaloc Farm"])


def spelled(number: str, separators: tuple[str, str]) -> str:
    return f"{number[:3]}{separators[0]}{number[3:5]}{separators[1]}{number[5:]}"


@st.composite
def planted(draw: st.DrawFn) -> tuple[str, str, str]:
    """An identifier as the registry keeps it, how it is looked for, and a disguise of it."""
    how = draw(st.sampled_from(["name", "number", "text"]))
    if how == "number":
        kept = draw(ssn)
        marks = st.sampled_from(["", " ", "-", "/", ".", " - "])
        shown = spelled(kept, (draw(marks), draw(marks)))
    else:
        kept = draw(names if how == "name" else streets)
        shown = draw(st.sampled_from([str.upper, str.lower, str.swapcase, str.title]))(kept)
    return kept, how, shown


def unpacked(frames: list[pl.DataFrame], report: dict[str, object]) -> bytes:
    parts = [json.dumps(report, default=str).encode()]
    for frame in frames:
        buffer = io.BytesIO()
        frame.write_parquet(buffer, compression="uncompressed", statistics=True)
        parts += [buffer.getvalue(), frame.write_csv().encode()]
    return b"\n".join(parts)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), what=planted(), rule=st.sampled_from(RULES))
def test_planted_anywhere_it_never_leaves(
    data: st.DataObject, what: tuple[str, str, str], rule: Profile
) -> None:
    kept, _, shown = what
    value = data.draw(st.sampled_from([shown, kept, f"note: {shown}", f" {shown} "]))
    chosen = {
        level: data.draw(st.lists(st.sampled_from(names_of), min_size=1, max_size=40, unique=True))
        for level, names_of in LEVELS.items()
    }
    own = data.draw(
        st.lists(st.sampled_from(["stateNote", "stage", "site_group", "age_group", "oneMore"]), unique=True)
    )
    people = {"patient_id": [1], "dateOfBirth": ["19470613"], "nameLast": [kept]}
    cases = {"tumor_id": [1], "patient_id": [1], "dateOfDiagnosis": ["20220215"], "primarySite": ["C509"]}
    people |= {name: [value] for name in chosen["Patient"]}
    cases |= {name: [value] for name in [*chosen["Tumor"], *own]}
    *frames, report = deidentify(pl.DataFrame(people), pl.DataFrame(cases), key=KEY, profile=rule)
    out = unpacked(frames, report).lower()
    for form in {value, shown, kept, kept.upper()}:
        assert form.lower().encode() not in out


BASE = pl.DataFrame({
    "study_tumor_id": ["0" * 19 + "a", "1" * 19 + "b"], "study_patient_id": ["c" * 20, "d" * 20],
    "diagnosis_year": [2020, 2021], "age_at_diagnosis": [74, 90], "primarySite": ["C509", "C619"], "race1": ["01", None],
    "months_to_last_contact": [12, -1], "stage": ["Regional", "Distant"], "site_group": ["Breast", "Prostate"],
})  # fmt: skip


def looked_at(frame: pl.DataFrame, suffix: str) -> scan.Scan:
    with tempfile.TemporaryDirectory() as folder:
        scan.write(frame, Path(folder) / f"tumors{suffix}", suffix)
        (Path(folder) / "manifest.json").write_text(
            json.dumps({"columns": frame.columns, "as_of": "2026-11-22"})
        )
        return scan.read(Path(folder), shapes(PROFILES["DEID"]), WORDS)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), what=planted(), suffix=st.sampled_from([".parquet", ".csv"]))
def test_the_last_look_finds_it_in_any_column(
    data: st.DataObject, what: tuple[str, str, str], suffix: str
) -> None:
    """Here nothing kept it out: the value stands in a column as if the allow list had failed."""
    kept, how, shown = what
    column = data.draw(
        st.sampled_from([name for name in BASE.columns if BASE.schema[name] == pl.String] + ["note"])
    )
    value = shown if how == "text" else data.draw(st.sampled_from([shown, f"see {shown}, again"]))
    spoilt = BASE.with_columns(pl.Series(column, [value, None], dtype=pl.String))
    found = looked_at(spoilt, suffix)
    hits = found.look_up("planted", how, pl.Series([kept]))
    assert [(hit.file, hit.column) for hit in hits] == [(f"tumors{suffix}", column)]
    if column not in TUMOR_WORDS:  # any word fits a column of words: there the look-up alone finds it
        assert any(hit.column == column for hit in found.hits)  # its shape gave it away, too
    assert all(shown.lower() not in str(hit).lower() for hit in [*hits, *found.hits])


@settings(max_examples=30, deadline=None)
@given(what=planted(), suffix=st.sampled_from([".parquet", ".csv"]))
def test_nothing_is_found_where_nothing_is(what: tuple[str, str, str], suffix: str) -> None:
    found = looked_at(BASE, suffix)
    assert (found.hits, found.look_up("planted", what[1], pl.Series([what[0]]))) == ([], [])

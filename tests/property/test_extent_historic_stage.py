"""Historic stage over frames is what one tumor at a time gives, in any order of rows."""

from __future__ import annotations

import datetime as dt
import random

import polars as pl
import pytest

from registry.coding import derive, reference
from registry.coding.derivation import find
from tests.property import historic_stage_row_by_row as row_by_row

AS_OF = dt.date(2026, 1, 31)
INPUTS = find(["historicStage"])[0].inputs
ODD = (None, "", "C", "c341", "C34", "0C341", "C34X", " C341", "341", "C3410", "C9999", "+341")
SIGNS = "0123456789&-"


def tumor(rng: random.Random) -> dict[str, str | None]:
    """A tumor of any era; most fields as they should be, some not."""
    year = rng.choice([*range(1973, 2016), 1899, 1900, 1901, 2025, 2026, 2027])
    system = "4" if year >= 1988 else rng.choice("0123")
    one: dict[str, str | None] = {
        "primarySite": rng.choice(_SITES) if rng.random() < 0.95 else rng.choice(ODD),
        "histologicTypeIcdO3": rng.choice(_HISTOLOGIES),
        "behaviorCodeIcdO3": rng.choice(["3", "3", "2", "1", None]),
        "dateOfDiagnosis": f"{year}{rng.choice(['', '06', '0615'])}",
        "typeOfReportingSource": rng.choice([*"12345678", None]),
        "registryId": rng.choice(["0000001535", "0000001501", "X", None]),
        "csExtension": rng.choice(_EXTENSIONS),
        "csLymphNodes": rng.choice(_NODES),
        "csMetsAtDx": f"{rng.choice([0, 0, 0, 10, 20, 40, 50, 60, 99, rng.randrange(100)]):02}",
        "csSiteSpecificFactor1": rng.choice(["000", "010", "020", "030", "10", "999", "040", "X", None]),
        "csSiteSpecificFactor2": rng.choice(["000", "010", "10", "999", None]),
        "codingSystemForEod": system,
        "eodExtension": f"{rng.choice([5, 10, 99, rng.randrange(100)]):02}",
        "eodLymphNodeInvolv": rng.choice("0123456789"),
        "eodOld4Digit": rng.choice(["02", "10"]) + rng.choice(SIGNS) + rng.choice("0123456789"),
        "eodOld13Digit": "".join(rng.choice("00000" + SIGNS + "----") for _ in range(13)),
        "eodOld2Digit": rng.choice(SIGNS) + rng.choice(SIGNS),
    }
    if rng.random() < 0.2:
        item = rng.choice([name for name in INPUTS if name != "dateOfDiagnosis"])
        one[item] = rng.choice([None, "", "9", "99", "A", "  ", (one[item] or "")[:-1], f"{one[item]}1"])
    return one


_EXTENSIONS = [
    f"{value:03}" for value in (0, 50, 70, 100, 300, 400, 530, 600, 700, 800, 850, 950, 999, 405, 110)
]
_NODES = [f"{value:03}" for value in (0, 0, 100, 110, 130, 300, 310, 800, 999, 50)]
_SITES = [
    f"C{site}" for site in ("509", "341", "447", "519", "608", "632", "674", "711", "384", "541", "569")
] + [row["site"] for row in reference.table("tumor_sizes.csv").to_dicts()]
_HISTOLOGIES = [
    "8140",
    "8500",
    "8743",
    "8720",
    "9140",
    "9590",
    "9731",
    "9823",
    "9827",
    "9805",
    "9050",
    "9999",
] + [f"{code}" for code in range(8000, 9999, 37)]


def expected(frame: pl.DataFrame) -> list[str | None]:
    blank = frame.select(pl.when(pl.col(name).str.strip_chars() != "").then(pl.col(name)) for name in INPUTS)
    return [row_by_row.historic_stage(one, AS_OF.year) for one in blank.to_dicts()]


@pytest.mark.parametrize("seed", [1, 2])
def test_as_row_by_row(seed: int) -> None:
    rng = random.Random(seed)
    frame = pl.DataFrame([tumor(rng) for _ in range(2000)], schema=dict.fromkeys(INPUTS, pl.String))
    made = derive(frame, ["historicStage"], as_of=AS_OF).get_column("historicStage").to_list()
    wanted = expected(frame)
    different = [
        (frame.row(row, named=True), stage, other)
        for row, (stage, other) in enumerate(zip(made, wanted, strict=True))
        if stage != other
    ]
    assert different == []
    assert {"0", "1", "2", "4", "6", "7", "9", None} <= set(made)


def test_order_of_rows_does_not_matter() -> None:
    rng = random.Random(4)
    frame = pl.DataFrame([tumor(rng) for _ in range(1000)], schema=dict.fromkeys(INPUTS, pl.String))
    frame = frame.with_row_index("row")
    straight = derive(frame, ["historicStage"], as_of=AS_OF)
    mixed = derive(frame.sample(fraction=1, shuffle=True, seed=5), ["historicStage"], as_of=AS_OF)
    assert mixed.sort("row").equals(straight)


def test_each_row_is_staged_by_itself() -> None:
    """A frame of one tumor, or none, is staged as in a crowd."""
    rng = random.Random(6)
    frame = pl.DataFrame([tumor(rng) for _ in range(20)], schema=dict.fromkeys(INPUTS, pl.String))
    crowd = derive(frame, ["historicStage"], as_of=AS_OF).get_column("historicStage").to_list()
    alone = [
        derive(one, ["historicStage"], as_of=AS_OF).item(0, "historicStage") for one in frame.iter_slices(1)
    ]
    assert alone == crowd
    assert derive(frame.clear(), ["historicStage"], as_of=AS_OF).height == 0

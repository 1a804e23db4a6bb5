"""Tumor size in one meaning over all years: EOD size, CS size, then tumor size summary."""

from __future__ import annotations

from functools import cache

import polars as pl

from registry.coding import reference
from registry.coding.decision_table import OTHER, DecisionTable, whole_number
from registry.coding.derivation import derivation

_NOT_AVAILABLE = 1000
"""Stands for XX1: no size is meant for this site or histology."""

_RULES = """
                |                                  | 9140 8720-8790 9590-9993 |   |         | 1000
                | 420-424 690 760-779 809          | 8000-9993                |   |         | 1000
                |                                  |                          |   | 401-989 |  999
      1988-2003 |                                  |                          |   | 990     |  989
      1988-2003 |                                  |                          |   | 1       |  990
      1988-2003 | 340-349 500-509                  |                          |   | 2       |  999
      1988-2003 | 500-509                          |                          |   | 997     |  999
      2004-2015 |                                  |                          |   | 991     |    5
      2004-2015 |                                  |                          |   | 992     |   15
      2004-2015 |                                  |                          |   | 993     |   25
      2004-2015 |                                  |                          |   | 994     |   35
      2004-2015 |                                  |                          |   | 995     |   45
      2004-2015 | 340-349                          |                          |   | 996     |  999
      2004-2015 | 340-349                          |                          |   | 997     |  998
      2004-2015 | 400-403 408-414 418-419          |                          |   | 996     |   65
      2004-2015 | 400-403 408-414 418-419          |                          |   | 997     |   85
      2010-2015 | 150-209 480 482 488              | 8935-8936                |   | 996     |   75
      2010-2015 | 150-209 480 482 488              | 8935-8936                |   | 997     |  105
      2004-2015 | 500-509                          |                          |   | 996-997 |  999
      2004-2015 | 649                              |                          |   | 996     |   65
      2004-2015 | 649                              |                          |   | 997     |   75
      2004-2015 | 649                              |                          |   | 998     |  105
      2004-2015 |                                  |                          |   | 996     |   55
      2004-2015 |                                  |                          |   | 997     |  999
                | 150-169 340-349 500-509          |                          |   | 998     |  998
                | 180-189 199 209                  | 8220-8221                | 3 | 998     |  998
                |                                  |                          |   | 998     |  999
"""
"""Years, sites, histologies, behavior and coded size (blank = any), and what the size becomes; first match wins.

In order: no size is meant (leukemia, lymphoma, melanoma, Kaposi, unknown and ill-defined sites); sizes of
more than 40 cm are unknown; special codes of EOD (to 2003) and of Collaborative Stage (to 2015), where
991-997 mean "less than 1 cm", … and differ for lung, bone, GIST, breast and kidney; 998 is diffuse, only in
esophagus, stomach, lung, breast, and adenomatous polyposis of the colon."""


@derivation(
    "seer-tumor-size-over-time",
    version="1.1 (March 2024)",
    inputs=[
        "dateOfDiagnosis",
        "primarySite",
        "histologicTypeIcdO3",
        "behaviorCodeIcdO3",
        "eodTumorSize",
        "csTumorSize",
        "tumorSizeSummary",
    ],
    outputs=["tumorSizeOverTime"],
    source="https://seer.cancer.gov/seerstat/variables/seer/tumor-size-over-time/",
    effective_years=(1988, None),
    examples=[
        "1985 | C000 | 8000 | 3 | 020 |     |     |    ",
        "1985 | C000 | 8720 | 3 |     |     |     | XX1",
        "2000 | C424 | 8000 | 3 |     |     |     | XX1",
        "2000 | C019 | 8070 | 3 | 020 | 030 | 040 | 020",
        "2010 | C019 | 8070 | 3 | 020 | 030 | 040 | 030",
        "2016 | C019 | 8070 | 3 | 020 | 030 | 040 | 040",
        "2000 | C000 | 8000 | 3 | 500 |     |     | 999",
        "2000 | C000 | 8000 | 3 | 990 |     |     | 999",
        "2000 | C000 | 8000 | 3 | 001 |     |     | 990",
        "2000 | C500 | 8000 | 3 | 002 |     |     | 999",
        "2000 | C500 | 8000 | 3 | 997 |     |     | 999",
        "2010 | C000 | 8000 | 3 |     | 991 |     | 005",
        "2010 | C000 | 8000 | 3 |     | 996 |     | 055",
        "2010 | C000 | 8000 | 3 |     | 997 |     | 999",
        "2010 | C340 | 8000 | 3 |     | 996 |     | 999",
        "2010 | C340 | 8000 | 3 |     | 997 |     | 998",
        "2010 | C409 | 8000 | 3 |     | 996 |     | 065",
        "2010 | C507 | 8500 | 3 |     | 997 |     | 999",
        "2010 | C507 | 8500 | 3 |     | 0997 |    | 999",
        "2000 | C507 | 8500 | 3 | 0997 |    |     | 0997",
        "2010 | C150 | 8935 | 3 |     | 997 |     | 105",
        "2009 | C150 | 8935 | 3 |     | 997 |     | 999",
        "2010 | C649 | 8000 | 3 |     | 998 |     | 105",
        "2016 | C000 | 8000 | 3 |     |     | 991 | 999",
        "2016 | C000 | 8000 | 3 |     |     | 060 | 060",
        "2016 | C000 | 8000 | 3 |     |     | 061 | 999",
        "2016 | C169 | 8000 | 3 |     |     | 998 | 998",
        "2016 | C180 | 8220 | 3 |     |     | 998 | 998",
        "2016 | C180 | 8220 | 2 |     |     | 998 | 999",
        "2016 | C180 | 8220 | 03 |    |     | 998 | 999",
        "2016 | C180 | 8140 | 3 |     |     |     |    ",
        "2010 | C+770 | 8500 | 3 |    | 020 |     | XX1",
        "2010 | C509 | 8500 | 3 |     | +20 |     | +20",
        "2000 | C500 | 8500 | 3 | +02 |     |     | +02",
        "2010 | C509 | 8500 | 3 |     | -00 |     | -00",
        "2010 | C509 | 8500 | 3 |     | -20 |     | 999",
        "2010 | C509 | 8500 | 3 |     | 2O0 |     | 999",
        "2016 |      | 8140 | 3 |     |     | 030 | 999",
        "2016 | C507 | 8140 | 3 |     |     | 390 | 390",
        "     | C019 | 8070 | 3 | 020 | 030 | 040 |    ",
    ],
)
def tumor_size_over_time() -> list[dict[str, pl.Expr]]:
    """Size in millimetres that can be compared over the years; 990 microscopic, 998 diffuse, 999 unknown.

    Codes of each year are given the meaning of today, and a size that cannot be in this site is
    unknown. XX1: no size is meant for this tumor. Blank: before 1988, or nothing was coded.
    """
    year = whole_number(pl.col("dateOfDiagnosis").str.slice(0, 4))
    coded = (
        pl.when(year.is_between(1988, 2003))
        .then(pl.col("eodTumorSize"))
        .when(year.is_between(2004, 2015))
        .then(pl.col("csTumorSize"))
        .when(year > 2015)
        .then(pl.col("tumorSizeSummary"))
    )
    site = pl.col("primarySite")
    place = pl.when(site.str.len_chars() >= 4).then(_signed(site.str.slice(1)))
    size = pl.col("@size")
    millimetres, signed = _signed(size), size < "0"
    breast = place.is_between(500, 509) & year.is_between(2004, 2015) & millimetres.is_between(996, 997)
    written = ((size.str.len_chars() == 3) & ~signed) | millimetres.is_between(401, 989) | breast
    values = [
        year,
        place,
        _signed(pl.col("histologicTypeIcdO3")),
        pl.when(pl.col("behaviorCodeIcdO3") == "3").then(pl.lit(3, pl.UInt32)),
        pl.when(written).then(millimetres),
    ]
    becomes = _rules().lookup(*(value.clip(upper_bound=OTHER) for value in values))
    known = pl.when(pl.col("@becomes").is_not_null()).then(pl.col("@becomes")).otherwise(millimetres)
    listed = pl.when(site.is_between(pl.lit("C000"), pl.lit("C999")) & (site.str.len_chars() == 4)).then(
        place
    )
    possible = _possible().lookup(listed.clip(upper_bound=OTHER), known.clip(upper_bound=OTHER)) == 1
    return [
        {"@size": coded},
        {"@becomes": becomes},
        {
            "tumorSizeOverTime": pl.when(pl.col("@becomes") == _NOT_AVAILABLE)
            .then(pl.lit("XX1"))
            .when(size.is_null())
            .then(None)
            .when(pl.col("@becomes") == 998)
            .then(pl.lit("998"))
            .when((site.is_null()) | ~possible | (pl.col("@becomes") == 999))
            .then(pl.lit("999"))
            .when(pl.col("@becomes").is_null())
            .then(size)
            .otherwise(pl.col("@becomes").cast(pl.String).str.zfill(3))
        },
    ]


def _signed(text: pl.Expr) -> pl.Expr:
    """Digits as a number, after a sign too (+20 is 20, but stays +20); null when there is anything else."""
    return text.cast(pl.Int32, strict=False).cast(pl.UInt32, strict=False)


@cache
def _rules() -> DecisionTable:
    axes = ("year", "site", "histology", "behavior", "size")
    rows = [[cell.strip() for cell in line.split("|")] for line in _RULES.strip().splitlines()]
    rules = [
        ({axis: cell for axis, cell in zip(axes, cells, strict=True) if cell}, int(becomes))
        for *cells, becomes in rows
    ]
    return DecisionTable(axes, rules)


@cache
def _possible() -> DecisionTable:
    """1 where a site can have a size; sites that are not listed can have any."""
    sizes = [(site[1:], sizes) for site, sizes in reference.table("tumor_sizes.csv").rows()]
    rules = [({"site": site, "size": size}, 1) for site, size in sizes]
    rules.append(({"site": " ".join(site for site, _ in sizes)}, 0))
    return DecisionTable(("site", "size"), [*rules, ({}, 1)])

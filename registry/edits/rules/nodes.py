"""Regional nodes examined and positive, and tumor size."""

from __future__ import annotations

import polars as pl

from registry.edits.definition import edit
from registry.edits.rules.codes import DICTIONARY
from registry.edits.terms import histology_in, number, site_in

POSITIVE, EXAMINED = pl.col("regionalNodesPositive"), pl.col("regionalNodesExamined")
_ITEMS = ["regionalNodesPositive", "regionalNodesExamined"]


@edit(
    "nodes-pos-gt-examined",
    message="{regionalNodesPositive} nodes positive of {regionalNodesExamined} examined",
    items=_ITEMS,
    category="stage",
    source=DICTIONARY,
    passes=["02 | 10", "10 | 10", "97 | 10", "05 | 95", "05 | "],
    fails=["11 | 10", "90 | 01"],
)
def more_positive_than_examined() -> pl.Expr:
    """Counts only (01 to 90)."""
    positive, examined = number("regionalNodesPositive"), number("regionalNodesExamined")
    return positive.is_between(1, 90) & examined.is_between(1, 90) & (positive > examined)


@edit(
    "nodes-none-examined",
    message="Nodes positive {regionalNodesPositive} contradict nodes examined {regionalNodesExamined}",
    items=_ITEMS,
    category="stage",
    source=DICTIONARY,
    passes=["98 | 00", "02 | 10", "99 | 99", "97 | 99", " | 00"],
    fails=["00 | 00", "98 | 05", "02 | 99"],
)
def none_examined() -> pl.Expr:
    """00 examined and 98 positive belong together; unknown examined leaves 97 or 99 positive."""
    none = (EXAMINED == "00") != (POSITIVE == "98")
    return none | ((EXAMINED == "99") & ~POSITIVE.is_in(["97", "99"]))


@edit(
    "nodes-not-applicable",
    message="Nodes positive {regionalNodesPositive}, examined {regionalNodesExamined}: both must be 99 for this "
    "site and histology",
    items=[*_ITEMS, "primarySite", "histologicTypeIcdO3"],
    category="stage",
    source=DICTIONARY,
    passes=["99 | 99 | C710 | 9440", "02 | 10 | C509 | 8500", "99 | 99 | C421 | 9861"],
    fails=["98 | 00 | C710 | 9440", "00 | 02 | C779 | 9680", "98 | 00 | C809 | 8000"],
    notes="Brain C700-C729 and C751-C753, placenta C589, ill-defined C760-C768 and unknown C809, blood and marrow "
    "C420-C424, histology 9590-9993.",
)
def nodes_do_not_apply() -> pl.Expr:
    """Tumors without regional nodes."""
    none = site_in("C700-C729,C751-C753,C589,C760-C768,C809,C420-C424") | histology_in("9590-9993")
    return none & ((POSITIVE != "99") | (EXAMINED != "99"))


@edit(
    "size-998-site",
    message="Tumor size 998 is not defined for {primarySite}",
    items=["tumorSizeSummary", "primarySite"],
    category="stage",
    source=DICTIONARY,
    passes=["998 | C509", "998 | C187", "015 | C619", "998 | "],
    fails=["998 | C619", "998 | C445"],
    notes="Size 998 also means other things by site; the catalogue's sites are followed.",
)
def size_998() -> pl.Expr:
    """Circumferential, diffuse, polyposis: esophagus, stomach, colorectum, lung, breast."""
    return (pl.col("tumorSizeSummary") == "998") & ~site_in(
        "C150-C159,C160-C169,C180-C209,C340-C349,C500-C509"
    )

"""Regional nodes examined and positive."""

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
    passes=[
        "02 | 10",
        "10 | 10",
        "00 | 05",
        "95 | 10",
        "97 | 10",
        "98 | 10",
        "05 | 95",
        "05 | 00",
        "05 | ",
        " | 05",
        "91 | 10",
    ],
    fails=["11 | 10", "90 | 01", "02 | 01", "90 | 89"],
)
def more_positive_than_examined() -> pl.Expr:
    """Counts only (01 to 90)."""
    positive, examined = number("regionalNodesPositive"), number("regionalNodesExamined")
    return (positive <= 90) & (examined >= 1) & (positive > examined)


@edit(
    "nodes-none-examined",
    message="Nodes positive {regionalNodesPositive} contradict nodes examined {regionalNodesExamined}",
    items=_ITEMS,
    category="stage",
    source=DICTIONARY,
    passes=[
        "98 | 00",
        "02 | 10",
        "00 | 95",
        "99 | 05",
        "99 | 99",
        "97 | 99",
        " | 00",
        "98 | ",
        "96 | 00",
        "98 | 91",
    ],
    fails=["00 | 00", "99 | 00", "98 | 05", "98 | 99", "02 | 99", "00 | 99", "95 | 99"],
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
    passes=[
        "99 | 99 | C710 | 9440",
        "99 | 99 | C421 | 9861",
        "02 | 10 | C509 | 8500",
        "98 | 00 | C754 | 8700",
        "98 | 00 | C739 | 9580",
        "98 | 00 | C559 | 8140",
        "98 | 00 | | 8140",
        "98 | | C710 | 9440",
        "96 | 99 | C710 | 9440",
    ],
    fails=[
        "98 | 00 | C710 | 9440",
        "98 | 99 | C700 | 9530",
        "99 | 00 | C729 | 9440",
        "98 | 00 | C751 | 8272",
        "98 | 00 | C753 | 9361",
        "00 | 02 | C779 | 9680",
        "01 | 02 | C169 | 9993",
        "98 | 00 | C169 | 9590",
        "98 | 00 | C809 | 8000",
        "98 | 00 | C589 | 9100",
        "98 | 00 | C760 | 8010",
        "98 | 00 | C424 | 8000",
        "98 | 00 | C420 | 8000",
        "98 | 00 | C768 | 8010",
    ],
    notes="Brain C700-C729 and C751-C753, placenta C589, ill-defined C760-C768 and unknown C809, blood and marrow "
    "C420-C424, histology 9590-9993.",
)
def nodes_do_not_apply() -> pl.Expr:
    """Tumors without regional nodes."""
    none = site_in("C700-C729,C751-C753,C589,C760-C768,C809,C420-C424") | histology_in("9590-9993")
    return none & ((POSITIVE != "99") | (EXAMINED != "99"))

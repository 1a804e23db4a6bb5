"""Ages at which a site or histology hardly occurs: one row of a table each."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from registry.edits.definition import REVIEW, edit
from registry.edits.terms import AGE, HISTOLOGY, SITE, histology_in, site_in

REVIEWED = ("1", "3")
SOURCE = "IARC Technical Report 42, after CanReg5's checks; SEER edit IF15"

Rule = Callable[[], pl.Expr]

# id, what is unlikely, items besides age, rule, passes, fails (columns: age, site, histology)
_TABLE: list[tuple[str, str, Rule, list[str], list[str]]] = [
    (
        "age-prostate-adeno-u40",
        "adenocarcinoma of the prostate before 40",
        lambda: (AGE < 40) & (SITE == 619) & histology_in("8140-8149"),
        ["040 | C619 | 8140", "020 | C619 | 8910", "999 | C619 | 8140"],
        ["039 | C619 | 8140", "000 | C619 | 8147"],
    ),
    (
        "age-gi-u20",
        "this site before 20",
        lambda: (AGE < 20) & site_in("C150-C159,C199-C218,C239-C249,C384,C500-C509,C530-C559"),
        ["020 | C509 | 8500", "019 | C619 | 8140", "999 | C509 | 8500"],
        ["019 | C509 | 8500", "005 | C159 | 8140"],
    ),
    (
        "age-small-bowel-u20",
        "a solid tumor of the small intestine before 20",
        lambda: (AGE < 20) & site_in("C170-C179") & (HISTOLOGY < 9590),
        ["020 | C170 | 8140", "010 | C179 | 9687"],
        ["019 | C170 | 8140", "001 | C179 | 8000"],
    ),
    (
        "age-lung-colon-u20",
        "this tumor of lung or colon before 20",
        lambda: (AGE < 20) & site_in("C180-C189,C339-C349") & ~histology_in("8240-8249"),
        ["020 | C341 | 8140", "015 | C181 | 8240"],
        ["019 | C341 | 8140", "010 | C187 | 8480"],
    ),
    (
        "age-cervix-prostate-u5",
        "cancer of cervix or prostate before 5",
        lambda: (AGE < 5) & (site_in("C530-C539") | (SITE == 619)),
        ["005 | C619 | 8910", "004 | C629 | 9071"],
        ["004 | C619 | 8910", "000 | C530 | 8910"],
    ),
    (
        "age-retinoblastoma-o5",
        "retinoblastoma after 5",
        lambda: (AGE > 5) & site_in("C690-C699") & histology_in("9510-9514"),
        ["005 | C692 | 9510", "040 | C692 | 8720"],
        ["006 | C692 | 9510", "030 | C699 | 9514"],
    ),
    (
        "age-chorio-placenta",
        "choriocarcinoma of the placenta outside 15 to 45",
        lambda: ((AGE < 15) | (AGE > 45)) & (SITE == 589) & (HISTOLOGY == 9100),
        ["015 | C589 | 9100", "045 | C589 | 9100", "060 | C569 | 9100"],
        ["014 | C589 | 9100", "046 | C589 | 9100"],
    ),
    (
        "age-childhood-histology-o15",
        "this tumor of childhood from 15 on",
        lambda: (AGE >= 15) & histology_in("8910,8960-8962,8970,8981,8991,9072,9470,9490,9500,9687"),
        ["014 | C649 | 8960", "060 | C649 | 8312"],
        ["015 | C649 | 8960", "050 | C716 | 9470"],
    ),
    (
        "age-adult-histology-u15",
        "this tumor of adults before 15",
        lambda: (AGE < 15) & histology_in("9724,9732,9823"),
        ["015 | C421 | 9823", "010 | C421 | 9811"],
        ["014 | C421 | 9823", "003 | C421 | 9732"],
    ),
    (
        "age-myeloma-leuk-u26",
        "this neoplasm of the marrow before 26",
        lambda: (AGE <= 25) & histology_in("9732,9823,9890"),
        ["026 | C421 | 9732", "020 | C421 | 9861"],
        ["025 | C421 | 9732", "010 | C421 | 9823"],
    ),
]

_ITEMS = {
    "age-gi-u20": ["ageAtDiagnosis", "primarySite"],
    "age-cervix-prostate-u5": ["ageAtDiagnosis", "primarySite"],
    "age-childhood-histology-o15": ["ageAtDiagnosis", "histologicTypeIcdO3"],
    "age-adult-histology-u15": ["ageAtDiagnosis", "histologicTypeIcdO3"],
    "age-myeloma-leuk-u26": ["ageAtDiagnosis", "histologicTypeIcdO3"],
}
_ALL = ["ageAtDiagnosis", "primarySite", "histologicTypeIcdO3"]

for _id, _what, _rule, _passes, _fails in _TABLE:
    edit(
        _id,
        message=f"Age {{ageAtDiagnosis}} at {{primarySite}}, {{histologicTypeIcdO3}}: {_what} is unlikely",
        severity=REVIEW,
        items=_ITEMS.get(_id, _ALL),
        category="tumor",
        source=SOURCE,
        override_item="overRideAgeSiteMorph",
        override_codes=REVIEWED,
        columns=_ALL,
        passes=_passes,
        fails=_fails,
        notes="CanReg5 codes myeloma 9730; ICD-O-3 has 9732. 9890 is no ICD-O-3 code, so `histology-valid` reports it first."
        if _id == "age-myeloma-leuk-u26"
        else "",
    )(_rule)

edit(
    "age-valid",
    message="{ageAtDiagnosis} is not an age (000 to 120, or 999 when unknown)",
    items=["ageAtDiagnosis"],
    level="item",
    category="demographic",
    passes=["000", "062", "120", "999", ""],
    fails=["121", "62", "1 0"],
)(lambda value: ~value.str.contains(r"^(?:0\d\d|1[01]\d|120|999)$"))


@edit(
    "age-site-histology",
    message="Age {ageAtDiagnosis} is rare for {primarySite}, {histologicTypeIcdO3}",
    severity=REVIEW,
    items=[*_ALL, "behaviorCodeIcdO3"],
    category="tumor",
    source=SOURCE,
    naaccr_name="Age, Primary Site, Morphology ICDO3 (SEER IF15)",
    override_item="overRideAgeSiteMorph",
    override_codes=REVIEWED,
    requires=["ageAtDiagnosis"],
    columns=_ALL,
    passes=["062 | C509 | 8500", "999 | C619 | 8140", "020 | | "],
    fails=["012 | C509 | 8500", "050 | C716 | 9470"],
    notes="The sum of the age edits, for registries that want one line; the ordinary sets leave it out.",
)
def age_rare() -> pl.Expr:
    """Any row of the table."""
    return pl.any_horizontal([rule().fill_null(value=False) for _, _, rule, _, _ in _TABLE])

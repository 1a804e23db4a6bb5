"""Age at diagnosis: its form, whether the dates bear it out, and at which ages a tumor hardly occurs."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from registry.edits.definition import REVIEW, WARNING, edit
from registry.edits.rules.calendar_days import last_day
from registry.edits.terms import AGE, HISTOLOGY, SITE, blank, first, histology_in, site_in

REVIEWED = ("1", "3")
SOURCE = "IARC Technical Report 42, after CanReg5's checks; SEER edit IF15"

Rule = Callable[[], pl.Expr]

# id, what is unlikely, items besides age, rule, passes, fails (columns: age, site, histology)
_TABLE: list[tuple[str, str, Rule, list[str], list[str]]] = [
    (
        "age-prostate-adeno-u40",
        "adenocarcinoma of the prostate before 40",
        lambda: (AGE < 40) & (SITE == 619) & histology_in("8140-8149"),
        [
            "040 | C619 | 8140",
            "020 | C619 | 8910",
            "999 | C619 | 8140",
            "039 | C619 | 8150",
            "039 | C679 | 8140",
        ],
        ["039 | C619 | 8140", "000 | C619 | 8147"],
    ),
    (
        "age-gi-u20",
        "this site before 20",
        lambda: (AGE < 20) & site_in("C150-C159,C199-C218,C239-C249,C384,C500-C509,C530-C559"),
        ["020 | C509 | 8500", "999 | C509 | 8500"]
        + [
            f"019 | {site} | 8140"
            for site in ("C619", "C149", "C169", "C189", "C220", "C250", "C383", "C388")
        ]
        + [f"019 | {site} | 8140" for site in ("C499", "C519", "C529", "C569")],
        ["019 | C509 | ", "005 | C159 | 8140"]
        + [
            f"019 | {site} | 8140"
            for site in ("C150", "C199", "C209", "C210", "C218", "C239", "C240", "C249")
        ]
        + [f"019 | {site} | 8140" for site in ("C384", "C500", "C530", "C539", "C540", "C549", "C559")],
    ),
    (
        "age-small-bowel-u20",
        "a solid tumor of the small intestine before 20",
        lambda: (AGE < 20) & site_in("C170-C179") & (HISTOLOGY < 9590),
        ["020 | C170 | 8140", "010 | C179 | 9687", "019 | C170 | 9590", "019 | C169 | 8140", "019 | C170 | "],
        ["019 | C170 | 8140", "001 | C179 | 8000", "019 | C179 | 9582"],
    ),
    (
        "age-lung-colon-u20",
        "this tumor of lung or colon before 20",
        lambda: (AGE < 20) & site_in("C180-C189,C339-C349") & ~histology_in("8240-8249"),
        [
            "020 | C341 | 8140",
            "015 | C181 | 8240",
            "019 | C349 | 8249",
            "019 | C199 | 8140",
            "019 | C379 | 8140",
        ],
        [
            "019 | C341 | 8140",
            "010 | C187 | 8480",
            "019 | C180 | 8231",
            "019 | C339 | 8250",
            "019 | C349 | 8250",
        ],
    ),
    (
        "age-cervix-prostate-u5",
        "cancer of cervix or prostate before 5",
        lambda: (AGE < 5) & (site_in("C530-C539") | (SITE == 619)),
        [
            "005 | C619 | 8910",
            "005 | C539 | 8910",
            "004 | C629 | 9071",
            "004 | C529 | 8910",
            "004 | C549 | 8910",
        ],
        ["004 | C619 | 8910", "000 | C530 | 8910", "004 | C539 | "],
    ),
    (
        "age-retinoblastoma-o5",
        "retinoblastoma after 5",
        lambda: (AGE > 5) & site_in("C690-C699") & histology_in("9510-9514"),
        [
            "005 | C692 | 9510",
            "040 | C692 | 8720",
            "006 | C692 | 9505",
            "006 | C692 | 9520",
            "006 | C700 | 9510",
        ],
        ["006 | C692 | 9510", "030 | C699 | 9514", "006 | C690 | 9513"],
    ),
    (
        "age-chorio-placenta",
        "choriocarcinoma of the placenta outside 15 to 45",
        lambda: ((AGE < 15) | (AGE > 45)) & (SITE == 589) & (HISTOLOGY == 9100),
        [
            "015 | C589 | 9100",
            "045 | C589 | 9100",
            "060 | C569 | 9100",
            "060 | C589 | 9104",
            "999 | C589 | 9100",
        ],
        ["014 | C589 | 9100", "046 | C589 | 9100"],
    ),
    (
        "age-childhood-histology-o15",
        "this tumor of childhood from 15 on",
        lambda: (AGE >= 15) & histology_in("8910,8960-8962,8970,8981,8991,9072,9470,9490,9500,9687"),
        [
            "014 | C649 | 8960",
            "060 | C649 | 8312",
            "999 | C649 | 8960",
            "060 | C649 | 8963",
            "060 | C649 | 8959",
        ],
        ["050 | C716 | 9470", "015 | | 8910", "015 | C649 | 8960", "015 | C220 | 8970"]
        + [f"015 | C809 | {code}" for code in (8981, 8991, 9072, 9490, 9500, 9687)],
    ),
    (
        "age-adult-histology-u15",
        "this tumor of adults before 15",
        lambda: (AGE < 15) & histology_in("9724,9732,9823"),
        ["015 | C421 | 9823", "010 | C421 | 9811", "010 | C421 | 9733"],
        ["014 | C421 | 9823", "003 | C421 | 9732", "014 | | 9724"],
    ),
    (
        "age-myeloma-leuk-u26",
        "this neoplasm of the marrow before 26",
        lambda: (AGE <= 25) & histology_in("9732,9823,9890"),
        ["026 | C421 | 9732", "020 | C421 | 9861", "020 | C421 | 9724"],
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
    passes=["000", "009", "062", "099", "100", "120", "999", ""],
    fails=["121", "130", "200", "998", "62", "1 0", "0062", "-01", "+12", "06A"],
)(lambda value: ~value.str.contains("^(?:0[0-9][0-9]|1[01][0-9]|120|999)$"))


@edit(
    "age-matches-dates",
    message="Age {ageAtDiagnosis} does not follow from birth {dateOfBirth} and diagnosis {dateOfDiagnosis}",
    items=["ageAtDiagnosis", "dateOfBirth", "dateOfDiagnosis"],
    category="date",
    source="Arithmetic; NAACCR item 230",
    passes=[
        "062 | 19580301 | 20200315",
        "062 | 19580315 | 20200315",
        "061 | 19580316 | 20200315",
        "061 | 1958 | 2020",
        "062 | 1958 | 2020",
        "062 | 195804 | 20200430",
        "061 | 195803 | 202003",
        "062 | 195803 | 202003",
        "000 | 20200301 | 20200228",
        "000 | 2020 | 2020",
        "999 | 1958 | 2020",
        "0XX | 1958 | 2020",
        "050 | | 2020",
        "050 | 1958 | ",
        "050 | 19581399 | 2020",
    ],
    fails=[
        "061 | 19580301 | 20200315",
        "063 | 19580301 | 20200315",
        "062 | 19580316 | 20200315",
        "063 | 1958 | 2020",
        "060 | 1958 | 2020",
        "061 | 195804 | 20200430",
        "061 | 195802 | 20200228",
        "001 | 20200301 | 20200228",
        "065 | 19560229 | 202102",
        "120 | 19580301 | 20200315",
    ],
)
def age_matches_dates() -> pl.Expr:
    """Completed years, between the least and the most that partial dates allow; none before birth."""
    least = (first("dateOfDiagnosis") - last_day("dateOfBirth")) // 10_000
    most = (last_day("dateOfDiagnosis") - first("dateOfBirth")) // 10_000
    return (most.clip(lower_bound=0) < AGE) | (least > AGE)


@edit(
    "age-unknown-but-dates-known",
    message="Age is unknown (999) although birth {dateOfBirth} and diagnosis {dateOfDiagnosis} are known",
    items=["ageAtDiagnosis", "dateOfBirth", "dateOfDiagnosis"],
    category="date",
    source="IARC Technical Report 42; NAACCR item 230",
    passes=[
        "062 | 19580301 | 20200315",
        "999 |  | 2020",
        "999 | 1958 | ",
        "999 | 19581399 | 2020",
        " | 1958 | 2020",
    ],
    fails=["999 | 19580301 | 20200315", "999 | 1958 | 2020", "999 | 195803 | 202003"],
)
def age_unknown() -> pl.Expr:
    """Both years are enough."""
    return pl.col("ageAtDiagnosis") == "999"


@edit(
    "age-known-but-dob-missing",
    message="Age {ageAtDiagnosis} is known and date of birth is blank: is the year of birth known too?",
    severity=WARNING,
    items=["ageAtDiagnosis", "dateOfBirth"],
    category="date",
    source="Arithmetic; NAACCR items 230 and 240",
    requires=["ageAtDiagnosis"],
    passes=["062 | 1958", "999 | ", "062 | 19581399", " | ", "0XX | "],
    fails=["062 | ", "000 | ", "120 | "],
    notes="The null rule is lifted for date of birth, which must be blank; a wrong date is not.",
)
def birth_missing() -> pl.Expr:
    """Any age but 999."""
    return AGE.is_not_null() & blank("dateOfBirth")


@edit(
    "age-over-110",
    message="Age {ageAtDiagnosis} is above 110: confirm date of birth {dateOfBirth}",
    severity=REVIEW,
    items=["ageAtDiagnosis", "dateOfBirth"],
    category="demographic",
    source="EUROCARE-5 data quality checks",
    requires=["ageAtDiagnosis"],
    passes=["110 | 1910", "062 | 1958", "999 | 1900", "121 | 1900", " | 1900"],
    fails=["111 | 1909", "120 | 19000101", "115 | "],
    notes="The age alone decides, also when date of birth is blank. It has no over-ride flag.",
)
def very_old() -> pl.Expr:
    """Known ages only."""
    return AGE > 110


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
    passes=["062 | C509 | 8500", "999 | C619 | 8140", "020 | | ", "026 | C421 | 9732"],
    fails=["012 | C509 | 8500", "012 | C509 | ", "050 | | 9470"]
    + [next(iter(fails)) for *_, fails in _TABLE],
    notes="The sum of the age edits, for registries that want one line; the ordinary sets leave it out.",
)
def age_rare() -> pl.Expr:
    """Any row of the table."""
    return pl.any_horizontal([rule().fill_null(value=False) for _, _, rule, _, _ in _TABLE])

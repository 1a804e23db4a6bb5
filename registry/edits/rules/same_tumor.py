"""Tumors of one patient that may be one primary: duplicates, and what multiple-primary rules say.

Where two tumors are meant, both records fail, except where the rule speaks of one of them.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from registry.coding.primaries import compare_tumors
from registry.coding.recodes.iarc import same_primary_as
from registry.edits.definition import PATIENT, REVIEW, WARNING, edit
from registry.edits.rules import groups
from registry.edits.rules.codes import DICTIONARY
from registry.edits.rules.same_patient import OWNER, SEER, repeated
from registry.edits.terms import DX_YEAR, site_in, within
from registry.standards.laterality import PAIRED, PAIRED_SINCE_2004

ILL_DEFINED = "C760-C768,C809"
BLOOD_CANCERS = "9590-9993"
TUMOR = ("primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3", "laterality", "dateOfDiagnosis")


@edit(
    "ir-same-primary-twice",
    message="Two tumors of one side of a paired organ ({primarySite}, {laterality}) with like histology "
    "({histologicTypeIcdO3}): the same primary?",
    severity=REVIEW,
    items=[OWNER, "primarySite", "laterality", "histologicTypeIcdO3", "behaviorCodeIcdO3"],
    level="inter-record",
    category="patient",
    source=SEER,
    naaccr_name="Verify Same Primary Not Reported Twice for a Person (SEER IR09)",
    override_item="overRideSiteLatSeqno",
    columns=["primarySite", "laterality", "histologicTypeIcdO3", "dateOfDiagnosis", "overRideSiteLatSeqno"],
    passes=[
        "C504 | 1 | 8500 | | / C504 | 2 | 8500 | | ",
        "C504 | 1 | 8500 | | / C505 | 1 | 8520 | | ",
        "C187 | 0 | 8140 | 2010 | / C187 | 0 | 8140 | 2012 | ",
        "C504 | 1 | 8500 | | / C569 | 1 | 8500 | | ",
        "C445 | 1 | 8720 | | / C440 | 1 | 8720 | | ",
        "C504 | | 8500 | | / C504 | | 8500 | | ",
        "C504 | 1 | | | / C504 | 1 | | | ",
        "C711 | 1 | 9440 | 2003 | / C711 | 1 | 9440 | 2004 | ",
        "C711 | 1 | 9440 | | / C711 | 1 | 9440 | 2004 | ",
    ],
    fails=[
        "C504 | 1 | 8500 | | 2 / C504 | 1 | 8500 | | ",
        "C504 | 1 | 8500 | | / C509 | 1 | 8503 | | ",
        "C649 | 2 | 8312 | | / C649 | 2 | 8310 | | ",
        "C504 | 9 | 8500 | | / C504 | 9 | 8500 | | ",
        "C711 | 1 | 9440 | 2004 | / C712 | 1 | 9441 | 2010 | ",
    ],
    overridden=[
        "C504 | 1 | 8500 | | 1 / C504 | 1 | 8500 | | ",
        "C504 | 1 | 8500 | | 1 / C504 | 1 | 8500 | | 1",
    ],
    notes="Site group: the first three characters of the site. Both sites must be of paired organs "
    "(of the brain only when diagnosed in 2004 or later). Codes of laterality are compared as they are. Behavior is shown and "
    "not compared, as the catalogue has it. The flag says that the tumor is another primary than its likes: a "
    "record fails only with another one that has no flag either, so one flag settles a pair.",
)
def same_primary() -> pl.Expr:
    """Site group, side and the first three digits of histology."""
    paired = site_in(PAIRED) | (site_in(PAIRED_SINCE_2004) & (DX_YEAR >= 2004))
    group = pl.when(paired).then(pl.col("primarySite").str.slice(0, 3))
    alike = [group, pl.col("laterality"), pl.col("histologicTypeIcdO3").str.slice(0, 3)]
    reviewed = (pl.col("overRideSiteLatSeqno") == "1").fill_null(value=False)
    unsettled = (~reviewed).sum().over(PATIENT, *alike) > 1
    return repeated(*alike) & (reviewed | unsettled)


@edit(
    "ir-duplicate-tumor",
    message="The patient has this tumor twice ({primarySite}, {histologicTypeIcdO3}/{behaviorCodeIcdO3}, "
    "laterality {laterality}, diagnosed {dateOfDiagnosis})",
    items=[OWNER, *TUMOR],
    level="inter-record",
    category="patient",
    source="Registry practice: duplicate tumor records",
    columns=TUMOR,
    passes=[
        "C504 | 8500 | 3 | 1 | 20200105 / C504 | 8500 | 3 | 2 | 20200105",
        "C504 | 8500 | 3 | 1 | / C504 | 8500 | 3 | 1 | ",
        "C504 | 8500 | 3 | 1 | 20200105 / C504 | 8500 | 2 | 1 | 20200105",
        "C504 | 8500 | 3 | 1 | 20200105 / C504 | 8503 | 3 | 1 | 20200105",
        "C504 | 8500 | 3 | 1 | 20200105 / C505 | 8500 | 3 | 1 | 20200105",
        "C504 | 8500 | 3 | 1 | 202001 / C504 | 8500 | 3 | 1 | 20200105",
        "C504 | 8500 | 3 | 7 | 20200105 / C504 | 8500 | 3 | 7 | 20200105",
    ],
    fails=[
        "C504 | 8500 | 3 | 1 | 20200105 / C504 | 8500 | 3 | 1 | 20200105",
        "C619 | 8140 | 3 | 0 | 2020 / C619 | 8140 | 3 | 0 | 2020",
    ],
)
def duplicate_tumor() -> pl.Expr:
    """Equal in all five items."""
    return repeated(*[pl.col(item) for item in TUMOR])


@edit(
    "ir-dco-with-others",
    message="Known from a death certificate only ({primarySite}), and the patient has another tumor of this site "
    "or an ill-defined one",
    severity=REVIEW,
    items=[OWNER, "typeOfReportingSource", "primarySite"],
    level="inter-record",
    category="patient",
    source=SEER,
    override_item="overRideReportSource",
    columns=["typeOfReportingSource", "primarySite"],
    passes=[
        "7 | C509 / 1 | C619",
        "1 | C509 / 1 | C504",
        "7 | C509 / 1 | ",
        "6 | C809 / 1 | C509",
        "7 | C809",
        "7 | C809 / 1 | ",
        "7 | C509 / 1 | C519",
        "6 | C509 / 1 | C809",
        " | C509 / 1 | C509",
        "7 | / 1 | C809",
    ],
    fails=[
        "7 | C509 / 1 | C504",
        "7 | C220 / 1 | C809",
        "7 | C809 / 1 | C809",
        "7 | C809 / 1 | C509",
        "7 | C765 / 1 | C509",
        "7 | C509 / 1 | C760",
        "7 | C509 / 7 | C768",
    ],
    notes="Fires on the record from the death certificate. Site group: the first three characters. The ill-defined "
    "site may be that of either tumor: a certificate without a site may well mean the tumor that is known.",
)
def certificate_and_other_tumor() -> pl.Expr:
    """Same site group, or one of the two sites is ill-defined."""
    same_group = repeated(pl.col("primarySite").str.slice(0, 3))
    ill_defined = site_in(ILL_DEFINED).fill_null(value=False)
    known = pl.col("primarySite").is_not_null()
    others = ill_defined.cast(pl.Int32).sum().over(PATIENT) - ill_defined.cast(pl.Int32)
    one_ill_defined = (known & (others > 0)) | (ill_defined & (known.sum().over(PATIENT) > 1))
    return (pl.col("typeOfReportingSource") == "7") & (same_group | one_ill_defined)


@edit(
    "ir-unknown-primary-with-known",
    message="Unknown or ill-defined primary {primarySite}, diagnosed {dateOfDiagnosis} within 60 days of a "
    "known primary of the patient: its metastasis?",
    severity=REVIEW,
    items=[OWNER, "primarySite", "histologicTypeIcdO3", "dateOfDiagnosis"],
    level="inter-record",
    category="patient",
    source=DICTIONARY,
    override_item="overRideIllDefineSite",
    reads=["@site", "@histology", "dateOfDiagnosis@first", "dateOfDiagnosis@last"],
    columns=["primarySite", "histologicTypeIcdO3", "dateOfDiagnosis"],
    passes=[
        "C809 | 8010 | 20200101 / C341 | 8140 | 20200302",
        "C809 | 8010 | 20200302 / C341 | 8140 | 20200101",
        "C809 | 8010 | 20200101 / C341 | 8140 | 20210101",
        "C809 | 9680 | 20200101 / C341 | 8140 | 20200105",
        "C809 | 9590 | 20200101 / C341 | 8140 | 20200105",
        "C809 | 9993 | 20200101 / C341 | 8140 | 20200105",
        "C809 | 8010 | 20200101 / C760 | 8140 | 20200105",
        "C809 | 8010 | 2020 / C341 | 8140 | 2020",
        "C809 | 8010 | 202001 / C341 | 8140 | 202003",
        "C809 | 8010 | 202001 / C341 | 8140 | 2020",
        "C809 | 8010 | / C341 | 8140 | 20200105",
        "C809 | | 20200101 / C341 | 8140 | 20200105",
        "C180 | 8140 | 20200101 / C341 | 8140 | 20200105",
        "C809 | 8010 | 20200101 / | 8140 | 20200105",
        "C341 | 8140 | 2018 / C809 | 8010 | 20200101",
        "C341 | 8140 | 20200105 / C180 | 8140 | 20200101",
    ],
    fails=[
        "C809 | 8010 | 20200101 / C341 | 8140 | 20200301",
        "C809 | 8010 | 20200301 / C341 | 8140 | 20200101",
        "C760 | 8140 | 20200101 / C341 | 8140 | 20200101",
        "C768 | 8140 | 20200101 / C421 | 9861 | 20200131",
        "C809 | 9582 | 20200101 / C341 | | 20200105",
        "C809 | 8010 | 202001 / C341 | 8140 | 202002",
        "C341 | 8140 | 20200105 / C809 | 8010 | 20200101",
        "C809 | 8010 | 20200101 / C809 | 8010 | 20100101 / C341 | 8140 | 20200105",
    ],
    notes="Fires on the record with the unknown or ill-defined site (C760-C768, C809). Known primary: any "
    "other site, whatever the histology. Solid: not 9590-9993. Partial dates must lie within 60 days "
    "whatever their unknown parts are.",
)
def unknown_primary_with_known(frame: pl.DataFrame) -> pl.Series:
    """An unknown primary and a known one, certainly no more than 60 days apart."""
    ill_defined = within(pl.col("@site"), ILL_DEFINED)
    solid = ~within(pl.col("@histology"), BLOOD_CANCERS)
    dated = pl.col("dateOfDiagnosis@first").is_not_null()
    asked = frame.select(
        unknown=(ill_defined & solid & dated).fill_null(value=False),
        known=(~ill_defined & dated).fill_null(value=False),
        patient=PATIENT,
    ).with_columns(pair=(pl.col("unknown") | pl.col("known")) & pl.col("unknown").any().over("patient"))
    first, second = groups.pairs(frame, asked.get_column("pair"))
    unknown, known = (asked.get_column(name).to_numpy() for name in ("unknown", "known"))
    start, end = (groups.days(frame.get_column(f"dateOfDiagnosis@{bound}")) for bound in ("first", "last"))
    near = np.maximum(end[first] - start[second], end[second] - start[first]) <= 60
    fires = np.zeros(frame.height, bool)
    fires[first[near & unknown[first] & known[second]]] = True
    fires[second[near & unknown[second] & known[first]]] = True
    return pl.Series(fires)


@edit(
    "ir-iarc-mp",
    message="Two tumors that the international multiple-primary rule counts as one ({primarySite}, "
    "{histologicTypeIcdO3} here)",
    severity=WARNING,
    items=[OWNER, "primarySite", "histologicTypeIcdO3"],
    level="inter-record",
    category="patient",
    source="IARC/IACR/ENCR, International rules for multiple primary cancers, third edition (2004); IARC "
    "Technical Report 42",
    reads=["behaviorCodeIcdO3", "dateOfDiagnosis", "sequenceNumberCentral"],
    columns=["primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3", "dateOfDiagnosis"],
    passes=[
        "C509 | 8500 | 3 | 2010 / C619 | 8500 | 3 | 2015",
        "C341 | 8140 | 3 | 2010 / C341 | 8070 | 3 | 2015",
        "C182 | 8140 | 3 | 2010 / C209 | 8140 | 3 | 2012",
        "C509 | 8500 | 3 | 2010 / C504 | 8520 | 2 | 2015",
        "C509 | 8500 | 3 | 2010 / C504 | | 3 | 2015",
        "C509 | 8500 | 3 | 2010 / C504 | 8520 | | 2015",
        "C421 | 9861 | 3 | 2010 / C421 | 9823 | 3 | 2015",
    ],
    fails=[
        "C509 | 8500 | 3 | 2010 / C504 | 8520 | 3 | 2015",
        "C199 | 8140 | 3 | 2010 / C209 | 8140 | 3 | 2012",
        "C341 | 8000 | 3 | 2010 / C349 | 8070 | 3 | ",
        "C445 | 9140 | 3 | 2010 / C341 | 9140 | 3 | 2011",
        "C421 | 9800 | 3 | 2010 / C421 | 9861 | 3 | 2011",
        "C679 | 8130 | 2 | 2010 / C670 | 8130 | 3 | 2011",
    ],
    notes="Fires on both. All tumors of a patient are counted together, in order of diagnosis, as the rule "
    "says; tumors that it does not count (in situ except of the bladder, benign, without behavior) are not "
    "compared.",
)
def one_primary_internationally(frame: pl.DataFrame) -> pl.Series:
    """The tumors that are counted with another one, and those others."""
    tumors = frame.select(pl.col(PATIENT).alias("patientIdNumber"), pl.exclude(PATIENT, OWNER))
    primary = same_primary_as(tumors).to_numpy()
    counted_with = np.flatnonzero(primary >= 0)
    return groups.both(frame.height, counted_with, primary[counted_with], np.ones(len(counted_with), bool))


@edit(
    "ir-mph-solid",
    message="By the multiple-primary rules this tumor ({primarySite}, {histologicTypeIcdO3}) and another of the "
    "patient's may be one primary. {found}",
    severity=REVIEW,
    items=[OWNER, "primarySite", "histologicTypeIcdO3", "laterality", "dateOfDiagnosis"],
    level="inter-record",
    category="patient",
    source="SEER Multiple Primary and Histology Coding Rules 2007; Solid Tumor Rules 2018 and later; "
    "Hematopoietic and Lymphoid Neoplasm rules",
    reads=["behaviorCodeIcdO3"],
    columns=TUMOR,
    passes=[
        "C509 | 8520 | 3 | 1 | 20100101 / C509 | 8520 | 3 | 2 | 20100101",
        "C509 | 8500 | 3 | 1 | 20190101 / C341 | 8140 | 3 | 1 | 20190101",
        "C509 | 8500 | 3 | 1 | 20190101 / C509 | 8500 | 3 | | 20190110",
        "C509 | 8500 | 3 | 1 | 20190101 / C509 | 8500 | 3 | 1 | ",
        "C509 | 8500 | 3 | 1 | 20190101 / C509 | | 3 | 1 | 20190110",
        "C509 | 8500 | 3 | 1 | 20190101 / C509 | 8500 | | 1 | 20190110",
        "C509 | 8500 | 3 | 1 | 20190101 / | 8500 | 3 | 1 | 20190110",
        "C809 | 8140 | 3 | 0 | 20190101 / C809 | 8140 | 3 | 0 | 20190110",
    ],
    fails=[
        "C509 | 8500 | 3 | 1 | 20190101 / C509 | 8500 | 3 | 1 | 20190110",
        "C504 | 8500 | 3 | 1 | 20190101 / C509 | 8500 | 3 | 9 | 20190110",
        "C421 | 9861 | 3 | 9 | 20190101 / C421 | 9861 | 3 | 9 | 20200110",
    ],
    notes="Fires on both records of a pair that the rules call single or questionable (they need a review, or "
    "something that is not known). Both need a valid site, histology, behavior, laterality and date of "
    "diagnosis; sites without rules (C809) are not compared. The rules for blood cancers are asked too.",
)
def one_primary_by_seer_rules(frame: pl.DataFrame) -> pl.Series:
    """Each two tumors of a patient by the rules of their group and years; what the deciding rule says."""
    usable = frame.select(pl.all_horizontal([pl.col(item).is_not_null() for item in TUMOR])).to_series()
    first, second = groups.pairs(frame, usable)
    if not len(first):
        return pl.repeat(None, frame.height, dtype=pl.String, eager=True)
    tumors = frame.select(TUMOR)
    two = [
        tumors[rows].rename({item: item + suffix for item in TUMOR})
        for rows, suffix in ((first, "_1"), (second, "_2"))
    ]
    day = str(frame.get_column("@as_of")[0])
    today = dt.date(int(day[:4]), int(day[4:6]), int(day[6:]))
    found = compare_tumors(pl.concat(two, how="horizontal"), today=today)
    said = found.select(
        pl.when(pl.col("result").is_in(["single", "questionable"])).then("reason"),
        first=pl.Series(first),
        second=pl.Series(second),
    ).drop_nulls("reason")
    sides = [said.select(pl.col(side).alias("row"), "reason") for side in ("first", "second")]
    each = pl.concat(sides).unique("row", keep="first", maintain_order=True)
    nothing = pl.repeat(None, frame.height, dtype=pl.String, eager=True)
    return nothing.scatter(each.get_column("row"), each.get_column("reason"))

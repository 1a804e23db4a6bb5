"""Which records go with a submission, which are held back and why, and which it does not ask for.

A record that is not asked for is no business of the receiver (another state's resident, another year): when it was
sent before, it is now deleted there. A record that is held back stays there as it is, and is work here.

Sources: reportability as the edits have it (SEER Program Manual, NPCR); CI5 call for data (malignant tumors of C00 to
C96; bladder and central nervous system of any behavior); class of case 00 to 22 as analytic (CoC).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import polars as pl

from registry import standards
from registry.errors import BadInput
from registry.security import restriction
from registry.submissions.profiles import Profile
from registry.submissions.request import Request

NO_STATE: Final = ("XX", "YY", "ZZ", "US", "CD")
"""Codes of item 80 that name no state: abroad, unknown, or a country as a whole."""
NOT_REPORTABLE: Final = ("benign-reportable-site", "skin-nonreportable", "cervix-insitu", "prostate-pin")
"""Edits that say of a tumor that the programs do not collect it."""
FULL: Final = {"A": ("A", "M"), "M": ("A", "M"), "C": ("A", "M", "C"), "I": ("A", "M", "C", "I")}
"""Record type to send → received types that hold at least what it does."""
KEYS: Final = ("patient_id", "tumor_id", "abstract_id", "facility_id")
OUTSIDE: Final = (
    "another facility", "no state of residence", "not a resident", "a resident here", "another year",
    "not reportable", "class of case", "never modified",
)  # fmt: skip
HELD: Final = ("lesser record type", "not complete", "restricted", "edit errors")


@dataclass(frozen=True)
class Selection:
    """What a request takes.

    Attributes:
        taken: frame[patient_id, tumor_id, abstract_id, facility_id, region], one row a record, sorted; region is the
            state of residence of a profile split by state, else null.
        held: the same and reason, detail; one row a record and detail (a record with two edits has two), sorted.
            reason: see HELD; the first that applies. detail: code of item 1856, edit, status, record type.
        outside: reason → records that are not asked for.
    """

    taken: pl.DataFrame
    held: pl.DataFrame
    outside: dict[str, int]

    @property
    def held_records(self) -> int:
        """How many records are held back."""
        return self.held.select(_key(self.held)).unique().height

    def held_back(self) -> pl.DataFrame:
        """frame[reason, detail, records], in the order of HELD; reasons of others come last."""
        order = pl.col("reason").replace_strict(
            {name: n for n, name in enumerate(HELD)}, default=len(HELD), return_dtype=pl.Int8
        )
        return (
            self.held.group_by("reason", "detail").agg(records=pl.len().cast(pl.Int64))
            .sort(order, "reason", "detail", nulls_last=True)
        )  # fmt: skip

    def held_counts(self) -> dict[str, int]:
        """Reason → records, each counted once; they add up to `held_records`."""
        once = self.held.unique([_key(self.held), "reason"]).group_by("reason").len()
        counts: dict[str, int] = dict(once.iter_rows())
        order = [*HELD, *sorted(set(counts) - set(HELD))]
        return {reason: int(counts[reason]) for reason in order if reason in counts}

    def of_region(self, region: str) -> Selection:
        """The part of one state."""
        return replace(self, taken=self.taken.filter(region=region), held=self.held.filter(region=region))


def selection_items(profile: Profile) -> list[str]:
    """Items that the selection reads; load them with patient_id, tumor_id and, for abstracts, abstract_id, facility_id,
    record_type, status and version.

    >>> from registry.submissions.profiles import profiles
    >>> "classOfCase" in selection_items(profiles()["COC_RCRS"])
    True
    """
    wanted = [restriction.ITEM, "addrAtDxState", "dateOfDiagnosis", "reportingFacility"]
    if profile.selection.reportable:
        wanted += ["primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3"]
    if profile.selection.classes:
        wanted.append("classOfCase")
    return wanted


def select(
    request: Request,
    rows: pl.DataFrame,
    rules: pl.DataFrame | None = None,
    errors: pl.DataFrame | None = None,
) -> Selection:
    """Judge every record of the registry by a request.

    Args:
        rows: frame[tumor_id, patient_id, selection_items]; of abstracts also abstract_id, facility_id,
            record_type, status, version. Items that no record ever had may be missing.
        rules: on item 1856, see `registry.security.restriction.with_own`; the package's when None.
        errors: frame[tumor_id or abstract_id (what the level counts by), edit] of errors that stand: open, and not
            set aside by an over-ride.

    Raises:
        BadInput: `strict`, and records have errors.
    """
    frame = _complete(rows, request)
    frame = frame.with_columns(outside=_outside(frame, request), region=_region(request))
    counts = frame.filter(pl.col("outside").is_not_null()).group_by("outside").len()
    outside: dict[str, int] = dict(counts.iter_rows())
    frame = frame.filter(pl.col("outside").is_null())
    frame = frame.hstack(_held(frame, request, rules))
    key = _key(frame)
    columns = [*(name for name in KEYS if name in frame.columns), "region"]
    clean = frame.filter(pl.col("reason").is_null())
    wrong = _wrong(clean, errors, key)
    if request.strict and request.profile.gate == "file" and wrong.height:
        raise BadInput(
            f"profile {request.profile.id}", f"{wrong[key].n_unique():,} records have errors, and none may",
            "correct them, or leave out --strict to hold them back",
        )  # fmt: skip
    held = pl.concat(
        [
            frame.filter(pl.col("reason").is_not_null()).select(*columns, "reason", "detail"),
            clean.join(wrong, on=key, how="inner").select(
                *columns, pl.lit("edit errors").alias("reason"), pl.col("edit").alias("detail")
            ),
        ]
    )
    return Selection(
        clean.join(wrong, on=key, how="anti").select(columns).sort("patient_id", key),
        held.sort("patient_id", key, "reason", "detail"),
        {why: int(outside[why]) for why in OUTSIDE if why in outside},
    )


def _key(frame: pl.DataFrame) -> str:
    return "abstract_id" if "abstract_id" in frame.columns else "tumor_id"


def _complete(rows: pl.DataFrame, request: Request) -> pl.DataFrame:
    own: dict[str, Any] = {"facility_id": pl.String}
    if request.profile.level == "abstract":
        own |= {"status": pl.String, "record_type": pl.String, "version": pl.Int64}
    elif "abstract_id" in rows.columns:
        rows = rows.drop("abstract_id")
    wanted = own | dict.fromkeys(selection_items(request.profile), pl.String)
    present = [pl.col(name).cast(kind) for name, kind in wanted.items() if name in rows.columns]
    missing = [pl.lit(None, kind).alias(name) for name, kind in wanted.items() if name not in rows.columns]
    return rows.with_columns(*present, *missing)


def _state() -> pl.Expr:
    return pl.col("addrAtDxState").str.strip_chars().str.to_uppercase().fill_null("")


def _region(request: Request) -> pl.Expr:
    return _state() if request.profile.split == "state" else pl.lit(None, pl.String)


def _outside(frame: pl.DataFrame, request: Request) -> pl.Series:
    """Why a record is not asked for, null when it is; the first reason of OUTSIDE."""
    choice, tests = request.profile.selection, []
    if request.facility is not None:
        tests.append(("another facility", pl.col("facility_id").fill_null("") != request.facility))
    if choice.non_residents:
        states = sorted(set(standards.code_set("addrAtDxState")) - set(NO_STATE))
        tests.append(("no state of residence", ~_state().is_in(states)))
        tests.append(("a resident here", _state() == request.home_state))
    if request.region is not None:
        tests.append(("not a resident", _state() != request.region))
    first = max((year for year in (request.from_year, choice.first_year) if year is not None), default=None)
    if first is not None or request.to_year is not None:
        year = pl.col("dateOfDiagnosis").str.strip_chars().str.head(4).cast(pl.Int32, strict=False)
        fits = (year >= (first or 0)) & (year <= (request.to_year or 9999))
        tests.append(("another year", ~fits.fill_null(value=False)))
    if choice.reportable:
        tests.append(("not reportable", _not_reportable(frame, request)))
    if choice.classes:
        tests.append(
            ("class of case", ~pl.col("classOfCase").is_in(list(choice.classes)).fill_null(value=False))
        )
    if choice.modified:
        tests.append(("never modified", ~(pl.col("version") > 1).fill_null(value=False)))
    return _first(frame, tests)


def _not_reportable(frame: pl.DataFrame, request: Request) -> pl.Expr:
    if request.profile.selection.reportable == "ci5":
        site = pl.col("primarySite").str.slice(1, 3).cast(pl.Int32, strict=False)
        behavior = pl.col("behaviorCodeIcdO3").str.strip_chars()
        nervous = site.is_between(700, 729) | site.is_between(751, 753)
        asked = ((behavior == "3") & (site <= 969)) | (
            behavior.is_in(["0", "1", "2"]) & (site.is_between(670, 679) | nervous)
        )
        return ~asked.fill_null(value=False)
    return pl.lit(_named_by_edits(frame, request))


def _named_by_edits(frame: pl.DataFrame, request: Request) -> pl.Series:
    from registry import edits

    items = ("primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3", "dateOfDiagnosis")
    records = frame.select(*items).with_row_index("row")
    day = request.as_of.date()
    found = edits.run(None, records, NOT_REPORTABLE, as_of=day, keys=["row"])["row"].cast(pl.UInt32).unique()
    mask = pl.repeat(value=False, n=frame.height, dtype=pl.Boolean, eager=True)
    return mask.scatter(found, values=True) if found.len() else mask


def _first(frame: pl.DataFrame, tests: list[tuple[str, pl.Expr]]) -> pl.Series:
    """The name of the first test that holds, row by row."""
    if not tests or frame.is_empty():
        return pl.repeat(None, frame.height, dtype=pl.String, eager=True)
    found = pl.coalesce(*(pl.when(test).then(pl.lit(name)) for name, test in tests))
    return frame.select(found.alias("found")).to_series()


def _held(frame: pl.DataFrame, request: Request, rules: pl.DataFrame | None) -> pl.DataFrame:
    """frame[reason, detail]: why a record is held back before any edit is asked, nulls when it is not."""
    code = pl.col(restriction.ITEM).cast(pl.String).str.strip_chars().fill_null("")
    tests: list[tuple[str, pl.Expr, pl.Expr]] = []
    if request.profile.level == "abstract":
        received = pl.col("record_type").fill_null("A")
        full = FULL.get(request.type, FULL["A"])
        statuses = list(request.profile.selection.statuses)
        tests.append(("lesser record type", ~received.is_in(list(full)), received))
        if statuses:
            tests.append(("not complete", ~pl.col("status").is_in(statuses), pl.col("status")))
    # Anything may have been typed into the item: only what looks like a code is told, this goes into manifests.
    told = pl.when(code.str.contains(r"\A[0-9]{0,2}\z")).then(code).otherwise(pl.lit("no code"))
    tests.append(("restricted", pl.lit(_restricted(frame, request, rules)), told))
    reason = _first(frame, [(name, test) for name, test, _ in tests]).alias("reason")
    if frame.is_empty():
        return pl.DataFrame([reason, pl.Series("detail", [], pl.String)])
    details = [pl.when(pl.lit(reason) == name).then(detail) for name, _, detail in tests]
    return frame.select(pl.lit(reason).alias("reason"), pl.coalesce(*details).alias("detail"))


def _restricted(frame: pl.DataFrame, request: Request, rules: pl.DataFrame | None) -> pl.Series:
    """Whether item 1856 keeps a record from its receiver; of a profile split by state, from that state's registry."""
    if request.profile.split != "state" or request.state:
        return restriction.held_back(frame[restriction.ITEM], request.recipient, rules).is_not_null()
    answers = pl.repeat(value=True, n=frame.height, dtype=pl.Boolean, eager=True)
    for region in frame["region"].unique().sort():
        rows = (frame["region"] == region).arg_true()
        recipient = f"{request.profile.recipient}:{region}"
        held = restriction.held_back(frame[restriction.ITEM].gather(rows), recipient, rules).is_not_null()
        answers = answers.scatter(rows, held)
    return answers


def _wrong(clean: pl.DataFrame, errors: pl.DataFrame | None, key: str) -> pl.DataFrame:
    """frame[key, edit] of the records that would go, each edit once."""
    if errors is None or errors.is_empty():
        return pl.DataFrame(schema={key: clean.schema[key], "edit": pl.String})
    known = errors.select(pl.col(key).cast(clean.schema[key]), pl.col("edit").cast(pl.String)).unique()
    return known.join(clean.select(key), on=key, how="semi")

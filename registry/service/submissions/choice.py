"""What would leave now, what is held back, and why: selection, change against the accepted, edits, required items."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from registry import submissions
from registry.service.submissions import fingerprints, gate, records
from registry.service.submissions import profiles as submission_profiles
from registry.service.submissions import request as asking
from registry.service.submissions.fingerprints import LEARNED, Form
from registry.service.submissions.request import Wish
from registry.standards import dates
from registry.submissions import ItemPlan

if TYPE_CHECKING:
    from registry.service.operations import Context

EDITS: Final = "edit errors"
INVALID: Final = "invalid value"
NEVER_SENT: Final = "never sent before"
NOT_CORRECTED: Final = "rejected before, not corrected"
WITHDRAWN: Final = ("restricted",)
"""Reasons of held-back records that the receiver is asked to delete when it has them: it must not hold them."""
FEW: Final = 2
"""When fewer than one record in so many is read, edits between patients look at those alone that they compare with."""

RECORD: Final = pl.Schema(dict(records.BASE) | {"change": pl.String})
HELD: Final = pl.Schema(
    dict.fromkeys(("record_id", "tumor_id", "patient_id", "abstract_id"), pl.Int64)
    | dict.fromkeys(("facility_id", "reason", "detail"), pl.String)
)
REQUIRED: Final = {"item": pl.String, "code": pl.String, "records": pl.Int64, "blank": pl.Int64}
ORDER: Final = ("patient_id", "record_id")


@dataclass(frozen=True)
class Chosen:
    """What a submission made now would hold.

    Attributes:
        records: frame of RECORD: what leaves (new, changed and, in a whole file, same) and what is `deleted`;
            by patient_id and record_id.
        held: frame of HELD, one row a record and reason. outside: records not asked for, by reason.
        same: records that the receiver has as they are, left out of a delta.
        required: frame[item, code, records, blank] of required items. first: nothing was accepted before.
        problems: lines that forbid sealing.
        form, learned: how the store hashes these records, and frame of LEARNED of those that were read, to be kept.
    """

    wish: Wish
    plan: ItemPlan
    rows: pl.DataFrame
    records: pl.DataFrame
    held: pl.DataFrame
    outside: dict[str, int]
    same: int
    required: pl.DataFrame
    first: bool
    problems: tuple[str, ...]
    form: Form | None = None
    learned: pl.DataFrame | None = None

    @property
    def going(self) -> pl.DataFrame:
        """Records in the file."""
        return self.records.filter(pl.col("change") != "deleted")

    @property
    def deleted(self) -> pl.DataFrame:
        """Records that the receiver is asked to delete."""
        return self.records.filter(pl.col("change") == "deleted")

    def digest(self) -> str:
        """SHA-256 over the request and all that it finds: the same request over the same data has the same."""
        found = hashlib.sha256(self.wish.text().encode())
        for frame in (self.records, self.held):
            found.update(frame.write_csv().encode())
        return found.hexdigest()


def choose(context: Context, wish: Wish) -> Chosen:
    """Find what a submission would hold; nothing is written.

    Raises:
        BadInput: the profile needs a state, or other words that `registry.submissions.Request` asks for.
    """
    rows = records.rows(context, wish)
    selection = submissions.select(wish.request, rows, rules=submission_profiles.rules(context))
    taken, held = (_with_keys(frame, wish) for frame in (selection.taken, selection.held))
    plan = submissions.plan(wish.request, records.columns(context, wish))
    base = records.accepted(context, wish)
    outside = dict(selection.outside)
    if wish.profile.selection.modified:
        never = taken.join(base, on="record_id", how="anti")
        taken = taken.join(base, on="record_id", how="semi").sort(*ORDER)
        outside |= {NEVER_SENT: never.height} if never.height else {}
    compared = _Compared(context, wish, plan, taken, base)
    compared.run()
    held_now = pl.concat([held.select(list(HELD)).cast(HELD), *compared.held]).sort(
        "patient_id", "record_id", "reason", "detail"
    )
    looks = rows.select(wish.key, year=dates.year("dateOfDiagnosis").cast(pl.Int32)).unique(wish.key)
    going = _described(pl.concat(compared.going), taken, looks, wish)
    deletions = _deletions(base, taken, held_now)
    if wish.profile.selection.modified:  # what was never modified stays there as it is
        there = rows.select(record_id=pl.col(wish.key).cast(pl.Int64))
        deletions = deletions.join(there, on="record_id", how="anti")
    found = pl.concat([going, deletions]).sort(*ORDER)
    problems = _problems(wish, found, held_now, compared.required())
    return Chosen(
        wish, plan, rows, found, held_now, outside, compared.same, compared.required(),
        base.is_empty(), tuple(problems), compared.form, pl.concat(compared.learned),
    )  # fmt: skip


class _Compared:
    """Records of a selection, patients by patients: hashed, compared with the accepted, judged by the edits."""

    def __init__(
        self, context: Context, wish: Wish, plan: ItemPlan, taken: pl.DataFrame, base: pl.DataFrame
    ) -> None:
        self.context, self.wish, self.plan, self.taken, self.base = context, wish, plan, taken, base
        self.before = records.rejected(context, wish)
        record_type = gate.carries(wish)
        edit_set = wish.profile.edit_set
        self.legal = submissions.Legal(wish.request)
        self.asked = gate.asked_edits(edit_set, record_type) if edit_set else gate.Asked([])
        self.codes = required_codes(context, wish)
        self.form = fingerprints.form(context, wish, plan, self.legal)
        self.waiting = taken
        self.learned: list[pl.DataFrame] = [pl.DataFrame(schema=LEARNED)]
        self.going: list[pl.DataFrame] = [_no_hashes()]
        self.held: list[pl.DataFrame] = [pl.DataFrame(schema=HELD)]
        self.same, self.blank, self.counted = 0, dict.fromkeys(self.codes, 0), 0

    def run(self) -> None:
        """Look at every record, at those of a delta that are known to be as they were accepted without reading them."""
        self.waiting = waiting = self._not_known()
        done, total = 0, waiting["patient_id"].n_unique()
        for patients, tumors, quick in records.pieces(self.context, self.wish, self.plan, waiting, self.form):
            self.context.progress("records", done, total)
            hashes = submissions.record_hashes(patients, tumors, self.wish.request, self.legal)
            hashed = hashes.rename({"tumor_id": "record_id"})
            if quick is not None:
                self.learned.append(quick.join(hashed, on="record_id", how="inner").cast(LEARNED))
            numbers = tumors.select(
                "patient_id", record_id="tumor_id", tumor_number=pl.col("tumor_number").cast(pl.String)
            )
            going = self._to_go(hashed.join(numbers, on="record_id", how="left", maintain_order="left"))
            going = self._without_uncorrected(going)
            going = self._without_invalid(going, patients, tumors)
            going = self._without_failing(going)
            self.going.append(going)
            self._count_blank(patients, tumors, going)
            done += patients["patient_id"].n_unique()

    def _not_known(self) -> pl.DataFrame:
        """Records to be read: frame[record_id, patient_id, ...]."""
        if not self.wish.delta or self.form is None or self.base.is_empty() or self.taken.is_empty():
            return self.taken
        numbers = records.numbers(self.wish.profile.level)
        known = fingerprints.known(self.context, self.wish, self.form, numbers, self.taken)
        same = self._marked(known).filter(pl.col("change") == "same")
        self.same += same.height
        return self.taken.join(same, on="record_id", how="anti", maintain_order="left")

    @cached_property
    def across(self) -> pl.DataFrame:
        """What edits between patients find among the records that are read."""
        part = self.waiting.height * FEW < self.taken.height
        only = self.waiting.select("patient_id").unique() if part else None
        return gate.across(self.context, self.asked, self.wish.profile.level, self.wish.day, only)

    def _to_go(self, hashes: pl.DataFrame) -> pl.DataFrame:
        marked = self._marked(hashes)
        if self.wish.delta:
            self.same += marked.filter(pl.col("change") == "same").height
            marked = marked.filter(pl.col("change") != "same")
        return marked.select(list(_no_hashes().columns))

    def _marked(self, hashes: pl.DataFrame) -> pl.DataFrame:
        """Records with their `change` since they were accepted.

        One under another number (its patient was joined with another) is changed, whatever it says.
        """
        known = self.base.select(
            "record_id", base_hash="record_hash", base_hash2="record_hash2", base_number="tumor_number",
            base_patient="patient_id",
        )  # fmt: skip
        joined = hashes.join(known, on="record_id", how="left", maintain_order="left")
        same = pl.all_horizontal(
            pl.col("record_hash") == pl.col("base_hash"), pl.col("record_hash2") == pl.col("base_hash2"),
            pl.col("tumor_number").eq_missing(pl.col("base_number")), pl.col("patient_id") == pl.col("base_patient"),
        )  # fmt: skip
        change = (
            pl.when(pl.col("base_hash").is_null()).then(pl.lit("new")).when(same).then(pl.lit("same")).otherwise(pl.lit("changed"))
        )  # fmt: skip
        return joined.with_columns(change=change)

    def _without_uncorrected(self, going: pl.DataFrame) -> pl.DataFrame:
        """What was rejected as it still is would be rejected again; whoever finds it right closes its task."""
        if self.before.is_empty():
            return going
        joined = going.join(self.before, on="record_id", how="inner")
        unchanged = joined.filter(
            (pl.col("record_hash") == pl.col("rejected_hash"))
            & (pl.col("record_hash2") == pl.col("rejected_hash2"))
        ).select("record_id")
        self._hold(unchanged.with_columns(detail=pl.lit(None, pl.String)), NOT_CORRECTED)
        return going.join(unchanged, on="record_id", how="anti", maintain_order="left")

    def _without_invalid(
        self, going: pl.DataFrame, patients: pl.DataFrame, tumors: pl.DataFrame
    ) -> pl.DataFrame:
        """The receiver's reader would refuse these values: one would cost the whole file."""
        if self.wish.profile.level == "patient" or going.is_empty():  # a linkage takes people as they are
            return going
        tumors = tumors.join(
            going.select(tumor_id="record_id"), on="tumor_id", how="semi", maintain_order="left"
        )
        link = "element_id" if "element_id" in patients.columns else "patient_id"
        patients = patients.join(tumors.select(link), on=link, how="semi", maintain_order="left")
        found = submissions.invalid_values(patients, tumors, self.wish.request, self.legal)
        bad = (
            found.select(record_id="tumor_id", detail="item").join(going, on="record_id", how="semi").unique()
        )
        self._hold(bad.sort("record_id", "detail"), INVALID)
        return going.join(bad, on="record_id", how="anti", maintain_order="left")

    def _without_failing(self, going: pl.DataFrame) -> pl.DataFrame:
        if not self.asked.ids or going.is_empty():
            return going
        whose = self.taken.select("record_id", "patient_id").join(going, on="record_id", how="semi")
        wanted = whose.select("patient_id").unique().sort("patient_id")
        judge = gate.of_abstracts if self.wish.profile.level == "abstract" else gate.of_tumors
        failing = pl.concat([judge(self.context, self.asked, wanted, self.wish.day), self.across])
        failing = failing.join(going, on="record_id", how="semi").unique().sort("record_id", "edit")
        self._hold(failing.rename({"edit": "detail"}), EDITS)
        return going.join(failing, on="record_id", how="anti", maintain_order="left")

    def _hold(self, found: pl.DataFrame, reason: str) -> None:
        named = found.join(self.taken, on="record_id", how="inner", maintain_order="left")
        self.held.append(named.with_columns(reason=pl.lit(reason)).select(list(HELD)).cast(HELD))

    def _count_blank(self, patients: pl.DataFrame, tumors: pl.DataFrame, going: pl.DataFrame) -> None:
        if not self.codes or going.is_empty():
            return
        self.counted += going.height
        link = "element_id" if "element_id" in patients.columns else "patient_id"
        kept = tumors.join(going.select(tumor_id="record_id"), on="tumor_id", how="semi")
        of_patient = [item for item in self.codes if item in patients.columns]
        together = kept.join(patients.select(link, *of_patient), on=link, how="left", suffix="_of_patient")
        for item in self.codes:
            filled = 0
            if item in together.columns:
                filled = int((together[item].cast(pl.String).fill_null("").str.strip_chars() != "").sum())
            self.blank[item] += kept.height - filled

    def required(self) -> pl.DataFrame:
        """Required items that records lack: frame[item, code, records, blank], by item."""
        rows = [
            {"item": item, "code": code, "records": self.counted, "blank": self.blank[item]}
            for item, code in sorted(self.codes.items())
        ]
        return pl.DataFrame(rows, schema=REQUIRED)


def _no_hashes() -> pl.DataFrame:
    kept = ("record_id", "record_hash", "record_hash2", "tumor_number", "change")
    return pl.DataFrame(schema={name: RECORD[name] for name in kept})


def required_codes(context: Context, wish: Wish) -> dict[str, str]:
    """Items that the profile's agency requires of every record in this version, with their codes, as loaded."""
    table = context.store.query("SELECT * FROM required_status ORDER BY agency, naaccr_version, item")
    return dict(submissions.required_of(table, wish.request).iter_rows()) if table.height else {}


def _with_keys(frame: pl.DataFrame, wish: Wish) -> pl.DataFrame:
    """A frame of the selection with every id that the store keeps, null where the level has none."""
    for name in ("tumor_id", "abstract_id"):
        if name not in frame.columns:
            frame = frame.with_columns(pl.lit(None, pl.Int64).alias(name))
    if "facility_id" not in frame.columns:
        frame = frame.with_columns(facility_id=pl.lit(None, pl.String))
    ids = pl.col("patient_id", "tumor_id", "abstract_id").cast(pl.Int64)
    return frame.with_columns(ids, record_id=pl.col(wish.key).cast(pl.Int64)).sort(*ORDER)


def _described(going: pl.DataFrame, taken: pl.DataFrame, looks: pl.DataFrame, wish: Wish) -> pl.DataFrame:
    named = going.join(
        taken.select("record_id", "tumor_id", "patient_id", "abstract_id", "facility_id"),
        on="record_id",
        how="inner",
    ).join(looks.rename({wish.key: "record_id"}), on="record_id", how="left")
    return named.rename({"year": "diagnosis_year"}).select(list(RECORD)).cast(RECORD)


def _deletions(base: pl.DataFrame, taken: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """Accepted records that are no longer asked for, no longer there, or no longer allowed there.

    One that is held back for another reason stays at the receiver as it is.
    """
    waiting = held.filter(~pl.col("reason").is_in(WITHDRAWN)).select("record_id")
    gone = base.join(taken, on="record_id", how="anti").join(waiting, on="record_id", how="anti")
    return gone.with_columns(change=pl.lit("deleted")).select(list(RECORD)).cast(RECORD)


def _problems(wish: Wish, found: pl.DataFrame, held: pl.DataFrame, required: pl.DataFrame) -> list[str]:
    told = []
    if found.is_empty():
        told.append(_nothing(wish, held))
    failing = held.filter(pl.col("reason") == EDITS)["record_id"].n_unique()
    if wish.request.strict and failing:
        told.append(f"edits hold {failing:,} records back, and the submission is strict")
    blank = required.filter(pl.col("blank") > 0)
    if wish.request.strict and blank.height:
        told.append(f"required items are blank: {', '.join(blank['item'])}; the submission is strict")
    return told


def _nothing(wish: Wish, held: pl.DataFrame) -> str:
    """Why there is nothing to send."""
    waiting = held["record_id"].n_unique()
    if waiting:
        return f"nothing may leave: {waiting:,} {'record is' if waiting == 1 else 'records are'} held back"
    if wish.delta:
        return "nothing is new, changed or deleted since the last accepted submission"
    return "no record fits: check state and years"


def kept(context: Context, row: dict[str, Any]) -> Chosen:
    """The choice that a submission keeps, to be written or shown; `rows` is empty."""
    words = json.loads(row["request"])
    given = {name: value for name, value in words.items() if name in asking.WORDS}
    wish = asking.read(context, submission_profiles.of_submission(row), given)
    submission_id, detail = row["submission_id"], json.loads(row["detail"] or "{}")

    def rows(table: str, schema: pl.Schema) -> pl.DataFrame:
        return context.store.query(
            f"SELECT {', '.join(schema)} FROM {table} WHERE submission_id = ? ORDER BY patient_id, record_id",
            [submission_id],
        ).cast(schema)

    plan = submissions.plan(wish.request, records.columns(context, wish))
    required = pl.DataFrame(detail.get("required", []), schema=REQUIRED)
    held = rows("submission_held", HELD).sort("patient_id", "record_id", "reason", "detail")
    return Chosen(
        wish, plan, pl.DataFrame(), rows("submission_record", RECORD), held, detail.get("outside", {}),
        detail.get("same", 0), required, detail.get("first", False), tuple(json.loads(row["problems"] or "[]")),
    )  # fmt: skip

"""Who may do what, and to whose records: roles, the permission matrix, facility scope.

The matrix is data (`MATRIX`): a row is a group of operations, a letter in a role's column grants it. What no row
names is refused. Sources: 45 CFR 164.308(a)(4) (minimum necessary), requirements SEC02-SEC04.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import polars as pl

from registry.errors import BadInput, Denied

ROLES: Final = ("registrar", "quality", "researcher", "manager", "admin", "auditor", "job")

#: group | operations it covers | one column a role, in the order of ROLES: x = granted.
#: The most exact name wins: `followup.record` is matched before `followup.*`.
MATRIX: Final = """
group              | operations                                                             | registrar | quality | researcher | manager | admin | auditor | job
own account        | account.me account.password session.* meta.*                           | x         | x       | x          | x       | x     | x       | x
accounts, read     | account.list                                                           |           |         |            | x       | x     | x       |
accounts, change   | account.*                                                              |           |         |            |         | x     |         |
overview           | overview.*                                                             | x         | x       | x          | x       | x     | x       | x
statistics         | survival.* rates.* trend.* prevalence.* outcomes.* measures.list measures.show measures.columns measures.figures cohort.* population.list population.tables | x | x | x | x | x |  | x
measures, records  | measures.cases                                                         | x         | x       |            | x       | x     |         |
measures, change   | measures.*                                                             |           | x       |            | x       | x     |         |
population, change | population.*                                                           |           |         |            | x       | x     |         | x
quality figures    | quality.summary quality.indicators quality.suites quality.completeness quality.scorecard quality.report quality.trend quality.gate | x         | x       |            | x       | x     | x       | x
quality, records   | quality.*                                                              | x         | x       |            | x       | x     |         | x
quality, work      | quality.assign quality.rerun                                           | x         | x       |            | x       | x     |         |
quality, decide    | quality.override quality.withdraw_override                             |           | x       |            |         | x     |         |
derived, read      | derive.list derive.of_tumor derive.why                                  | x         | x       |            | x       | x     |         | x
quality, run       | quality.run quality.import_official quality.record_suites quality.suite_frames edits.* derive.* checks.* |           | x       |            |         | x     |         | x
follow-up figures  | followup.rates followup.trend followup.summary followup.configuration  | x         | x       |            | x       | x     | x       | x
follow-up, list    | followup.list followup.history followup.bars followup.consents followup.imports followup.import_lines followup.contacts followup.worklist followup.choices | x         | x       |            | x       | x     |         | x
follow-up, record  | followup.*                                                             | x         |         |            |         | x     |         | x
letters, read      | letters.list letters.batches letters.preview letters.templates         | x         | x       |            | x       | x     |         | x
letters            | letters.*                                                              | x         |         |            |         | x     |         | x
records, read      | records.* casefinding.* codes.*                                        | x         | x       |            | x       | x     |         | x
numbering, read    | numbering.gaps numbering.doubles numbering.proposal numbering.proposals  | x         | x       |            | x       | x     |         | x
numbering, change  | numbering.*                                                            | x         | x       |            |         | x     |         |
primaries, read    | primaries.of_patient primaries.list                                    | x         | x       |            | x       | x     |         | x
primaries, decide  | primaries.decide primaries.compare                                     | x         | x       |            |         | x     |         |
primaries, run     | primaries.*                                                            |           | x       |            |         | x     |         | x
audits, read       | audits.list audits.show audits.results audits.listed                   |           | x       |            | x       | x     |         |
audits, code       | audits.mine audits.case audits.recode audits.findings                  | x         | x       |            |         | x     |         |
audits             | audits.*                                                               |           | x       |            |         | x     |         |
monitor, read      | monitor.facilities monitor.months monitor.reminders monitor.expectations monitor.casefinding | x | x | | x | x |  | x
monitor, review    | monitor.review monitor.sources                                         | x         | x       |            |         | x     |         |
monitor, change    | monitor.*                                                              |           | x       |            | x       | x     |         |
codes, read        | code.*                                                                 | x         | x       | x          | x       | x     |         | x
records, change    | records.save records.status records.draft records.keep_draft records.drop_draft | x         | x       |            |         | x     |         |
work queues, read  | tasks.list quarantine.list quarantine.show                             | x         | x       |            | x       | x     |         | x
work queues, close | tasks.* quarantine.*                                                   | x         | x       |            |         | x     |         | x
loads, read        | load.list load.show load.faults                                        | x         | x       |            | x       | x     | x       | x
loads              | ingest.* load.* deaths.* link.* linkage.* consolidate.*                | x         |         |            |         | x     |         | x
reference, read    | facility.list physician.list reference.*                               | x         | x       |            | x       | x     | x       | x
reference, change  | facility.* physician.*                                                 |           |         |            |         | x     |         | x
exports, read      | submission.list submission.show submission.preview submission.profiles submission.records submission.calendar submission.required submission.held submission.regions submission.restrictions export.list | x         | x       |            | x       | x     | x       | x
exports            | export.* submission.*                                                  |           |         |            | x       | x     |         | x
disclosures, add   | disclosures.add                                                        |           |         |            | x       | x     |         |
disclosures, read  | disclosures.*                                                          |           |         |            | x       | x     | x       |
extracts           | extract.*                                                              |           |         |            | x       | x     |         | x
geocoding          | geocode.*                                                              |           | x       |            | x       | x     |         | x
snapshots          | publish.* snapshot.*                                                   |           |         |            | x       | x     |         | x
snapshots, read    | snapshot.list research.*                                               |           |         | x          | x       | x     | x       | x
downloads          | downloads.record                                                       | x         | x       | x          | x       | x     | x       | x
audit              | audit.*                                                                |           |         |            |         | x     | x       |
jobs, read         | jobs.list jobs.history jobs.next jobs.show jobs.failures               |           | x       |            | x       | x     | x       | x
jobs               | jobs.*                                                                 |           |         |            |         | x     |         | x
settings, read     | settings.show                                                          | x         | x       | x          | x       | x     | x       | x
settings, change   | settings.*                                                             |           |         |            |         | x     |         | x
standards, read    | standards.list                                                         | x         | x       | x          | x       | x     | x       | x
standards, change  | standards.*                                                            |           |         |            |         | x     |         |
operation          | store.* backup.* restore.* maintenance.*                               |           |         |            |         | x     |         | x
"""

#: Items that point at one person although type I records (incidence, without confidential items) carry them.
_QUASI_DIRECT: Final = frozenset(
    [
        "accessionNumberHosp",
        "addrAtDxCity",
        "addrAtDxPostalCode",
        "addrCurrentCity",
        "addrCurrentPostalCode",
        "censusBlockGroup2000",
        "censusBlockGroup2010",
        "censusBlockGroup2020",
        "censusBlockGrp197090",
        "censusTract2000",
        "censusTract2010",
        "censusTract2020",
        "censusTract19708090",
        "dateOfBirth",
        "dateOfLastContact",
        "patientIdNumber",
        "patientSystemIdHosp",
        "tumorRecordNumber",
    ]
)
#: Our own columns with free text, names or whole messages.
_OWN_TEXT: Final = frozenset(
    [
        "final_diagnosis",
        "clinical_history",
        "gross",
        "microscopic",
        "nature_of_specimen",
        "comment",
        "report_text",
        "sections",
        "item_values",
        "before",
        "after",
        "content",
        "file_name",
        "control_id",
        "place",
    ]
)
_COLUMN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?")


@dataclass(frozen=True)
class Actor:
    """Who acts: a named account (or `local:<os user>`, or a job), its role, its facilities.

    Args:
        name: what the audit trail says.
        role: one of ROLES.
        facilities: 10-digit reportingFacility numbers; None = all (central roles).

    >>> anna = Actor("anna", "registrar", frozenset({"0000000001"}))
    >>> anna.may("records.save"), anna.may("account.add"), anna.may("no.such.thing")
    (True, False, False)
    """

    name: str
    role: str
    facilities: frozenset[str] | None = None

    def __post_init__(self) -> None:
        """Refuse nameless actors and unknown roles (SEC01: no anonymous act)."""
        if not self.name.strip():
            raise BadInput("actor", "has no name", "sign in, or give --as USER")
        if self.role not in ROLES:
            raise BadInput("role", f'"{self.role}" is unknown', f"use one of: {', '.join(ROLES)}")

    def may(self, operation: str) -> bool:
        """Say whether the role's column of the matrix grants the operation."""
        group = group_of(operation)
        return group is not None and self.role in permissions()[group]

    def require(self, operation: str) -> None:
        """Raise `Denied` with one line when `may` says no.

        >>> Actor("rita", "researcher").require("records.search")
        Traceback (most recent call last):
        registry.errors.Denied: records.search: role researcher may not do this; ask an administrator
        """
        if not self.may(operation):
            raise Denied(operation, f"role {self.role} may not do this", "ask an administrator")

    @property
    def sees_identifiers(self) -> bool:
        """Whether direct identifiers of patients may reach this actor (SEC04)."""
        return self.role not in {"researcher", "auditor"}

    def covers(self, facility_id: str | None) -> bool:
        """Say whether a record of this facility is in scope; a record without one only for central roles.

        >>> Actor("anna", "registrar", frozenset({"0000000001"})).covers("0000000002")
        False
        """
        return self.facilities is None or (facility_id is not None and facility_id in self.facilities)

    def scope_sql(self, column: str) -> tuple[str, list[str]]:
        """Condition and parameters that keep a query inside the actor's facilities.

        >>> Actor("anna", "registrar", frozenset({"2", "1"})).scope_sql("abstract.facility_id")
        ('abstract.facility_id IN (?, ?)', ['1', '2'])
        >>> Actor("rita", "researcher").scope_sql("facility_id")
        ('TRUE', [])
        """
        if not _COLUMN.fullmatch(column):
            raise BadInput("scope", "the column's name is not an identifier")
        if self.facilities is None:
            return "TRUE", []
        if not self.facilities:
            return "FALSE", []
        marks = ", ".join("?" * len(self.facilities))
        return f"{column} IN ({marks})", sorted(self.facilities)

    def scope_expr(self, column: str) -> pl.Expr:
        """The same condition for frames.

        >>> frame = pl.DataFrame({"facility_id": ["1", "2", None]})
        >>> frame.filter(Actor("anna", "registrar", frozenset({"1"})).scope_expr("facility_id")).height
        1
        """
        if self.facilities is None:
            return pl.lit(True)
        return pl.col(column).is_in(sorted(self.facilities)).fill_null(False)

    @property
    def scope_key(self) -> tuple[str, tuple[str, ...] | None]:
        """Role and facilities as one hashable key: caches of scoped data carry it (SEC20)."""
        return self.role, None if self.facilities is None else tuple(sorted(self.facilities))


@functools.cache
def permissions() -> dict[str, frozenset[str]]:
    """The matrix as group → roles that may.

    >>> sorted(permissions()["audit"])
    ['admin', 'auditor']
    """
    return {
        row[0]: frozenset(role for role, mark in zip(ROLES, row[2:], strict=True) if mark) for row in _rows()
    }


@functools.cache
def group_of(operation: str) -> str | None:
    """Group of an operation (exact name first, then `room.*`), None when no row names it.

    >>> group_of("followup.rates"), group_of("followup.record"), group_of("magic.wand")
    ('follow-up figures', 'follow-up, record', None)
    """
    covered = {name: row[0] for row in _rows() for name in row[1].split()}
    return covered.get(operation) or covered.get(operation.split(".", maxsplit=1)[0] + ".*")


def permission_matrix() -> pl.DataFrame:
    """The matrix as a frame [group, operations, one Boolean column a role], in the order of the table.

    >>> permission_matrix().select("group", "auditor").row(1)
    ('accounts, read', True)
    """
    return pl.DataFrame(
        [
            {
                "group": row[0],
                "operations": row[1],
                **{r: bool(m) for r, m in zip(ROLES, row[2:], strict=True)},
            }
            for row in _rows()
        ]
    )


@functools.cache
def confidential_items() -> frozenset[str]:
    """NAACCR items that identify by themselves: part of a full abstract, of an incidence record (type I) never.

    >>> "nameLast" in confidential_items(), "dateOfBirth" in confidential_items()
    (True, False)
    """
    from registry import standards

    items = standards.all_items()
    confidential = items.filter(~pl.col("record_types").fill_null("").str.contains("I"))
    return frozenset(confidential["id"].to_list())


@functools.cache
def direct_identifiers() -> frozenset[str]:
    """Columns that never reach a researcher: confidential NAACCR items, full dates of persons, free text.

    NAACCR's own split is the rule: an item of a full abstract (type A) that an incidence record (type I) may not
    carry is confidential (NAACCR Data Standards, chapter VII, record types). All versions count.

    >>> {"nameLast", "socialSecurityNumber", "dateOfBirth", "textRemarks"} <= direct_identifiers()
    True
    >>> "primarySite" in direct_identifiers()
    False
    """
    return confidential_items() | _QUASI_DIRECT | _OWN_TEXT


def without_identifiers(frame: pl.DataFrame, actor: Actor) -> pl.DataFrame:
    """Drop direct identifiers unless the actor may see them.

    >>> frame = pl.DataFrame({"nameLast": ["Rivera"], "primarySite": ["C509"]})
    >>> without_identifiers(frame, Actor("rita", "researcher")).columns
    ['primarySite']
    """
    if actor.sees_identifiers:
        return frame
    return frame.select(visible_items(frame.columns, actor))


def visible_items(items: Iterable[str], actor: Actor) -> list[str]:
    """Of these item ids or columns, the ones that this actor may see, in the given order."""
    hidden = frozenset() if actor.sees_identifiers else direct_identifiers()
    return [item for item in items if item not in hidden]


@functools.cache
def _rows() -> tuple[tuple[str, ...], ...]:
    lines = [line for line in MATRIX.strip().splitlines() if line.strip()]
    rows = [tuple(cell.strip() for cell in line.split("|")) for line in lines]
    if rows[0][2:] != ROLES:
        raise BadInput("roles.MATRIX", "the columns are not ROLES in their order")
    return tuple(rows[1:])

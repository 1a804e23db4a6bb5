"""What the tables are, how they came about (numbered migrations) and how wide ones grow.

>>> TABLES["abstract"].key, TABLES["abstract"].versioned, TABLES["abstract"].wide
(('abstract_id',), True, True)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from registry.errors import BadInput, NotFound, NotReady
from registry.store.connection import quote

MIGRATIONS = Path(__file__).parent / "migrations"


@dataclass(frozen=True)
class Table:
    """One table: its key, whether a version column guards it, whether it grows NAACCR columns."""

    name: str
    key: tuple[str, ...] = ()
    versioned: bool = False
    wide: bool = False


def _tables(*tables: Table) -> dict[str, Table]:
    return {table.name: table for table in tables}


TABLES: dict[str, Table] = _tables(
    Table("schema_version", ("version",)),
    Table("meta", ("name",)),
    Table("id_counter", ("kind",)),
    Table("facility", ("facility_id", "effective_from"), versioned=True),
    Table("physician", ("physician_id", "effective_from"), versioned=True),
    Table("load", ("load_id",)),
    Table("load_fault"),
    Table("user_dictionary", ("uri",)),
    Table("item_column", ("column_name",)),
    Table("standards_pack", ("pack_id",)),
    Table("standards_change"),
    Table("source_file", ("file_id",)),
    Table("source_chunk"),
    Table("source_record", ("source_id",)),
    Table("source_item"),
    Table("patient", ("patient_id",), versioned=True, wide=True),
    Table("tumor", ("tumor_id",), versioned=True, wide=True),
    Table("abstract", ("abstract_id",), versioned=True, wide=True),
    Table("abstract_change"),
    Table("pathology_report", ("report_id",), versioned=True, wide=True),
    Table("treatment", ("treatment_id",), versioned=True),
    Table("follow_up_contact", ("contact_id",), versioned=True),
    Table("edit_failure", ("failure_id",)),
    Table("edit_override", ("override_id",)),
    Table("edit_run", ("run_id",)),
    Table("edit_run_count"),
    Table("edit_run_record"),
    Table("edit_in_force", ("edit",)),
    Table("edit_judged", ("patient_id",)),
    Table("official_result", ("result_id",)),
    Table("quality_audit", ("audit_id",), versioned=True),
    Table("quality_audit_case", ("case_id",)),
    Table("quality_audit_coding", ("coding_id",), versioned=True),
    Table("quality_audit_finding", ("finding_id",), versioned=True),
    Table("quality_audit_listed", ("entry_id",), versioned=True),
    Table("casefinding_review", ("review_id",), versioned=True),
    Table("facility_expectation", ("facility_id", "year"), versioned=True),
    Table("facility_reminder", ("reminder_id",)),
    Table("derived"),
    Table("staging_trace"),
    Table("accession_number", ("facility_id", "number")),
    Table("primary_pair", ("pair_id",), versioned=True),
    Table("link_event", ("event_id",)),
    Table("review_task", ("task_id",), versioned=True),
    Table("quarantine", ("quarantine_id",)),
    Table("contact_bar", ("bar_id",), versioned=True),
    Table("letter_consent", ("consent_id",), versioned=True),
    Table("letter_template", ("template", "language"), versioned=True),
    Table("letter_batch", ("batch_id",), versioned=True),
    Table("letter", ("letter_id",)),
    Table("letter_language", ("patient_id",)),
    Table("follow_up_import", ("import_id",)),
    Table("follow_up_import_line"),
    Table("follow_up_rate_kept", ("as_of", "facility_id", "unit", "window_name")),
    Table("job_run", ("run_id",)),
    Table("job_attempt", ("run_id", "attempt")),
    Table("job_known", ("job",)),
    Table("suite_result", ("run_id",)),
    Table("submission_profile", ("profile", "profile_version")),
    Table("required_status", ("item", "naaccr_version", "agency")),
    Table("restriction_rule", ("recipient", "code")),
    Table("submission_record"),
    Table("submission_held"),
    Table("submission_event"),
    Table("record_fingerprint"),
    Table("disclosure_event", ("disclosure_id",)),
    Table("disclosure_patient"),
    Table("data_agreement", ("agreement_id",), versioned=True),
    Table("geocode", ("tumor_id",), versioned=True),
    Table("submission", ("submission_id",), versioned=True),
    Table("snapshot", ("snapshot_id",)),
    Table("population", ("source", "state", "county", "year", "sex", "race", "age_group")),
    Table("population_table", ("kind", "source")),
    Table("life_table", ("source", "region", "sex", "year", "age")),
    Table("mortality", ("source", "site_group", "state", "county", "year", "sex", "age_group")),
    Table("cohort", ("cohort_id",), versioned=True),
    Table("measure", ("measure_id", "measure_version")),
    Table("account", ("account_id",)),
    Table("session", ("token_hash",)),
    Table("draft", ("account", "entity", "entity_id")),
    Table("audit_event", ("seq",)),
    Table("idempotency", ("key",)),
)

# Items nearly every screen, list and edit asks for: present from the first day, so that a query over an empty
# registry finds its columns. Every other item gets its column when it first occurs.
CORE_PATIENT = (
    *(
        "patientIdNumber",
        "nameLast",
        "nameFirst",
        "nameMiddle",
        "nameSuffix",
        "nameBirthSurname",
        "nameAlias",
    ),
    *("dateOfBirth", "socialSecurityNumber", "sex", "sexAssignedAtBirth", "race1", "spanishHispanicOrigin"),
    *("birthplaceState", "birthplaceCountry", "vitalStatus", "dateOfLastContact", "causeOfDeath"),
    *("addrCurrentCity", "addrCurrentState", "addrCurrentPostalCode", "telephone", "followUpSourceCentral"),
)
CORE_TUMOR = (
    *("primarySite", "laterality", "histologicTypeIcdO3", "behaviorCodeIcdO3", "grade", "gradeClinical"),
    *("gradePathological", "dateOfDiagnosis", "ageAtDiagnosis", "diagnosticConfirmation"),
    *("typeOfReportingSource", "sequenceNumberCentral", "sequenceNumberHospital", "tumorRecordNumber"),
    *("addrAtDxNoStreet", "addrAtDxCity", "addrAtDxState", "addrAtDxPostalCode", "countyAtDx"),
    *("countyAtDxAnalysis", "summaryStage2018", "derivedSummaryStage2018", "cancerStatus"),
    *("rxSummSurgPrimSite", "rxSummChemo", "rxSummHormone", "rxSummRadiation", "dateInitialRxSeer"),
)
CORE_ABSTRACT = (
    *("patientSystemIdHosp", "reportingFacility", "registryId", "classOfCase", "accessionNumberHosp"),
    *("medicalRecordNumber", "dateOf1stContact", "abstractedBy", "nextFollowUpSource", "dateCaseInitiated"),
    *("dateCaseCompleted", "dateCaseLastChanged", "dateCaseReportExported"),
)
CORE_ITEMS: dict[str, tuple[str, ...]] = {
    "patient": CORE_PATIENT,
    "tumor": CORE_TUMOR,
    "abstract": CORE_PATIENT + CORE_TUMOR + CORE_ABSTRACT,
}


def table(name: str) -> Table:
    """Look a table up.

    Raises:
        NotFound: the store has no such table.

    >>> table("patient").key
    ('patient_id',)
    """
    if name not in TABLES:
        raise NotFound("store", "there is no such table")
    return TABLES[name]


def migrations() -> list[tuple[int, str, Path]]:
    """Known migrations as (number, name, file), in order, numbered without gaps from 1.

    >>> migrations()[0][:2]
    (1, 'schema')
    """
    found = []
    for path in sorted(MIGRATIONS.glob("*.sql")):
        match = re.fullmatch(r"(\d{3})_(\w+)\.sql", path.name)
        if match:
            found.append((int(match.group(1)), match.group(2), path))
    assert [number for number, _, _ in found] == list(range(1, len(found) + 1)), "migrations have gaps"
    return found


def schema_version(cursor: duckdb.DuckDBPyConnection, where: str) -> int:
    """Version of the attached database; 0 for an empty one.

    Raises:
        BadInput: it is some other DuckDB database.
    """
    catalog = "database_name = current_database()"
    names = [
        row[0] for row in cursor.execute(f"SELECT table_name FROM duckdb_tables() WHERE {catalog}").fetchall()
    ]
    if not names:
        return 0
    if "schema_version" not in names or "audit_event" not in names:
        raise BadInput(where, "this DuckDB database is not a registry", "name a registry's file")
    rows = cursor.execute("SELECT coalesce(max(version), 0) FROM schema_version").fetchall()
    return int(rows[0][0])


def migrate(cursor: duckdb.DuckDBPyConnection, where: str, now: datetime) -> tuple[int, int]:
    """Bring the database to the newest known version, one transaction per migration.

    Returns:
        Version before and after.

    Raises:
        NotReady: a newer program wrote this database.
    """
    before = check_version(cursor, where)
    known = migrations()
    for number, name, path in known[before:]:
        cursor.execute("BEGIN")
        try:
            cursor.execute(path.read_text(encoding="utf-8"))
            cursor.execute("INSERT INTO schema_version VALUES (?, ?, ?)", [number, name, now])
            if number == 1:
                for wide, items in CORE_ITEMS.items():
                    add_columns(cursor, wide, items)
            cursor.execute("COMMIT")
        except BaseException:
            cursor.execute("ROLLBACK")
            raise
    return before, len(known)


def check_version(cursor: duckdb.DuckDBPyConnection, where: str) -> int:
    """Return the database's version, refusing one that this program does not know.

    Raises:
        NotReady: a newer program wrote this database.
    """
    version, newest = schema_version(cursor, where), len(migrations())
    if version > newest:
        raise NotReady(
            where,
            f"a newer program wrote this database (schema {version}, this program knows {newest})",
            "upgrade this program",
        )
    return version


def columns(cursor: duckdb.DuckDBPyConnection, name: str) -> list[str]:
    """Column names of a table in order.

    Raises:
        NotFound: the store has no such table.
    """
    table(name)
    rows = cursor.execute(
        "SELECT column_name FROM duckdb_columns() WHERE database_name = current_database() AND table_name = ? "
        "ORDER BY column_index",
        [name],
    ).fetchall()
    return [row[0] for row in rows]


def add_columns(cursor: duckdb.DuckDBPyConnection, name: str, items: Iterable[str]) -> list[str]:
    """Add the missing item columns (VARCHAR) to a wide table; the caller holds the writer lock.

    Returns:
        The columns added, in order.

    Raises:
        BadInput: the table is not wide, or a name is unusable or differs from a column only by case.
    """
    if not table(name).wide:
        raise BadInput(name, "this table has a fixed set of columns")
    present = columns(cursor, name)
    folded = {column.casefold(): column for column in present}
    added = []
    for item in dict.fromkeys(items):
        if item in present:
            continue
        if item.casefold() in folded:
            raise BadInput(
                f"item {item}", f"{name} has a column {folded[item.casefold()]} already", "rename the item"
            )
        folded[item.casefold()] = item
        added.append(item)
    defined = [f"{quote(item)} VARCHAR" for item in added]
    if len(added) > 1 and not cursor.execute(f"SELECT 1 FROM {quote(name)} LIMIT 1").fetchall():
        _make_anew(cursor, name, defined)
    else:
        for column in defined:
            cursor.execute(f"ALTER TABLE {quote(name)} ADD COLUMN {column}")
    return added


def _make_anew(cursor: duckdb.DuckDBPyConnection, name: str, defined: list[str]) -> None:
    """Put an empty table with more columns in the place of an empty one: each ALTER costs as much as all of this.

    No committed row can be lost: rows are committed under the writer lock, which the caller holds. A transaction that
    is about to write rows fails as it would after an ALTER, and tries again.
    """
    query = "SELECT sql FROM duckdb_tables() WHERE database_name = current_database() AND table_name = ?"
    made = str(cursor.execute(query, [name]).fetchall()[0][0]).rstrip().removesuffix(";").removesuffix(")")
    cursor.execute(f"DROP TABLE {quote(name)}")
    cursor.execute(f"{made}, {', '.join(defined)})")

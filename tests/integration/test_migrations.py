"""Databases that older programs wrote are brought to today's schema when they are opened, with what is in them."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from registry.service import Session
from registry.store import Store, schema
from tests.integration.stores import KEY
from tests.received import PERSON, TUMOR, changed, write

QUALITY = 7
"""The migration that gave edit failures their board."""


def older(path: Path) -> None:
    """Take the tables and columns of the newest migrations out again, as if they had never been run."""
    with Store.open(path, key=KEY) as store:
        names = [
            row[0]
            for row in store.query(
                "SELECT table_name FROM duckdb_tables() WHERE database_name = current_database()"
            ).rows()
        ]
        text = "".join(file.read_text() for number, _, file in schema.migrations() if number >= QUALITY)
        with store.unit_of_work("test", "older") as work:
            work.log("test", None, "older")
        cursor = store.connection.cursor()
        for name in names:
            if f"CREATE TABLE {name} " in text:
                cursor.execute(f"DROP TABLE {name}")
        for line in text.splitlines():
            if line.startswith("ALTER TABLE"):
                _, _, name, _, _, column, *_ = line.split()
                cursor.execute(f"ALTER TABLE {name} DROP COLUMN {column}")
        cursor.execute("DELETE FROM schema_version WHERE version >= ?", [QUALITY])
        cursor.close()


def test_failures_that_an_older_program_kept_stand_on_the_board(tmp_path: Path) -> None:
    path = tmp_path / "r.duckdb"
    with Session.create(path, key=KEY) as session:
        file = write(tmp_path / "a.xml", (PERSON, [changed(TUMOR, laterality="7")]))
        session.run("ingest.file", path=file)
        session.run("quality.run", edit_set=["laterality-valid"])
        before = session.run("quality.failures").select("failure_id", "edit", "item_values", "found_at")
        assert before.height == 1
    older(path)
    with Session.open(path, key=KEY) as session:
        versions = session._store.query("SELECT version FROM schema_version ORDER BY version")[
            "version"
        ].to_list()
        assert versions == [number for number, _, _ in schema.migrations()]
        after = session.run("quality.failures")
        assert after.select(before.columns).equals(before)
        assert after["source"].to_list() == ["own"]
        ran = session.run(
            "quality.run", edit_set=["laterality-valid"]
        )  # nothing was judged by this program yet
        assert (ran["judged"], ran["new"], ran["fixed"]) == (1, 0, 0)
        assert session.run("quality.failures").select(before.columns).equals(before)
        assert session.run("audit.verify")["ok"]


def test_every_table_of_the_migrations_is_known_and_the_other_way_round(store: Store) -> None:
    made = store.query("SELECT table_name FROM duckdb_tables() WHERE database_name = current_database()")
    assert set(made["table_name"]) == set(schema.TABLES)
    for name, table in schema.TABLES.items():
        columns = store.columns(name)
        assert set(table.key) <= set(columns)
        assert ("version" in columns) or not table.versioned, name


def test_every_reference_that_is_checked_exists(store: Store) -> None:
    from registry.store.verify import REFERENCES

    for child, column, parent, parent_column in REFERENCES:
        assert column in store.columns(child), (child, column)
        assert parent_column in store.columns(parent), (parent, parent_column)
    assert pl.DataFrame(REFERENCES, orient="row").is_duplicated().sum() == 0

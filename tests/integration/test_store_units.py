"""Units of work on real files: change and audit together, conflicts, repeats, many writers."""

from __future__ import annotations

import random
import threading
from datetime import datetime

import duckdb
import polars as pl
import pytest

from registry.errors import BadInput, Conflict, NotFound
from registry.store import Store, VersionConflict
from tests.integration.stores import add


def test_change_and_audit_are_one(store: Store) -> None:
    with store.unit_of_work("anna", "register", reason="first report", facility_id="0001234567") as uow:
        uow.insert("patient", pl.DataFrame({"patient_id": [1], "nameLast": ["DOE"], "race1": ["01"]}))
        uow.insert("abstract", pl.DataFrame({"abstract_id": [9], "patient_id": [1], "primarySite": ["C504"]}))
        assert (
            uow.update(
                "abstract", 9, {"primarySite": "C509", "grade": "", "laterality": "1"}, expected_version=1
            )
            == 2
        )
    event = store.query("SELECT * FROM audit_event ORDER BY seq DESC LIMIT 1").to_dicts()[0]
    assert (event["actor"], event["entity"], event["entity_id"]) == ("anna", "abstract", "9")
    assert (event["reason"], event["facility_id"]) == ("first report", "0001234567")
    assert event["before_value"] == '{"laterality":null,"primarySite":"C504"}'
    assert event["after_value"] == '{"laterality":"1","primarySite":"C509"}'
    changes = store.query("SELECT item, before, after, version FROM abstract_change ORDER BY item").rows()
    assert changes == [("laterality", None, "1", 2), ("primarySite", "C504", "C509", 2)]
    history = store.changes("abstract", 9)
    assert history.filter(pl.col("item") == "primarySite")["after"].to_list() == ["C504", "C509"]


def test_an_error_rolls_everything_back(store: Store) -> None:
    add(store, 1, nameLast="DOE")
    rows = store.verify_audit().rows
    with pytest.raises(RuntimeError), store.unit_of_work("anna", "edit") as uow:
        uow.update("patient", 1, {"nameLast": "ROE"}, expected_version=1)
        raise RuntimeError
    assert store.query('SELECT "nameLast", version FROM patient').row(0) == ("DOE", 1)
    assert store.verify_audit().rows == rows


def test_conflict_names_who_and_when(store: Store) -> None:
    add(store, 1, nameLast="DOE")
    with store.unit_of_work("boris", "edit") as uow:
        uow.update("patient", 1, {"nameLast": "ROE"}, expected_version=1)
    with pytest.raises(VersionConflict) as caught, store.unit_of_work("anna", "edit") as uow:
        uow.update("patient", 1, {"nameLast": "POE"}, expected_version=1)
    conflict = caught.value
    assert (conflict.actor, conflict.version, conflict.expected) == ("boris", 2, 1)
    assert (
        isinstance(conflict.changed_at, datetime) and "boris" in str(conflict) and "DOE" not in str(conflict)
    )


def test_nothing_changed_is_no_version_and_no_audit(store: Store) -> None:
    add(store, 1, nameLast="DOE")
    rows = store.verify_audit().rows
    with store.unit_of_work("anna", "edit") as uow:
        assert uow.update("patient", 1, {"nameLast": "DOE"}, expected_version=1) == 1
    assert store.verify_audit().rows == rows


def test_misuse(store: Store) -> None:
    add(store, 1)
    with store.unit_of_work("anna", "edit") as uow:
        for wrong in (
            lambda: uow.update("patient", 1, {"race1": "x"}, expected_version=None),
            lambda: uow.update("patient", 1, {"version": 7}, expected_version=1),
            lambda: uow.update("patient", 1, {"x; DROP TABLE patient": "1"}, expected_version=1),
            lambda: uow.update("patient", 1, {"NAMELAST": "1"}, expected_version=1),
            lambda: uow.insert("load", pl.DataFrame({"load_id": [1], "unknown": ["x"]})),
            lambda: uow.update("source_item", 1, {"value": "1"}, expected_version=None),
        ):
            with pytest.raises(BadInput):
                wrong()
        with pytest.raises(NotFound):
            uow.update("patient", 4711, {"race1": "x"}, expected_version=1)
        with pytest.raises(NotFound):
            uow.insert("no_such_table", pl.DataFrame({"a": [1]}))
        with pytest.raises(Conflict):
            uow.insert("patient", pl.DataFrame({"patient_id": [1]}))
        with pytest.raises(BadInput):
            uow.insert("patient", pl.DataFrame({"patient_id": ["not a number"]}))
        uow.update("patient", 1, {"race1": "02"}, expected_version=1)  # the unit is still good
    assert store.query("SELECT race1, version FROM patient").row(0) == ("02", 2)
    with pytest.raises(BadInput):
        store.unit_of_work("", "edit")


def test_idempotency_key(store: Store) -> None:
    add(store, 1)

    def save(value: str) -> tuple[int, object, bool]:
        with store.unit_of_work("anna", "save", idempotency_key="form-1") as uow:
            version = uow.update("patient", 1, {"race1": value}, expected_version=1)
            uow.log("form", 1, "submitted")
            if not uow.repeated:
                uow.result = {"saved": version}
            return version, uow.result, uow.repeated

    assert save("02") == (2, {"saved": 2}, False)
    rows = store.verify_audit().rows
    assert save("02") == (2, {"saved": 2}, True)
    assert store.verify_audit().rows == rows
    assert store.query("SELECT version FROM patient").item() == 2
    with (
        pytest.raises(Conflict, match="idempotency"),
        store.unit_of_work("anna", "save", idempotency_key="form-1") as uow,
    ):
        uow.insert("patient", pl.DataFrame({"patient_id": [2]}))
    with (
        pytest.raises(Conflict, match="idempotency"),
        store.unit_of_work("anna", "x", idempotency_key="form-1"),
    ):
        pass


def test_same_idempotency_key_from_many_threads_saves_once(store: Store) -> None:
    add(store, 1)
    answers: list[int] = []

    def save() -> None:
        with store.unit_of_work("anna", "save", idempotency_key="once") as uow:
            version = uow.update("patient", 1, {"race1": "05"}, expected_version=1)
            uow.insert("patient", pl.DataFrame({"patient_id": [2]}))
        answers.append(version)

    threads = [threading.Thread(target=save) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [2] * 6
    assert store.query("SELECT count(*) FROM audit_event WHERE action = 'save'").item() == 2


def test_tombstone(store: Store) -> None:
    add(store, 1)
    with store.unit_of_work("anna", "merge") as uow:
        uow.tombstone("patient", 1, expected_version=1, reason="same person as 2")
        with pytest.raises(BadInput):
            uow.tombstone("patient", 1, expected_version=2, reason=" ")
    assert store.query("SELECT tombstone_reason, version FROM patient").row(0) == ("same person as 2", 2)


def test_secrets_do_not_enter_the_audit(store: Store) -> None:
    row = pl.DataFrame(
        {"account_id": [1], "name": ["anna"], "role": ["admin"], "password_hash": ["$argon2id$x"]}
    )
    with store.unit_of_work("setup", "add account") as uow:
        uow.insert("account", row)
        uow.update("account", 1, {"password_hash": "$argon2id$y"}, expected_version=None)
    text = store.query("SELECT before_value, after_value FROM audit_event").write_csv()
    assert "argon2id" not in text and "(secret)" in text


def test_bulk_insert_is_one_chained_event_with_a_digest(store: Store) -> None:
    frame = pl.DataFrame(
        {"patient_id": range(1, 60_001), "nameLast": ["DOE"] * 60_000, "newItem": ["1"] * 60_000}
    )
    with store.unit_of_work("anna", "load") as uow:
        assert uow.insert("patient", frame) == 60_000
    events = store.query("SELECT digest, after_value FROM audit_event")
    assert (
        events.height == 1 and len(events["digest"][0]) == 64 and '"rows":60000' in events["after_value"][0]
    )
    assert "newItem" in store.columns("patient")


def test_merge_touches_only_what_differs(store: Store) -> None:
    add(store, *range(1, 31), race1="01", nameLast="DOE")
    frame = pl.DataFrame(
        {"patient_id": [3, 1, 2, 99], "race1": ["02", "01", None, "05"], "nameLast": ["DOE"] * 4}
    )
    with store.unit_of_work("anna", "consolidate") as uow:
        assert uow.merge("patient", frame) == 2
        assert uow.merge("patient", frame) == 0
    rows = store.query(
        "SELECT patient_id, race1, version FROM patient WHERE patient_id <= 3 ORDER BY 1"
    ).rows()
    assert rows == [(1, "01", 1), (2, None, 2), (3, "02", 2)]
    assert store.changes("patient", 3).row(-1, named=True)["before"] == "01"
    many = pl.DataFrame({"patient_id": range(1, 31), "race1": ["09"] * 30})
    with store.unit_of_work("anna", "consolidate") as uow:
        assert uow.merge("patient", many) == 30
    last = store.query("SELECT digest, entity_id FROM audit_event ORDER BY seq DESC LIMIT 1").row(0)
    assert len(last[0]) == 64 and last[1] is None and store.verify_audit().ok


def test_frames_can_be_named_in_queries(store: Store) -> None:
    add(store, 1, 2, 3)
    wanted = pl.DataFrame({"patient_id": [2, 7]})
    sql = "SELECT patient_id FROM patient SEMI JOIN wanted USING (patient_id) ORDER BY 1"
    assert store.query(sql, frames={"wanted": wanted})["patient_id"].to_list() == [2]
    with store.unit_of_work("anna", "edit") as uow:
        assert uow.query(sql, frames={"wanted": wanted}).height == 1
        update = "UPDATE patient SET race1 = '09' FROM wanted w WHERE patient.patient_id = w.patient_id"
        assert uow.execute(update, frames={"wanted": wanted}) == 1
    assert store.query("SELECT action FROM audit_event ORDER BY seq DESC LIMIT 1").item() == "edit"
    with pytest.raises(duckdb.Error):
        store.query(sql)


def test_ids_and_reasons_of_any_type_verify(store: Store) -> None:
    with store.unit_of_work("anna", "note", reason=5, facility_id=12) as uow:  # type: ignore[arg-type]
        uow.log("thing", 7, "note", {"when": datetime(2026, 1, 1), "n": 1}, {"text": "naïve \U0001f9ec \x01"})
    assert store.verify_audit().ok


def test_a_column_added_meanwhile_does_not_lose_the_save(store: Store) -> None:
    add(store, 1, nameLast="DOE")
    with store.unit_of_work("anna", "edit") as uow:
        uow.update("patient", 1, {"race1": "02"}, expected_version=1)
        assert store.ensure_columns("patient", ["itemA", "itemB", "nameLast"]) == ["itemA", "itemB"]
        assert uow.update("patient", 1, {"itemA": "x"}, expected_version=2) == 3
        store.ensure_columns("patient", ["itemC"])
    assert store.query('SELECT race1, "itemA", version FROM patient').row(0) == ("02", "x", 3)
    assert store.verify_audit().ok
    with pytest.raises(BadInput):
        store.ensure_columns("patient", ["itema"])
    with pytest.raises(BadInput):
        store.ensure_columns("load", ["itemA"])


def test_an_empty_table_that_grows_at_once_does_not_lose_the_save(store: Store) -> None:
    many = [f"item{number:03d}" for number in range(300)]
    with store.unit_of_work("anna", "register") as uow:
        uow.insert("patient", pl.DataFrame({"patient_id": [1], "nameLast": ["DOE"]}))
        before = store.columns("patient")
        assert store.ensure_columns("patient", many) == many
        assert store.columns("patient") == (*before, *many)
    assert store.query('SELECT "nameLast", version, item299 FROM patient').rows() == [("DOE", 1, None)]
    with pytest.raises(Conflict):
        add(store, 1)
    store.ensure_columns("abstract", many)
    with pytest.raises(Conflict), store.unit_of_work("anna", "spoil") as uow:
        uow.execute("INSERT INTO abstract (abstract_id, status) VALUES (3, 'done')")
    assert store.verify_audit().ok


def test_a_load_leaves_threads_and_memory_as_they_were(store: Store) -> None:
    settings = "SELECT current_setting('threads'), current_setting('memory_limit')"
    before = store.query(settings).row(0)
    with store.connection.one_thread(), store.connection.one_thread():
        threads, memory = store.query(settings).row(0)
        assert threads == 1
        assert memory in ("768.0 MiB", before[1])  # never more than before
    assert store.query(settings).row(0) == before


def test_what_was_read_must_still_hold_when_tried_again(store: Store) -> None:
    add(store, 1, 2)
    with pytest.raises(Conflict), store.unit_of_work("anna", "edit") as uow:
        assert uow.query("SELECT count(*) FROM patient").item() == 2
        uow.update("patient", 1, {"race1": "02"}, expected_version=1)
        add(store, 3)
        store.ensure_columns("patient", ["itemA"])
        uow.update("patient", 2, {"race1": "02"}, expected_version=1)
    assert store.query("SELECT max(version) FROM patient").item() == 1


def test_eight_editors_on_twenty_rows_lose_no_update(store: Store) -> None:
    add(store, *range(1, 21), race1="0")
    saved, conflicts, errors = [0] * 8, [0] * 8, []

    def edit(worker: int) -> None:
        rng = random.Random(worker)
        try:
            while saved[worker] < 25:
                patient = rng.randint(1, 20)
                version, value = store.query(
                    "SELECT version, race1 FROM patient WHERE patient_id = ?", [patient]
                ).row(0)
                try:
                    with store.unit_of_work(f"w{worker}", "edit") as uow:
                        uow.update(
                            "patient", patient, {"race1": str(int(value) + 1)}, expected_version=version
                        )
                    saved[worker] += 1
                except Conflict:
                    conflicts[worker] += 1
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=edit, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors and sum(saved) == 200 and sum(conflicts) > 0
    total, versions = store.query("SELECT sum(race1::INT)::INT, sum(version - 1)::INT FROM patient").row(0)
    assert total == versions == 200, "an update was lost"
    report = store.verify_audit()
    assert report.ok and report.rows == 220

"""What tests of the store share: a key, and adding patients."""

from __future__ import annotations

import polars as pl

from registry.store import Store

KEY = "a long and random key 0123456789"


def add(store: Store, *ids: int, **items: str) -> None:
    with store.unit_of_work("anna", "register") as uow:
        uow.insert("patient", pl.DataFrame([{"patient_id": n, **items} for n in ids]))

"""Put batches of one document together: those that follow each other, and those that lie among each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from registry.formats.naaccr.data import FAULT_ORDER, PATIENT_COLUMNS, TUMOR_COLUMNS, NaaccrData
from registry.formats.naaccr.frames import MAX_COLUMNS


def in_sequence(batches: Sequence[NaaccrData], numbers: Mapping[str, int]) -> NaaccrData:
    """Batches that follow each other as one.

    Args:
        batches: at least one, in the order of the document.
        numbers: NAACCR number of each known column, for their order.
    """
    if len(batches) == 1:
        return batches[0]

    def items() -> pl.DataFrame:
        return pl.concat([batch.items for batch in batches])

    return NaaccrData(
        header=batches[-1].header,
        patients=_wide([batch.patients for batch in batches], PATIENT_COLUMNS, numbers),
        tumors=_wide([batch.tumors for batch in batches], TUMOR_COLUMNS, numbers),
        errors=_faults([batch.errors for batch in batches]),
        quarantined=pl.concat([batch.quarantined for batch in batches]),
        make_items=items,
    )


def interleaved(everyday: NaaccrData, odd: NaaccrData, numbers: Mapping[str, int]) -> NaaccrData:
    """Two batches with different patients of the same part of a document as one."""

    def items() -> pl.DataFrame:
        both = pl.concat([odd.items, everyday.items])
        return both.sort("patient_index", nulls_last=False, maintain_order=True)

    patients = _wide([everyday.patients, odd.patients], PATIENT_COLUMNS, numbers)
    tumors = _wide([everyday.tumors, odd.tumors], TUMOR_COLUMNS, numbers)
    return NaaccrData(
        header=odd.header,
        patients=patients.sort("patient_index") if odd.patients.height else patients,
        tumors=tumors.sort("patient_index", "tumor_index") if odd.tumors.height else tumors,
        errors=_faults([everyday.errors, odd.errors]),
        quarantined=odd.quarantined,
        make_items=items,
    )


def _wide(frames: Sequence[pl.DataFrame], own: Sequence[str], numbers: Mapping[str, int]) -> pl.DataFrame:
    """Frames below each other, columns in dictionary order, unknown items last."""
    filled = [frame for frame in frames if frame.height]
    if len(filled) < 2:
        return filled[0] if filled else frames[0]
    frame = pl.concat(filled, how="diagonal")
    unknown = max(numbers.values(), default=0) + 1
    names = sorted(set(frame.columns) - set(own), key=lambda name: (numbers.get(name, unknown), name))
    return frame.select(*own, *names[:MAX_COLUMNS])


def _faults(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    filled = [frame for frame in frames if frame.height]
    if len(filled) < 2:
        return filled[0] if filled else frames[0]
    return pl.concat(filled).sort(FAULT_ORDER, nulls_last=False, maintain_order=True)

"""Where a figure comes from: cohort, program, data cut-off; for pictures, workbooks and CSV files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import polars as pl

#: What is repeated beside each row of a CSV, under these columns.
_COLUMNS: Final = ("cohort", "program", "data cut-off", "data version", "made on", "profile")


def of(answer: Any) -> dict[str, str]:
    """The provenance of an answer, name → text; nothing when it has none.

    >>> of({"provenance": {"cohort": "Colon", "data_version": 12, "note": None}}), of([1])
    ({'cohort': 'Colon', 'data version': '12'}, {})
    """
    found = answer.get("provenance") if isinstance(answer, dict) else None
    if not isinstance(found, dict):
        return {}
    return {
        str(name).replace("_", " "): str(value) for name, value in found.items() if value not in {None, ""}
    }


def line(answer: Any) -> str:
    """The provenance in one line, for beneath a figure.

    >>> line({"provenance": {"cohort": "Colon", "data_cut-off": "2026-01-01"}})
    'Cohort: Colon · Data cut-off: 2026-01-01'
    """
    return " · ".join(f"{_capital(name)}: {text}" for name, text in of(answer).items())


def lines(answer: Any) -> list[tuple[str, str]]:
    """Provenance, method, notes and exclusions as pairs, for a sheet of their own."""
    found = [(_capital(name), text) for name, text in of(answer).items()]
    if not isinstance(answer, dict):
        return found
    if answer.get("methods"):
        found.append(("Methods", str(answer["methods"])))
    found += [("Note", str(note)) for note in answer.get("notes") or [] if note]
    flow = answer.get("exclusions")
    if flow is not None and hasattr(flow, "iter_rows"):
        for row in flow.iter_rows(named=True):
            counts = [f"{word} {_count(row.get(word))}" for word in ("excluded", "remaining")]
            found.append(("Exclusions", f"{row.get('reason')}: {', '.join(counts)}"))
    return found


def beside(frame: pl.DataFrame, answer: Any) -> pl.DataFrame:
    """The frame with its provenance in columns at the end, so that any reader of CSV still reads it."""
    import polars as pl

    told = of(answer)
    names = [name for name in _COLUMNS if name in told] + [name for name in told if name not in _COLUMNS]
    columns = {name.replace(" ", "_"): told[name] for name in names}
    return frame.with_columns(
        pl.lit(text).alias(name) for name, text in columns.items() if name not in frame.columns
    )


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def _count(value: Any) -> str:
    return "hidden" if value is None else f"{value:,}"

"""Where a figure comes from: cohort, program, data cut-off; for pictures, workbooks and CSV files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import polars as pl

#: What is too long for a line below a figure; it stands in workbooks.
_LONG: Final = frozenset({"cohort link"})
#: Said with the cohort's counts already.
_SAID: Final = frozenset({"threshold"})


def of(answer: Any) -> dict[str, str]:
    """The provenance of an answer, name → text; nothing when it has none.

    >>> of({"provenance": {"cohort": {"sites": ["Colon"], "years": [2010, None]}, "data_version": 12, "note": None}})
    {'cohort': 'sites Colon; years 2010–', 'data version': '12'}
    >>> of([1])
    {}
    """
    found = answer.get("provenance") if isinstance(answer, dict) else None
    if not isinstance(found, dict):
        return {}
    told = {str(name).replace("_", " "): _text(value) for name, value in found.items() if name not in _SAID}
    return {name: text for name, text in told.items() if text}


def _text(value: Any) -> str:
    """A value in words; a definition of a cohort by its name and rule by rule (a filter may have narrowed it).

    >>> _text({}), _text({"name": "Early", "sites": ["Breast"]})
    ('all malignant tumors', 'Early (sites Breast)')
    """
    if isinstance(value, dict):
        rules = [f"{name.replace('_', ' ')} {_rule(each)}" for name, each in value.items() if name != "name"]
        told = "; ".join(rules) or "all malignant tumors"
        return f"{value['name']} ({told})" if value.get("name") else told
    return "" if value is None else str(value)


def _rule(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        if len(value) == 2 and any(end is None or isinstance(end, int) for end in value):
            return "–".join("" if end is None else str(end) for end in value)
        return ", ".join(str(each) for each in value)
    return str(value)


def line(answer: Any) -> str:
    """The provenance in one line, for beneath a figure.

    >>> line({"provenance": {"cohort": "Colon", "data_cut-off": "2026-01-01"}})
    'Cohort: Colon · Data cut-off: 2026-01-01'
    """
    return " · ".join(f"{_capital(name)}: {text}" for name, text in of(answer).items() if name not in _LONG)


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

    columns = {name.replace(" ", "_"): text for name, text in of(answer).items() if name not in _LONG}
    return frame.with_columns(
        pl.lit(text).alias(name) for name, text in columns.items() if name not in frame.columns
    )


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def _count(value: Any) -> str:
    return "hidden" if value is None else f"{value:,}"

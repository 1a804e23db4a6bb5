"""CSV for spreadsheets: no cell is ever a formula (SEC22)."""

from __future__ import annotations

import polars as pl

#: A spreadsheet takes a cell that begins so for a formula (OWASP, CSV injection; full-width forms included).
_FORMULA = r"^[\s\x00]*[=+\-@\t\r\n|%＝＋－＠]"
_NUMBER = r"^-?\d+(\.\d+)?$"


def to_csv(frame: pl.DataFrame) -> bytes:
    """A frame as UTF-8 CSV with byte-order mark; text that could be a formula gets a leading apostrophe.

    >>> to_csv(pl.DataFrame({"name": ["=1+1", "Rivera", "-5"]})).decode("utf-8-sig").split()
    ['name', "'=1+1", 'Rivera', '-5']
    """
    flat = frame.with_columns(
        pl.col(name).cast(pl.List(pl.String)).list.join("; ")
        for name, kind in frame.schema.items()
        if isinstance(kind, pl.List)
    )
    texts = [name for name, kind in flat.schema.items() if kind in {pl.String, pl.Categorical}]
    safe = flat.with_columns(_guarded(pl.col(name).cast(pl.String)).alias(name) for name in texts)
    safe = safe.rename({name: _guarded_name(name) for name in safe.columns})
    return safe.write_csv(include_bom=True, quote_style="necessary").encode()


def _guarded(text: pl.Expr) -> pl.Expr:
    risky = text.str.contains(_FORMULA) & ~text.str.contains(_NUMBER)
    return pl.when(risky).then(pl.lit("'") + text).otherwise(text)


def _guarded_name(name: str) -> str:
    return "'" + name if name[:1] in "=+-@\t\r" else name

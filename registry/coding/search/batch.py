"""Search for a whole frame of queries."""

from __future__ import annotations

import polars as pl

from registry.coding.search.find import search_codes
from registry.coding.search.legality import is_legal
from registry.coding.search.lookup import neighbours
from registry.errors import BadInput

ROWS = 5
"""Rows a query."""
SCHEMA = {
    "query": pl.String,
    "rank": pl.Int64,
    "primarySite": pl.String,
    "histologicTypeIcdO3": pl.String,
    "behaviorCodeIcdO3": pl.String,
    "laterality": pl.String,
    "score": pl.Float64,
}
Codes = tuple[str | None, str | None, str | None, str | None, float]


def search_frame(queries: pl.DataFrame, year: int | None = None) -> pl.DataFrame:
    """Five proposals a query: the hits, then the nearest legal codes to the first; blank when nothing is found.

    Args:
        queries: has a column `query`.
        year: year of diagnosis, as in `search_codes`.

    Returns:
        frame[query, rank, primarySite, histologicTypeIcdO3, behaviorCodeIcdO3, laterality, score], five rows a query in
        the order of the queries.

    Raises:
        BadInput: there is no column `query`.

    >>> hits = search_frame(pl.DataFrame({"query": ["lt breast DCIS"]}))
    >>> hits.height, hits.row(0)[1:6]
    (5, (1, 'C509', '8500', '2', '2'))
    """
    if "query" not in queries.columns:
        raise BadInput("queries", "there is no column `query`", "name the column with the words so")
    if queries.schema["query"].is_nested():
        raise BadInput("queries", "the column `query` holds no text", "write one query a row")
    texts = queries.get_column("query").cast(pl.String).fill_null("").to_list()
    found = {text: proposals(text, year) for text in dict.fromkeys(texts)}
    rows = [(text, rank, *codes) for text in texts for rank, codes in enumerate(found[text], 1)]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def proposals(text: str, year: int | None = None) -> list[Codes]:
    """Exactly five of site, histology, behavior, laterality and score."""
    hits = search_codes(text, ROWS, year, typing=False)
    rows: list[Codes] = [
        (hit.primarySite, hit.histologicTypeIcdO3, hit.behaviorCodeIcdO3, hit.laterality, hit.score)
        for hit in hits
    ]
    if hits and len(rows) < ROWS:
        first = hits[0]
        have = {row[:3] for row in rows}
        near = neighbours(f"{first.histologicTypeIcdO3}/{first.behaviorCodeIcdO3}")
        for code, _ in (*near.broader, *near.specific, *near.beside):
            if len(rows) < ROWS and is_legal(first.primarySite, code, year):
                codes = (first.primarySite, code[:4], code[5])
                rows += [] if codes in have else [(*codes, first.laterality, 0.0)]
    return rows + [(None, None, None, None, 0.0)] * (ROWS - len(rows))

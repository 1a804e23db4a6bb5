"""Codes for people at a form: words to codes, and a code's names and neighbours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import polars as pl

from registry.errors import BadInput, NotFound
from registry.service.operations import Context, operation

if TYPE_CHECKING:
    from registry.coding.search import CodeHit

_MOST = 50
_HITS = {
    "rank": pl.Int64, "primarySite": pl.String, "histologicTypeIcdO3": pl.String, "behaviorCodeIcdO3": pl.String,
    "laterality": pl.String, "score": pl.Float64, "site": pl.String, "morphology": pl.String, "words": pl.String,
    "why": pl.String,
}  # fmt: skip
_NAMED = {"rank": pl.Int64, "code": pl.String, "name": pl.String, "score": pl.Float64, "words": pl.String}


@operation("code.search", secret=("text",))
def search(
    context: Context, text: str, limit: int = 5, year: int | None = None, sex: str | None = None
) -> pl.DataFrame:
    """Codes for the words of a diagnosis, best first.

    Args:
        text: as a pathologist writes it; it is not written to the audit trail.
        year: year of diagnosis: only combinations that are legal then.
        sex: NAACCR code; leaves out sites that cannot be.

    Returns:
        frame[rank, primarySite, histologicTypeIcdO3, behaviorCodeIcdO3, laterality, score, site, morphology, words, why]:
        names of site and morphology, the words of the text that matched, and how in one line.
    """
    from registry.coding.search import search_codes

    _require_limit(limit)
    if not text.strip():
        return pl.DataFrame(schema=_HITS)
    hits = search_codes(text, limit=limit, year=year, sex=sex or None)
    rows = [
        (
            rank,
            hit.primarySite,
            hit.histologicTypeIcdO3,
            hit.behaviorCodeIcdO3,
            hit.laterality,
            float(hit.score),
            hit.site,
            hit.morphology,
            ", ".join(dict.fromkeys([*hit.site_words, *hit.morphology_words])),
            hit.why,
        )
        for rank, hit in enumerate(hits, 1)
    ]
    return pl.DataFrame(rows, schema=_HITS, orient="row")


@operation("code.surgery", secret=("text",))
def surgery(
    context: Context, text: str, site: str, year: int, histology: str | None = None, limit: int = 5
) -> pl.DataFrame:
    """Codes of surgery of the primary site for the words of an operation, legal for site, histology and year.

    Returns frame[rank, code, name, score, words], best first; empty where no table applies.
    """
    from registry.coding.search import search_surgery

    _require_limit(limit)
    if not re.fullmatch(r"C\d{3}", site):
        raise BadInput("site", f"{site!r} is no topography code", "write it as C504")
    return _named(search_surgery(text, site, year, histology, limit) if text.strip() else [])


@operation("code.cause_of_death", secret=("text",))
def cause_of_death(context: Context, text: str, limit: int = 5) -> pl.DataFrame:
    """ICD-10 codes for a cause of death in words: frame[rank, code, name, score, words], best first."""
    from registry.coding.search import search_cause_of_death

    _require_limit(limit)
    return _named(search_cause_of_death(text, limit) if text.strip() else [])


def _require_limit(limit: int) -> None:
    if not 1 <= limit <= _MOST:
        raise BadInput("code search", f"{limit} hits can't be asked for", f"ask for 1 to {_MOST}")


def _named(hits: list[CodeHit]) -> pl.DataFrame:
    rows = [
        (rank, hit.code, hit.name, float(hit.score), ", ".join(hit.words)) for rank, hit in enumerate(hits, 1)
    ]
    return pl.DataFrame(rows, schema=_NAMED, orient="row")


@operation("code.term")
def term(context: Context, code: str) -> dict[str, Any]:
    """What an ICD-O-3 code means: {code, kind, name, also, neighbours}.

    Args:
        code: topography (C504 or C50.4) or morphology (8500/3; 8500 is taken as its malignant form).

    Returns:
        `also` lists further names; `neighbours` is frame[relation, code, name]: `broader` unspecific codes, more
        `specific` ones, others `beside` it in its group.

    Raises:
        NotFound: there is no such code of ICD-O-3.
    """
    from registry.coding import search

    found = [one for one in search.term(code) if one.kind in {"topography", "morphology"}]
    if not found:
        raise NotFound(f"code {code.strip()}", "is no code of ICD-O-3", "write it as C504 or 8500/3")
    one = next((meaning for meaning in found if meaning.code.endswith("/3")), found[0])
    near = search.neighbours(one.code)
    rows = [
        (relation, other, name)
        for relation in ("broader", "specific", "beside")
        for other, name in getattr(near, relation)
    ]
    schema = {"relation": pl.String, "code": pl.String, "name": pl.String}
    return {
        "code": one.code,
        "kind": one.kind,
        "name": one.name,
        "also": list(one.also_called),
        "neighbours": pl.DataFrame(rows, schema=schema, orient="row"),
    }

"""Commands about codes: search by words, read a code, see its neighbours."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from registry.cli import output
from registry.cli.options import Options, global_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from registry.coding.search import CodeHit, Hit

_LIMIT = click.option(
    "--limit", default=5, show_default=True, type=click.IntRange(1, 50), help="How many answers."
)


@click.group(epilog='Example: registry code search "lung cancer right upper lobe"')
def code() -> None:
    """Codes of site, morphology, surgery and cause of death: find them by words, read them."""


@code.command(
    "search", epilog='Example: registry code search "duct carcinoma upper outer quadrant left breast"'
)
@click.argument("words", nargs=-1)
@_LIMIT
@click.option("--year", type=click.IntRange(1900, 2100), help="Year of diagnosis: only what is legal then.")
@click.option("--batch", help="A .csv or .parquet file with a column `query`, instead of words.")
@click.option("--out", help="Where the answers to a batch go: five rows a query (.csv or .parquet).")
@global_options
def code_search(
    options: Options, words: tuple[str, ...], limit: int, year: int | None, batch: str | None, out: str | None
) -> int:
    """Find site, morphology and side for the words of a diagnosis, best first. Exit code 1 when nothing fits."""
    from registry.errors import BadInput

    if batch is not None or out is not None:
        if batch is None or out is None or words:
            raise BadInput("code search", "a batch needs --batch and --out, and no words", "name both files")
        queries, hits = _batch(batch, out, year)
        told = {"queries": queries, "rows": hits.height, "out": out}
        options.answer(told, f"{queries:,} queries, {hits.height:,} answers, written to {out}")
        return 0
    from registry.coding.search import search_codes

    found = search_codes(_text(words), limit=limit, year=year, typing=False)
    lines = [line for rank, hit in enumerate(found, 1) for line in _lines(rank, hit)]
    options.answer([asdict(hit) for hit in found], "\n".join(lines) or _NOTHING)
    return 0 if found else 1


_NOTHING = "nothing fits; try fewer or other words"


def _text(words: Sequence[str]) -> str:
    from registry.errors import BadInput

    text = " ".join(words).strip()
    if not text:
        raise BadInput("code search", "got no words", 'write for example "melanoma of left ear"')
    return text


def _batch(batch: str, out: str, year: int | None) -> tuple[int, pl.DataFrame]:
    from registry.cli.frames import read_frame, write_table
    from registry.coding.search import search_frame

    queries = read_frame(batch)
    hits = search_frame(queries, year=year)
    write_table(hits, Path(out))
    return queries.height, hits


def _lines(rank: int, hit: Hit) -> list[str]:
    """A hit as two lines: codes and names, then what led to them."""
    codes = f"{hit.primarySite[:3]}.{hit.primarySite[3]}  {hit.histologicTypeIcdO3}/{hit.behaviorCodeIcdO3}"
    side = f"  laterality {hit.laterality}" if hit.laterality else ""
    return [
        f"{rank}. {codes}{side}  {hit.site}; {hit.morphology}  ({hit.score:.2f})",
        f"   {hit.why}",
    ]


@code.command("show", epilog="Example: registry code show C50.4")
@click.argument("text", metavar="CODE")
@global_options
def code_show(options: Options, text: str) -> int:
    """Say what a code stands for, what else it is called, and which codes are beside it.

    Exit code 1 when there is no such code.
    """
    from registry.coding.search import neighbours, term

    text = _text([text])
    found, near = term(text), neighbours(text)
    lines = []
    for meaning in found:
        lines.append(f"{meaning.code}  {meaning.name}  ({meaning.kind})")
        lines += [f"    also called {name}" for name in meaning.also_called]
    for title, codes in (
        ("broader", near.broader),
        ("more specific", near.specific),
        ("beside it", near.beside),
    ):
        if codes:
            lines += ["", f"{title}:", *(f"    {one}  {name}" for one, name in codes)]
    told = {"meanings": [asdict(meaning) for meaning in found], **asdict(near)}
    options.answer(told, "\n".join(lines) or f"{text} is no code of site, morphology, surgery or ICD-10")
    return 0 if found else 1


@code.command("surgery", epilog='Example: registry code surgery "total mastectomy" --site C504 --year 2022')
@click.argument("words", nargs=-1)
@click.option("--site", required=True, help="Primary site, such as C504.")
@click.option("--histology", help="Histology, such as 8500: some tables depend on it.")
@click.option("--year", required=True, type=click.IntRange(1900, 2100), help="Year of diagnosis.")
@_LIMIT
@global_options
def code_surgery(
    options: Options, words: tuple[str, ...], site: str, histology: str | None, year: int, limit: int
) -> int:
    """Find the legal surgery codes of a tumor by words. Exit code 1 when nothing fits."""
    from registry.coding.search import search_surgery

    text, plain = _text(words), site.replace(".", "").strip().upper()
    _require_surgery_table(plain, histology, year)
    return _answer_codes(options, search_surgery(text, plain, year, histology, limit, typing=False))


def _require_surgery_table(site: str, histology: str | None, year: int) -> None:
    import re

    from registry.coding.search.other_codes import ANY_SOLID
    from registry.coding.treatment.surgery_lookup import surgery_codes
    from registry.errors import BadInput

    if not re.fullmatch(r"C\d{3}", site):
        raise BadInput(f"--site {site}", "is no topography code", "write it as C504")
    if not surgery_codes(site, histology or ANY_SOLID, year):
        raise BadInput(
            "code surgery",
            f"there is no table of surgery codes for {site} in {year}",
            "look at site and year",
        )


@code.command("death", epilog='Example: registry code death "cancer of the pancreas"')
@click.argument("words", nargs=-1)
@_LIMIT
@global_options
def code_death(options: Options, words: tuple[str, ...], limit: int) -> int:
    """Find causes of death (ICD-10) by words. Exit code 1 when nothing fits."""
    from registry.coding.search import search_cause_of_death

    return _answer_codes(options, search_cause_of_death(_text(words), limit, typing=False))


def _answer_codes(options: Options, found: Sequence[CodeHit]) -> int:
    import polars as pl

    rows = [
        {"code": hit.code, "name": hit.name, "score": hit.score, "words": " ".join(hit.words)}
        for hit in found
    ]
    options.answer(
        [asdict(hit) for hit in found], output.table(pl.DataFrame(rows), widest=120) if rows else _NOTHING
    )
    return 0 if found else 1

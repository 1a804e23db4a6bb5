"""How well and how fast codes are found: `python -m benchmarks.code_search` (about a minute, one core).

* synonyms: only preferred terms of ICD-O-3.2 are indexed, its synonyms are the queries (and the related terms);
* SEER names: ICD-O-3.2 is indexed, the abbreviated histology names of SEER's lists are the queries;
* own name: every preferred term must find its own code;
* composed and everyday: tests/fixtures/code_search, the everyday half "held out" was never looked at while tuning;
* time: CPU milliseconds a query, and of every keystroke of a query typed out.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl

from registry.coding import reference
from registry.coding.search.combining import Searcher
from registry.coding.search.find import search_with, searcher, searcher_of
from registry.coding.search.terms import primary
from registry.standards import icdo

FIXTURES = Path(__file__).parents[1] / "tests" / "fixtures" / "code_search"
Case = tuple[str, tuple[str | None, str, str, str | None]]
"""A query, and the codes that are right: site and laterality may be None when they are not asked."""


def icdo_terms(*kinds: str) -> Iterator[Case]:
    """Terms of ICD-O-3.2 of some kinds with their morphology."""
    rows = icdo.morphology_terms().filter(pl.col("edition") == "ICD-O-3.2", pl.col("kind").is_in(list(kinds)))
    for _, code, behavior, _, name, _ in rows.iter_rows():
        yield name, (None, code, primary(behavior), None)


def seer_names() -> Iterator[Case]:
    """SEER's abbreviated names of codes that ICD-O-3.2 still has."""
    current = {codes[1:3] for _, codes in icdo_terms("preferred")}
    for code, name in reference.table("seer_short_names.csv.gz").iter_rows():
        if (code[:4], code[5]) in current:
            yield name, (None, code[:4], primary(code[5]), None)


def kept_queries(name: str, half: str | None = None) -> Iterator[Case]:
    """Queries of a test file."""
    with (FIXTURES / name).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if half is None or row["half"] == half:
                side = row["laterality"] or ""
                yield (
                    row["query"],
                    (row["primarySite"], row["histologicTypeIcdO3"], row["behaviorCodeIcdO3"], side),
                )


def is_right(hit: object, codes: tuple[str | None, str, str, str | None]) -> bool:
    """Whether a hit has the codes that are asked."""
    names = ("primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3", "laterality")
    return all(
        want is None or (getattr(hit, name) or "") == want for name, want in zip(names, codes, strict=True)
    )


def measure(chosen: Searcher, cases: Iterable[Case], limit: int = 5) -> dict[str, float | int | list[str]]:
    """Share of queries with the right codes first and among the first five, CPU milliseconds, and what was not first."""
    count = first = among = 0
    missed = []
    start = time.process_time()
    for text, codes in cases:
        right = [is_right(hit, codes) for hit in search_with(chosen, text, limit, typing=False)]
        count, first, among = count + 1, first + (right[:1] == [True]), among + (True in right)
        if right[:1] != [True]:
            missed.append(text)
    spent = (time.process_time() - start) * 1000
    return {"n": count, "top1": first / count, "top5": among / count, "ms": spent / count, "missed": missed}


def keystrokes(chosen: Searcher) -> tuple[float, float]:
    """Mean and 99th percentile of CPU milliseconds a keystroke, queries typed letter by letter."""
    spent = []
    for text, _ in list(kept_queries("everyday.csv"))[::10]:
        for end in range(2, len(text) + 1):
            start = time.process_time()
            search_with(chosen, text[:end])
            spent.append((time.process_time() - start) * 1000)
    spent.sort()
    return sum(spent) / len(spent), spent[int(len(spent) * 0.99)]


def main() -> None:
    """Print one line a question."""
    start = time.process_time()
    full = searcher()
    print(f"index built in {time.process_time() - start:.2f} CPU-s")
    preferred = searcher_of(("preferred",), False)
    published = searcher_of(("preferred", "synonym", "related"), False)
    questions = {
        "synonyms, preferred terms indexed": (preferred, icdo_terms("synonym")),
        "related terms, preferred terms indexed": (preferred, icdo_terms("related")),
        "SEER names, ICD-O-3.2 indexed": (published, seer_names()),
        "own name, everything indexed": (full, icdo_terms("preferred")),
        "composed, 200 phrases": (full, kept_queries("composed.csv")),
        "everyday, tuned half": (full, kept_queries("everyday.csv", "tuned")),
        "everyday, held out": (full, kept_queries("everyday.csv", "held out")),
    }
    for question, (chosen, cases) in questions.items():
        result = measure(chosen, cases)
        print(
            f"{question}: n {result['n']}, top-1 {result['top1']:.1%}, top-5 {result['top5']:.1%}, {result['ms']:.1f} ms"
        )
    mean, late = keystrokes(full)
    print(f"keystroke: mean {mean:.1f} ms, 99th percentile {late:.1f} ms")


if __name__ == "__main__":
    main()

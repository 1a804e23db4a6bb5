"""What a generated registry holds, for people and for tests: `manifest.json`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from registry.synthetic.planted import Count

NOTE = (
    "SYNTHETIC: every person, number, address and facility is invented. Numbers that look like social security "
    "numbers start with 9 and were never issued; the state NY and its counties only make the codes legal."
)


@dataclass
class SyntheticManifest:
    """Counts of everything written by one run.

    `planted` (errors), `disagreements` (between facilities of one tumor) and `missing` (unknown
    values) map a name to rate, eligible and planted; `counts` are records; `files` lists each file
    with its kind, records and bytes, paths relative to the output folder.

    >>> SyntheticManifest(patients=1, seed=2, as_of="2026-10-31").to_dict()["synthetic"]
    True
    """

    patients: int
    seed: int
    as_of: str
    synthetic: bool = True
    note: str = NOTE
    counts: dict[str, int] = field(default_factory=dict)
    by_year: dict[str, int] = field(default_factory=dict)
    by_site: dict[str, int] = field(default_factory=dict)
    planted: dict[str, Count] = field(default_factory=dict)
    disagreements: dict[str, Count] = field(default_factory=dict)
    missing: dict[str, Count] = field(default_factory=dict)
    resent: dict[str, int] = field(default_factory=dict)
    treatments: dict[str, int] = field(default_factory=dict)
    deaths: dict[str, int] = field(default_factory=dict)
    files: list[dict[str, Any]] = field(default_factory=list)

    def add(self, part: str, **numbers: int) -> None:
        """Add to the counters of one part ("counts", "resent", "treatments", "deaths", "by_year" ...)."""
        counters = getattr(self, part)
        for name, number in numbers.items():
            counters[name] = counters.get(name, 0) + int(number)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)

    def write(self, path: Path) -> None:
        """Write manifest.json."""
        path.write_text(json.dumps(self.to_dict(), indent=2) + "\n", encoding="utf-8")

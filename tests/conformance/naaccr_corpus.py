"""The corpus: small documents, legal and not, with what must come out of each; see `naaccr_corpus_base`.

It reads the issue and the standard (XSD 1.0 to 1.8), not the reader's code.
"""

from __future__ import annotations

from tests.conformance.naaccr_corpus_base import ANY, Case, Row
from tests.conformance.naaccr_corpus_faulty import FAULTY
from tests.conformance.naaccr_corpus_legal import LEGAL
from tests.conformance.naaccr_corpus_planted import planted
from tests.conformance.naaccr_corpus_unreadable import UNREADABLE

CORPUS: list[Case] = [*LEGAL, *FAULTY, *UNREADABLE]

__all__ = ["ANY", "CORPUS", "FAULTY", "LEGAL", "UNREADABLE", "Case", "Row", "planted"]

"""Read NAACCR XML into frames, a batch of patients at a time, with every fault of the file.

Source: NAACCR XML Data Exchange Standard, specifications 1.0 to 1.8.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from registry.formats.naaccr.data import NaaccrData
from registry.formats.naaccr.frames import Builder, load_user_dictionary, merged_dictionary
from registry.formats.naaccr.parser import NaaccrParser
from registry.formats.sources import Source, chunks, opened, source_name
from registry.standards import Dictionary

__all__ = [
    "as_dictionaries",
    "iter_naaccr_xml",
    "load_user_dictionary",
    "merged_dictionary",
    "read_naaccr_xml",
    "together",
]

Dictionaries = Dictionary | str | Path | Sequence[Dictionary | str | Path] | None
# A batch ends early when its patients hold this many bytes, so that memory stays bounded.
BATCH_BYTES = 48 << 20


def iter_naaccr_xml(
    source: Source,
    *,
    dictionary: Dictionaries = None,
    on_error: str = "quarantine",
    patients_per_batch: int = 5000,
) -> Iterator[NaaccrData]:
    """Read a file in batches of patients, in bounded memory.

    Args:
        source: path, bytes or binary stream; plain or gzipped; UTF-8, UTF-16, Latin-1 or another
            encoding that the XML declaration names.
        dictionary: user-defined dictionaries (objects or paths); those that the file names are used.
        on_error: what happens to patients with a structural fault: "quarantine" puts them aside whole,
            "keep" reads what can be read of them, "raise" refuses the file.
        patients_per_batch: about how many patients a batch holds.

    Yields:
        Batches; a file without patients yields one empty batch.

    Raises:
        UnreadableFile: the file is not well-formed or complete, not NAACCR XML, dangerous or of an
            unsupported version. It may be raised after some batches: refuse the whole file.

    >>> xml = (b'<NaaccrData baseDictionaryUri="http://naaccr.org/naaccrxml/naaccr-dictionary-260.xml" '
    ...        b'recordType="I" specificationVersion="1.8" xmlns="http://naaccr.org/naaccrxml"><Patient>'
    ...        b'<Tumor><Item naaccrId="primarySite">C5O4</Item></Tumor></Patient></NaaccrData>')
    >>> batch = next(iter_naaccr_xml(xml))
    >>> batch.tumors["primarySite"].to_list(), batch.errors["message"].to_list()
    (['C5O4'], ['primarySite "C5O4" is not in the code list (did you mean C504?)'])
    """
    name = source_name(source)
    builder = Builder(name, as_dictionaries(dictionary), on_error)
    parser = NaaccrParser(name)
    with opened(source) as stream:
        for data in chunks(stream, name):
            parser.feed(data)
            while (ready := len(parser.parsed.patient_ends)) > patients_per_batch or (
                ready and len(parser.window) > BATCH_BYTES
            ):
                yield builder.batch(parser, parser.take(min(ready, patients_per_batch)), parser.content)
        parser.close()
    yield builder.batch(parser, parser.parsed, parser.content)


def read_naaccr_xml(
    source: Source, *, dictionary: Dictionaries = None, on_error: str = "quarantine"
) -> NaaccrData:
    """Read a whole file (see `iter_naaccr_xml` for arguments and errors)."""
    return together(list(iter_naaccr_xml(source, dictionary=dictionary, on_error=on_error)))


def together(batches: Sequence[NaaccrData]) -> NaaccrData:
    """Batches as one; the header is that of the last batch."""
    if len(batches) == 1:
        return batches[0]

    def joined(name: str) -> pl.DataFrame:
        return pl.concat([getattr(batch, name) for batch in batches], how="diagonal")

    return NaaccrData(
        header=batches[-1].header,
        patients=joined("patients"),
        tumors=joined("tumors"),
        errors=joined("errors"),
        quarantined=joined("quarantined"),
        make_items=lambda: joined("items"),
    )


def as_dictionaries(given: Dictionaries) -> list[Dictionary]:
    """User dictionaries from objects, paths or a sequence of them."""
    many = [given] if isinstance(given, Dictionary | str | Path) else list(given or ())
    return [one if isinstance(one, Dictionary) else load_user_dictionary(one) for one in many]

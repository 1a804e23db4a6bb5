r"""Bytes to frames and back: NAACCR files, HL7 v2 pathology reports, treatment tables.

| NAACCR | read | write |
|---|---|---|
| XML | `read_naaccr_xml`, `iter_naaccr_xml` | `write_naaccr_xml`, `naaccr_writer` |
| fixed columns (14 to 18) | `read_naaccr_flat` | `write_naaccr_flat` |
| CSV, Parquet | `read_table` (with `read_mapping`) | `write_table` |

`convert` goes from file to file, `translate` from version to version; `decode` gives labels, real dates and
numbers for research, and `unlisted` says which values that leaves out. These and what is no XML load when first
used, so reading XML does not wait for them.

>>> from registry.formats import decode, read_table
>>> tumors = read_table(b"primarySite,laterality\nC504,2\n", version="260").tumors
>>> decode(tumors)["laterality"].to_list()
['Left (origin of primary)']
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from registry.formats.hl7 import Hl7Batch, read_hl7
from registry.formats.naaccr.data import NaaccrData, UnreadableFile
from registry.formats.naaccr.frames import load_user_dictionary, merged_dictionary
from registry.formats.naaccr.header import NaaccrHeader
from registry.formats.naaccr.reader import iter_naaccr_xml, read_naaccr_xml
from registry.formats.naaccr.writer import LeftOut, WriteReport, naaccr_writer, write_naaccr_xml
from registry.formats.sniffing import sniff
from registry.formats.treatments import TreatmentBatch, read_treatments

if TYPE_CHECKING:
    from registry.formats.naaccr.convert import ConvertReport, convert
    from registry.formats.naaccr.decode import decode, unlisted
    from registry.formats.naaccr.flat import read_naaccr_flat
    from registry.formats.naaccr.flat_writer import FlatReport, write_naaccr_flat
    from registry.formats.naaccr.mapping import Mapping, read_mapping
    from registry.formats.naaccr.spreadsheet import read_table
    from registry.formats.naaccr.table_writer import write_table
    from registry.formats.naaccr.translate import Translation, translate

_HOME = {
    "convert": "ConvertReport convert",
    "decode": "decode unlisted",
    "flat": "read_naaccr_flat",
    "flat_writer": "FlatReport write_naaccr_flat",
    "mapping": "Mapping read_mapping",
    "spreadsheet": "read_table",
    "table_writer": "write_table",
    "translate": "Translation translate",
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names.split()}

__all__ = [
    "ConvertReport",
    "FlatReport",
    "Hl7Batch",
    "LeftOut",
    "Mapping",
    "NaaccrData",
    "NaaccrHeader",
    "Translation",
    "TreatmentBatch",
    "UnreadableFile",
    "WriteReport",
    "convert",
    "decode",
    "iter_naaccr_xml",
    "load_user_dictionary",
    "merged_dictionary",
    "naaccr_writer",
    "read_hl7",
    "read_mapping",
    "read_naaccr_flat",
    "read_naaccr_xml",
    "read_table",
    "read_treatments",
    "sniff",
    "translate",
    "unlisted",
    "write_naaccr_flat",
    "write_naaccr_xml",
    "write_table",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"registry.formats.naaccr.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value

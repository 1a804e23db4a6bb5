"""Bytes to frames and back: NAACCR XML, HL7 v2 pathology reports, treatment tables."""

from __future__ import annotations

from registry.formats.naaccr_header import NaaccrHeader
from registry.formats.naaccr_writer import LeftOut, WriteReport, naaccr_writer, write_naaccr_xml
from registry.formats.naaccr_xml import (
    NaaccrBatch,
    iter_naaccr_xml,
    load_user_dictionary,
    merged_dictionary,
    read_naaccr_xml,
)

__all__ = [
    "LeftOut",
    "NaaccrBatch",
    "NaaccrHeader",
    "WriteReport",
    "iter_naaccr_xml",
    "load_user_dictionary",
    "merged_dictionary",
    "naaccr_writer",
    "read_naaccr_xml",
    "write_naaccr_xml",
]

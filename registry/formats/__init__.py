"""Bytes to frames and back: NAACCR XML, HL7 v2 pathology reports, treatment tables."""

from __future__ import annotations

from registry.formats.hl7 import Hl7Batch, read_hl7
from registry.formats.naaccr.data import NaaccrData, UnreadableFile
from registry.formats.naaccr.frames import load_user_dictionary, merged_dictionary
from registry.formats.naaccr.header import NaaccrHeader
from registry.formats.naaccr.reader import iter_naaccr_xml, read_naaccr_xml
from registry.formats.naaccr.writer import LeftOut, WriteReport, naaccr_writer, write_naaccr_xml
from registry.formats.sniffing import sniff
from registry.formats.treatments import TreatmentBatch, read_treatments

__all__ = [
    "Hl7Batch",
    "LeftOut",
    "NaaccrData",
    "NaaccrHeader",
    "TreatmentBatch",
    "UnreadableFile",
    "WriteReport",
    "iter_naaccr_xml",
    "load_user_dictionary",
    "merged_dictionary",
    "naaccr_writer",
    "read_hl7",
    "read_naaccr_xml",
    "read_treatments",
    "sniff",
    "write_naaccr_xml",
]

"""Staging: which schema a tumor belongs to, which codes the schema's items take, stage groups.

A small base for the edits. Facts of SEER's EOD algorithm are shipped; stage groups of the licensed
staging manual are not, but a table that a registry has a right to can be installed.
"""

from __future__ import annotations

from registry.staging.schema_sets import allows, holds, members, only, schema_set, set_of_schema, some
from registry.staging.schemas import Schema, codes, lookup_schema, schema, schemas

__all__ = [
    "Schema",
    "allows",
    "codes",
    "holds",
    "lookup_schema",
    "members",
    "only",
    "schema",
    "schema_set",
    "schemas",
    "set_of_schema",
    "some",
]

"""What the standards say: the NAACCR dictionary, code lists, ICD-O-3, dates and sex at birth.

Names load when first used, so importing this package costs nothing.

>>> from registry import standards
>>> standards.label("sexAssignedAtBirth", "2")
'Female'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from registry.standards import dates
    from registry.standards.code_lists import (
        closed_items,
        code_set,
        codes,
        in_list,
        is_closed,
        label,
        labels,
        ranges,
        special_codes,
    )
    from registry.standards.columns import assign_columns
    from registry.standards.differences import diff
    from registry.standards.icdo import counties, morphology, morphology_terms, topography, topography_terms
    from registry.standards.item_types import ItemType, item_type
    from registry.standards.items import Dictionary, Item, renamed_items
    from registry.standards.naaccr_dictionary import (
        CURRENT_VERSION,
        VERSIONS,
        all_items,
        by_number,
        date_flags,
        default_user_dictionary,
        dictionary,
        is_date_flag,
        item,
        newest_items,
        record_lengths,
        version_code,
        versions,
    )
    from registry.standards.sex import convert_sex, sex_at_birth
    from registry.standards.suggestions import did_you_mean, nearest
    from registry.standards.user_dictionaries import user_dictionary
    from registry.standards.validation import validate_dictionaries, validate_dictionary

_HOME = {
    "code_lists": "closed_items code_set codes in_list is_closed label labels ranges special_codes",
    "icdo": "counties morphology morphology_terms topography topography_terms",
    "columns": "assign_columns",
    "differences": "diff",
    "item_types": "ItemType item_type",
    "items": "Dictionary Item renamed_items",
    "naaccr_dictionary": "all_items by_number date_flags"
    " default_user_dictionary dictionary is_date_flag item newest_items record_lengths version_code versions",
    "suggestions": "did_you_mean nearest",
    "user_dictionaries": "user_dictionary",
    "validation": "validate_dictionaries validate_dictionary",
    "sex": "convert_sex sex_at_birth",
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names.split()}

__all__ = [
    "CURRENT_VERSION",
    "VERSIONS",
    "Dictionary",
    "Item",
    "ItemType",
    "all_items",
    "assign_columns",
    "by_number",
    "closed_items",
    "code_set",
    "codes",
    "convert_sex",
    "counties",
    "date_flags",
    "dates",
    "default_user_dictionary",
    "dictionary",
    "diff",
    "did_you_mean",
    "in_list",
    "is_closed",
    "is_date_flag",
    "item",
    "item_type",
    "label",
    "labels",
    "morphology",
    "morphology_terms",
    "nearest",
    "newest_items",
    "ranges",
    "record_lengths",
    "renamed_items",
    "sex_at_birth",
    "special_codes",
    "topography",
    "topography_terms",
    "user_dictionary",
    "validate_dictionaries",
    "validate_dictionary",
    "version_code",
    "versions",
]


def __getattr__(name: str) -> Any:
    if name == "dates":
        return import_module("registry.standards.dates")
    if name in ("CURRENT_VERSION", "VERSIONS"):  # not kept: they change with the tables in use
        return getattr(import_module("registry.standards.naaccr_dictionary"), name)
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"registry.standards.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value

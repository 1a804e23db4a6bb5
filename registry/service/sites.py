"""Site groups, under the service's own name for them."""

from __future__ import annotations

from registry.coding.recodes.site_groups import ITEMS, UNKNOWN, group_names, with_site_group

__all__ = ["ITEMS", "UNKNOWN", "group_names", "with_site_group"]

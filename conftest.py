"""How tests share processes (`pytest -n … --dist loadgroup`): a file's tests stay together, all browser tests too."""

from __future__ import annotations

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One group a file (named before xdist looks for it), because fixtures belong to files; one for Chromium, because its registry takes minutes to make."""
    for item in items:
        group = "browser" if item.get_closest_marker("browser") else item.nodeid.split("::")[0]
        item.add_marker(pytest.mark.xdist_group(group))

"""Every derivation against the examples that stand beside it."""

from __future__ import annotations

import pytest

from registry import coding
from registry.coding.derivation import Derivation, all_derivations
from registry.coding.examples import examples

ALL = [pytest.param(one, id=one.id) for one in all_derivations().values()]


@pytest.mark.parametrize("one", ALL)
def test_examples(one: Derivation) -> None:
    table = examples(one)
    assert table.height >= 3
    inputs = table.drop([output for output in one.outputs if output not in one.inputs])
    derived = coding.derive(inputs, [one.id], **one.parameters)
    assert derived.select(one.columns).rows() == table.rows()

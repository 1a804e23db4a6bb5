"""What the compiled and the numpy walk have in common.

Numba keeps compiled code by the text of `kernel.py` alone: change that file too when a number here changes.
"""

from __future__ import annotations

BLOCK = 256
"""Days a block of the power series; its middle is the series' centre."""
TERMS = 26
"""Terms of the series at most: 1.5^26 / 26! is 1e-22."""
TINY = 1e-18
"""A term this small beside the first one ends the series."""
STEEP = 1.5
"""A hazard times half a block above this is added day by day."""
HEAVY = 4.0
"""A weight above exp(4) = 55 is added day by day, so that no rounding error of it stays when its person leaves."""

"""How often the model ranks two people as their survival does.

Of all pairs within a stratum in which one is known to have had the event first (he had it while the other was at risk), the
share in which he had the higher risk; equal risks count half. Pairs with the same time of event do not count.

Source: Harrell FE et al., JAMA 1982;247:2543-2546; delayed entry as Therneau TM, Atkinson E, Concordance, 2020.
"""

from __future__ import annotations

import numpy as np


def concordance(
    risk: np.ndarray,
    stop: np.ndarray,
    event: np.ndarray,
    start: np.ndarray | None = None,
    strata: np.ndarray | None = None,
) -> float:
    """Concordance of a risk score (higher = earlier event); NaN when no pair can be compared.

    Args:
        risk: score (n). stop, event, start, strata: as in `RiskSets`.

    >>> concordance(np.array([3.0, 2.0, 2.0]), np.array([1.0, 2.0, 3.0]), np.array([True, True, False]))
    0.8333333333333334
    """
    rank = np.unique(risk, return_inverse=True)[1]
    layer = (
        np.zeros(stop.size, dtype=np.int64) if strata is None else np.unique(strata, return_inverse=True)[1]
    )
    times = [stop] if start is None else [stop, start]
    found, place = np.unique(np.concatenate(times), return_inverse=True)
    width = 2 * found.size  # an even number for a time, the odd one after it for those censored then
    dead = np.flatnonzero(event)
    asked = layer[dead] * width + 2 * place[dead]
    ends = (layer[dead] + 1) * width
    code = layer * width + 2 * place[: stop.size] + ~event
    below, same, other = _counts(code, rank, asked + 1, ends, rank[dead])
    if start is not None:  # less those who had not entered yet
        code = layer * width + 2 * place[stop.size :]
        late = _counts(code, rank, asked, ends, rank[dead])
        below, same, other = below - late[0], same - late[1], other - late[2]
    pairs = below + same + other
    return (below + same / 2) / pairs if pairs else float("nan")


def _counts(
    code: np.ndarray, rank: np.ndarray, low: np.ndarray, high: np.ndarray, asked: np.ndarray
) -> tuple[int, int, int]:
    """Over all questions: rows with low <= code < high whose rank is below, the same as and above the one asked."""
    order = np.argsort(code, kind="stable")
    row, code = rank[order], code[order]
    first, last = np.searchsorted(code, low), np.searchsorted(code, high)
    size, below = int((last - first).sum()), 0
    for bit in range(
        int(rank.max(initial=0)).bit_length() - 1, -1, -1
    ):  # a wavelet matrix, from the highest bit
        one = (row >> bit) & 1
        zeros = np.concatenate([[0], np.cumsum(1 - one)])
        early, late = zeros[first], zeros[last]
        up = ((asked >> bit) & 1).astype(bool)
        below += int((late - early)[up].sum())
        first = np.where(up, zeros[-1] + first - early, early)
        last = np.where(up, zeros[-1] + last - late, late)
        row = np.concatenate([row[one == 0], row[one == 1]])
    same = int((last - first).sum())
    return below, same, size - below - same

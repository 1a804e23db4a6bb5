"""Hide more cells until nothing small can be worked out, with a proof by linear programming.

A *move* is a change of the hidden cells that leaves every equation true and no hidden cell below the least it can be. A
reader cannot tell the table from the moved one, so a move that raises a cell by u and another that lowers it by d show
that the reader must reckon with everything from its count - d to its count + u. Moves stay valid when more is hidden.

Sources: Fischetti M, Salazar JJ, Math Program 1999;84:283-312 (attacker's problem, protection levels); Kelly JP,
Golden BL, Assad AA, Networks 1992;22:397-417 (cheapest move through cells still shown); Hundepool A et al., Statistical
Disclosure Control, Wiley 2012, chapter 4.
"""

from __future__ import annotations

import numpy as np

from registry.analytics.disclosure.lines import Lines
from registry.analytics.disclosure.profile import Profile

NEAR = 1e-6
ROUNDS = 6
"""Moves among hidden cells that are tried before further cells are hidden."""


def protect(
    values: np.ndarray, hidden: np.ndarray, free: np.ndarray, lines: Lines, rule: Profile
) -> tuple[np.ndarray, np.ndarray]:
    """Cells to hide so that each small one can be anything from the floor to the threshold - 1.

    Args:
        values: counts >= 0 (cells). hidden: small cells, hidden in any case. free: cells that may be hidden beside them.
        lines: equations between the cells. rule: threshold and floor.

    Returns:
        (hidden, open): cells to hide, and which of them are proven to be open: small ones cover floor to threshold - 1,
        others may take at least one more value. All hidden ones are open whenever totals may be hidden too.

    >>> from registry.analytics.disclosure.profile import profile
    >>> cells = np.array([3, 50, 20, 73])
    >>> one = Lines(np.zeros(4, int), np.arange(4), np.array([1.0, 1, 1, -1]), 1, 4)
    >>> protect(cells, cells < 11, np.ones(4, bool), one, profile(11))[0].tolist()
    [True, False, True, False]
    """
    hidden = hidden.copy()
    if not hidden.any() or not lines.lines:
        return hidden, hidden.copy()
    state = _State(values, hidden, free, lines, rule)
    state.fill_lines()
    for _ in range(ROUNDS):
        if not state.try_moves():
            break
    state.buy_moves()
    return state.hidden, state.hidden & ~state.wanting()


class _State:
    """What is hidden so far, and how far moves have been found to raise and lower each cell."""

    def __init__(
        self, values: np.ndarray, hidden: np.ndarray, free: np.ndarray, lines: Lines, rule: Profile
    ) -> None:
        self.values, self.hidden, self.lines, self.rule = values, hidden, lines, rule
        self.matrix = lines.matrix()
        self.columns = self.matrix.tocsc()
        self.small = hidden.copy()
        self.free = free & ~hidden & (values >= rule.floor)
        self.cost = np.sqrt(values.astype(float)) + 1
        self.room = values - self._least()
        self.up, self.down = np.zeros(values.size), np.zeros(values.size)
        self.random = np.random.default_rng(20)

    def _least(self) -> np.ndarray:
        """What a reader knows of each cell without a count: a hidden total is no less than its parts can be together."""
        line, cell, part = self.lines.line, self.lines.cell, self.lines.sign > 0
        least = np.minimum(self.values, self.rule.floor).astype(float)
        while True:
            sums = np.bincount(line[part], least[cell[part]], self.lines.lines)
            raised = least.copy()
            np.maximum.at(raised, cell[~part], sums[line[~part]])
            raised = np.minimum(raised, self.values)
            if np.array_equal(raised, least):
                return least
            least = raised

    def fill_lines(self) -> None:
        """Hide the cheapest further cells of lines that by themselves give a small cell away (necessary, not enough)."""
        line, cell, part = self.lines.line, self.lines.cell, self.lines.sign > 0
        while True:
            hidden = self.hidden[cell]
            count = np.bincount(line[hidden], minlength=self.lines.lines)
            inside = hidden & part
            slack = np.bincount(line[inside], self.room[cell[inside]], self.lines.lines)
            loose = np.bincount(line[hidden & ~part], minlength=self.lines.lines) > 0
            telling = np.bincount(line[inside & self.small[cell]], minlength=self.lines.lines) > 0
            short = (count == 1) | (~loose & telling & (slack < self.rule.threshold - 1))
            choice = np.flatnonzero(short[line] & self.free[cell] & ~hidden & (part | (count[line] == 1)))
            if not choice.size:
                return
            order = choice[np.lexsort((cell[choice], self.cost[cell[choice]], line[choice]))]
            first = np.concatenate([[True], np.diff(line[order]) > 0])
            self.hidden[cell[order[first]]] = True

    def missing(self) -> tuple[np.ndarray, np.ndarray]:
        """How much further each hidden cell should be seen to rise and to fall (zero where it was)."""
        top = np.where(self.small, self.rule.threshold - 1 - self.values, 1.0)
        bottom = np.where(self.small, self.room, 1.0)
        rise = np.where(self.hidden & (self.up < top - NEAR), top, 0.0)
        fall = np.where(self.hidden & (self.down < bottom - NEAR), bottom, 0.0)
        enough = ~self.small & ((rise == 0) | (fall == 0))  # a big one need only not be fixed
        return np.where(enough, 0.0, rise), np.where(enough, 0.0, fall)

    def wanting(self) -> np.ndarray:
        """Hidden cells not yet proven open."""
        rise, fall = self.missing()
        return (rise > 0) | (fall > 0)

    def try_moves(self) -> bool:
        """One move among hidden cells for as many wishes as possible; False when nothing is left or gained."""
        rise, fall = self.missing()
        before = int((rise > 0).sum() + (fall > 0).sum())
        if not before:
            return False
        upward = np.where(fall > 0, np.where(rise > 0, self.random.random(rise.size) < 0.5, False), True)
        wish = np.where(upward, rise, -fall)
        self._solve(wish, buying=False)
        rise, fall = self.missing()
        return int((rise > 0).sum() + (fall > 0).sum()) < before

    def buy_moves(self) -> None:
        """Hide the cheapest further cells through which the wishes that are left come true."""
        given_up = np.zeros(self.values.size, dtype=bool)
        while True:
            rise, fall = self.missing()
            left = ((rise > 0) | (fall > 0)) & ~given_up
            if not left.any():
                return
            chosen = self._apart(np.flatnonzero(left))
            wish = np.zeros(self.values.size)
            wish[chosen] = np.where(rise[chosen] > 0, rise[chosen], -fall[chosen])
            self._solve(wish, buying=True)
            for place in chosen if not self._gained(wish) else ():
                alone = np.where(np.arange(wish.size) == place, wish, 0.0)
                self._solve(alone, buying=True)
                given_up[place] = not self._gained(alone)

    def _gained(self, wish: np.ndarray) -> bool:
        """Did one of the wishes come true?"""
        return bool(
            (((wish > 0) & (self.up >= wish - NEAR)) | ((wish < 0) & (self.down >= -wish - NEAR))).any()
        )

    def _apart(self, cells: np.ndarray) -> np.ndarray:
        """Some of the cells, no two in one line: their wishes do not stand in each other's way."""
        rank = np.zeros(self.values.size, dtype=np.int64)
        rank[cells] = self.random.permutation(cells.size) + 1
        best = np.zeros(self.lines.lines, dtype=np.int64)
        np.maximum.at(best, self.lines.line, rank[self.lines.cell])
        beaten = np.zeros(self.values.size, dtype=bool)
        beaten[self.lines.cell[rank[self.lines.cell] < best[self.lines.line]]] = True
        return cells[~beaten[cells]]

    def _solve(self, wish: np.ndarray, *, buying: bool) -> None:
        """Find a move towards the wishes, hide what it needs and remember how far it goes."""
        from scipy.optimize import linprog
        from scipy.sparse import hstack

        cells = np.flatnonzero(self.hidden)
        others = np.flatnonzero(self.free & ~self.hidden) if buying else np.zeros(0, dtype=np.int64)
        aim = wish[cells]
        low = np.where(aim < 0, np.maximum(aim, -self.room[cells]), -self.room[cells])
        high = np.where(aim > 0, aim, np.inf)
        worth = self.cost.sum() if buying else 1.0
        price = np.concatenate([-np.sign(aim) * worth, self.cost[others], self.cost[others]])
        shown = self.columns[:, others]
        system = hstack([self.columns[:, cells], shown, -shown], format="csr")
        system = system[np.flatnonzero(np.diff(system.indptr))]
        bounds = np.column_stack([
            np.concatenate([low, np.zeros(2 * others.size)]),
            np.concatenate([high, np.full(others.size, np.inf), self.room[others]]),
        ])  # fmt: skip
        found = linprog(
            price,
            A_eq=system,
            b_eq=np.zeros(system.shape[0]),
            bounds=bounds,
            method="highs-ipm" if cells.size > 500 else "highs-ds",
        )
        if found.x is None:
            return
        move = np.zeros(self.values.size)
        move[cells] = found.x[: cells.size]
        move[others] = found.x[cells.size : cells.size + others.size] - found.x[cells.size + others.size :]
        self.hidden |= np.abs(move) > NEAR
        self.up = np.maximum(self.up, move)
        self.down = np.maximum(self.down, -move)

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
ROUNDS = 12
"""Moves for many cells at once before the rest is moved in small groups."""
GAIN, MISSES = 0.04, (4, 2)
"""Share of wishes that a round should fulfil, and how often it may fail to (in small and in large tables)."""
THRIFTY, HASTY, LARGE = 2.0, 5.0, 3_000
"""A step towards a wish is worth hiding so many usual cells; in tables of more than LARGE cells more, which is quicker."""
LIMITS = 60
"""Rounds of bounds from single lines."""


def protect(
    values: np.ndarray,
    hidden: np.ndarray,
    free: np.ndarray,
    lines: Lines,
    rule: Profile,
    dear: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Cells to hide so that each small one can be anything from the floor to the threshold - 1.

    Args:
        values: counts >= 0 (cells). hidden: small cells, hidden in any case. free: cells that may be hidden beside them.
        lines: equations between the cells. rule: threshold and floor. dear: how much less than others each cell should be hidden (factor).

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
    state.cost *= 1.0 if dear is None else dear
    state.fill_lines()
    for buying in (False, True):
        misses = 0
        for _ in range(ROUNDS):
            misses += not state.move_together(buying=buying)
            if misses > MISSES[values.size > LARGE]:
                break
    state.move_apart()
    return state.hidden, state.hidden & ~state.wanting(final=True)


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
        self.fixed = bool(
            (~free & ~hidden & (values >= rule.floor)).any()
        )  # totals that stay whatever happens
        self.cost = np.sqrt(values.astype(float)) + 1
        self.room = values - self._least()
        self.up, self.down = np.zeros(values.size), np.zeros(values.size)
        usual = float(np.median(self.cost[self.free])) if self.free.any() else 1.0
        self.worth = usual * (HASTY if values.size > LARGE else THRIFTY)
        self.limit_up, self.limit_down = self._limit()
        self.random, self.rounds = np.random.default_rng(20), 0

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

    def _limit(self) -> tuple[np.ndarray, np.ndarray]:
        """Bounds on how far each cell can rise and fall when all that may be hidden is, from one line at a time."""
        line, cell, sign = self.lines.line, self.lines.cell, self.lines.sign
        movable = self.hidden | self.free
        up = np.where(movable, 1e9, 0.0)
        down = np.where(movable, self.room, 0.0)
        for _ in range(LIMITS):
            rise, fall = np.where(sign > 0, up[cell], down[cell]), np.where(sign > 0, down[cell], up[cell])
            # in a line the signed changes add up to zero: a rise of one needs a fall of the others
            others_fall = np.bincount(line, fall, self.lines.lines)[line] - fall
            others_rise = np.bincount(line, rise, self.lines.lines)[line] - rise
            new_up, new_down = up.copy(), down.copy()
            np.minimum.at(new_up, cell, np.where(sign > 0, others_fall, others_rise))
            np.minimum.at(new_down, cell, np.where(sign > 0, others_rise, others_fall))
            if np.array_equal(new_up, up) and np.array_equal(new_down, down):
                break
            up, down = np.maximum(new_up, 0.0), np.maximum(new_down, 0.0)
        return up, down

    def missing(self, *, final: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """How much further each hidden cell should be seen to rise and to fall (zero where it was, or can't)."""
        top = np.where(self.small, self.rule.threshold - 1 - self.values, 1.0)
        bottom = np.where(self.small, self.room, 1.0)
        if not final:
            top, bottom = np.minimum(top, self.limit_up), np.minimum(bottom, self.limit_down)
        rise = np.where(self.hidden & (self.up < top - NEAR), top, 0.0)
        fall = np.where(self.hidden & (self.down < bottom - NEAR), bottom, 0.0)
        enough = ~self.small & (
            (self.up >= 1 - NEAR) | (self.down >= 1 - NEAR)
        )  # a big one need only not be fixed
        return np.where(enough, 0.0, rise), np.where(enough, 0.0, fall)

    def wanting(self, *, final: bool = False) -> np.ndarray:
        """Hidden cells not yet proven open; those that cannot be count only at the end."""
        rise, fall = self.missing(final=final)
        return (rise > 0) | (fall > 0)

    def _count(self) -> int:
        return sum(int((part > 0).sum()) for part in self.missing())

    def move_together(self, *, buying: bool) -> bool:
        """One move for as many wishes as possible; False when nothing is left or little gained.

        When buying, further cells may be hidden where that serves many wishes or costs little.
        """
        rise, fall = self.missing()
        before = self._count()
        if not before:
            return False
        coin = self.random.random(rise.size) < (1.0, 0.0, 0.5)[min(self.rounds, 2)]  # all up, all down, any
        self.rounds += 1
        upward = np.where((rise > 0) & (fall > 0), coin, rise > 0)
        self._solve(np.where(upward, rise, -fall), worth=self.worth if buying else None)
        return self._count() < (1 - GAIN) * before

    def move_apart(self) -> None:
        """Hide the cheapest further cells through which the wishes that are left come true, and find which cannot."""
        while True:
            rise, fall = self.missing()
            left = np.flatnonzero((rise > 0) | (fall > 0))
            if not left.size:
                return
            chosen = self._apart(left)
            before = self._count()
            wish = np.zeros(self.values.size)
            wish[chosen] = np.where(rise[chosen] > 0, rise[chosen], -fall[chosen])
            moved = self._solve(wish, worth=self.cost.sum())
            if self._count() < before:
                continue
            for place in chosen.tolist():
                if not (self.fixed and self.up[place] + self.down[place] > 1 - NEAR):
                    moved = self._solve(
                        np.where(np.arange(wish.size) == place, wish, 0.0), worth=self.cost.sum()
                    )
                self._learn(place, wish, moved)

    def _learn(self, place: int, wish: np.ndarray, moved: np.ndarray) -> None:
        """A cell that was moved alone cannot be moved further in that direction.

        Where totals are fixed, much cannot be moved: there a cell that is open at all is content with that.
        """
        if wish[place] > 0:
            self.limit_up[place] = min(self.limit_up[place], max(moved[place], self.up[place]))
        else:
            self.limit_down[place] = min(self.limit_down[place], max(-moved[place], self.down[place]))

    def _apart(self, cells: np.ndarray) -> np.ndarray:
        """Some of the cells, no two in one line: their wishes do not stand in each other's way."""
        rank = np.zeros(self.values.size, dtype=np.int64)
        rank[cells] = self.random.permutation(cells.size) + 1
        best = np.zeros(self.lines.lines, dtype=np.int64)
        np.maximum.at(best, self.lines.line, rank[self.lines.cell])
        beaten = np.zeros(self.values.size, dtype=bool)
        beaten[self.lines.cell[rank[self.lines.cell] < best[self.lines.line]]] = True
        return cells[~beaten[cells]]

    def _solve(self, wish: np.ndarray, worth: float | None) -> np.ndarray:
        """Find a move towards the wishes, hide what it needs and remember how far it goes.

        Args:
            wish: how far each cell should rise (fall when negative). worth: of one step towards a wish, against the costs of hiding;
                None: nothing more is hidden.
        """
        from scipy.optimize import linprog
        from scipy.sparse import hstack

        cells = np.flatnonzero(self.hidden)
        wished = cells[wish[cells] != 0]
        others = np.flatnonzero(self.free & ~self.hidden) if worth else wished[:0]
        aim, sign = wish[cells], np.sign(wish[wished])
        # columns: hidden cells up to the wish, what lies beyond it, shown cells rising, shown cells falling
        parts = [
            self.columns[:, cells],
            self.columns[:, wished].multiply(sign[None, :]),
            self.columns[:, others],
        ]
        system = hstack([*parts, -parts[2]], format="csr")
        system = system[np.flatnonzero(np.diff(system.indptr))]
        low = [np.where(aim < 0, np.maximum(aim, -self.room[cells]), -self.room[cells])]
        low += [np.zeros(wished.size + 2 * others.size)]
        beyond = np.where(sign < 0, np.maximum(self.room[wished] + wish[wished], 0.0), np.inf)
        high = [np.where(aim > 0, aim, np.inf), beyond, np.full(others.size, np.inf), self.room[others]]
        price = [-np.sign(aim) * (worth or 1.0), np.zeros(wished.size), self.cost[others], self.cost[others]]
        bounds = np.column_stack([np.concatenate(low), np.concatenate(high)])
        zeros = np.zeros(system.shape[0])
        for method in ("highs-ipm", "highs-ds") if cells.size > 500 else ("highs-ds", "highs-ipm"):
            found = linprog(np.concatenate(price), A_eq=system, b_eq=zeros, bounds=bounds, method=method)
            if found.x is not None:
                break
        move = np.zeros(self.values.size)
        if found.x is None:  # no move is the move that always is possible
            return move
        cuts = np.cumsum([cells.size, wished.size, others.size])
        inside, more, risen, fallen = np.split(found.x, cuts)
        move[cells] = inside
        move[wished] += sign * more
        move[others] = risen - fallen
        self.hidden |= np.abs(move) > NEAR
        self.up = np.maximum(self.up, move)
        self.down = np.maximum(self.down, -move)
        return move

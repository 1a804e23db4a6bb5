"""The machinery of a unit of work: steps, attempts, audit rows, commit, idempotency.

Steps run at once inside the transaction and are remembered. When DuckDB refuses because another transaction
was quicker (same row, or a table that just got a column), the transaction is rolled back and the steps are run
again, with growing waits; version checks make sure that nothing is overwritten unseen. The writer lock is
taken only to number and insert the audit rows and to commit.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, TypeVar

import duckdb
import polars as pl

from registry.errors import BadInput, Busy, Conflict, NotReady, RegistryError
from registry.store.audit import Event
from registry.store.connection import is_known
from registry.store.engine import Engine, Repeat, roll_back, waits

T = TypeVar("T")
Run = Callable[[duckdb.DuckDBPyConnection, list[Event]], Any]
REPLAY_BYTES = 512 << 20  # a unit with larger frames is not tried a second time


@dataclass
class Step:
    """One call inside a unit of work: how to do it (again), what it answered, what it leaves in the audit."""

    name: str
    run: Run
    table: str | None = None
    reads: bool = False  # changes nothing; on a second attempt it must give the same answer
    result: Any = None
    events: list[Event] = field(default_factory=list)


def _never(cursor: duckdb.DuckDBPyConnection, events: list[Event]) -> Any:
    raise AssertionError("a large unit of work is not run twice")


class Transaction:
    """One transaction of change and audit rows; `UnitOfWork` adds the steps people call."""

    def __init__(
        self,
        engine: Engine,
        actor: str,
        action: str,
        *,
        reason: str | None = None,
        facility_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> None:
        if not actor or not action:
            raise BadInput("unit of work", "an actor and an action are needed")
        self._chain, self._anchor = engine.check_writable()
        self._engine = engine
        self.actor, self.action, self.reason, self.facility_id = actor, action, reason, facility_id
        self._key = idempotency_key
        self.now = engine.clock()
        self.result: Any = None
        self._repeat: Repeat | None = None
        self._steps: list[Step] = []
        self._replayed = 0
        self._kept_bytes = 0
        self._begun = False
        self._generation = 0
        self._broken: RegistryError | None = None
        self._cursor: duckdb.DuckDBPyConnection | None = None

    # the block -------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self._become(self._engine.find_repeat(self._key))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None and self._repeat is None and self._steps:
                self._attempt(self._commit, None)
        finally:
            if self._cursor is not None:
                if self._begun:
                    roll_back(self._cursor)
                self._cursor.close()
                self._cursor = None

    def only_once(self) -> None:
        """Do not try this unit a second time when another save overtakes it: its frames are let go of at once."""
        self._kept_bytes = REPLAY_BYTES + 1

    @property
    def repeated(self) -> bool:
        """Whether this idempotency key was saved before."""
        return self._repeat is not None

    def _do(
        self,
        name: str,
        run: Run,
        table: str | None = None,
        size: int = 0,
        *,
        reads: bool = False,
    ) -> Any:
        if self._repeat is not None:
            return self._replay_answer(name, self._repeat)
        step = Step(name, run, table, reads=reads)
        try:
            self._attempt(lambda: self._run(step), table)
        except Conflict:
            # the same save may have got through in another thread or in a lost answer's first try
            repeat = self._engine.find_repeat(self._key)
            if repeat is None:
                raise
            self._become(repeat)
            return self._replay_answer(name, repeat)
        answer = step.result
        self._steps.append(step)
        self._kept_bytes += size + (int(answer.estimated_size()) if isinstance(answer, pl.DataFrame) else 0)
        if self._kept_bytes > REPLAY_BYTES:
            for done in self._steps:
                done.run = _never  # lets go of the frames
                done.result = None if done.reads else done.result
        return answer

    def _run(self, step: Step) -> None:
        assert self._cursor is not None
        step.events = []
        step.result = step.run(self._cursor, step.events)

    def _attempt(self, act: Callable[[], T], table: str | None) -> T:
        for wait in (*waits(), None):
            try:
                self._begin()
                return act()
            except duckdb.TransactionException as error:
                self._abandon()
                if is_known(error):  # a commit that failed because the disk is full, for one
                    raise self._engine.translate(error, table) from None
                if wait is None or self._kept_bytes > REPLAY_BYTES:
                    raise Busy(
                        table or self._engine.where, "the save kept being overtaken by others", "try again"
                    ) from error
                time.sleep(wait)
            except duckdb.Error as error:
                self._abandon()
                raise self._engine.translate(error, table) from None
        raise AssertionError("unreachable")

    def _begin(self) -> None:
        """Open the transaction; after a rollback, run the earlier steps again."""
        if self._broken is not None:
            raise self._broken
        if self._begun:
            return
        if self._cursor is None:
            self._cursor = self._engine.cursor()
        self._generation = self._engine.generation
        self._cursor.execute("BEGIN")
        self._begun = True
        try:
            for step in self._steps:
                self._run_again(step)
        except RegistryError as error:
            self._broken = error  # half of the steps cannot be committed
            raise

    def _run_again(self, step: Step) -> None:
        answer = step.result
        self._run(step)
        same = answer.equals(step.result) if isinstance(answer, pl.DataFrame) else answer == step.result
        if not same:
            where = step.table or self._engine.where
            raise Conflict(where, "the data changed while it was being saved", "try again")

    def _restart(self) -> None:
        """Give up the transaction's view so that it sees columns that were just added."""
        if self._begun and self._steps and self._kept_bytes > REPLAY_BYTES:
            raise NotReady(
                self._engine.where,
                "a new item column is needed in the middle of a large load",
                "call ensure_columns with all items before the load",
            )
        self._abandon()

    def _abandon(self) -> None:
        if self._cursor is not None and self._begun:
            roll_back(self._cursor)
        self._begun = False

    def _commit(self) -> None:
        assert self._cursor is not None
        events = [event for step in self._steps for event in step.events]
        writes = [step for step in self._steps if not step.reads]
        if not writes:
            return
        if not any(step.name.startswith(("insert:", "execute:")) for step in writes) and not events:
            return  # updates that changed nothing
        events = events or [Event(self.action, "unit", None, reason=self.reason)]
        chain = self._chain
        with self._engine.writer:
            repeat = self._engine.find_repeat(self._key)
            if repeat is not None:
                self._abandon()
                self._check_same(repeat)
                self._become(repeat)
                return
            if chain.stale:
                with self._engine.cursor() as fresh:
                    chain.reload(fresh)
            now = max(self._engine.clock(), self.now)
            head = chain.append(self._cursor, events, actor=self.actor, facility_id=self.facility_id, now=now)
            self._keep_answers(head.seq)
            chain.stale = True
            self._cursor.execute("COMMIT")
            self._begun = False
            chain.advance(head)
        try:
            self._anchor.write(head)
        except OSError:
            # the change is safe; an anchor that lags is accepted, and the next commit writes it again
            logging.getLogger(__name__).warning("%s: the audit anchor was not written", self._engine.where)

    def _keep_answers(self, seq: int) -> None:
        if self._key is None:
            return
        assert self._cursor is not None
        steps = [[step.name, step.result] for step in self._steps if not step.reads]
        result = None if self.result is None else json.dumps(self.result)
        row = [self._key, self.actor, self.action, json.dumps(steps), result, seq, self.now]
        self._cursor.execute("INSERT INTO idempotency VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def _become(self, repeat: Repeat | None) -> None:
        if repeat is None:
            return
        if repeat.action != self.action:
            raise Conflict("idempotency key", "it was used for another kind of change", "use a new key")
        self._abandon()
        self._repeat, self.result = repeat, repeat.result
        self._replayed = sum(not step.reads for step in self._steps)

    def _replay_answer(self, name: str, repeat: Repeat) -> Any:
        position, self._replayed = self._replayed, self._replayed + 1
        if position >= len(repeat.steps) or repeat.steps[position][0] != name:
            raise Conflict("idempotency key", "it was used for another change", "use a new key")
        return repeat.steps[position][1]

    def _check_same(self, repeat: Repeat) -> None:
        own = [(step.name, step.result) for step in self._steps if not step.reads]
        if own != repeat.steps:
            raise Conflict(
                "idempotency key", "the same key was saved with another outcome", "read the record again"
            )

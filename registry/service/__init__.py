"""The one door for people and programs: every screen, job and command calls an operation here.

An operation is a function registered by name (`records.save`). Running one checks the actor's role
and facility scope and writes the audit trail. Arguments and results are plain values or polars
frames, so the same call works in this process (`Session`) and over the loopback interface of
`registry serve` (`RemoteSession`).
"""

from registry.service.operations import Context, Operation, operation, operations
from registry.service.session import Session

__all__ = ["Context", "Operation", "Session", "operation", "operations"]

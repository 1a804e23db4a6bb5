"""Values on the loopback interface: JSON, with frames as Arrow IPC and errors by class name.

>>> import polars as pl
>>> decode(encode({"curve": pl.DataFrame({"time": [0, 1]}), "on": dt.date(2026, 1, 1)}))["on"]
datetime.date(2026, 1, 1)
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

from registry import errors


def _pack(value: Any) -> Any:
    import polars as pl

    if isinstance(value, pl.DataFrame):
        buffer = io.BytesIO()
        value.write_ipc(buffer, compression="zstd")
        return {"$frame": base64.b64encode(buffer.getvalue()).decode("ascii")}
    if isinstance(value, dt.datetime):
        return {"$datetime": value.isoformat()}
    if isinstance(value, dt.date):
        return {"$date": value.isoformat()}
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode("ascii")}
    if isinstance(value, Path):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} does not travel")


def _unpack(value: dict[str, Any]) -> Any:
    if "$frame" in value:
        import polars as pl

        return pl.read_ipc(io.BytesIO(base64.b64decode(value["$frame"])))
    if "$datetime" in value:
        return dt.datetime.fromisoformat(value["$datetime"])
    if "$date" in value:
        return dt.date.fromisoformat(value["$date"])
    if "$bytes" in value:
        return base64.b64decode(value["$bytes"])
    return value


def encode(value: Any) -> bytes:
    """Bytes of one value."""
    return json.dumps(value, default=_pack).encode()


def decode(data: bytes) -> Any:
    """The value of some bytes."""
    return json.loads(data, object_hook=_unpack)


def encode_error(error: errors.RegistryError) -> bytes:
    """An error as the other side will raise it again."""
    parts = {"kind": type(error).__name__, "where": error.where, "what": error.what, "action": error.action}
    return json.dumps({"error": parts}).encode()


def raise_error(parts: dict[str, Any]) -> None:
    """Raise what `encode_error` wrote."""
    kind = getattr(errors, parts["kind"], errors.RegistryError)
    raise kind(parts["where"], parts["what"], parts["action"])

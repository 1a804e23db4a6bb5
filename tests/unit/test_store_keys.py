"""Where keys come from and what is derived from them."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import pytest

from registry.errors import BadInput, WrongKey
from registry.store import keys, resolve_key


def test_order_of_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "key"
    keys.write_private(file, "from the file\n")
    monkeypatch.setenv("REGISTRY_KEY", "from the environment")
    assert resolve_key("given", file) == "given"
    assert resolve_key(None, file) == "from the file"
    assert resolve_key() == "from the environment"
    monkeypatch.delenv("REGISTRY_KEY")
    assert resolve_key(use_keyring=False) is None


def test_system_keyring_is_asked_last_and_may_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REGISTRY_KEY", raising=False)
    held = {("cancer-registry", str((tmp_path / "r.duckdb").resolve())): "from the keyring"}
    fake = types.SimpleNamespace(get_password=lambda service, name: held.get((service, name)))
    monkeypatch.setitem(sys.modules, "keyring", fake)
    assert resolve_key(database=tmp_path / "r.duckdb") == "from the keyring"
    assert resolve_key(database=tmp_path / "other.duckdb") is None

    def locked(service: str, name: str) -> str:
        raise RuntimeError("no session bus")

    monkeypatch.setitem(sys.modules, "keyring", types.SimpleNamespace(get_password=locked))
    assert resolve_key(database=tmp_path / "r.duckdb") is None


def test_key_files(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        resolve_key(key_file=tmp_path / "missing")
    (tmp_path / "empty").touch(0o600)
    with pytest.raises(BadInput, match="empty"):
        resolve_key(key_file=tmp_path / "empty")
    (tmp_path / "open").write_text("the key")
    (tmp_path / "open").chmod(0o644)
    with pytest.warns(UserWarning, match="chmod 600") as caught:
        assert resolve_key(key_file=tmp_path / "open") == "the key"
    assert "the key" not in str(caught[0].message).removeprefix("open: others can read this key")


def test_hkdf_is_rfc_5869() -> None:
    # RFC 5869, test case 1: the first 32 bytes of its output
    derived = keys.hkdf(b"\x0b" * 22, salt=bytes(range(13)), info=bytes(range(0xF0, 0xFA)))
    assert derived.hex() == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"


def test_wrapped_key_opens_only_with_its_key() -> None:
    wrapped = keys.wrap(b"k" * 32, "one")
    assert keys.unwrap(wrapped, "one") == b"k" * 32 and wrapped != keys.wrap(b"k" * 32, "one")
    for text in (wrapped[:-2] + "00", "", "zz", wrapped.replace(wrapped[40], "0", 1) + "ff"):
        with pytest.raises(WrongKey):
            keys.unwrap(text, "one")
    with pytest.raises(WrongKey):
        keys.unwrap(wrapped, "two")


def test_short_keys_are_warned_about_and_empty_ones_refused() -> None:
    with pytest.warns(UserWarning, match="guessed"):
        keys.check_strength("short", "r.duckdb")
    with pytest.raises(WrongKey):
        keys.check_strength("", "r.duckdb")

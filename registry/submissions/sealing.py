"""Sealed files: AES-256-GCM in pieces, so that a large file needs little memory and no piece can be changed, dropped or moved.

| bytes | what |
|---|---|
| 8 | `REGSEAL1` |
| 16 | salt: HMAC-SHA256 of the key over `salt` and the content's SHA-256, cut |
| 2 | length of the name, big-endian |
| n | name of the file inside, UTF-8 |
| then | pieces of 1 MiB of content, each with 16 bytes of tag behind it |

Each piece is sealed with the file's own key (HMAC-SHA256 of the key over `file` and the salt), the nonce is the piece's
number in 11 bytes and 1 for the last piece, else 0; all bytes before the pieces are authenticated with each of them.
The salt follows from content and key, so equal content and key give equal bytes, and other content another salt.

Sources: NIST SP 800-38D; Hoang, Reyhanitabar, Rogaway, Vizár, Online Authenticated-Encryption (2015), STREAM.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

from registry.errors import BadInput, NotFound, NotReady
from registry.formats.sources import replacing

MAGIC: Final = b"REGSEAL1"
PIECE: Final = 1 << 20
TAG: Final = 16
KEY: Final = 32
SUFFIX: Final = ".sealed"


def new_key() -> bytes:
    """A key of 32 random bytes, for one receiver."""
    return secrets.token_bytes(KEY)


def write_key(path: Path, key: bytes) -> None:
    """Keep a key as 64 hexadecimal digits in a file that only its owner reads; a key that is there stays.

    Raises:
        BadInput: the file exists or cannot be written.
    """
    try:
        with path.open("x") as file:
            path.chmod(0o600)
            file.write(key.hex() + "\n")
    except FileExistsError:
        raise BadInput(str(path), "is there already", "use it, or name another file") from None
    except OSError as error:
        raise BadInput(str(path), f"cannot be written ({error.strerror})", "choose another place") from None


def read_key(path: Path) -> bytes:
    """The key of a file that `write_key` made.

    Raises:
        NotFound: no such file. BadInput: it holds no key.
    """
    try:
        text = path.read_text(encoding="ascii").strip()
        key = bytes.fromhex(text)
    except FileNotFoundError:
        raise NotFound(str(path), "there is no such key file", "check the name") from None
    except (OSError, ValueError):
        raise BadInput(str(path), "holds no key of 64 hexadecimal digits") from None
    if len(key) != KEY:
        raise BadInput(str(path), "holds no key of 64 hexadecimal digits")
    return key


def seal_file(path: Path, key: bytes, out: Path) -> str:
    """Seal a file for whoever has the key; returns the SHA-256 of the sealed one.

    Raises:
        NotReady: the library `cryptography` is not installed.
    """
    with path.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").digest()
    salt = _keyed(key, b"salt" + content)[:16]
    name = path.name.encode()
    head = MAGIC + salt + len(name).to_bytes(2, "big") + name
    cipher, digest = _cipher(_keyed(key, b"file" + salt)), hashlib.sha256()
    with path.open("rb") as file, replacing(out) as target:
        target.write(head)
        digest.update(head)
        for number, (piece, is_last) in enumerate(_pieces(file, PIECE)):
            sealed = cipher.encrypt(_nonce(number, is_last), piece, head)
            target.write(sealed)
            digest.update(sealed)
    return digest.hexdigest()


def unseal_file(path: Path, key: bytes, out: Path | None = None) -> Path:
    """Open a sealed file; nothing is left unless every byte of it is as it was sealed.

    Args:
        out: the file or folder to write to; beside the sealed one, under the name inside, when not given.

    Raises:
        BadInput: it is no sealed file, the key is another one, or a byte was changed.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise NotFound(str(path), f"cannot be read ({error.strerror})", "check the name") from None
    with file:
        start = file.read(len(MAGIC) + 18)
        if not start.startswith(MAGIC) or len(start) < len(MAGIC) + 18:
            raise BadInput(str(path), "is no sealed file of this program")
        name = file.read(int.from_bytes(start[-2:], "big"))
        cipher, head = _cipher(_keyed(key, b"file" + start[8:24])), start + name
        inside = Path(name.decode("utf-8", "replace")).name or "unsealed"
        target = path.with_name(inside) if out is None else out / inside if out.is_dir() else out
        with replacing(target) as stream:
            for number, (piece, is_last) in enumerate(_pieces(file, PIECE + TAG)):
                stream.write(_opened(cipher, _nonce(number, is_last), piece, head, path))
    return target


def _opened(cipher: Any, nonce: bytes, piece: bytes, head: bytes, path: Path) -> bytes:
    from cryptography.exceptions import InvalidTag

    try:
        data: bytes = cipher.decrypt(nonce, piece, head)
    except (InvalidTag, ValueError):
        raise BadInput(str(path), "the key does not open it, or it was changed", "ask the sender") from None
    return data


def zip_file(path: Path, out: Path | None = None) -> Path:
    """A zip with this one file, `<name>.zip` beside it; equal content gives equal bytes."""
    out = out or path.with_name(path.name + ".zip")
    member = zipfile.ZipInfo(path.name)  # of 1 January 1980: no clock in the bytes
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o600 << 16
    with (
        replacing(out) as stream,
        zipfile.ZipFile(stream, "w") as archive,
        path.open("rb") as file,
        archive.open(member, "w", force_zip64=True) as packed,
    ):
        while data := file.read(PIECE):
            packed.write(data)
    return out


def _keyed(key: bytes, data: bytes) -> bytes:
    if len(key) != KEY:
        raise BadInput("key", "is not of 32 bytes")
    return hmac.new(key, data, hashlib.sha256).digest()


def _nonce(number: int, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])


def _pieces(file: BinaryIO, size: int) -> Iterator[tuple[bytes, bool]]:
    """The content in pieces, and whether each is the last; an empty file has one empty piece."""
    piece = file.read(size)
    while True:
        following = file.read(size) if len(piece) == size else b""
        yield piece, not following
        if not following:
            return
        piece = following


def _cipher(key: bytes) -> Any:
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError:
        raise NotReady("sealing", "needs the library cryptography", "pip install cryptography") from None
    return AESGCM(key)

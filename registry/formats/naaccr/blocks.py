"""The bytes of a document in one buffer, a block at a time."""

from __future__ import annotations

from typing import BinaryIO

import numpy as np

PATIENT_END = b"</Patient>"
SLACK = 64
SAMPLE = 1 << 18
PIECE = 1 << 18


class Blocks:
    """A window over a stream: `data[position:stop]` is what is there and not read yet.

    Args:
        stream: of decompressed bytes.
        size: of the buffer.

    Attributes:
        address: of `data`, which has 64 bytes behind `stop`.
        origin: where `data` begins in the stream.
        is_last: nothing comes after `stop`.

    >>> import io
    >>> blocks = Blocks(io.BytesIO(b"<Patient></Patient></NaaccrData>"), 24)
    >>> blocks.fill()
    >>> blocks.stop, blocks.is_last, blocks.last_patient_end()
    (24, False, 19)
    >>> blocks.position = 19
    >>> blocks.fill()
    >>> blocks.origin, bytes(blocks.data[: blocks.stop]), blocks.is_last
    (19, b'</NaaccrData>', True)
    """

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream, self._size = stream, size
        self.data = bytearray(size + SLACK)
        self._array = np.frombuffer(self.data, np.uint8)
        self.address: int = self._array.ctypes.data
        self.origin = self.position = self.stop = 0
        self.is_last = False
        self._line_start = 0

    def fill(self) -> None:
        """Drop what was read and put more bytes behind the rest."""
        self._line_start = self._start_of_line()
        kept = self.stop - self.position
        self._array[:kept] = self._array[self.position : self.stop]
        self.origin += self.position
        self.position, self.stop = 0, kept
        while self.stop < self._size and not self.is_last:
            data = self._stream.read(min(PIECE, self._size - self.stop))
            self.data[self.stop : self.stop + len(data)] = data
            self.stop += len(data)
            self.is_last = not data
        self._array[self.stop : self.stop + SLACK] = 0

    def read(self, size: int) -> bytes:
        """At most `size` of the next bytes, as a stream gives them; nothing else may be asked for then."""
        if self.position == self.stop:
            return self._stream.read(size)
        data = bytes(self.data[self.position : min(self.stop, self.position + size)])
        self.position += len(data)
        return data

    def last_patient_end(self) -> int:
        """Behind the last end of a patient, or -1."""
        at = self.data.rfind(PATIENT_END, self.position, self.stop)
        return at + len(PATIENT_END) if at >= 0 else -1

    def end_of_safe(self) -> int:
        """How far can be read without cutting an end tag of a patient or a line end in two."""
        end = max(self.position, self.stop - len(PATIENT_END) + 1)
        return end - 1 if end > self.position and self.data[end - 1] == ord("\r") else end

    def sample_sizes(self) -> tuple[float, float]:
        """Bytes of a patient and of a tumor, from the first ones."""
        stop = min(self.stop, self.position + SAMPLE)
        counts = (self.data.count(tag, self.position, stop) for tag in (b"<Patient", b"<Tumor"))
        patient, tumor = ((stop - self.position) / max(count, 1) for count in counts)
        return max(patient, 20.0), max(tumor, 15.0)

    def column(self) -> int:
        """Characters between the start of the line and the position."""
        start = self._start_of_line()
        before = bytes(self.data[max(start - self.origin, 0) : self.position])
        hidden = max(self.origin - start, 0)
        return hidden + len(before) - sum(0x80 <= byte < 0xC0 for byte in before)

    def _start_of_line(self) -> int:
        """Place in the stream where the line of the position begins."""
        at = max(self.data.rfind(b"\n", 0, self.position), self.data.rfind(b"\r", 0, self.position))
        return self.origin + at + 1 if at >= 0 else self._line_start


def line_ends(data: bytes) -> int:
    r"""How many line ends (LF, CR LF or CR) bytes hold; not cut within one.

    >>> line_ends(b"a\nb\r\nc\rd")
    3
    """
    return data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")

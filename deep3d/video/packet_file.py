"""Encoded pictures in a file of their own, with their exact times, until they go into a film.

Containers round times or leave decoding times out; here nothing is lost. The file begins with
`_MAGIC` and the header of the encoder (its length in 32 bits, then its bytes). Then come the
packets: presentation time, decoding time, duration, 1 for key frames, length, bytes.
"""

import contextlib
import hashlib
import os
import pathlib
import struct
from collections.abc import Iterable, Iterator

import av

_MAGIC = b"deep3d packets 1\n"
_LENGTH = struct.Struct("<I")
_PACKET = struct.Struct("<qqqBI")
# An uncompressed frame of 16K has less.
_LARGEST = 1 << 30


class PacketWriter:
    """Writes a file of packets.

    Attributes:
        path: The file.
        size: Bytes written so far.
    """

    def __init__(self, path: str | os.PathLike, header: bytes):
        """Creates the file.

        Args:
            path: Where; an existing file is replaced.
            header: What the encoder says once for all packets (`extradata`).

        Raises:
            OSError: If it cannot be written.
        """
        self.path, self.size, self._digest = pathlib.Path(path), 0, hashlib.sha256()
        self._file = open(path, "wb")  # noqa: SIM115 - `close` closes it
        self._write(_MAGIC + _LENGTH.pack(len(header)) + header)

    @property
    def sha256(self) -> str:
        """Of all bytes so far, in hexadecimal."""
        return self._digest.hexdigest()

    def write(self, packets: Iterable[av.Packet]):
        """Adds packets.

        Args:
            packets: In the order of decoding, with all times set.

        Raises:
            OSError: If they cannot be written.
        """
        for packet in packets:
            data = bytes(packet)
            times = packet.pts, packet.dts, packet.duration or 0
            self._write(_PACKET.pack(*times, packet.is_keyframe, len(data)) + data)

    def close(self):
        """Waits until all is on the disk.

        Raises:
            OSError: If it cannot be written.
        """
        with self._file:
            self._file.flush()
            os.fsync(self._file.fileno())

    def abort(self):
        """Closes and removes the file; harmless after `close`, which keeps it."""
        if not self._file.closed:
            with contextlib.suppress(OSError):  # what waits to be written is not wanted any more
                self._file.close()
            self.path.unlink(missing_ok=True)

    def _write(self, data):
        self._file.write(data)
        self._digest.update(data)
        self.size += len(data)


@contextlib.contextmanager
def open_packets(path: str | os.PathLike) -> Iterator[tuple[bytes, Iterator[av.Packet]]]:
    """Reads a file of packets.

    Args:
        path: From `PacketWriter`.

    Yields:
        The header of the encoder and an iterator over the packets, which have no time base.

    Raises:
        OSError: If the file cannot be read, also while iterating.
        ValueError: If it is none or is cut off, likewise.
    """
    with open(path, "rb") as file:
        if _read(file, len(_MAGIC)) != _MAGIC:
            raise ValueError(f"{path}: is no file of packets")
        yield _read(file, *_LENGTH.unpack(_read(file, _LENGTH.size))), _packets(file)


def _packets(file) -> Iterator[av.Packet]:
    while file.peek(1):
        pts, dts, duration, is_keyframe, length = _PACKET.unpack(_read(file, _PACKET.size))
        packet = av.Packet(_read(file, length))
        packet.pts, packet.dts, packet.duration = pts, dts, duration
        packet.is_keyframe = bool(is_keyframe)
        yield packet


def _read(file, length):
    data = file.read(length) if length <= _LARGEST else b""
    if len(data) != length:
        raise ValueError(f"{file.name}: is cut off")
    return data

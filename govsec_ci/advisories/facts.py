"""What the index keeps of one OSV record, until its group is known."""

from datetime import datetime

import msgspec
from msgspec import Struct

from govsec_ci.advisories import matching


class Facts(Struct, frozen=True, array_like=True):
    """One record that is not withdrawn.

    :param vectors: CVSS vectors as written, the record's own before those of single packages
    :param word: the database's own severity word in upper case, or empty
    :param packages: (normalised name, what is affected) for each PyPI package; a package may come twice
    """

    id: str
    modified: datetime
    published: datetime | None
    summary: str
    vectors: tuple[str, ...]
    word: str
    cwes: tuple[str, ...]
    references: tuple[str, ...]
    packages: tuple[tuple[str, matching.Entry], ...]


decode = msgspec.msgpack.Decoder(Facts).decode
decode_aliases = msgspec.msgpack.Decoder(tuple[str, ...]).decode

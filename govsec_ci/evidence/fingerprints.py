"""Fingerprints: what makes a result of today the same as one of yesterday.

``primaryLocationLineHash`` is GitHub's (codeql-action, ``fingerprints.ts``), so that alerts keep their history there.

``govsec/v1`` is ours. For a weakness in a file it is made of the rule, the file's name without folders, and the text
of the primary line without white space: moving the line, renaming a folder or reformatting other lines leaves it as
it is. For a dependency it is made of the vulnerability and the component's name; version, manifest and line do not
count, so an upgrade that does not help keeps the result's age. Equal ones within a run are numbered by path, line and
column (``:2``, ``:3``): adding an equal line above renumbers those below, which the baseline's matching mends by place.
"""

import hashlib
import re
import struct
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate, repeat
from operator import add, mul

import msgspec

from govsec_ci.formats.sarif_bulk import without_collector
from govsec_ci.formats.sarif_wire import FINGERPRINT, LINE_HASH
from govsec_ci.model import Location, Result, Run

Read = Callable[[str], bytes | None]

_BLOCK = 100
_EOF = "\uffff"
_MODULUS = 1 << 64
_POWERS = tuple(pow(37, _BLOCK - 1 - place, _MODULUS) for place in range(_BLOCK))
_UNITS = f"<{_BLOCK}H"
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_WHITE = re.compile(r"\s+")


@without_collector()
def fingerprint(run: Run, read: Read) -> Run:
    """Set both fingerprints on every result of ``run``.

    :param read: bytes of a file of the judged tree by its path, or None where it cannot be read
    """
    files = _Files(read)
    vulnerabilities = {rule.id: rule.vulnerability.id for rule in run.rules if rule.vulnerability}
    results: list[Result] = list(run.results)
    # By place, so that each file is read once.
    for number in sorted(range(len(results)), key=lambda number: place_of(results[number])):
        result = results[number]
        base = _base(run, result, vulnerabilities.get(result.rule_id, result.rule_id), files)
        prints = {**result.fingerprints, FINGERPRINT: base, **_line_hash(result, files)}
        results[number] = msgspec.structs.replace(result, fingerprints=prints)
    return msgspec.structs.replace(run, results=number_equals(results))


def number_equals(results: Sequence[Result]) -> tuple[Result, ...]:
    """Make ``govsec/v1`` unique: equal ones are numbered anew by place, whatever number they bore."""
    order = sorted(range(len(results)), key=lambda number: place_of(results[number]))
    numbered = list(results)
    for number, result in zip(order, number_in_order([results[number] for number in order]), strict=True):
        numbered[number] = result
    return tuple(numbered)


def number_in_order(results: Sequence[Result]) -> tuple[Result, ...]:
    """The same of results that stand in the order of :func:`place_of`."""
    seen: dict[str, int] = {}
    return tuple(_numbered(result, seen) for result in results)


def _numbered(result: Result, seen: dict[str, int]) -> Result:
    value = result.fingerprints.get(FINGERPRINT)
    if value is None:
        return result
    base = base_of(value)
    seen[base] = count = seen.get(base, 0) + 1
    wanted = base if count == 1 else f"{base}:{count}"
    if wanted == value:
        return result
    return msgspec.structs.replace(result, fingerprints={**result.fingerprints, FINGERPRINT: wanted})


def base_of(value: str) -> str:
    """A ``govsec/v1`` value without its number: what equal lines have in common."""
    return value.partition(":")[0]


def place_of(result: Result) -> tuple[str, int, int, str, str]:
    """Path, line, column, rule and message: the order in which results stand and are numbered."""
    if not result.locations:
        return "", 0, 0, result.rule_id, result.message
    region = result.locations[0].region
    line = region.start_line if region else 0
    column = (region.start_column or 0) if region else 0
    return result.locations[0].path, line, column, result.rule_id, result.message


def line_hashes(data: bytes, lines: Iterable[int]) -> dict[int, str]:
    """GitHub's hash of each of ``lines`` (1-based) of a file's bytes; lines that the file does not have are left out.

    A line's hash covers the 100 UTF-16 code units from its first one on, blanks and tabs dropped, every line end one
    LF, 65535 and a hundred zeros appended: h = 37·h + unit, modulo 2^64. After the colon: how many lines up to this
    one have that hash.
    """
    hashed = _Hashed(data)
    found = ((line, hashed.of(line)) for line in lines)
    return {line: value for line, value in found if value is not None}


class _Hashed:
    """A file as GitHub's algorithm sees it: its units, where each line starts among them, and equal lines counted.

    Lines are counted by their 100 units, not by the hash of these: the same but for collisions, and ten times faster.
    """

    def __init__(self, data: bytes) -> None:
        text = data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
        # Ten times as fast as one translate().
        text = text.replace("\t", "").replace(" ", "")
        if not text.isascii() and max(text) > _EOF:
            text = _ASTRAL.sub(_surrogates, text)
        self._starts = [0, *accumulate(map(add, map(len, text.split("\n")[:-1]), repeat(1)))]
        self._units = text + _EOF + "\0" * _BLOCK
        self._counts: dict[str, int] = {}
        self._occurrences: list[int] = []

    def of(self, line: int) -> str | None:
        if not 1 <= line <= len(self._starts):
            return None
        # Each line of the file comes by here: no call that can be spared.
        counts, units = self._counts, self._units
        for start in self._starts[len(self._occurrences) : line]:
            window = units[start : start + _BLOCK]
            counts[window] = count = counts.get(window, 0) + 1
            self._occurrences.append(count)
        return f"{_polynomial(self._window(line - 1)):x}:{self._occurrences[line - 1]}"

    def _window(self, number: int) -> str:
        start = self._starts[number]
        return self._units[start : start + _BLOCK]


def _polynomial(window: str) -> int:
    units: tuple[int, ...] = struct.unpack(_UNITS, window.encode("utf-16-le", "surrogatepass"))
    value: int = sum(map(mul, units, _POWERS))
    return value % _MODULUS


def _surrogates(match: "re.Match[str]") -> str:
    offset = ord(match[0]) - 0x10000
    return chr(0xD800 + (offset >> 10)) + chr(0xDC00 + (offset & 0x3FF))


class _Files:
    """The files that results stand in, each read once; results come sorted by place, so one of each is kept at a time.

    Of the line too: a file of a megabyte may be one line, and hold a hundred thousand results.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self._path = ""
        self._lines: list[bytes] = []
        self._number, self._line = 0, ""
        self.digests: dict[tuple[str, ...], str] = {}
        """Of the line at hand, by what else went into them."""
        self._hashed: _Hashed | None = None

    def line(self, location: Location) -> str:
        """Text of the location's first line without white space, or empty."""
        self._open(location.path)
        number = location.region.start_line if location.region else 0
        if not 1 <= number <= len(self._lines):
            return ""
        if number != self._number:
            self._number, self.digests = number, {}
            self._line = _WHITE.sub("", self._lines[number - 1].decode("utf-8", "replace"))
        return self._line

    def line_hash(self, location: Location) -> str | None:
        self._open(location.path)
        if self._hashed is None or location.region is None:
            return None
        return self._hashed.of(location.region.start_line)

    def _open(self, path: str) -> None:
        if path == self._path:
            return
        data = self._read(path)
        self._path, self._number = path, 0
        self._lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n") if data is not None else []
        self._hashed = _Hashed(data) if data is not None else None


def _base(run: Run, result: Result, vulnerability: str, files: _Files) -> str:
    if result.component is not None:
        return _digest("component", vulnerability, result.component.name)
    if not result.locations:
        return _digest("message", run.tool, result.rule_id, result.message)
    location = result.locations[0]
    name = location.path.rpartition("/")[2]
    parts = ("line", run.tool, result.rule_id, name)
    text = files.line(location)
    if not text:
        return _digest(*parts, _WHITE.sub("", result.message))
    if parts not in files.digests:
        files.digests[parts] = _digest(*parts, text)
    return files.digests[parts]


def _digest(*parts: str) -> str:
    packed = "\0".join(parts).encode("utf-8", "surrogateescape")
    return hashlib.sha256(packed).hexdigest()[:32]


def _line_hash(result: Result, files: _Files) -> dict[str, str]:
    if not result.locations or LINE_HASH in result.fingerprints:
        return {}
    value = files.line_hash(result.locations[0])
    return {LINE_HASH: value} if value else {}

"""The grammar of pip's requirements format, one logical line at a time: nothing is opened, expanded or resolved.

Source: pip's documentation, "Requirements File Format", and its ``req_file.py``. Two things differ on purpose: an
environment variable (``${X}``) is not expanded, because its value is not part of the judged tree; and a line is never
guessed at.
"""

import codecs
import functools
import optparse
import re
import shlex
from collections.abc import Iterator
from typing import Any, NoReturn

from msgspec import Struct
from packaging.markers import InvalidMarker
from packaging.requirements import InvalidRequirement, Requirement

from govsec_ci.manifests import pins
from govsec_ci.manifests.pins import requirement
from govsec_ci.manifests.sources import is_link
from govsec_ci.manifests.text import UnreadableError, decode_utf8

_COMMENT = re.compile(r"(?:^|\s)#.*$")
_LINE_ENDS = ("\n", "\r")
_OPTIONS_START = re.compile(r"(?:^|\s)(?=-)")
_CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_VARIABLE = re.compile(r"\$\{[A-Z0-9_]+\}")
_MARKER = re.compile(";")
_URL_MARKER = re.compile(r";\s|\s;")
_HASH = re.compile(r"(?P<algorithm>sha256|sha384|sha512):(?P<digest>[0-9a-fA-F]+)")
_DIGEST_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}
_BOMS = (
    # The longer marks first: UTF-32's begins with UTF-16's.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class MalformedError(Exception):
    """A line is nothing that pip would take; the message says why. Stays inside this room."""


class Line(Struct, frozen=True):
    """A logical line: continuations joined, comments gone; ``number`` is the physical line that it begins on."""

    number: int
    text: str


class Parsed(Struct, frozen=True, kw_only=True):
    """What one logical line says. At most one of ``requirement``, ``link`` and ``editable`` is set.

    :param requirement: a name with its specifiers, or a ``name @ url``
    :param link: a bare URL or path; :param editable: the same after ``-e``
    :param marker: the environment marker behind it, or empty
    :param hashes: algorithm → digests, of ``--hash``
    :param includes: of ``-r``; :param constraints: of ``-c``
    :param indexes: of ``--index-url`` and ``--extra-index-url``; :param find_links: of ``--find-links``
    """

    requirement: Requirement | None = None
    link: str = ""
    editable: str = ""
    marker: str = ""
    hashes: dict[str, tuple[str, ...]] = {}
    includes: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    no_index: bool = False


def decode(data: bytes) -> str:
    """The text of a requirements file as pip would read it.

    :raises UnreadableError: an encoding other than UTF-8 that no byte order mark announces, or NUL characters
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            try:
                return decode_utf8(data.decode(encoding).encode("utf-8"))
            except UnicodeDecodeError as error:
                raise UnreadableError(f"is not {encoding} text", next_step="save the file as UTF-8") from error
    for number, line in enumerate(data.split(b"\n", 2)[:2], start=1):
        _check_coding(line, number)
    return decode_utf8(data)


def _check_coding(line: bytes, number: int) -> None:
    """A PEP 263 comment is obeyed by pip: under ``utf-7`` it would read other lines than everybody sees."""
    found = _CODING.match(line)
    if found and found.group(1).lower() not in (b"utf-8", b"utf8", b"ascii", b"us-ascii"):
        raise UnreadableError(
            f"declares the encoding {found.group(1).decode('ascii', 'replace')}",
            line=number,
            next_step="save the file as UTF-8 and remove the coding comment",
        )


def logical_lines(text: str) -> Iterator[Line]:
    """Logical lines that are not empty, split as pip splits them, numbered as an editor numbers them."""
    start, parts = 0, list[str]()
    for number, raw in _physical_lines(text):
        if not parts:
            start = number
        comment = raw.lstrip().startswith("#")
        if raw.endswith("\\") and not comment:
            parts.append(raw.rstrip("\\"))
            continue
        # A comment line ends a continuation, and must not stick to the word before it.
        parts.append(" " + raw if comment else raw)
        yield from _joined(start, parts)
        parts = []
    yield from _joined(start, parts)


def _joined(start: int, parts: list[str]) -> Iterator[Line]:
    text = _COMMENT.sub("", "".join(parts)).strip()
    if text:
        yield Line(start, text)


def _physical_lines(text: str) -> Iterator[tuple[int, str]]:
    # str.splitlines, as pip does, also splits at form feeds and U+2028: what stands behind one is a line of its own.
    number = 1
    for raw in text.splitlines(keepends=True):
        stripped = raw.splitlines()[0]
        yield number, stripped
        if raw.endswith(_LINE_ENDS):
            number += 1


def parse_line(text: str) -> Parsed:
    """Parse one logical line.

    :raises MalformedError: it is not in pip's grammar, or depends on an environment variable
    """
    begin = _OPTIONS_START.search(text)
    if begin is None:
        return _requirement_line(text, {})
    requirement = text[: begin.start()].strip()
    options = _options(text[begin.end() :])
    if not requirement:
        return _global_line(options)
    if options.foreign():
        raise MalformedError("an option that belongs on a line of its own stands behind a requirement")
    return _requirement_line(requirement, _hashes(options.hashes))


class _Options(optparse.Values):
    """Option values of one line, as lists of strings."""

    hashes: list[str]
    includes: list[str]
    constraints: list[str]
    editables: list[str]
    indexes: list[str]
    find_links: list[str]
    no_index: bool
    ignored: list[str]

    def foreign(self) -> bool:
        """Whether an option is set that may not stand behind a requirement."""
        return bool(
            self.includes or self.constraints or self.editables or self.indexes or self.find_links or self.no_index
        )


class _Parser(optparse.OptionParser):
    """pip reads options with optparse too, so abbreviations (``--requirem``) and ``-rFILE`` mean the same here."""

    def error(self, msg: str) -> NoReturn:
        raise MalformedError(msg)


def _parser() -> _Parser:
    parser = _Parser(add_help_option=False)
    lists: tuple[tuple[str, tuple[str, ...]], ...] = (
        ("hashes", ("--hash",)),
        ("includes", ("-r", "--requirement")),
        ("constraints", ("-c", "--constraint")),
        ("editables", ("-e", "--editable")),
        ("indexes", ("-i", "--index-url", "--pypi-url", "--extra-index-url")),
        ("find_links", ("-f", "--find-links")),
        ("ignored", ("--no-binary", "--only-binary", "--trusted-host", "--use-feature", "--global-option")),
        ("ignored", ("--install-option", "-C", "--config-settings", "--config-setting", "--all-releases")),
        ("ignored", ("--only-final", "--build-constraint")),
    )
    for target, names in lists:
        parser.add_option(*names, dest=target, action="append", default=[])
    parser.add_option("--no-index", dest="no_index", action="store_true", default=False)
    for names in (("--prefer-binary",), ("--require-hashes",), ("--pre",), ("-Z", "--always-unzip")):
        parser.add_option(*names, dest="flags", action="store_true", default=False)
    return parser


_PARSER = _parser()


_DEFAULTS: dict[str, Any] = vars(_PARSER.get_default_values())


def _options(text: str) -> _Options:
    values = _Options({key: list(value) if isinstance(value, list) else value for key, value in _DEFAULTS.items()})
    words = _words(text)
    if all(word.startswith("--hash=") for word in words):
        values.hashes = [word.removeprefix("--hash=") for word in words]
        return values
    _, rest = _PARSER.parse_args(words, values)
    if rest:
        raise MalformedError(f"{rest[0]!r} is no option of pip's requirements format")
    return values


def _words(text: str) -> list[str]:
    if not any(char in text for char in "'\"\\"):
        return text.split()
    try:
        return shlex.split(text)
    except ValueError as error:
        raise MalformedError(f"its quotes do not match ({error})") from error


def _hashes(values: list[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for value in values:
        match = _HASH.fullmatch(value)
        if not match or len(match["digest"]) != _DIGEST_LENGTHS[match["algorithm"]]:
            raise MalformedError("a --hash must be sha256, sha384 or sha512, a colon, and the digest in hexadecimal")
        found.setdefault(match["algorithm"], []).append(match["digest"].lower())
    return {algorithm: tuple(digests) for algorithm, digests in found.items()}


def _global_line(options: _Options) -> Parsed:
    if options.hashes and not options.editables:
        raise MalformedError("a --hash stands without a requirement")
    for text in (*options.includes, *options.constraints, *options.editables):
        _refuse_variable(text)
    if len(options.editables) > 1:
        raise MalformedError("more than one --editable on a line")
    return Parsed(
        editable=options.editables[0] if options.editables else "",
        includes=tuple(options.includes),
        constraints=tuple(options.constraints),
        indexes=tuple(options.indexes),
        find_links=tuple(options.find_links),
        no_index=options.no_index,
    )


def _refuse_variable(text: str) -> None:
    found = _VARIABLE.search(text)
    if found:
        raise MalformedError(f"it depends on the environment variable {found.group()}")


def _requirement_line(text: str, hashes: dict[str, tuple[str, ...]]) -> Parsed:
    _refuse_variable(text)
    head, marker = _split_marker(text)
    # An archive's name may also read as a project's name (``foo.zip``): pip takes it for a file.
    if "@" not in head and is_link(head):
        return _link_line(head, marker, hashes)
    try:
        # The marker is read apart, because a file has thousands of lines and few markers.
        return Parsed(requirement=requirement(head), marker=_marker(marker), hashes=hashes)
    except InvalidRequirement as error:
        if is_link(head):
            return _link_line(head, marker, hashes)
        raise MalformedError(_explained(head, error)) from error


def _link_line(link: str, marker: str, hashes: dict[str, tuple[str, ...]]) -> Parsed:
    if any(char.isspace() for char in link):
        raise MalformedError("a path or URL holds a space")
    return Parsed(link=link, marker=_marker(marker), hashes=hashes)


@functools.lru_cache(maxsize=1024)
def _marker(text: str) -> str:
    """An environment marker in its usual spelling."""
    try:
        return str(pins.marker(text)) if text else ""
    except InvalidMarker as error:
        raise MalformedError("what stands behind the semicolon is no environment marker") from error


def _split_marker(text: str) -> tuple[str, str]:
    # A semicolon may be part of a URL: there, only one beside a space begins a marker.
    separator = _URL_MARKER if "://" in text else _MARKER
    link, *marker = separator.split(text, maxsplit=1)
    return link.strip(), "".join(marker).strip()


def _explained(text: str, error: InvalidRequirement) -> str:
    if re.search(r"[^=<>!~]=[^=]", text):
        return "a single '=' is no operator, an exact version is written '=='"
    return str(error).partition("\n")[0]

"""How a real file is broken: on its bytes, its lines, or the tree that JSON decodes to. Seeded, so repeatable."""

import copy
import json
import random
import re
from collections.abc import Callable
from typing import Any, Final

Mutate = Callable[[random.Random, bytes], bytes]

_TOKENS: Final = (
    b"\xff", b"\0", b"\xef\xbb\xbf", b"\xfe\xff", b"\r", b"\r\n", b"\n\n", b"\\", b"\\u0000", b"\\ud800", b'"', b"'",
    b"'''",
    b'"""', b"[", b"]", b"[[", b"{", b"}", b"=", b",", b":", b"#", b";", b"@", b"-", b"-r x", b"--hash=", b"${X}",
    b"$(x)",
    b"1e999", b"-1", b"9" * 400, b"18446744073709551616", b"0x", b"NaN", b"Infinity", b"null", b"true", b"[[[[" * 300,
    b'{"a":' * 300, b"((((" * 200, b"../../../etc/passwd", b"/dev/zero", b"file:///", b"//", b"%00", b"%ff",
    b"&a [*a,*a]", b"*a",
    b"!!python/object:os.system x", b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;", b"\xe2\x80\xae", b"\xed\xa0\x80",
    b"a" * 3000,
    b"9999-12-31T23:59:59Z", b"0001-01-01", b"2024-02-30", b"24:61:61", b"extends = ", b"<<<<<<<", b"\x1b[31m",
    b"\x85", b"\x0c",
    b"==", b">=1,<", b"===x", b"!=*", b"1!2", b" ; python_version < ", b"; extra == 'x'", b"git+https://", b"-e ",
    b"\\\n",
)  # fmt: skip
_DEEP: Final[Any] = json.loads("[" * 90 + "]" * 90)
_VALUES: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 2**64, -(2**63), 1e308, -0.0, 0.5, "", " ", "x", "\0", "\ud800",
    "\u202e", "a" * 3000,
    "..", "/", "../../x", "file:///etc/passwd", "https://[::1", "http://[", "%", "%ff", "1e999", "NaN",
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2024-02-30", "10:00", "CVSS:3.1/", "CVSS:4.0/AV:N",
    "CVE-2024-1", "==1.*", "1!0",
    "pkg:pypi/a@1", "pkg:", "pkg:pypi/@", "#/runs/0", [], {}, [[]], [None], [{}], {"": ""}, {"a": None}, _DEEP,
)  # fmt: skip
_TOML_VALUES: Final = (
    "0", "-1", "9223372036854775807", "9223372036854775808", "1e400", "nan", "inf", "true", '""', '"x"', '"\\u0000"',
    '"\\U0001F600"', "[]",
    "[[]]", "{}", "{a = 1}", "[1, 'a']", "2024-01-01", "0001-01-01", "9999-12-31T23:59:59Z", "07:32:00",
    "1979-05-27T00:32:00+23:59",
    "'''\n'''", "[" * 90 + "]" * 90, '"../../x"', '"' + "a" * 3000 + '"', '"\\uD800"', '"==1.*"',
    '"name @ file:///x"', "{a.b = {c = []}}",
)  # fmt: skip
_TOML_VALUE: Final = re.compile(rb"(?<== )[^\n]+")

_XML_PART: Final = re.compile(rb"(?<=>)[^<>]+(?=<)|(?<=\")[^\"<>]+(?=\")|<(\w+)[^<>]*>[^<>]*</\1>|<\w+ [^<>]*/>")


def on_bytes(dice: random.Random, seed: bytes) -> bytes:
    """One to four changes anywhere: a byte turned, a piece cut, doubled or moved, an evil token put in, the end cut."""
    data = bytearray(seed)
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        at, until = sorted((dice.randrange(len(data) + 1), dice.randrange(len(data) + 1)))
        until = min(until, at + dice.choice((1, 2, 8, 64, 100_000)))
        match dice.randrange(7):
            case 0 if at < len(data):
                data[at] ^= 1 << dice.randrange(8)
            case 1:
                del data[at:until]
            case 2:
                data[at:at] = data[at:until][:2_000]
            case 3:
                del data[at:]
            case _:
                data[at:until] = dice.choice(_TOKENS)
    return bytes(data)


def on_lines(dice: random.Random, seed: bytes) -> bytes:
    """Lines dropped, doubled, swapped, joined; a token put into one; for what is read line by line."""
    lines = seed.split(b"\n")
    for _ in range(dice.choice((1, 1, 2, 4))):
        one, other = dice.randrange(len(lines)), dice.randrange(len(lines))
        match dice.randrange(5):
            case 0:
                lines[one], lines[other] = lines[other], lines[one]
            case 1:
                lines.insert(one, lines[other])
            case 2:
                lines[one] = lines[one] + lines[other].strip()
            case _:
                lines[one] = on_bytes(dice, lines[one])
    return b"\n".join(lines)


def on_toml(dice: random.Random, seed: bytes) -> bytes:
    """A value replaced by one of another kind; sometimes as :func:`on_lines`."""
    places = list(_TOML_VALUE.finditer(seed))
    if not places or dice.random() < 0.4:
        return on_lines(dice, seed)
    place = dice.choice(places)
    return seed[: place.start()] + dice.choice(_TOML_VALUES).encode() + seed[place.end() :]


def on_xml(dice: random.Random, seed: bytes) -> bytes:
    """An element, its text or an attribute's value changed; sometimes as :func:`on_bytes`."""
    if dice.random() < 0.3:
        return on_bytes(dice, seed)
    place = dice.choice(list(_XML_PART.finditer(seed)))
    new = dice.choice((b"", b"x", b"-1", b"9" * 400, b"a" * 3000, b"&amp;", b"]]", place[0] * 3, b"2024-02-30"))
    return seed[: place.start()] + new + seed[place.end() :]


def on_json(dice: random.Random, seed: bytes) -> bytes:
    """One to three changes of the decoded tree; sometimes as :func:`on_bytes`."""
    if dice.random() < 0.25:
        return on_bytes(dice, seed)
    tree = copy.copy(_decoded(seed))
    for _ in range(dice.choice((1, 1, 2, 3))):
        tree = _changed(dice, tree)
    return json.dumps(tree).encode()


def on_json_lines(dice: random.Random, seed: bytes) -> bytes:
    """One line of many changed as :func:`on_json` does; sometimes as :func:`on_lines`."""
    if dice.random() < 0.2:
        return on_lines(dice, seed)
    lines = seed.split(b"\n")
    at = dice.choice([number for number, line in enumerate(lines) if line])
    return b"\n".join([*lines[:at], on_json(dice, lines[at]), *lines[at + 1 :]])


_known: dict[bytes, Any] = {}


def _decoded(seed: bytes) -> Any:
    if seed not in _known:
        _known[seed] = json.loads(seed)
    return _known[seed]


def _changed(dice: random.Random, tree: Any) -> Any:
    """A copy of ``tree`` changed at one place; only what lies on the way there is copied."""
    if not isinstance(tree, dict | list) or not tree or dice.random() < 0.04:
        return dice.choice(_VALUES)
    keys: list[Any] = list(tree) if isinstance(tree, dict) else list(range(len(tree)))
    key, new = dice.choice(keys), copy.copy(tree)
    if isinstance(tree[key], dict | list) and dice.random() < 0.85:
        new[key] = _changed(dice, tree[key])
        return new
    match dice.randrange(6):
        case 0:
            del new[key]
        case 1:
            new[key] = tree[dice.choice(keys)]
        case 2 if isinstance(new, dict):
            new[str(dice.choice(_VALUES))[:50]] = new.pop(key)
        case _:
            new[key] = dice.choice(_VALUES)
    return new


def clipped(data: bytes, most: int = 4) -> bytes:
    """JSON with at most ``most`` items a list and thrice that many keys an object: a small seed has the same shapes."""
    return json.dumps(_clip(json.loads(data), most)).encode()


def _clip(value: Any, most: int) -> Any:
    if isinstance(value, list):
        return [_clip(item, most) for item in value[:most]]
    if isinstance(value, dict):
        return {key: _clip(item, most) for key, item in list(value.items())[: 3 * most + 12]}
    return value[:500] if isinstance(value, str) else value


def head(data: bytes, most: int = 5_000) -> bytes:
    """The first tables (or lines) of a text file, about ``most`` bytes."""
    if len(data) <= most:
        return data
    cut = max(data.rfind(b"\n[[", 0, most), data.rfind(b"\n\n", 0, most))
    return data[: cut if cut > most // 4 else data.rfind(b"\n", 0, most)] + b"\n"

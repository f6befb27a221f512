"""The small values of CycloneDX: text, addresses, licences, people, digests. All clean, valid and without secrets."""

import re
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit, urlunsplit

from govsec_ci.formats.cyclonedx_wire import schema_text
from govsec_ci.model import Component

if TYPE_CHECKING:
    from jsonschema_rs import Draft7Validator

_ALGORITHMS = {
    "md5": ("MD5", 32), "sha1": ("SHA-1", 40), "sha256": ("SHA-256", 64), "sha384": ("SHA-384", 96),
    "sha512": ("SHA-512", 128), "sha3_256": ("SHA3-256", 64), "sha3_384": ("SHA3-384", 96),
    "sha3_512": ("SHA3-512", 128), "blake2b": ("BLAKE2b-512", 128),
}  # fmt: skip
_LIMIT_EXPRESSION = 2000
_ADDRESS = re.compile(r"^(?P<name>[^<>]*?)\s*<(?P<email>[^<>@\s]+@[^<>@\s]+)>$")

Json = dict[str, Any]


def clean(text: str) -> str:
    """Text as UTF-8 can hold it: a byte that was none (``surrogateescape``) becomes ``?``."""
    return text.encode("utf-8", "replace").decode("utf-8")


def redact(url: str) -> str:
    """A URL without user name and password: they are secrets, and an SBOM is handed out."""
    try:
        parts = urlsplit(clean(url))
    except ValueError:
        return ""
    if "@" not in parts.netloc:
        return urlunsplit(parts)
    user, _, host = parts.netloc.rpartition("@")
    # ``git@host`` is how ssh addresses a repository, and no secret.
    keep = user == "git" and parts.scheme.endswith("ssh")
    return urlunsplit(parts._replace(netloc=f"git@{host}" if keep else host))


def iri(url: str) -> str:
    """The URL as an IRI reference (RFC 3987) that the schema accepts, or empty where it is none."""
    encoded = quote(url, safe=":/?#[]@!$&'()*+,;=%-._~")
    return encoded if encoded and _is(encoded, "iri-reference") else ""


@cache
def _is(text: str, json_format: str) -> bool:
    return _format(json_format).is_valid(text)


@cache
def _format(name: str) -> "Draft7Validator":
    from jsonschema_rs import Draft7Validator  # noqa: PLC0415 — heavy, and not every command needs it

    return Draft7Validator({"type": "string", "format": name}, validate_formats=True)


def licence(text: str) -> list[Json]:
    """``licenses`` for a declared licence: an SPDX id or expression where it is one, else kept as a name."""
    text = clean(text).strip()
    if not text:  # no reason to load what reads expressions, for a tenth of a second
        return []
    known = _spdx_ids().get(text.lower())
    if known:
        return [{"license": {"id": known, "acknowledgement": "declared"}}]
    expression = _expression(text)
    if expression:
        return [{"expression": expression, "acknowledgement": "declared"}]
    return [{"license": {"name": text, "acknowledgement": "declared"}}]


@cache
def _spdx_ids() -> dict[str, str]:
    return {identifier.lower(): identifier for identifier in schema_text("spdx.SNAPSHOT.schema.json")["enum"]}


@cache
def _expression(text: str) -> str:
    if len(text) > _LIMIT_EXPRESSION:
        return ""
    try:
        parsed = _licensing().parse(text, validate=True, strict=True)
    except Exception:  # noqa: BLE001 — its parser fails in many ways (IndexError for "()"); then it is a name
        return ""
    return "" if parsed is None else str(parsed)


@cache
def _licensing() -> Any:
    from license_expression import get_spdx_licensing  # noqa: PLC0415 — heavy

    return get_spdx_licensing()


def contacts(texts: Iterable[str]) -> list[Json]:
    """People as ``Name <mail>``, each once, as organizationalContact objects; an address that is none is left out."""
    return [_contact(clean(text).strip()) for text in sorted(set(texts)) if text.strip()]


def _contact(text: str) -> Json:
    match = _ADDRESS.match(text)
    if not match:
        return {"name": text}
    name, email = match["name"].strip(" \"'"), match["email"]
    return {"name": name or email} | ({"email": email} if _is(email, "idn-email") else {})


def digests_of(components: Iterable[Component]) -> list[Json]:
    """Every digest whose algorithm CycloneDX knows, each once, as hash objects."""
    return digests(
        (algorithm, digest)
        for component in components
        for algorithm, every in component.hashes.items()
        for digest in every
    )


def digests(pairs: Iterable[tuple[str, str]]) -> list[Json]:
    """The same of pairs of an algorithm (``sha256``) and a hex digest."""
    found = {
        (_ALGORITHMS[algorithm][0], digest.lower())
        for algorithm, digest in pairs
        if algorithm in _ALGORITHMS and re.fullmatch(f"[0-9A-Fa-f]{{{_ALGORITHMS[algorithm][1]}}}", digest)
    }
    return [{"alg": algorithm, "content": content} for algorithm, content in sorted(found)]

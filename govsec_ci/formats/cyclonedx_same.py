"""Whether two CycloneDX documents say the same of the components: serial number, time and commit aside."""

import re
from typing import Any, Final

import msgspec

from govsec_ci.formats.cyclonedx_sbom import COMMIT

_VOLATILE: Final = frozenset({COMMIT, "govsec:dirty"})


def same(one: bytes, other: bytes) -> bool:
    """Compare two documents; one that is no JSON object is the same as nothing."""
    left, right = _essence(one), _essence(other)
    return left is not None and left == right


def _essence(data: bytes) -> dict[str, Any] | None:
    try:
        bom = msgspec.json.decode(data)
        commit = _commit(bom)
        # The root's package URL names the commit too, in its version or a qualifier.
        bom = msgspec.json.decode(_without(commit, data)) if commit else bom
        return _steady(bom)
    except (msgspec.MsgspecError, UnicodeDecodeError, AttributeError, TypeError, RecursionError):
        return None


def _commit(bom: dict[str, Any]) -> str:
    properties = bom.get("metadata", {}).get("properties", [])
    return next((entry["value"] for entry in properties if entry.get("name") == COMMIT), "")


def _without(commit: str, data: bytes) -> bytes:
    return re.sub(rb"(@|%40)?" + re.escape(commit.encode()), b"", data)


def _steady(bom: dict[str, Any]) -> dict[str, Any]:
    metadata = {key: value for key, value in bom.get("metadata", {}).items() if key != "timestamp"}
    kept = [entry for entry in metadata.pop("properties", []) if entry.get("name") not in _VOLATILE]
    return {key: value for key, value in bom.items() if key not in ("serialNumber", "metadata")} | {
        "metadata": metadata | {"properties": kept}
    }

"""VEX documents of either format."""

import json

from govsec_ci.errors import InputError
from govsec_ci.formats.cyclonedx import read_vex
from govsec_ci.formats.openvex import read_openvex
from govsec_ci.model import VexStatement


def read_statements(data: bytes, *, name: str) -> tuple[VexStatement, ...]:
    """The statements of an OpenVEX or CycloneDX VEX document; :raises InputError: it is neither, or broken."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name}: is no JSON: {error}", next_step="give an OpenVEX or a CycloneDX document") from error
    if isinstance(document, dict) and "bomFormat" in document:
        return read_vex(data, name=name)
    return read_openvex(data, name=name)

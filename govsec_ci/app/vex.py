"""VEX documents of either format."""

import json

from msgspec.structs import replace

from govsec_ci.errors import InputError
from govsec_ci.formats.cyclonedx import decode, read_vex
from govsec_ci.formats.cyclonedx_wire import WireComponent
from govsec_ci.formats.openvex import read_openvex
from govsec_ci.formats.products import elsewhere
from govsec_ci.model import Subject, VexStatement


def read_statements(data: bytes, *, name: str, subject: Subject | None = None) -> tuple[VexStatement, ...]:
    """The statements of an OpenVEX or CycloneDX VEX document.

    :param subject: what is judged: a document about another product, or version of it, has no effect; None: not asked
    :raises InputError: it is neither, or broken
    """
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name}: is no JSON: {error}", next_step="give an OpenVEX or a CycloneDX document") from error
    if isinstance(document, dict) and "bomFormat" in document:
        return _about(subject, decode(data, name=name).metadata.component, read_vex(data, name=name))
    return read_openvex(data, name=name, subject=subject)


def _about(
    subject: Subject | None, root: WireComponent | None, statements: tuple[VexStatement, ...]
) -> tuple[VexStatement, ...]:
    """The statements of a CycloneDX document, each in the context of the product that is its root component."""
    why = elsewhere(root.name, root.version, subject) if root and root.name else ""
    return tuple(replace(one, elsewhere=why) for one in statements) if why else statements

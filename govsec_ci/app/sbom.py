"""``govsec sbom check``: what public documents ask of an SBOM, field by field."""

from collections.abc import Iterator
from pathlib import Path

from govsec_ci.formats.cyclonedx import SbomField, check
from govsec_ci.gate.texts import counted
from govsec_ci.system.files import read_limited

_LIMIT_BYTES = 400_000_000
_SHOWN = 5


def report_lines(path: Path) -> Iterator[str]:
    """The report as lines for people; :raises InputError: it cannot be read or is no CycloneDX JSON."""
    found = check(read_limited(path, limit_bytes=_LIMIT_BYTES), name=str(path))
    yield f"CycloneDX {found.spec_version}, {counted(found.components, 'component', 'components')}"
    yield from (f"not valid by its own schema: {problem}" for problem in found.problems)
    for field in found.fields:
        yield from _field(field)


def _field(field: SbomField) -> Iterator[str]:
    mark = "ok     " if field.ok else "MISSING" if field.demand == "must" else "missing"
    clause = f" {field.clause}" if field.clause else ""
    yield f"{mark} {field.standard}{clause}: {field.field} ({field.demand}): {field.present} of {field.total}"
    if field.missing:
        more = len(field.missing) - _SHOWN
        yield f"          without: {', '.join(field.missing[:_SHOWN])}{f' and {more} more' if more > 0 else ''}"

"""CycloneDX: the one door to everything that knows its keys (``cyclonedx_*.py`` of this folder)."""

from govsec_ci.formats.cyclonedx_read import read_sbom
from govsec_ci.formats.cyclonedx_sbom import Head, Part, Party, Project, build, distinct, library_components
from govsec_ci.formats.cyclonedx_wire import SPEC, Said, decode, validate, write

__all__ = [
    "SPEC",
    "Head",
    "Part",
    "Party",
    "Project",
    "Said",
    "build",
    "decode",
    "distinct",
    "library_components",
    "read_sbom",
    "validate",
    "write",
]

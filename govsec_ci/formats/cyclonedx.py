"""CycloneDX: the one door to everything that knows its keys (``cyclonedx_*.py`` of this folder)."""

from govsec_ci.formats.cyclonedx_check import SbomField, SbomReport, check, read_sbom
from govsec_ci.formats.cyclonedx_library import library_components
from govsec_ci.formats.cyclonedx_parts import Part, distinct
from govsec_ci.formats.cyclonedx_sbom import Head, Party, Project, build
from govsec_ci.formats.cyclonedx_vex import bom_link, write_vex
from govsec_ci.formats.cyclonedx_vulnerabilities import Imported, read_vex, read_vulnerabilities
from govsec_ci.formats.cyclonedx_wire import SPEC, Said, decode, validate, write

__all__ = [
    "SPEC",
    "Head",
    "Imported",
    "Part",
    "Party",
    "Project",
    "Said",
    "SbomField",
    "SbomReport",
    "bom_link",
    "build",
    "check",
    "decode",
    "distinct",
    "library_components",
    "read_sbom",
    "read_vex",
    "read_vulnerabilities",
    "validate",
    "write",
    "write_vex",
]

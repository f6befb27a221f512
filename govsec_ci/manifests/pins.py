"""Exact versions: which one a specifier set names, and whether the public index can hold it."""

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version


def exact_version(specifiers: SpecifierSet) -> str | None:
    """The one version that ``==`` or ``===`` names, in normal form (PEP 440), or None.

    A wildcard (``==1.*``) names no version; of ``==1.0,>=2`` nothing is left, which is None as well.
    """
    for specifier in specifiers:
        if specifier.operator in ("==", "===") and not specifier.version.endswith(".*"):
            version = normal(specifier.version)
            alone = len(specifiers) == 1
            return version if version and (alone or specifiers.contains(version, prereleases=True)) else None
    return None


def normal(version: str) -> str | None:
    """A version in normal form, or None where PEP 440 knows no such version."""
    try:
        return str(Version(version))
    except InvalidVersion:
        return None


def is_local(version: str | None) -> bool:
    """Whether it has a local label (``1.0+cpu``): the public index takes none (PEP 440), so it came from elsewhere."""
    return version is not None and "+" in version


def allows(specifier: str, version: str) -> bool:
    """Whether a version is within a specifier; local labels count as their public version, as installers see it."""
    try:
        return SpecifierSet(specifier).contains(Version(version), prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return False

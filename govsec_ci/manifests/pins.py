"""Exact versions: which one a specifier set names, and whether the public index can hold it.

Of packaging, each ValueError counts: besides its own it lets Python's through, for numbers of more than 4,300 digits.
"""

from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version


def requirement(text: str) -> Requirement:
    """A requirement in standard notation (PEP 508), whose specifiers can be told.

    :raises InvalidRequirement: it is none, compares with a number without end, or its marker nests without end
    """
    try:
        found = Requirement(text)
    except RecursionError as error:
        raise InvalidRequirement("what stands behind the semicolon is no environment marker") from error
    try:
        str(found.specifier)
    except ValueError as error:
        raise InvalidRequirement("a version is longer than a version can be") from error
    return found


def marker(text: str) -> Marker:
    """An environment marker (PEP 508).

    :raises InvalidMarker: it is none, or nests without end
    """
    try:
        return Marker(text)
    except RecursionError as error:
        raise InvalidMarker("what stands behind the semicolon is no environment marker") from error


def exact_version(specifiers: SpecifierSet) -> str | None:
    """The one version that ``==`` or ``===`` names, in normal form (PEP 440), or None.

    A wildcard (``==1.*``) names no version; of ``==1.0,>=2`` nothing is left, which is None as well.
    """
    for specifier in specifiers:
        if specifier.operator in ("==", "===") and not specifier.version.endswith(".*"):
            version = normal(specifier.version)
            alone = len(specifiers) == 1
            return version if version and (alone or _within(specifiers, version)) else None
    return None


def normal(version: str) -> str | None:
    """A version in normal form, or None where PEP 440 knows no such version."""
    try:
        return str(Version(version))
    except ValueError:
        return None


def _within(specifiers: SpecifierSet, version: str) -> bool:
    try:
        return specifiers.contains(version, prereleases=True)
    except ValueError:
        return False


def is_local(version: str | None) -> bool:
    """Whether it has a local label (``1.0+cpu``): the public index takes none (PEP 440), so it came from elsewhere."""
    return version is not None and "+" in version


def allows(specifier: str, version: str) -> bool:
    """Whether a version is within a specifier; local labels count as their public version, as installers see it."""
    try:
        return SpecifierSet(specifier).contains(Version(version), prereleases=True)
    except ValueError:
        return False

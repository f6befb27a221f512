"""Whether a VEX document speaks of the product that is judged: its name, and its version where the document has one.

What was true of another version need not be true of this one: where that cannot be told, nothing is believed.
"""

from govsec_ci.model import Subject


def elsewhere(name: str, version: str, subject: Subject | None) -> str:
    """Why a product is not the one that is judged, or empty; with ``subject`` None every product is believed to be it.

    :param version: as the document names it: a version or a commit; empty: the document speaks of all versions
    """
    if subject is None:
        return ""
    if _normal(name) != _normal(subject.name):
        return f"it speaks of {name}, and this is {subject.name}"
    if not version or _is_of(version, subject):
        return ""
    own = subject.version or subject.commit
    if not own:
        return f"it speaks of {name} {version}, and which version this is, is not known"
    return f"it speaks of {name} {version}, and this is {own}"


def _is_of(version: str, subject: Subject) -> bool:
    """Versions are compared as PEP 440 does, where both are such; a commit is a commit."""
    return version in {subject.version, subject.commit} or (
        bool(subject.version) and _parsed(version) == _parsed(subject.version)
    )


def _parsed(version: str) -> object:
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415 — heavy, and rarely needed

    try:
        return Version(version)
    except (InvalidVersion, ValueError):  # ValueError: a number of more than 4,300 digits
        return version


def _normal(name: str) -> str:
    from packaging.utils import canonicalize_name  # noqa: PLC0415

    return str(canonicalize_name(name))

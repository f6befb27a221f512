"""The notifications that reading manifests can give: one list of ids, one way to make them."""

from collections.abc import Mapping
from types import MappingProxyType

from govsec_ci.model import Level, Location, Notification, Region

MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "requirement-malformed": "a line or entry is not a requirement or option that its format knows",
        "requirement-unpinned": "a requirement does not name one exact version",
        "requirement-not-on-index": "a component comes from a VCS, path, URL or private index: no public advisory data",
        "requirement-conflict": "two entries ask for different exact versions of one component in the same environment",
        "requirement-is-project": "a line names the judged project itself, which is no component",
        "index-not-public": "a package index other than the public one is used",
        "manifest-unreadable": "a manifest cannot be read: encoding, syntax, size, nesting, or only by running it",
        "manifest-include": "an included file is missing, leads out of the tree, is a URL or includes itself",
        "manifest-unlocked": "dependencies are declared, and nothing locks them",
        "manifest-not-audited": "a file declares dependencies of a kind that is not audited",
        "build-unpinned": "what builds the project is not pinned, and was not audited",
        "manifest-closure-unproven": "versions are pinned without hashes: a transitive one may be missing",
        "lock-out-of-step": "a lock does not hold what the project declares",
        "lock-not-compared": "a lock could not be compared with the declaration, because that is made when building",
        "environment-unreadable": "installed metadata is missing or cannot be read",
        "environment-system-packages": "the environment also sees packages outside of it, which were not read",
        "environment-index-unknown": "installed metadata does not tell which index a component came from",
    }
)

LOCK_IT = (
    "lock it (uv lock, poetry lock, pdm lock, or pip-compile --generate-hashes), or audit an installed environment "
    "with --environment, or say in govsec.toml [[declared]] how it is audited"
)
UNREAD_STEP = (
    "audit the installed environment with --environment, or declare the file out of scope in govsec.toml "
    "(with owner and reason)"
)
DECLARE_IT = (
    "take a release from the public index, or say in govsec.toml [[declared]] who audits it and how "
    "(name, owner, reason)"
)


def notice(
    identifier: str,
    text: str,
    *,
    path: str,
    line: int | None = None,
    level: Level = Level.ERROR,
    next_step: str = "",
    component: str = "",
) -> Notification:
    """A notification about a manifest; its text starts with ``path:line``.

    :param identifier: a key of :data:`MEANINGS`
    :param component: normalised name of the component that it is about, or empty
    """
    if identifier not in MEANINGS:
        raise KeyError(identifier)
    place = path if line is None else f"{path}:{line}"
    return Notification(
        id=identifier,
        level=level,
        text=f"{place}: {text}",
        location=Location(path=path, region=None if line is None else Region(start_line=line)),
        next_step=next_step,
        properties={"component": component} if component else {},
    )


def at(
    place: Location, identifier: str, text: str, level: Level = Level.ERROR, *, next_step: str = "", component: str = ""
) -> Notification:
    """:func:`notice` for a location."""
    line = place.region.start_line if place.region else None
    return notice(identifier, text, path=place.path, line=line, level=level, next_step=next_step, component=component)


def shown(text: str, *, limit: int = 120) -> str:
    """Text of the judged tree made safe to print: one line, no control characters, not endless."""
    flat = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"

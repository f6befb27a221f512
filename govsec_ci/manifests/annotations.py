"""The ``# via`` comments in which pip-compile and uv say why each line of a requirements file is there.

They are comments, so nothing is decided by them; they only tell the graph. Source: the files that pip-tools and uv
write (both annotation styles, ``split`` and ``line``).
"""

import re
from collections.abc import Mapping, Sequence

from msgspec.structs import replace
from packaging.utils import canonicalize_name

from govsec_ci.model import Component

Place = tuple[str, int]
"""Path and line of a requirement."""

_VIA = re.compile(r"(?:^|\s)# via(?:\s+(?P<first>\S.*))?$")
_MORE = re.compile(r"^\s*#\s{2,}(?P<more>\S.*)$")


def annotations(text: str) -> dict[int, tuple[str, ...]]:
    """Line on which a requirement begins → what its comment gives as reasons (names, ``-r FILE`` …)."""
    found: dict[int, list[str]] = {}
    start, joined, open_list = 0, False, False
    for number, line in enumerate(text.split("\n"), start=1):
        comment = line.lstrip().startswith("#")
        if not comment and line.strip() and not joined:
            start, open_list = number, False
        joined = not comment and line.rstrip("\r").endswith("\\")
        via = _VIA.search(line.rstrip())
        if via:
            open_list = True
            found.setdefault(start, []).extend(_parts(via["first"]))
        elif comment and open_list:
            more = _MORE.match(line)
            open_list = more is not None
            found[start].extend(_parts(more["more"] if more else None))
    return {line: tuple(reasons) for line, reasons in found.items() if line and reasons}


def _parts(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def with_graph(components: Sequence[Component], reasons: Mapping[Place, tuple[str, ...]]) -> list[Component]:
    """The components with ``direct`` where a comment tells, and with their edges where comments tell of all."""
    given = [reasons.get(_place(component), ()) for component in components]
    names = {component.name for component in components}
    edges: dict[str, set[str]] = {name: set() for name in names}
    for component, listed in zip(components, given, strict=True):
        for parent in filter(names.__contains__, map(_name, listed)):
            edges[parent].add(component.name)
    whole = bool(components) and all(given)
    return [
        replace(
            component,
            direct=any(_is_project(reason, names) for reason in listed) if listed else component.direct,
            depends_on=tuple(sorted(edges[component.name])) if whole else component.depends_on,
        )
        for component, listed in zip(components, given, strict=True)
    ]


def _place(component: Component) -> Place:
    region = component.location.region
    return component.location.path, region.start_line if region else 0


def _name(reason: str) -> str:
    return canonicalize_name(reason.partition(" ")[0])


def _is_project(reason: str, names: set[str]) -> bool:
    """Whether a reason is the project: a file that it writes by hand, or a name that is none of the components."""
    if reason.startswith("-c "):
        return False
    return reason.startswith("-r ") or "(" in reason or _name(reason) not in names

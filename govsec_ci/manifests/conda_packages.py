"""Conda's packages: another ecosystem's, under names of its own, which no advisory data here cover."""

import re
from collections.abc import Iterator, Sequence

from govsec_ci.manifests.notices import UNREAD_STEP, notice, shown
from govsec_ci.model import Notification

_PACKAGE = re.compile(r"(?:[^:\s]*::)?([A-Za-z0-9_.-]+)")
_ALWAYS = frozenset({"python", "pip"})
"""The interpreter, which no format has audited, and what installs the rest."""
_MOST_SHOWN = 5


def not_audited(path: str, packages: Sequence[tuple[int, str]]) -> Iterator[Notification]:
    """At most one ERROR, for what is given with its line and is neither the interpreter nor pip."""
    found = [(line, text) for line, text in packages if _package(text) not in _ALWAYS]
    if found:
        names = ", ".join(shown(text, limit=40) for _, text in found[:_MOST_SHOWN])
        more = ", …" if len(found) > _MOST_SHOWN else ""
        text = f"not audited: {len(found)} of conda's packages ({names}{more})"
        if len(found) == 1:
            text = f"1 of conda's packages was not audited: {names}"
        yield notice("manifest-not-audited", text, path=path, line=found[0][0], next_step=UNREAD_STEP)


def _package(text: str) -> str:
    """A package's name, without channel, version and build (conda's match specification)."""
    found = _PACKAGE.match(text.strip())
    return found.group(1).lower() if found else text

"""Why a component cannot be audited, told the same way for every format."""

from collections.abc import Iterator, Mapping

from govsec_ci.manifests import sources
from govsec_ci.manifests.notices import DECLARE_IT, LOCK_IT, at, shown
from govsec_ci.model import Component, Notification

_NOT_ON_INDEX: Mapping[str, str] = {
    sources.VCS: "comes from version control",
    sources.PATH: "comes from a path",
    sources.URL: "comes from a URL",
    sources.PRIVATE: "comes from a private index",
}


def shortcomings(component: Component) -> Iterator[Notification]:
    """At most one ERROR: the component is not from the public index, or not pinned."""
    if component.source != sources.INDEX:
        origin = component.url or component.index or component.version or ""
        text = f"{component.name} {_NOT_ON_INDEX[component.source]} ({shown(origin)}): no public advisories cover it"
        yield at(component.location, "requirement-not-on-index", text, next_step=DECLARE_IT, component=component.name)
    elif component.version is None:
        text = f"{component.name} is not pinned to one version"
        yield at(component.location, "requirement-unpinned", text, next_step=LOCK_IT, component=component.name)

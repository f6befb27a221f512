"""Whether a component can be audited, ruled and told the same way for every format."""

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from govsec_ci.manifests import sources
from govsec_ci.manifests.notices import DECLARE_IT, LOCK_IT, at, shown
from govsec_ci.manifests.pins import is_local
from govsec_ci.model import Component, Notification

_NOT_ON_INDEX: Mapping[str, str] = {
    sources.VCS: "comes from version control",
    sources.PATH: "comes from a path",
    sources.URL: "comes from a URL",
    sources.PRIVATE: "comes from a private index",
}


def ruled(component: Component) -> Component:
    """The component with its source corrected by what its version and URL prove.

    A local version (``1.0+cpu``) never came from the public index, which takes none (PEP 440). A URL at the public
    index's own file host that names this very release did.
    """
    if component.source == sources.INDEX and is_local(component.version):
        return replace(component, source=sources.PRIVATE)
    if component.source != sources.URL or not sources.is_public_file(component.url):
        return component
    name, version = sources.name_of_link(component.url)
    if name != component.name or version is None or component.version not in (None, version):
        return component
    return replace(component, source=sources.INDEX, version=version)


def shortcomings(component: Component) -> Iterator[Notification]:
    """At most one ERROR: the component is not from the public index, or not pinned."""
    if component.source != sources.INDEX:
        origin = component.url or component.index or component.version or ""
        text = f"{component.name} {_NOT_ON_INDEX[component.source]} ({shown(origin)}): no public advisories cover it"
        yield at(component.location, "requirement-not-on-index", text, next_step=DECLARE_IT, component=component.name)
    elif component.version is None:
        text = f"{component.name} is not pinned to one version"
        yield at(component.location, "requirement-unpinned", text, next_step=LOCK_IT, component=component.name)

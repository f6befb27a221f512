"""An installed environment as the answer to what a manifest leaves open: which version a line came to be."""

from collections.abc import Iterator

from msgspec.structs import replace

from govsec_ci.manifests.base import Manifest
from govsec_ci.manifests.notices import at
from govsec_ci.manifests.pins import allows
from govsec_ci.model import Component, Notification


def answered(manifest: Manifest, environment: Manifest) -> Manifest:
    """The manifest with its unpinned components at the versions that are installed.

    What is not installed stays unpinned. What is installed in a version that the line does not allow is told.
    """
    installed = {component.name: component for component in environment.components}
    components = list(manifest.components)
    told = list(manifest.notifications)
    for number, specifier in manifest.unpinned.items():
        component = components[number]
        found = installed.get(component.name)
        if found is None or found.version is None:
            continue
        if allows(specifier, found.version):
            components[number] = replace(component, version=found.version, source=found.source, url=found.url)
            told = [note for note in told if not _is_unpinned(note, component)]
        else:
            told.extend(_other_version(component, specifier, found))
    return replace(manifest, components=tuple(components), notifications=tuple(told))


def _is_unpinned(note: Notification, component: Component) -> bool:
    same = note.properties.get("component") == component.name and note.location == component.location
    return same and note.id == "requirement-unpinned"


def _other_version(component: Component, specifier: str, found: Component) -> Iterator[Notification]:
    text = f"{component.name}{specifier} is asked for, but {found.version} is installed"
    step = "install the environment anew from this file"
    yield at(component.location, "lock-out-of-step", text, next_step=step, component=component.name)

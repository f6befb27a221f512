"""What an SBOM is put together from: one part a manifest, one entry a component."""

from collections import defaultdict
from collections.abc import Sequence

from msgspec import Struct
from packageurl import PackageURL

from govsec_ci.formats.cyclonedx_values import clean, redact
from govsec_ci.formats.cyclonedx_wire import Said
from govsec_ci.model import Component
from govsec_ci.system.files import path_to_uri

# How a purl of type pypi says that a package is not the one of that name on the public index (purl-spec, qualifiers).
_QUALIFIERS = {"vcs": "vcs_url", "url": "download_url", "path": "download_url", "private-index": "repository_url"}

Key = tuple[str, str, str, str]


class Part(Struct, frozen=True, kw_only=True):
    """One manifest's share of an SBOM.

    :param root: folder of the project that it belongs to; what one manifest of a project leaves open (the version, in a
        ``pyproject.toml``) another one of the same project may settle (its lock)
    :param said: for each of ``components``, what cyclonedx-bom or its library made of it
    :param whole: whether the list is all that gets installed: None where the format cannot tell
    :param installed: read from an installed environment, so that a digest without a URL is that of what is installed,
        and not of the archive that it came in
    """

    root: str = "."
    installed: bool = False
    components: tuple[Component, ...]
    said: tuple[Said, ...]
    whole: bool | None


class Entry:
    """One component of the document: the same name, version and source in several manifests is one.

    ``components`` begins with those that are the entry itself; behind them stand those without a version, which only
    ask for it. ``said`` belongs to the first of them.
    """

    def __init__(self, key: Key, shares: Sequence[tuple[Component, Said, bool]]) -> None:
        ordered = sorted(shares, key=lambda share: (_key(share[0]) != key, _place(share[0]), repr(share[0])))
        self.components = [component for component, _, _ in ordered]
        self.installed = [component for component, _, installed in ordered if installed]
        self.said = ordered[0][1]
        self.name = clean(key[0]).strip() or "unnamed"
        self.purl = _purl(self.components[0], self.name)
        self.ref = self.purl


def _place(component: Component) -> tuple[str, int]:
    region = component.location.region
    return component.location.path, region.start_line if region else 0


def _key(component: Component) -> Key:
    return (component.name, component.version or "", component.source, _origin(component))


def _origin(component: Component) -> str:
    if component.source == "private-index":
        return redact(component.index)
    return redact(component.url) if component.source != "index" else ""


class Items:
    """Every component of every part with the entries that it stands for."""

    def __init__(self, parts: Sequence[Part]) -> None:
        settled: dict[tuple[str, str], set[Key]] = defaultdict(set)
        for part in parts:
            for component in part.components:
                if component.version is not None:
                    settled[part.root, component.name].add(_key(component))
        self._settled = settled

    def keys(self, part: Part, component: Component) -> tuple[Key, ...]:
        """A component without a version stands for those of its name in the same project that have one."""
        found = self._settled.get((part.root, component.name), ()) if component.version is None else ()
        return tuple(sorted(found)) or (_key(component),)


def entries_of(parts: Sequence[Part], items: Items) -> dict[Key, Entry]:
    """The entries of a document, sorted by their keys, each with a reference of its own."""
    shares: dict[Key, list[tuple[Component, Said, bool]]] = defaultdict(list)
    for part in parts:
        for component, said in zip(part.components, part.said, strict=True):
            for key in items.keys(part, component):
                shares[key].append((component, said, part.installed))
    entries = {key: Entry(key, shares[key]) for key in sorted(shares)}
    used: dict[str, int] = defaultdict(int)
    for entry in entries.values():
        used[entry.purl] += 1
        entry.ref = entry.purl if used[entry.purl] == 1 else f"{entry.purl}#{used[entry.purl]}"
    return entries


def distinct(parts: Sequence[Part]) -> int:
    """How many components a document holds for these."""
    items = Items(parts)
    return len({key for part in parts for component in part.components for key in items.keys(part, component)})


def _purl(component: Component, name: str) -> str:
    qualifier = _QUALIFIERS.get(component.source)
    origin = _origin(component)
    if component.source == "path" and origin and "://" not in origin:
        origin = f"file:{path_to_uri(origin)}"
    qualifiers = {qualifier: origin} if qualifier and origin else None
    version = clean(component.version or "") or None
    return PackageURL("pypi", None, name, version, qualifiers).to_string()

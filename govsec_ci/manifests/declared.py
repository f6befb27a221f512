"""A declaration held against the locks beside it: what is locked, what is not, and what is out of step."""

import posixpath
import re
from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace
from packaging.requirements import InvalidRequirement
from packaging.specifiers import Specifier, SpecifierSet
from packaging.utils import canonicalize_name

from govsec_ci.manifests import sources
from govsec_ci.manifests.base import BUILD, Declaration, Declared, Manifest
from govsec_ci.manifests.environments import of_python, pythons
from govsec_ci.manifests.notices import LOCK_IT, notice, shown
from govsec_ci.manifests.pins import allows, exact_version, marker, requirement
from govsec_ci.manifests.shortcomings import ruled, shortcomings
from govsec_ci.manifests.text import UnreadableError
from govsec_ci.model import Component, Level, Location, Notification, Region


def from_pep508(text: str, *, line: int, group: str) -> Declared | None:
    """A requirement in standard notation (PEP 508), or None where the text is none."""
    try:
        found = requirement(text)
    except InvalidRequirement:
        return None
    return Declared(
        name=canonicalize_name(found.name),
        line=line,
        specifier=str(found.specifier),
        marker=str(found.marker or ""),
        extras=tuple(sorted(found.extras)),
        group=group,
        url=found.url or "",
    )


def unreadable(name: str, path: str, error: UnreadableError) -> Declaration:
    """A declaration of which only is known that it cannot be read."""
    broken = notice("manifest-unreadable", error.what, path=path, line=error.line, next_step=error.next_step)
    return Declaration(path=path, format=name, notifications=(broken,))


def unlocked(declaration: Declaration, only: tuple[Declared, ...] | None = None) -> Manifest:
    """The declaration as a manifest of its own: its requirements (or ``only`` some of them) are not locked."""
    wanted = _wanted(declaration) if only is None else only
    notifications = [*declaration.notifications]
    if declaration.computed and only is None:
        notifications.append(_computed(declaration))
    components = tuple(_component(declaration, one) for one in wanted)
    for one, component in zip(wanted, components, strict=True):
        notifications.extend(_not_locked(declaration, one, component))
    return Manifest(
        path=declaration.path,
        format=declaration.format,
        components=components,
        notifications=(*notifications, *_unproven(declaration, components)),
        aside=declaration.aside,
    )


def _computed(declaration: Declaration) -> Notification:
    return notice(
        "manifest-unreadable",
        f"{declaration.computed}, and code of the judged project is never run",
        path=declaration.path,
        next_step=LOCK_IT,
    )


def _not_locked(declaration: Declaration, one: Declared, component: Component) -> Iterator[Notification]:
    if component.source != sources.INDEX:
        yield from shortcomings(component)
    elif not _is_pin(declaration, component):
        text = f"{one.name}{one.specifier} ({one.group}) is declared, and no lock says which version that is"
        step = declaration.next_step or LOCK_IT
        yield notice(
            "manifest-unlocked", text, path=declaration.path, line=one.line, next_step=step, component=one.name
        )


def _is_pin(declaration: Declaration, component: Component) -> bool:
    return declaration.pins and component.version is not None and component.source == sources.INDEX


def _unproven(declaration: Declaration, components: Sequence[Component]) -> Iterator[Notification]:
    """What is pinned needs more, which nothing names."""
    if any(_is_pin(declaration, component) for component in components):
        yield notice(
            "manifest-closure-unproven",
            "versions are pinned, and no lock proves that no transitive dependency is missing",
            path=declaration.path,
            level=Level.WARNING,
            next_step=declaration.next_step,
        )


def _component(declaration: Declaration, one: Declared) -> Component:
    component = Component(
        name=one.name,
        version=exact_version(SpecifierSet(one.specifier)),
        location=Location(path=declaration.path, region=Region(start_line=one.line)),
        source=sources.kind_of_link(one.url) if one.url else sources.PRIVATE if declaration.index else sources.INDEX,
        index="" if one.url else declaration.index,
        marker=one.marker,
        extras=one.extras,
        direct=True,
        url=sources.without_login(one.url),
        groups=(one.group,),
    )
    return ruled(component) if declaration.pins else component


class Settled(Struct, frozen=True, kw_only=True):
    """What became of a declaration: a manifest of its own where something is to be said, else why it was left.

    :param note: what else is to be said of it, where it was left
    """

    manifest: Manifest | None = None
    left: str = ""
    note: str = ""


def settle(declaration: Declaration, locks: Sequence[Manifest], others: Sequence[Manifest]) -> Settled:
    """Hold a declaration against its locks; where it has none, against whatever else pins versions near it.

    What building needs is in no lock: its exact versions stand for themselves, of the rest a note is given.
    """
    settled = _settled_without_build(declaration, locks, others)
    pinned = [component for component in _build(declaration) if _stands(component)]
    note = _unpinned_build(declaration)
    if not pinned:
        return replace(settled, note=note) if settled.manifest is None else _noted(settled.manifest, note)
    manifest = settled.manifest or Manifest(path=declaration.path, format=declaration.format, aside=True)
    told = (notification for component in pinned for notification in shortcomings(component))
    manifest = replace(
        manifest,
        components=(*manifest.components, *pinned),
        notifications=(*manifest.notifications, *told),
    )
    return _noted(manifest, note)


def _build(declaration: Declaration) -> list[Component]:
    return [ruled(_component(declaration, one)) for one in declaration.build]


def _stands(component: Component) -> bool:
    """Whether what building needs is told exactly, be it from elsewhere than the index."""
    return component.version is not None or component.source != sources.INDEX


def _unpinned_build(declaration: Declaration) -> str:
    components = _build(declaration)
    open_ = [one for one, component in zip(declaration.build, components, strict=True) if not _stands(component)]
    names = ", ".join(f"{one.name}{one.specifier}" for one in open_)
    return (
        f"{shown(names)} ({BUILD}) was not audited: no exact version of what builds the project is named"
        if open_
        else ""
    )


def _noted(manifest: Manifest, note: str) -> Settled:
    if not note:
        return Settled(manifest=manifest)
    said = notice("build-unpinned", note, path=manifest.path, level=Level.NOTE)
    return Settled(manifest=replace(manifest, notifications=(*manifest.notifications, said)))


def _settled_without_build(declaration: Declaration, locks: Sequence[Manifest], others: Sequence[Manifest]) -> Settled:
    if declaration.silent and not declaration.notifications:
        return Settled(left=declaration.silent)
    if locks:
        return _settled(declaration, locks, (), _held_against(declaration, locks))
    held = {component.name for manifest in others for component in manifest.components}
    wanted = _wanted(declaration)
    missing = tuple(one for one in wanted if one.name not in held and is_possible(one, declaration))
    if not held or (wanted and missing == wanted):
        return Settled(manifest=unlocked(declaration))
    if not wanted and not declaration.computed:
        return Settled(manifest=unlocked(declaration, ()))
    return _settled(declaration, others, missing, _versions(declaration, others))


def _wanted(declaration: Declaration) -> tuple[Declared, ...]:
    """Without the project's own name, by which one extra refers to another."""
    return tuple(one for one in declaration.requirements if one.name != declaration.own_name)


def _settled(
    declaration: Declaration, by: Sequence[Manifest], missing: tuple[Declared, ...], said: list[Notification]
) -> Settled:
    manifest = unlocked(declaration, missing)
    if declaration.computed:
        said.append(
            notice(
                "lock-not-compared",
                f"{declaration.computed}; {_names(by)} was taken for it without comparison",
                path=declaration.path,
                level=Level.WARNING,
            )
        )
    if not manifest.components and not manifest.notifications and not said:
        return Settled(left=f"locked by {_names(by)}")
    return Settled(manifest=replace(manifest, notifications=(*manifest.notifications, *said)))


def _names(manifests: Sequence[Manifest]) -> str:
    return ", ".join(sorted(manifest.path for manifest in manifests))


def _held_against(declaration: Declaration, locks: Sequence[Manifest]) -> list[Notification]:
    """Each lock must hold everything; PEP 751 files may share the groups out among them, so they count as one."""
    said: list[Notification] = []
    for together in _together(locks):
        held = {name for lock in together for name in (*lock.members, *(one.name for one in lock.components))}
        absent = [one for one in _wanted(declaration) if one.name not in held and is_possible(one, declaration)]
        said.extend(_out_of_step(declaration, one, f"{_names(together)} does not hold it") for one in absent)
        misfits = _versions(declaration, together)
        said.extend(misfits)
        if not absent and not misfits:
            said.extend(_restated(declaration, together[0]))
    return said


def _together(locks: Sequence[Manifest]) -> list[list[Manifest]]:
    """A lock that cannot be read says so itself: nothing more is to be said of what it does not hold."""
    readable = [lock for lock in locks if lock.components or not _is_broken(lock)]
    shared = [lock for lock in readable if lock.format == "pylock"]
    return [[lock] for lock in readable if lock.format != "pylock"] + ([shared] if shared else [])


def _is_broken(lock: Manifest) -> bool:
    return any(note.level is Level.ERROR for note in lock.notifications)


def _versions(declaration: Declaration, manifests: Sequence[Manifest]) -> list[Notification]:
    """A version that the declaration allows must be there. Others may stand beside it, for other environments."""
    said = []
    held: dict[str, dict[str, str]] = {}
    for manifest in manifests:
        for component in manifest.components:
            if component.version:
                held.setdefault(component.name, {})[component.version] = manifest.path
    for one in _wanted(declaration):
        versions = held.get(one.name, {})
        if versions and not any(allows(one.specifier, version) for version in versions):
            version, path = next(iter(versions.items()))
            said.append(_out_of_step(declaration, one, f"{path} holds version {version}"))
    return said


def _restated(declaration: Declaration, lock: Manifest) -> list[Notification]:
    """Where a lock repeats what it was made from, that must be what is declared now."""
    stated = lock.stated.get(posixpath.dirname(declaration.path) or ".")
    if stated is None or declaration.computed:
        return []
    elsewhere = {one.name for one in (*stated, *declaration.requirements) if one.url} | {declaration.own_name}
    then, now = _essence(stated, elsewhere), _essence(declaration.requirements, elsewhere)
    if then == now:
        return []
    changed = ", ".join(sorted({name for name, _ in then ^ now}))
    return [
        notice(
            "lock-out-of-step",
            f"{lock.path} was made from another declaration: {changed} changed since",
            path=declaration.path,
            next_step=_ANEW,
        )
    ]


def _essence(declared: Sequence[Declared], elsewhere: set[str]) -> set[tuple[str, frozenset[Specifier | str]]]:
    """Names with specifiers, however they are spelt. What does not come from an index is locked without one."""
    return {(one.name, _parts(one.specifier)) for one in declared if one.name not in elsewhere}


def _parts(specifier: str) -> frozenset[Specifier | str]:
    try:
        return frozenset(SpecifierSet(specifier))
    except ValueError:  # packaging's own, and Python's for numbers of more than 4,300 digits
        return frozenset((specifier,))


_ANEW = "lock the project anew and commit the lock"


def _out_of_step(declaration: Declaration, one: Declared, why: str) -> Notification:
    return notice(
        "lock-out-of-step",
        f"{one.name}{one.specifier} ({one.group}) is declared, but {why}",
        path=declaration.path,
        line=one.line,
        next_step=_ANEW,
        component=one.name,
    )


_OF_PYTHON = re.compile(r"(python_version|python_full_version) [^ ]+ \"[^\"]*\"")


def is_possible(one: Declared, declaration: Declaration) -> bool:
    """Whether a requirement's marker can be true with a Python that the project allows, on whatever platform."""
    try:
        text = _about_python(str(marker(one.marker))) if one.marker else ""
        if not text:
            return True
        about, allowed = marker(text), SpecifierSet(declaration.requires_python)
        tried = [python for python in pythons(text, declaration.requires_python) if allowed.contains(python)]
        # Where no version is left to try, nothing is known.
        return not tried or any(about.evaluate(of_python(python)) for python in tried)
    except ValueError:  # no marker, no specifier, a comparison without meaning, or numbers without end
        return True


def _about_python(marker: str) -> str:
    """The part of a marker that Python's version alone decides; empty where other things may make it true."""
    parts = [marker] if " or " in marker or "(" in marker else marker.split(" and ")
    return " and ".join(part for part in parts if _OF_PYTHON.fullmatch(part))

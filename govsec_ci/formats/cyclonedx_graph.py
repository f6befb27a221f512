"""Who depends on whom, and how much of that is known (ECMA-424: dependencies, compositions)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from govsec_ci.formats.cyclonedx_parts import Entry, Items, Key, Part
from govsec_ci.formats.cyclonedx_values import Json

ROOT_REF = "root-component"


def relations(parts: Sequence[Part], items: Items, entries: Mapping[Key, Entry]) -> tuple[list[Json], list[Json]]:
    """``dependencies`` and ``compositions`` of a document."""
    graph = _graph(parts, items, entries)
    direct = _direct(parts, items, entries)
    orphans = _orphans(direct, graph.edges)
    told = _is_told(parts) and not orphans
    return _dependencies(direct | orphans, graph), _compositions(parts, graph, told=told)


class _Graph(Struct, frozen=True, kw_only=True):
    """For each entry: what it depends on, or None where no manifest holds the graph; and whether that is all."""

    edges: Mapping[str, frozenset[str] | None]
    whole: Mapping[str, bool]


def _graph(parts: Sequence[Part], items: Items, entries: Mapping[Key, Entry]) -> _Graph:
    edges: dict[str, frozenset[str] | None] = {entry.ref: None for entry in entries.values()}
    whole = dict.fromkeys(edges, True)
    for part in parts:
        by_name = _refs_by_name(part, items, entries)
        for component in part.components:
            if component.depends_on is None:
                continue
            found = [by_name.get(name) for name in component.depends_on]
            for ref in (entries[key].ref for key in items.keys(part, component)):
                edges[ref] = (edges[ref] or frozenset()).union(*(refs for refs in found if refs))
                whole[ref] = whole[ref] and all(found)
    return _Graph(edges=edges, whole=whole)


def _refs_by_name(part: Part, items: Items, entries: Mapping[Key, Entry]) -> dict[str, set[str]]:
    refs: dict[str, set[str]] = defaultdict(set)
    for component in part.components:
        refs[component.name].update(entries[key].ref for key in items.keys(part, component))
    return refs


def _direct(parts: Sequence[Part], items: Items, entries: Mapping[Key, Entry]) -> set[str]:
    """What the project asks for itself; all of it, where no manifest tells direct from transitive."""
    told: dict[str, list[bool]] = defaultdict(list)
    for part in parts:
        for component in part.components:
            for key in items.keys(part, component):
                if component.direct is not None:
                    told[entries[key].ref].append(component.direct)
    return {entry.ref for entry in entries.values() if any(told.get(entry.ref, (True,)))}


def _orphans(direct: set[str], edges: Mapping[str, frozenset[str] | None]) -> set[str]:
    """Components that no way leads to from the direct ones; of a ring, or of a chain, only its beginning.

    What nothing is known to depend on is still part of the product: it hangs on the root, whose composition then says
    that its own dependencies are not known.
    """
    lost = edges.keys() - _reachable(direct, edges)
    inner = {target for ref in lost for target in edges[ref] or () if target != ref}
    found = lost - inner
    _leave(lost, found, edges)
    for ref in sorted(lost):  # what is left are rings
        if ref in lost:
            found.add(ref)
            _leave(lost, {ref}, edges)
    return found


def _leave(lost: set[str], start: set[str], edges: Mapping[str, frozenset[str] | None]) -> None:
    """Take ``start`` and what it leads to out of ``lost``; behind those that were not in it is nothing lost."""
    todo = list(start)
    lost -= start
    while todo:
        fresh = lost & (edges[todo.pop()] or frozenset())
        lost -= fresh
        todo += fresh


def _reachable(start: set[str], edges: Mapping[str, frozenset[str] | None]) -> set[str]:
    seen, todo = set(start), list(start)
    while todo:
        fresh = (edges[todo.pop()] or frozenset()) - seen
        seen |= fresh
        todo += fresh
    return seen


def _dependencies(of_root: set[str], graph: _Graph) -> list[Json]:
    nodes = [_node(ROOT_REF, of_root)]
    # A component that is not a node has unknown dependencies; a node without dependsOn has none (ECMA-424).
    nodes += [_node(ref, refs) for ref, refs in graph.edges.items() if refs is not None]
    return sorted(nodes, key=lambda node: str(node["ref"]))


def _node(ref: str, depends_on: Iterable[str]) -> Json:
    # A package that asks for an extra of itself is no dependency of itself.
    targets = sorted(set(depends_on) - {ref})
    return {"ref": ref} | ({"dependsOn": targets} if targets else {})


def _compositions(parts: Sequence[Part], graph: _Graph, *, told: bool) -> list[Json]:
    """How complete the list of components is (assemblies), and what is known of the dependencies of each."""
    listed = _listed(parts)
    groups: dict[str, dict[str, list[str]]] = defaultdict(dict)
    groups[listed]["assemblies"] = [ROOT_REF]
    # Where the list is whole but nothing tells direct from transitive, the root's own dependencies are not known.
    refs_of = groups[listed if told else "unknown"].setdefault("dependencies", [])
    refs_of.append(ROOT_REF)
    for ref, refs in graph.edges.items():
        aggregate = "unknown" if refs is None else "complete" if graph.whole[ref] else "incomplete"
        groups[aggregate].setdefault("dependencies", []).append(ref)
    return [
        {"aggregate": aggregate} | {kind: sorted(refs) for kind, refs in sorted(groups[aggregate].items())}
        for aggregate in sorted(groups)
    ]


def _is_told(parts: Sequence[Part]) -> bool:
    """Whether every manifest tells direct from transitive."""
    return all(component.direct is not None for part in parts for component in part.components)


def _listed(parts: Sequence[Part]) -> str:
    if any(part.whole is False for part in parts):
        return "incomplete"
    return "complete" if all(part.whole for part in parts) else "unknown"

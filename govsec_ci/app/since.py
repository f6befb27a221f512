"""``--since``: which results the change is answerable for."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from govsec_ci.app.target import Target
from govsec_ci.evidence.since import Changes, changed_components, changes, mark
from govsec_ci.manifests.registry import reader_of
from govsec_ci.model import Component, Run
from govsec_ci.system.files import write_atomic
from govsec_ci.system.process import neutral_folder


def mark_changed(
    root: Path,
    ref: str,
    target: Target,
    runs: Iterable[Run],
    *,
    variables: Mapping[str, str] | None = None,
    history: bool = True,
) -> tuple[Run, ...]:
    """``runs`` with the property ``since`` on every result.

    :param variables: and ``history``: see :func:`govsec_ci.evidence.since.changes`
    :raises UsageError: ``ref`` is unknown here, or shares no commit with HEAD though ``history`` asks for one
    """
    changed: Changes = changes(root, ref, variables=variables, history=history)
    components = [component for manifest in target.manifests for component in manifest.components]
    return mark(runs, changed, changed_components(root, changed, components, _read_manifest))


def _read_manifest(path: str, data: bytes) -> tuple[Component, ...]:
    """An earlier version of a manifest; an include that it names is not there, so what it held counts as changed."""
    with neutral_folder() as folder:
        write_atomic(folder / path, data)
        reader = reader_of(path, data)
        return reader.read(folder, path).components if reader else ()

"""What the manifests say of the product itself: of a script beside it, or of what builds it, is another matter."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec.structs import replace

from govsec_ci.manifests.base import BUILD, Manifest
from govsec_ci.manifests.inline_script import InlineScript
from govsec_ci.manifests.script_lock import ScriptLock
from govsec_ci.scanners.base import ScanRequest
from govsec_ci.scanners.python_files import is_notebook, is_python, is_script
from govsec_ci.scanners.scope import Scope

_OF_SCRIPTS = frozenset({InlineScript.name, ScriptLock.name})
_OF_LOCK = ".lock"


def undeclared(request: ScanRequest) -> bool:
    """Whether nothing says what the project needs to run.

    Where each of its Python files and notebooks in scope is a script that says so for itself, nothing is left to say.
    """
    if any(not manifest.aside for manifest in request.manifests):
        return False
    own = [one.path for one in request.manifests if one.format in _OF_SCRIPTS]
    scripts = {*own, *(path.removesuffix(_OF_LOCK) for path in own)}
    scope = Scope(request.config)
    others = (path for path in request.tree.files if path not in scripts and scope.holds(path))
    return not scripts or any(_needs(request.tree.root, path) for path in others)


def _needs(root: Path, path: str) -> bool:
    """Whether what is in the file may need something to run."""
    return is_python(path) or is_notebook(path) or is_script(root, path)


def released(manifests: Iterable[Manifest]) -> Iterator[Manifest]:
    """The manifests without what only builds the project, which is no part of what is released."""
    for manifest in manifests:
        components = tuple(one for one in manifest.components if one.groups != (BUILD,))
        if components == manifest.components:
            yield manifest
        elif components or not manifest.aside:
            yield replace(manifest, components=components)

"""What the manifests say of the product itself: of a script beside it, or of what builds it, is another matter."""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from govsec_ci.manifests.base import BUILD, Manifest
from govsec_ci.manifests.inline_script import InlineScript
from govsec_ci.manifests.script_lock import ScriptLock
from govsec_ci.scanners.base import ScanRequest
from govsec_ci.scanners.python_files import is_python

_OF_SCRIPTS = frozenset({InlineScript.name, ScriptLock.name})
_OF_LOCK = ".lock"


def undeclared(request: ScanRequest) -> bool:
    """Whether nothing says what the project needs to run.

    Where each of its Python files is a script that says so for itself, nothing is left to say.
    """
    if any(not manifest.aside for manifest in request.manifests):
        return False
    own = [one.path for one in request.manifests if one.format in _OF_SCRIPTS]
    scripts = {*own, *(path.removesuffix(_OF_LOCK) for path in own)}
    return not scripts or not all(path in scripts for path in request.tree.files if is_python(path))


def released(manifests: Iterable[Manifest]) -> Iterator[Manifest]:
    """The manifests without what only builds the project, which is no part of what is released."""
    for manifest in manifests:
        components = tuple(one for one in manifest.components if one.groups != (BUILD,))
        if components == manifest.components:
            yield manifest
        elif components or not manifest.aside:
            yield replace(manifest, components=components)

"""Every manifest format. A new one is a new file and one line here."""

from govsec_ci.manifests.base import ContentFormat, DeclaringFormat, ManifestFormat
from govsec_ci.manifests.conda import Conda
from govsec_ci.manifests.dist_info import DistInfo
from govsec_ci.manifests.inline_script import InlineScript
from govsec_ci.manifests.pdm_lock import NamedPdmLock, PdmLock
from govsec_ci.manifests.pipfile import Pipfile
from govsec_ci.manifests.pipfile_lock import PipfileLock
from govsec_ci.manifests.poetry_lock import PoetryLock
from govsec_ci.manifests.pylock import PylockToml
from govsec_ci.manifests.pyproject import Pyproject
from govsec_ci.manifests.requirements import Requirements
from govsec_ci.manifests.requirements_in import RequirementsIn
from govsec_ci.manifests.script_lock import ScriptLock
from govsec_ci.manifests.setup_cfg import SetupCfg
from govsec_ci.manifests.setup_py import SetupPy
from govsec_ci.manifests.uv_lock import UvLock

FORMATS: dict[str, ManifestFormat] = {
    format_.name: format_
    for format_ in (
        Requirements(),
        PylockToml(),
        UvLock(),
        ScriptLock(),
        PoetryLock(),
        PdmLock(),
        NamedPdmLock(),
        PipfileLock(),
        Pyproject(),
        Pipfile(),
        RequirementsIn(),
        SetupCfg(),
        SetupPy(),
        Conda(),
        DistInfo(),
    )
}

BY_CONTENT: dict[str, ContentFormat] = {format_.name: format_ for format_ in (InlineScript(), Conda())}
"""Formats that no name tells: the files that may hold them are looked into."""


_ENDINGS = tuple({ending for format_ in FORMATS.values() for ending in format_.endings})


def named(path: str) -> ManifestFormat | None:
    """The format of a file by its name alone."""
    if not path.lower().endswith(_ENDINGS):
        return None
    return next((form for form in FORMATS.values() if form.matches(path)), None)


def reader_of(path: str, data: bytes) -> ManifestFormat | None:
    """The format of a file, by its name, else by its content."""
    return named(path) or next((form for form in BY_CONTENT.values() if form.may_hold(path) and form.holds(data)), None)


def declares(name: str) -> bool:
    """Whether a format is a declaration, which locks nothing."""
    return isinstance(BY_CONTENT.get(name, FORMATS.get(name)), DeclaringFormat)

"""Project roots of a tree, and what each project says of itself: read as data, never run."""

import posixpath
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from govsec_ci.errors import ToolError
from govsec_ci.formats.cyclonedx import Party, Project
from govsec_ci.manifests.base import DeclaringFormat, Manifest
from govsec_ci.manifests.registry import declares, named
from govsec_ci.manifests.text import document as read_document
from govsec_ci.system.files import Tree
from govsec_ci.system.git import Checkout, run_git

REQUIREMENTS = "requirements"
_LIMIT_BYTES = 5_000_000
# A folder that holds one of these is a project of its own; other manifests (requirements/dev.txt) belong to the
# nearest one above them.
_MARKERS = frozenset(
    {
        "pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "Pipfile", "Pipfile.lock", "uv.lock",
        "poetry.lock", "pdm.lock", "pylock.toml",
    }
)  # fmt: skip
_REPOSITORY = frozenset({"repository", "source", "sourcecode", "github", "gitlab", "vcs"})
_SCP_LIKE = re.compile(r"(?P<user>[\w.-]+)@(?P<host>[\w.-]+):(?P<path>[^/].*)")


def by_root(tree: Tree, manifests: Iterable[Manifest]) -> dict[str, list[int]]:
    """Project root → positions of its manifests; ``.`` is the tree itself, and the roots are sorted."""
    marked = {posixpath.dirname(path) for path in tree.files if posixpath.basename(path) in _MARKERS}
    roots: dict[str, list[int]] = {}
    for position, manifest in enumerate(manifests):
        root = _root_of(posixpath.dirname(manifest.path), marked)
        # What says nothing of a project makes its folder none.
        roots.setdefault("." if manifest.aside and root not in marked else root or ".", []).append(position)
    return dict(sorted(roots.items()))


def _root_of(folder: str, marked: set[str]) -> str:
    candidate = folder
    while candidate and candidate not in marked:
        candidate = posixpath.dirname(candidate)
    return candidate if candidate in marked else folder


def tables(tree: Tree, root: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """``[project]`` and ``[tool.poetry]`` of a root's ``pyproject.toml``; empty where none can be read."""
    path = "pyproject.toml" if root == "." else f"{root}/pyproject.toml"
    if path not in _within(tree.files, path):
        return {}, {}
    # Broken is the manifests' word to say; here it only means that nothing is known.
    document = read_document(tree.root, path, limit_bytes=_LIMIT_BYTES) or {}
    return _table(document, "project"), _table(_table(document, "tool"), "poetry")


def name_and_version(project: Mapping[str, Any], poetry: Mapping[str, Any]) -> tuple[str, str]:
    """What the project calls itself; empty where it does not say."""
    return (
        _text(project.get("name")) or _text(poetry.get("name")),
        _text(project.get("version")) or _text(poetry.get("version")),
    )


def describe(
    project: Mapping[str, Any], poetry: Mapping[str, Any], *, vcs_url: str, supplier: Party | None = None
) -> Project:
    """Description, licence, authors and repository; ``vcs_url`` is what counts where the project names none."""
    return Project(
        description=_text(project.get("description")) or _text(poetry.get("description")),
        licence=_licence(project.get("license")) or _licence(poetry.get("license")),
        authors=_people(project.get("authors"))
        or _people(project.get("maintainers"))
        or _people(poetry.get("authors")),
        supplier=supplier,
        vcs_url=_repository(_table(project, "urls")) or _text(poetry.get("repository")) or vcs_url,
    )


def _licence(value: object) -> str:
    # PEP 639: an SPDX expression. Before: a table, whose text is often a whole licence and then no name of one.
    text = _text(value) or (_text(value.get("text")) if isinstance(value, dict) else "")
    return text if "\n" not in text else ""


def _people(value: object) -> tuple[str, ...]:
    entries = value if isinstance(value, list) else []
    return tuple(text for text in map(_person, entries) if text)


def _person(entry: object) -> str:
    if not isinstance(entry, dict):
        return _text(entry)
    name, email = _text(entry.get("name")), _text(entry.get("email"))
    return f"{name} <{email}>".strip() if email else name


def _repository(urls: Mapping[str, Any]) -> str:
    # Labels are compared as PEP 753 says: without punctuation and white space, in lower case.
    plain = {re.sub(r"[^a-z0-9]", "", label.lower()): _text(url) for label, url in urls.items()}
    return next((plain[label] for label in sorted(_REPOSITORY & plain.keys()) if plain[label]), "")


def _table(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = document.get(key)
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def declared(tree: Tree, root: str, *, limit_bytes: int) -> frozenset[str] | None:
    """Names that a root's project asks for itself; None where that cannot be told without running something."""
    names: set[str] = set()
    found = False
    for path in tree.files if root == "." else _within(tree.files, f"{root}/"):
        reader = _declaring(path) if (posixpath.dirname(path) or ".") == root else None
        if reader is None:
            continue
        declaration = reader.declaration(tree.root, path, limit_bytes=limit_bytes)
        if declaration.computed or declaration.notifications:
            return None
        found = True
        names.update(one.name for one in declaration.requirements)
    return frozenset(names) if found else None


def _within(files: Sequence[str], prefix: str) -> Sequence[str]:
    """Those of the sorted ``files`` that begin with ``prefix``: of many roots, none may look at the whole tree."""
    first = bisect_left(files, prefix)
    return files[first : bisect_right(files, prefix, lo=first, key=lambda path: path[: len(prefix)])]


def _declaring(path: str) -> DeclaringFormat | None:
    reader = named(path)
    return reader if isinstance(reader, DeclaringFormat) else None


def locks(manifest: Manifest) -> bool:
    """Whether its format is a lock, which by its making holds all that gets installed."""
    return manifest.format != REQUIREMENTS and not declares(manifest.format)


def origin(checkout: Checkout | None) -> str:
    """Where the checkout was cloned from, when others can reach that address; never a path of this machine."""
    if checkout is None:
        return ""
    try:
        asked = run_git(checkout.top, "config", "--get", "remote.origin.url")
    except ToolError:
        return ""
    return public_address(asked.stdout.decode("utf-8", "replace").strip())


def public_address(url: str) -> str:
    """A repository's address as a URL; empty for a path."""
    scp = _SCP_LIKE.fullmatch(url)
    if scp:
        return f"ssh://{scp['user']}@{scp['host']}/{scp['path']}"
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        return ""
    return url if scheme in {"https", "http", "ssh", "git"} else ""

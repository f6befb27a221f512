"""Where a component comes from: the public index, or somewhere without public advisory data."""

import os
import re
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename

INDEX, VCS, PATH, URL, PRIVATE = "index", "vcs", "path", "url", "private-index"

# The host must match as a whole and be reached over TLS: a look-alike, a login or another port is another index.
_PUBLIC_INDEXES = frozenset({"pypi.org", "pypi.python.org"})
_PUBLIC_FILES = frozenset({"files.pythonhosted.org"})
_ARCHIVES = (".whl", ".zip", ".tar.gz", ".tgz", ".tar", ".tar.bz2", ".tar.xz", ".tbz", ".txz", ".tlz", ".tar.lz")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?=//)|file:", re.IGNORECASE)
_VCS = ("git", "hg", "svn", "bzr")
_COMMIT = re.compile(r"@[^/@#?]*(?=[#?]|$)")


def is_public_index(url: str) -> bool:
    """Whether a simple-index URL is PyPI's own, reached over https without a login."""
    return _is_at(url, _PUBLIC_INDEXES) and _path_of(url).rstrip("/") == "/simple"


def is_public_file(url: str) -> bool:
    """Whether a distribution's URL is at PyPI's own file host."""
    return _is_at(url, _PUBLIC_FILES)


def _is_at(url: str, hosts: frozenset[str]) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and parts.netloc.lower() in hosts


def _path_of(url: str) -> str:
    return urlsplit(url).path


def without_login(url: str) -> str:
    """The URL without user name and password, so that no report repeats a secret."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(not a URL)"
    # Some readers end the host at a backslash, others take what stands before the @ for a login.
    if "\\" in parts.netloc:
        return "(not a URL)"
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=host))


def is_inside(root: Path, path: str) -> bool:
    """Whether a path relative to the judged tree stays in it, also where links on the way lead."""
    if "\0" in path:
        return False  # no file can have this name
    top = os.path.realpath(root)
    return os.path.realpath(os.path.join(root, path)).startswith(top.rstrip(os.sep) + os.sep)


def is_link(text: str) -> bool:
    """Whether a requirement is a bare URL or path, as pip tells them from names."""
    if _SCHEME.match(text):
        return True
    return text.startswith((".", "/", "~", "\\")) or "/" in text or "\\" in text or text.lower().endswith(_ARCHIVES)


def kind_of_link(link: str) -> str:
    """``vcs``, ``path`` or ``url``."""
    scheme = _SCHEME.match(link)
    if not scheme or scheme.group().lower() == "file:":
        return PATH
    return VCS if scheme.group().lower().split("+")[0].rstrip(":") in _VCS else URL


def name_of_link(link: str) -> tuple[str, str | None]:
    """Normalised name and version that a URL or path tells: its ``egg`` fragment, its file name, or its last part."""
    fragment = link.partition("#")[2]
    for part in fragment.split("&"):
        key, _, value = part.partition("=")
        if key == "egg" and value:
            return _cleaned(value.partition("[")[0]), None
    last = re.split(r"[#?]", link, maxsplit=1)[0].replace("\\", "/").rstrip("/").rpartition("/")[2]
    return _name_of_file(last)


def _name_of_file(file: str) -> tuple[str, str | None]:
    try:
        if file.endswith(".whl"):
            wheel, version, _, _ = parse_wheel_filename(file)
            return wheel, str(version)
        if file.endswith((".tar.gz", ".zip")):
            sdist, version = parse_sdist_filename(file)
            return sdist, str(version)
    except ValueError:  # packaging's own, and Python's for numbers of more than 4,300 digits
        pass
    return _cleaned(_COMMIT.sub("", file).removesuffix(".git")), None


def _cleaned(text: str) -> str:
    """A normalised name made of any text (PEP 503)."""
    return canonicalize_name(re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")) or "unnamed"

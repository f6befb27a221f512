"""Where the judge's rules come from: the tree, or a trusted git ref that the change under judgement cannot edit.

With ``--policy-ref REF`` settings, waivers and profile files are read from REF, not from the tree; what the tree says
otherwise has no effect on this verdict and is reported as a policy change. The first change that adopts the gate has
no rules at REF: it is judged by the shipped profile without settings and without waivers, and reported likewise.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from msgspec import Struct

from govsec_ci.app.target import load_config
from govsec_ci.config import FILE_NAME, Config
from govsec_ci.errors import InputError, UsageError
from govsec_ci.gate import waivers
from govsec_ci.system import git
from govsec_ci.system.files import read_limited, write_atomic
from govsec_ci.system.process import neutral_folder

WAIVERS_FILE = "govsec-waivers.toml"
_PYPROJECT = "pyproject.toml"
_LIMIT_BYTES = 10_000_000


class Policy(Struct, frozen=True, kw_only=True):
    """The rules in force.

    :param waivers: the waivers file byte for byte, or None where there is none
    :param profiles: names as given; files among them as absolute paths below ``folder``
    :param commit: the commit that the rules were read from, or None for the tree itself
    :param changes: policy files of which the tree has another version than the trusted ref
    """

    config: Config
    profiles: tuple[str, ...]
    waivers: bytes | None = None
    commit: str | None = None
    changes: tuple[str, ...] = ()


@contextlib.contextmanager
def read_policy(
    root: Path, *, ref: str, config_file: Path | None, waivers_file: Path | None, profiles: tuple[str, ...]
) -> Iterator[Policy]:
    """The rules for judging ``root``; files of a ref stay readable until the block ends.

    :param config_file: the operator's own file: outranks tree and ref; likewise ``waivers_file``
    :raises UsageError: ``ref`` is not a commit of this checkout; :raises InputError: a file is invalid
    """
    if not ref:
        yield _of_folder(root, config_file, waivers_file, profiles)
        return
    commit = _resolve(root, ref)
    with neutral_folder() as trusted:
        files = (FILE_NAME, _PYPROJECT, WAIVERS_FILE, *(name for name in profiles if _is_file(name)))
        changes = tuple(name for name in files if _take(root, commit, name, trusted))
        found = _of_folder(trusted, config_file, waivers_file, tuple(_anchored(trusted, name) for name in profiles))
        more = tuple(name for name in found.config.profiles if _is_file(name))
        changes += tuple(name for name in more if _take(root, commit, name, trusted))
        named = found.profiles or tuple(_anchored(trusted, name) for name in found.config.profiles)
        yield Policy(
            config=found.config,
            profiles=named,
            waivers=found.waivers,
            commit=commit,
            changes=tuple(sorted({name for name in changes if name != _PYPROJECT or _settings_differ(root, trusted)})),
        )


def _of_folder(folder: Path, config_file: Path | None, waivers_file: Path | None, profiles: tuple[str, ...]) -> Policy:
    path = waivers_file or folder / WAIVERS_FILE
    data = read_limited(path, limit_bytes=_LIMIT_BYTES) if waivers_file or path.exists() else None
    if data is not None:
        waivers.parse(data, str(waivers_file or WAIVERS_FILE))
    return Policy(config=load_config(folder, config_file), profiles=profiles, waivers=data)


def _is_file(name: str) -> bool:
    return name.endswith(".toml")


def _anchored(trusted: Path, name: str) -> str:
    # An absolute path is the operator's own (a policy checkout), never the tree's.
    return str(trusted / name) if _is_file(name) and not Path(name).is_absolute() else name


def _resolve(root: Path, ref: str) -> str:
    if ref.startswith("-"):
        raise UsageError(f"--policy-ref: {ref!r} is no git ref")
    found = git.run_git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    commit = found.stdout.decode("ascii", "replace").strip()
    if found.exit_code != 0 or not commit:
        raise UsageError(
            f"--policy-ref: {ref!r} is no commit of this checkout",
            cause="a shallow clone does not hold it, or the name is misspelt",
            next_step=f"fetch it first: git fetch --depth=1 origin {ref}",
        )
    return commit


def _take(root: Path, commit: str, name: str, trusted: Path) -> bool:
    """Write the ref's version of a policy file into ``trusted``; whether the tree has another one."""
    if Path(name).is_absolute():
        return False
    if ".." in PurePosixPath(name).parts:
        raise InputError(f"{name}: a profile of the trusted ref must lie in the project")
    blob = git.run_git(root, "cat-file", "blob", f"{commit}:./{name}")
    there = blob.stdout if blob.exit_code == 0 else None
    if there is not None:
        write_atomic(trusted / name, there)
    return there != _in_tree(root / name)


def _in_tree(path: Path) -> bytes | None:
    try:
        return read_limited(path, limit_bytes=_LIMIT_BYTES)
    except InputError:
        return None


def _settings_differ(root: Path, trusted: Path) -> bool:
    """Whether the settings themselves differ: most changes of a ``pyproject.toml`` are none of ours."""
    try:
        return load_config(root, None) != load_config(trusted, None)
    except InputError:
        return True

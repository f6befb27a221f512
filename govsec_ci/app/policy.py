"""Where the judge's rules come from: the tree, or a trusted git ref that the change under judgement cannot edit.

With ``--policy-ref REF`` (in a pull request: by default) settings, waivers and profile files are read from REF, not
from the tree; what the tree says otherwise has no effect on this verdict and is reported as a policy change. The first
change that adopts the gate has no rules at REF: it is judged by the shipped profile without settings and without
waivers, and reported likewise.
"""

import contextlib
import functools
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from msgspec import Struct
from msgspec.structs import replace

from govsec_ci.app import operator_files
from govsec_ci.app.target import load_config
from govsec_ci.app.trusted_ref import Trusted, trusted
from govsec_ci.config import FILE_NAME, Config
from govsec_ci.errors import InputError, UsageError
from govsec_ci.scanners import bandit_settings
from govsec_ci.system.files import read_limited, write_atomic
from govsec_ci.system.git import MODULE, run_git
from govsec_ci.system.process import neutral_folder

WAIVERS_FILE = "govsec-waivers.toml"
_PYPROJECT = "pyproject.toml"
_BANDIT = ".bandit"
_TOP = ":/"
_OTHERS = {_PYPROJECT: "pyproject.toml [tool.bandit]", _BANDIT: ".bandit"}
_LIMIT_BYTES = 1_000_000_000  # of a file of the tree that is compared with the trusted one


class Policy(Struct, frozen=True, kw_only=True):
    """The rules in force.

    :param waivers: the waivers file as it is kept (without secrets), or None where there is none
    :param profiles: names as given; files among them as absolute paths below ``folder``
    :param commit: the commit that the rules were read from, or None for the tree itself
    :param changes: policy files of which the tree has another version than the trusted ref
    :param variables: what git must be told to see ``commit``
    :param places: the operator's files that are part of the judged tree → where the trusted version lies
    """

    config: Config
    profiles: tuple[str, ...]
    waivers: bytes | None = None
    commit: str | None = None
    changes: tuple[str, ...] = ()
    variables: Mapping[str, str] = {}
    places: Mapping[Path, Path] = {}

    def place(self, path: Path | None) -> Path | None:
        """Where to read a file that the operator names; None for one that the trusted commit does not have."""
        found = self.places.get(path, path) if path else None
        return None if path in self.places and not (found and found.exists()) else found


@contextlib.contextmanager
def read_policy(
    root: Path,
    *,
    ref: str,
    config_file: Path | None,
    waivers_file: Path | None,
    profiles: tuple[str, ...],
    others: tuple[Path, ...] = (),
    offline: bool = False,
) -> Iterator[Policy]:
    """The rules for judging ``root``; files of a ref stay readable until the block ends.

    :param ref: a git ref, ``auto`` or ``none`` (see :mod:`govsec_ci.app.trusted_ref`); empty is as ``none``
    :param config_file: the operator's own file: outranks tree and ref; likewise ``waivers_file``. But one that git
        tracks in the judged tree is part of the change, and taken from the ref as well
    :param others: more files of the operator (a baseline, VEX), of which the same holds
    :param offline: fetch nothing over a network
    :raises UsageError: ``ref`` is not a commit that can be had; :raises InputError: a file is invalid
    """
    with trusted(root, ref, os.environ, offline=offline) as judge, neutral_folder() as folder:
        if judge is None:
            found = _of_folder(root, config_file, waivers_file, profiles)
            yield replace(found, profiles=found.profiles or _named(found.config, root.absolute()))
            return
        files = _Files(root, judge, folder)
        given = tuple(files.as_named(name) for name in profiles)
        for name in (FILE_NAME, _PYPROJECT, WAIVERS_FILE, _BANDIT, *filter(_is_file, given)):
            files.take(name)
        places = files.places(filter(None, (config_file, waivers_file, *others)))
        own = Policy(config=Config(), profiles=(), places=places)
        found = _of_folder(
            folder,
            own.place(config_file),
            places.get(waivers_file, waivers_file) if waivers_file else None,
            tuple(_anchored(folder, name) for name in given),
        )
        for name in filter(_is_file, found.config.profiles):
            files.take(name)
        named = found.profiles or _named(found.config, folder)
        yield replace(
            found,
            profiles=named,
            commit=judge.commit,
            changes=files.changes(),
            variables=judge.variables,
            places=places,
        )


def _of_folder(folder: Path, config_file: Path | None, waivers_file: Path | None, profiles: tuple[str, ...]) -> Policy:
    config, path = load_config(folder, config_file), waivers_file or folder / WAIVERS_FILE
    limit = config.limits.waivers_bytes
    named = waivers_file is not None and not waivers_file.is_relative_to(folder)
    data = read_limited(path, limit_bytes=limit) if named or path.exists() else None
    name = str(path) if named else path.relative_to(folder).as_posix()
    kept = None if data is None else operator_files.waivers_file(data, name)
    return Policy(config=config, profiles=profiles, waivers=kept)


def _is_file(name: str) -> bool:
    return name.endswith(".toml")


def _anchored(folder: Path, name: str) -> str:
    # An absolute path is the operator's own (a policy checkout), never the tree's.
    return str(_kept_at(folder, name)) if _is_file(name) and not Path(name).is_absolute() else name


def _kept_at(folder: Path, name: str) -> Path:
    """Where a file of the trusted commit is written; ``:/name`` (as git has it) counts from the top of the checkout."""
    return folder / ".top" / name.removeprefix(_TOP) if name.startswith(_TOP) else folder / name


def _named(config: Config, folder: Path) -> tuple[str, ...]:
    """The profiles that settings name; files among them lie beside the settings, wherever the command is called."""
    return tuple(_anchored(folder, name) for name in config.profiles)


class _Files:
    """The policy files of the trusted commit, written into ``folder``, and how those of the tree differ."""

    def __init__(self, root: Path, judge: Trusted, folder: Path) -> None:
        self.root, self.judge, self.folder = root, judge, folder
        told = run_git(root, "rev-parse", "--show-toplevel").stdout
        self.top = Path(os.fsdecode(told.rstrip(b"\n"))) if told else root
        self.parted = self._parted()
        self.differing: set[str] = set()

    def take(self, name: str) -> None:
        """Write one file, where the trusted commit has it; remember whether the tree has changed it."""
        if Path(name).is_absolute():
            return
        if ".." in PurePosixPath(name).parts:
            raise InputError(f"{name}: a profile of the trusted ref must lie in the project")
        there = self._trusted(name)
        if there is not None:
            write_atomic(_kept_at(self.folder, name), there)
        here = _in_tree(self.top / name.removeprefix(_TOP) if name.startswith(_TOP) else self.root / name)
        # What the base alone has changed since they parted is no doing of this change.
        if here != there and not (self.parted and here == self._blob(self.parted, name)):
            self.differing.add(name)

    def places(self, given: Iterable[Path]) -> dict[Path, Path]:
        """Take those of the operator's files that are part of the judged checkout."""
        names = {path: self._tracked(path) for path in given}
        for name in filter(None, names.values()):
            self.take(name)
        return {path: _kept_at(self.folder, name) for path, name in names.items() if name}

    def as_named(self, profile: str) -> str:
        """A profile by its path in the checkout, where it is a file there: absolute and upward paths may lead there."""
        leads = _is_file(profile) and (Path(profile).is_absolute() or ".." in PurePosixPath(profile).parts)
        return (leads and self._tracked(self.root / profile)) or profile

    def _tracked(self, path: Path) -> str:
        """The path below the judged folder, or from the top, of a file of the checkout; empty for any other.

        First by the name that the operator gave: the change may have put a link to somewhere else in its place.
        """
        return self._part(self._as_given(path)) or self._part(path.resolve())

    def _as_given(self, path: Path) -> Path:
        """The absolute path, of which links are resolved only above the top of the checkout."""
        given, top = Path(os.path.abspath(path)), self.top.resolve()
        above = next((one for one in given.parents if one.resolve() == top), None)
        return top / given.relative_to(above) if above else given

    def _part(self, path: Path) -> str:
        """The path as :meth:`take` wants it, where git tracks it here or in the trusted commit, or in a submodule."""
        top, root = self.top.resolve(), self.root.resolve()
        if not path.is_relative_to(top):
            return ""
        name = path.relative_to(top).as_posix()
        asked = ("ls-files", "--recurse-submodules", "-z", "--", f":(literal){name}")
        listed = run_git(self.top, *asked).stdout.rstrip(b"\0")
        trusted = f"{_TOP}{name}"
        if not (listed == os.fsencode(name) or self._knows(_spec(self.judge.commit, trusted)) or self._module(trusted)):
            return ""
        return path.relative_to(root).as_posix() if path.is_relative_to(root) else f"{_TOP}{name}"

    def changes(self) -> tuple[str, ...]:
        """What this change does to the rules, each by its file; settings of other programs by their table."""
        plain = {name.removeprefix(_TOP) for name in self.differing if name not in {_PYPROJECT, _BANDIT}}
        if _PYPROJECT in self.differing and _settings_differ(self.root, self.folder):
            plain.add(_PYPROJECT)
        asked = {name: _switched_off(self.root / name) - _switched_off(self.folder / name) for name in _OTHERS}
        plain |= {_OTHERS[name] for name in asked if name in self.differing and asked[name]}
        return tuple(sorted(plain))

    def _trusted(self, name: str) -> bytes | None:
        """None where the trusted commit has no such file; what cannot be read must not pass for that."""
        found = self._blob(self.judge.commit, name)
        if found is None:
            found = self._of_module(name)
        if found is None and (self._knows(_spec(self.judge.commit, name)) or not self._has_tree):
            raise UsageError(
                f"--policy-ref: {name.removeprefix(_TOP)} of the trusted commit cannot be read here",
                cause="the clone left contents out (a partial clone, --filter), or it is no file",
                next_step="check out without a filter, or fetch the rest: git fetch --refetch --no-filter origin",
            )
        return found

    def _of_module(self, name: str) -> bytes | None:
        """A file of a submodule, at the commit of it that the trusted commit records; None where it lies in none.

        :raises UsageError: that commit is not here
        """
        found = self._module(name)
        if found is None:
            return None
        module, commit = found
        top = self.top if name.startswith(_TOP) else self.root
        return _of_submodule(
            top / module, commit, PurePosixPath(name.removeprefix(_TOP)).relative_to(module).as_posix()
        )

    def _module(self, name: str) -> tuple[PurePosixPath, str] | None:
        """The submodule of the trusted commit that a file lies in: its folder, and the commit recorded of it."""
        folder = self.top if name.startswith(_TOP) else self.root
        for module in list(PurePosixPath(name.removeprefix(_TOP)).parents)[:-1]:
            asked = ("ls-tree", "-z", self.judge.commit, "--", str(module))
            listed = run_git(folder, *asked, variables=self.judge.variables).stdout.split()
            if listed[:1] == [MODULE.encode()]:
                return module, listed[2].decode("ascii")
        return None

    @functools.cached_property
    def _has_tree(self) -> bool:
        tree = f"{self.judge.commit}^{{tree}}"
        return run_git(self.root, "cat-file", "-e", tree, variables=self.judge.variables).exit_code == 0

    def _knows(self, spec: str) -> bool:
        asked = ("rev-parse", "--verify", "--quiet", "--end-of-options", spec)
        return run_git(self.root, *asked, variables=self.judge.variables).exit_code == 0

    def _blob(self, commit: str, name: str) -> bytes | None:
        """A file's content; links are followed within the commit."""
        return _content(self.root, _spec(commit, name), self.judge.variables)

    def _parted(self) -> str:
        """The commit where the change parted from the trusted one; empty where a shallow clone does not tell."""
        found = run_git(self.root, "merge-base", "HEAD", self.judge.commit, variables=self.judge.variables)
        return found.stdout.decode("ascii").strip() if found.exit_code == 0 else ""


def _content(folder: Path, spec: str, variables: Mapping[str, str]) -> bytes | None:
    if "\n" in spec:  # git would read two names
        return None
    asked = ("cat-file", "--batch", "--follow-symlinks")
    told = run_git(folder, *asked, stdin=os.fsencode(spec) + b"\n", variables=variables)
    head, _, rest = told.stdout.partition(b"\n")
    kind = head.split()[1:]
    return rest[:-1] if told.exit_code == 0 and kind[:1] == [b"blob"] else None


def _of_submodule(folder: Path, commit: str, path: str) -> bytes | None:
    if not (folder / ".git").exists() or run_git(folder, "cat-file", "-e", f"{commit}^{{tree}}").exit_code != 0:
        raise UsageError(
            f"--policy-ref: {path} lies in a submodule of which the trusted commit is not here: {commit}",
            next_step="check the submodule out with its history, or keep the file in the repository itself",
        )
    return _content(folder, f"{commit}:{path}", {})


def _spec(commit: str, name: str) -> str:
    """A file of a commit in git's words; ``name`` counts from the judged folder, or from the top of the checkout."""
    return f"{commit}:{name.removeprefix(_TOP)}" if name.startswith(_TOP) else f"{commit}:./{name}"


def _in_tree(path: Path) -> bytes | None:
    try:
        return read_limited(path, limit_bytes=_LIMIT_BYTES)
    except InputError:
        return None


def _settings_differ(root: Path, folder: Path) -> bool:
    """Whether the settings themselves differ: most changes of a ``pyproject.toml`` are none of ours."""
    try:
        return load_config(root, None) != load_config(folder, None)
    except InputError:
        return True


def _switched_off(path: Path) -> set[tuple[str, str]]:
    """What a file asks bandit to leave out: key and value."""
    return {(one.key, one.value) for one in bandit_settings.asked(path.name, _in_tree(path) or b"")}

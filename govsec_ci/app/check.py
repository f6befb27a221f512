"""What the hooks share: what is staged, scanned in memory, and judged by :mod:`.check_gate`."""

import contextlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from govsec_ci.app.check_policy import Snapshot, named_as_in_repository
from govsec_ci.app.snapshot import Entry, Repository, committed, export, staged
from govsec_ci.config import FILE_NAME, Config
from govsec_ci.model import Result, Role, Stage, Subject
from govsec_ci.scanners.base import ScanOutput, ScanRequest
from govsec_ci.system import process
from govsec_ci.system.cache import default_cache
from govsec_ci.system.files import Tree, read_limited

if TYPE_CHECKING:
    from govsec_ci.app.check_gate import Answer

PYPROJECT: Final = "pyproject.toml"
SETTINGS: Final = (FILE_NAME, PYPROJECT, "govsec-waivers.toml")
_LIMIT_BYTES: Final = 50_000_000

Read = Callable[[str], bytes | None]


class Data(Struct, frozen=True, kw_only=True):
    """An advisory index, or None and why there is none (for people)."""

    path: Path | None = None
    problem: str = ""


class CheckOptions(Struct, frozen=True, kw_only=True):
    """What a hook was told.

    :param roles: which examinations it makes; :param scan: makes them
    :param wanted: which paths (relative to the top of the checkout) belong to it
    :param named: paths that the caller named: those that git does not know are taken from the work tree
    :param ref: the commit to judge, or None for what is staged
    :param prepare: adds to the request what more the scanners need (the manifests)
    :param data: opens the advisory data
    """

    repository: Repository
    roles: frozenset[Role]
    scan: Callable[[ScanRequest], tuple[ScanOutput, ...]]
    wanted: Callable[[str], bool]
    now: datetime
    named: tuple[str, ...] = ()
    ref: str | None = None
    profiles: tuple[str, ...] = ()
    prepare: Callable[[ScanRequest], ScanRequest] = lambda request: request
    data: Callable[[], AbstractContextManager[Data]] = lambda: contextlib.nullcontext(Data())
    config_file: Path | None = None
    jobs: int = 1


def check(options: CheckOptions, touched: Callable[[Result], bool] | None = None) -> "Answer":
    """Scan the paths of the snapshot and judge what was found.

    :param touched: which results are judged (those on changed lines); all where None
    :raises OperatorError: profile, configuration, advisory data or a path is wrong
    """
    with process.neutral_folder() as root, options.data() as data, _thread() as pool:
        tree = _tree(options, root)
        config = _config(options, root)
        request = options.prepare(_request(options, tree, config, data))
        pending = pool.submit(options.scan, request)
        from govsec_ci.app.check_gate import Judged, judge  # noqa: PLC0415 — imported while the scanners work

        scanned = Judged(config=config, subject=request.subject, outputs=pending.result(), read=_reader(tree))
        return judge(options, scanned, touched)


@contextlib.contextmanager
def _thread() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        try:
            yield pool
        except KeyboardInterrupt:
            process.kill_all()  # else the pool would wait for the scanner's own end
            raise


def config_of(root: Path, config_file: Path | None) -> Config:
    """The settings of the snapshot; whatever can read them is imported only where there are any."""
    pyproject = root / PYPROJECT
    named = pyproject.exists() and b"govsec" in pyproject.read_bytes()
    if config_file is None and not named and not (root / FILE_NAME).exists():
        return Config()
    from govsec_ci.app.target import load_config  # noqa: PLC0415 — as above

    return load_config(root, config_file)


def settings_of(options: CheckOptions) -> Config:
    """The staged settings alone."""
    with process.neutral_folder() as root:
        _tree(replace(options, wanted=lambda path: False, named=()), root)
        return _config(options, root)


def _config(options: CheckOptions, root: Path) -> Config:
    """The settings of the tree that was written below ``root``, or those of the file that the caller names."""
    given = options.config_file
    with named_as_in_repository(root):
        if given is not None:
            snapshot = snapshot_of(options)
            path = snapshot.path_of(given, Path.cwd())
            given = snapshot.write(path, root) if path else given
        return config_of(root, given)


def snapshot_of(options: CheckOptions) -> Snapshot:
    """The files of what is judged, for the rules among them."""
    return _snapshot(options, entries_of(options))


def _snapshot(options: CheckOptions, entries: tuple[Entry, ...]) -> Snapshot:
    return Snapshot(options.repository, entries, "in the commit" if options.ref else "staged")


def _tree(options: CheckOptions, root: Path) -> Tree:
    entries = entries_of(options)
    exported = export(options.repository, entries, root, lambda path: _taken(options, path), limit_bytes=_LIMIT_BYTES)
    policy = _behind_links(_snapshot(options, entries), exported)
    loose = set(options.named) - {entry.path for entry in entries}
    for path in loose:
        source, target = options.repository.top / path, root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(read_limited(source, limit_bytes=_LIMIT_BYTES))
        if os.access(source, os.X_OK):  # as for what git knows, a sign by which scanners know scripts
            target.chmod(0o700)
    return replace(exported, files=tuple(sorted({*exported.files, *policy, *loose})))


def _behind_links(snapshot: Snapshot, exported: Tree) -> list[str]:
    """Policy files that are there and were not exported; :raises InputError: what is there cannot be read."""
    missing = [path for path in SETTINGS if path not in exported.files]
    there = [path for path in missing if snapshot.read(path) is not None]
    for path in there:
        snapshot.write(path, exported.root)
    return there


def entries_of(options: CheckOptions) -> tuple[Entry, ...]:
    """The snapshot to judge: a commit that is being pushed, or the index."""
    return committed(options.repository, options.ref) if options.ref else staged(options.repository)


def _taken(options: CheckOptions, path: str) -> bool:
    return path in SETTINGS or options.wanted(path)


def _request(options: CheckOptions, tree: Tree, config: Config, data: Data) -> ScanRequest:
    return ScanRequest(
        tree=tree,
        manifests=(),
        # No commit: what is staged has none yet.
        subject=Subject(name=config.name or options.repository.top.name, version=config.version),
        checkout=None,
        config=config,
        stage=Stage.COMMIT,
        advisories=data.path,
        advisories_problem=data.problem,
        jobs=options.jobs,
        timestamp_s=int(options.now.timestamp()),
        cache=default_cache(),
    )


def _reader(tree: Tree) -> Read:
    known = frozenset(tree.files)
    # Everything in the private folder was written by us, within the limits.
    return lambda path: (tree.root / path).read_bytes() if path in known else None

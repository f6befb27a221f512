"""``govsec doctor``: what is missing here for a verdict, and how to mend it. Nothing is changed, nothing is fetched."""

import re
import shutil
import sysconfig
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path
from typing import Final

from msgspec import Struct
from packaging.requirements import Requirement
from packaging.version import Version

from govsec_ci.advisories.index import open_index
from govsec_ci.app import init
from govsec_ci.app.advisories import resolve_advisories
from govsec_ci.app.init_files import PLACEHOLDER, HookSource
from govsec_ci.app.pins import pinned
from govsec_ci.app.target import load_config
from govsec_ci.config import Config
from govsec_ci.errors import GovsecError
from govsec_ci.gate import profile as profiles
from govsec_ci.gate import waivers
from govsec_ci.gate.context import Context, Index
from govsec_ci.gate.evaluate import check_parameters
from govsec_ci.gate.profile import Profile
from govsec_ci.gate.schema import AdvisoriesGate, Feed
from govsec_ci.manifests.discover import discover
from govsec_ci.model import Evidence, FeedState, Level, Notification, Stage, Subject
from govsec_ci.system import git, process
from govsec_ci.system.files import walk

DEFAULT_PROFILE: Final = "jp-gov"
# What .pre-commit-hooks.yaml asks for.
OLDEST_PRE_COMMIT: Final = Version("3.2.0")
_SHOWN: Final = 3
_SYNC: Final = "govsec advisories sync, or carry data in: govsec advisories import FILE"
_TIMEOUT_S: Final = 30.0


class Said(Struct, frozen=True, kw_only=True):
    """One thing that was looked at; ``mend`` is empty where it is in order."""

    what: str
    mend: str = ""


def examine(top: Path, advisories: Path | None, now: datetime) -> tuple[Said, ...]:
    """Look at everything that a verdict and the hooks need, each thing said once.

    :param now: what the age of advisory data is counted to (UTC)
    :raises UsageError: ``top`` is no folder
    """
    seen = init.look(top)
    looks: tuple[Callable[[], Iterator[Said]], ...] = (
        _tools,
        lambda: _checkout(top),
        lambda: _settings(top),
        lambda: _waivers(top),
        lambda: _manifests(top),
        lambda: _advisories(top, advisories, now),
        lambda: _hooks(top, seen),
        lambda: _workflow(top, seen),
    )
    return tuple(dict.fromkeys(one for look in looks for one in _safely(look)))


def _safely(look: Callable[[], Iterator[Said]]) -> Iterator[Said]:
    try:
        yield from look()
    except GovsecError as error:
        yield Said(what=error.what, mend=error.next_step or error.cause or "correct it")


def _tools() -> Iterator[Said]:
    for text in metadata.requires(init.DISTRIBUTION) or []:
        wanted = Requirement(text)
        if not any(specifier.operator == "==" for specifier in wanted.specifier):
            continue
        try:
            found = metadata.version(wanted.name)
        except metadata.PackageNotFoundError:
            found = "missing"
        right = found != "missing" and found in wanted.specifier
        mend = "" if right else f"python -m pip install '{wanted.name}{wanted.specifier}'"
        yield Said(what=f"{wanted.name} {found}", mend=mend)


def _checkout(top: Path) -> Iterator[Said]:
    if shutil.which("git") is None:
        yield Said(what="git is not installed", mend="install git")
        return
    found = git.inspect(top)
    if found is None:
        yield Said(what=f"{top} is no git checkout", mend="git init, and commit what you have")
    elif found.commit is None:
        yield Said(what="nothing is committed yet", mend="git add, git commit")
    else:
        yield Said(what=f"git checkout at {found.commit[:12]}")


def _settings(top: Path) -> Iterator[Said]:
    config = load_config(top, None)
    named = f"settings name the profiles {', '.join(config.profiles)}"
    yield Said(what=named if config.profiles else f"no settings name a profile: {DEFAULT_PROFILE} judges")
    loaded = _profiles(top, config)
    for profile in loaded:
        yield Said(what=f"profile {profile.id} {profile.version} ({profile.status})")
    _check_parameters(loaded, config)


def _check_parameters(loaded: tuple[Profile, ...], config: Config) -> None:
    """:raises InputError: as a run does, for a parameter or value that is not known"""
    shipped = (profiles.load(name) for name in profiles.shipped() if config.parameters)
    check_parameters(config.parameters, (*loaded, *shipped))
    for profile in loaded:
        for name in profile.parameters:
            _context(profile, config).parameter(name)


def _profiles(top: Path, config: Config) -> tuple[Profile, ...]:
    loaded = tuple(profiles.load(name, trusted_root=top) for name in config.profiles or (DEFAULT_PROFILE,))
    return pinned(loaded, config)


def _waivers(top: Path) -> Iterator[Said]:
    path = top / waivers.FILE_NAME
    held = len(waivers.load(path)) if path.exists() else 0
    yield Said(what=f"waivers: {held}" if path.exists() else f"there is no {waivers.FILE_NAME}: nothing is accepted")


def _manifests(top: Path) -> Iterator[Said]:
    found = discover(walk(top)).manifests
    if not found:
        mend = "add a lock file, or a requirements.txt with exact versions and hashes"
        yield Said(what="nothing says what this project depends on", mend=mend)
    for manifest in found:
        broken = [one for one in manifest.notifications if one.level is Level.ERROR]
        count = len(manifest.components)
        what = f"{manifest.path}: {count} component{'' if count == 1 else 's'}"
        yield Said(what=what if not broken else f"{what}, {len(broken)} not auditable", mend=_first(broken))


def _first(broken: list[Notification]) -> str:
    told = [f"{one.text} ({one.next_step})" if one.next_step else one.text for one in broken[:_SHOWN]]
    return "; ".join(told)


def _advisories(top: Path, source: Path | None, now: datetime) -> Iterator[Said]:
    with resolve_advisories(source, _settings_or_none(top).advisories) as found:
        if found.path is None:
            yield Said(what="no advisory data is stored", mend=_SYNC)
            return
        with open_index(found.path) as index:
            held = {state.feed: state for state in index.feeds()}
    limits = _limits(top)
    for feed in sorted({*held, *limits}):
        yield _feed(feed, held.get(feed), limits.get(feed), now)


def _feed(feed: str, state: FeedState | None, limit: timedelta | None, now: datetime) -> Said:
    if state is None:
        return Said(what=f"advisory data: no {feed}, which the profile asks for", mend=_SYNC)
    age = now - state.as_of
    allowed = "" if limit is None else f", at most {limit.days} allowed"
    told = f"advisory data: {feed} of {state.as_of:%Y-%m-%d}, {max(0, age.days)} days old{allowed}"
    return Said(what=told, mend=_SYNC if limit is not None and age > limit else "")


def _settings_or_none(top: Path) -> Config:
    """The settings, or none of them where they are broken: that is said elsewhere."""
    try:
        return load_config(top, None)
    except GovsecError:
        return Config()


def _limits(top: Path) -> dict[str, timedelta]:
    """How old each feed may be, by the strictest gate; nothing where settings or profiles are broken: that is said."""
    try:
        config = load_config(top, None)
        loaded = _profiles(top, config)
        asked = [(feed.feed, _limit(feed, profile, config)) for profile in loaded for feed in _feeds(profile)]
    except GovsecError:
        return {}
    return {name: min(limit for feed, limit in asked if feed == name) for name, _ in asked}


def _feeds(profile: Profile) -> Iterable[Feed]:
    """Those that must be there; the age of what need not be is seen where it is used."""
    wanted = (feed for gate in profile.gates if isinstance(gate, AdvisoriesGate) for feed in gate.feeds)
    return (feed for feed in wanted if not feed.if_used)


def _limit(feed: Feed, profile: Profile, config: Config) -> timedelta:
    context = _context(profile, config)
    if feed.max_age_days is None:
        return timedelta(hours=context.number(feed.max_age_hours or 0))
    return timedelta(days=context.number(feed.max_age_days))


def _context(profile: Profile, config: Config) -> Context:
    """The profile's view of what the project declares, as a run has it; nothing was examined."""
    evidence = Evidence(subject=Subject(name=""), runs=(), parameters=config.parameters)
    return Context(index=Index(evidence), profile=profile, now=datetime.now(UTC), stage=Stage.BUILD)


def _hooks(top: Path, seen: init.Seen) -> Iterator[Said]:
    text = init.text_of(top / init.PRE_COMMIT)
    called = init.hooks_called(text or "")
    missing = [name for name in init.hook_ids(seen) if name not in called]
    if missing:
        init.with_hooks(text, missing, HookSource())  # says so where nothing can be added to the file
        yield Said(what=f"{init.PRE_COMMIT} lacks {', '.join(missing)}", mend="govsec init, or docs/pre-commit.md")
    else:
        yield Said(what=f"{init.PRE_COMMIT} calls the hooks")
    if text is not None:
        yield from _manager()
        yield from _installed(top)


def _manager() -> Iterator[Said]:
    """The program that calls the hooks: pre-commit, or prek which needs no look at its version."""
    found = shutil.which("pre-commit")
    if found is None and shutil.which("prek"):
        yield Said(what="prek is there")
    elif found is None:
        own = Path(sysconfig.get_path("scripts"))
        beside = f'it came with govsec; put its folder on PATH: export PATH="{own}:$PATH"'
        there = shutil.which("pre-commit", path=str(own))
        yield Said(what="pre-commit is not on PATH", mend=beside if there else "python -m pip install pre-commit")
    else:
        yield _pre_commit(found)


def _pre_commit(program: str) -> Said:
    told = re.search(r"[0-9]+(?:\.[0-9]+)+", process.run([program, "--version"], timeout_s=_TIMEOUT_S).stdout.decode())
    if told is None:
        return Said(what=f"{program} does not tell its version", mend="python -m pip install --upgrade pre-commit")
    old = Version(told[0]) < OLDEST_PRE_COMMIT
    mend = f"python -m pip install --upgrade 'pre-commit>={OLDEST_PRE_COMMIT}'"
    return Said(what=f"pre-commit {told[0]} ({program})", mend=mend if old else "")


def _installed(top: Path) -> Iterator[Said]:
    done = git.run_git(top, "rev-parse", "--git-common-dir")
    if done.exit_code != 0:
        return
    common = top / done.stdout.decode("utf-8", "surrogateescape").strip()
    lacking = [name for name in ("pre-commit", "pre-push") if not (common / "hooks" / name).is_file()]
    if lacking:
        mend = " ".join(["pre-commit install", *(f"--hook-type {name}" for name in lacking)])
        yield Said(what=f"not installed in this checkout: the {' and '.join(lacking)} hook", mend=mend)


def _workflow(top: Path, seen: init.Seen) -> Iterator[Said]:
    using = init.calling(top, seen)
    if not using:
        yield Said(what="no workflow calls govsec", mend="govsec init, or docs/github-action.md")
    for path, text in using.items():
        unset = PLACEHOLDER in text
        mend = (
            f"in its line `uses: {PLACEHOLDER}` name the repository and the commit that you reviewed" if unset else ""
        )
        yield Said(what=f"{path} calls govsec" if not unset else f"{path} holds a placeholder", mend=mend)

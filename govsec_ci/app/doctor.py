"""``govsec doctor``: what is missing here for a verdict, and how to mend it. Nothing is changed, nothing is fetched."""

import os
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
from packaging.utils import canonicalize_name
from packaging.version import Version

from govsec_ci.advisories.index import open_index
from govsec_ci.app import init
from govsec_ci.app.advisories import resolve_advisories
from govsec_ci.app.doctor_words import Words
from govsec_ci.app.init_files import PLACEHOLDER, HookSource
from govsec_ci.app.pins import pinned
from govsec_ci.app.target import load_config, read_manifests
from govsec_ci.config import Config
from govsec_ci.errors import GovsecError
from govsec_ci.gate import profile as profiles
from govsec_ci.gate import waivers
from govsec_ci.gate.context import Context, Index
from govsec_ci.gate.evaluate import check_parameters
from govsec_ci.gate.profile import Profile
from govsec_ci.gate.schema import AdvisoriesGate, Feed
from govsec_ci.model import Evidence, FeedState, Level, Notification, Stage, Subject
from govsec_ci.system import git, process
from govsec_ci.system.files import walk

DEFAULT_PROFILE: Final = "jp-gov"
# What .pre-commit-hooks.yaml asks for.
OLDEST_PRE_COMMIT: Final = Version("3.2.0")
_SHOWN: Final = 3
_HOOKS: Final = ("pre-commit", "pre-push")
_TIMEOUT_S: Final = 30.0


class Said(Struct, frozen=True, kw_only=True):
    """One thing that was looked at, in the language asked for; ``mend`` is empty where it is in order."""

    what: str
    mend: str = ""


def examine(top: Path, advisories: Path | None, now: datetime, *, lang: str = "en") -> tuple[Said, ...]:
    """Look at everything that a verdict and the hooks need, each thing said once.

    :param now: what the age of advisory data is counted to (UTC); :param lang: ``en`` or ``ja``
    :raises UsageError: ``top`` is no folder
    """
    seen, say = init.look(top), Words(lang)
    looks: tuple[Callable[[], Iterator[Said]], ...] = (
        lambda: _tools(say),
        lambda: _checkout(top, say),
        lambda: _settings(top, say),
        lambda: _waivers(top, say),
        lambda: _manifests(top, say),
        lambda: _advisories(top, advisories, now, say),
        lambda: _hooks(top, seen, say),
        lambda: _workflow(top, seen, say),
    )
    return tuple(dict.fromkeys(one for look in looks for one in _safely(look, say)))


def _safely(look: Callable[[], Iterator[Said]], say: Words) -> Iterator[Said]:
    try:
        yield from look()
    except GovsecError as error:
        yield Said(what=say.tell(error.what), mend=say.remedy(error))


def _tools(say: Words) -> Iterator[Said]:
    for text in metadata.requires(init.DISTRIBUTION) or []:
        wanted = Requirement(text)
        if not any(specifier.operator == "==" for specifier in wanted.specifier):
            continue
        try:
            found = metadata.version(wanted.name)
        except metadata.PackageNotFoundError:
            found = ""
        right = found and found in wanted.specifier
        mend = "" if right else f"python -m pip install '{wanted.name}{wanted.specifier}'"
        yield Said(what=say("tool" if found else "tool-missing", name=wanted.name, found=found), mend=mend)


def _checkout(top: Path, say: Words) -> Iterator[Said]:
    if shutil.which("git") is None:
        yield Said(what=say("no-git"), mend=say("get-git"))
        return
    found = git.inspect(top)
    if found is None:
        yield Said(what=say("no-checkout", top=top), mend=say("begin"))
    elif found.commit is None:
        yield Said(what=say("no-commit"), mend=say("commit"))
    else:
        yield Said(what=say("checkout", commit=found.commit[:12]))


def _settings(top: Path, say: Words) -> Iterator[Said]:
    config = load_config(top, None)
    names = ", ".join(config.profiles)
    yield Said(what=say("named", names=names) if names else say("default", name=DEFAULT_PROFILE))
    loaded = _profiles(top, config)
    for profile in loaded:
        yield Said(what=say("profile", id=profile.id, version=profile.version, status=profile.status))
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


def _waivers(top: Path, say: Words) -> Iterator[Said]:
    path = top / waivers.FILE_NAME
    if path.exists():
        yield Said(what=say("waivers", n=len(waivers.load(path))))
    else:
        yield Said(what=say("no-waivers", file=waivers.FILE_NAME))


def _manifests(top: Path, say: Words) -> Iterator[Said]:
    config = _settings_or_none(top)
    found = read_manifests(walk(top), config).manifests
    declared = {str(canonicalize_name(one.name)) for one in config.declared}
    if not found:
        yield Said(what=say("no-manifest"), mend=say("lock"))
    for manifest in found:
        errors = [one for one in manifest.notifications if one.level is Level.ERROR]
        broken = [one for one in errors if one.properties.get("component") not in declared]
        count = len(manifest.components)
        what = say("one-component" if count == 1 else "components", path=manifest.path, n=count)
        yield Said(what=say("not-auditable", what=what, n=len(broken)) if broken else what, mend=_first(broken, say))


def _first(broken: list[Notification], say: Words) -> str:
    told = ((say.tell(one.text), one.next_step) for one in broken[:_SHOWN])
    return say("next").join(say("with-step", what=what, step=say.tell(step)) if step else what for what, step in told)


def _advisories(top: Path, source: Path | None, now: datetime, say: Words) -> Iterator[Said]:
    with resolve_advisories(source, _settings_or_none(top).advisories) as found:
        if found.path is None:
            yield Said(what=say("no-data"), mend=say("sync"))
            return
        with open_index(found.path) as index:
            held = {state.feed: state for state in index.feeds()}
    limits = _limits(top)
    for feed in sorted({*held, *limits}):
        state = held.get(feed)
        if state is None:
            yield Said(what=say("no-feed", feed=feed), mend=say("sync"))
        else:
            yield _feed(state, limits.get(feed), now - state.as_of, say)


def _feed(state: FeedState, limit: timedelta | None, age: timedelta, say: Words) -> Said:
    told = say("feed", feed=state.feed, day=f"{state.as_of:%Y-%m-%d}", n=max(0, age.days))
    if limit is None:
        return Said(what=told)
    return Said(what=say("allowed", what=told, n=limit.days), mend=say("sync") if age > limit else "")


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


def _hooks(top: Path, seen: init.Seen, say: Words) -> Iterator[Said]:
    text = init.text_of(top / init.PRE_COMMIT)
    called = init.hooks_called(text or "")
    missing = [name for name in init.hook_ids(seen) if name not in called]
    if missing:
        init.with_hooks(text, missing, HookSource())  # says so where nothing can be added to the file
        yield Said(what=say("lacks", file=init.PRE_COMMIT, names=", ".join(missing)), mend=say("add-hooks"))
    else:
        yield Said(what=say("calls-hooks", file=init.PRE_COMMIT))
    if text is not None:
        yield from _manager(say)
        yield from _installed(top, say)


def _manager(say: Words) -> Iterator[Said]:
    """The program that calls the hooks: pre-commit, or prek which needs no look at its version."""
    found = shutil.which("pre-commit")
    if found is None and shutil.which("prek"):
        yield Said(what=say("prek"))
    elif found is None:
        own = Path(sysconfig.get_path("scripts"))
        beside = say("on-path", command=f'export PATH="{own}:$PATH"')
        there = shutil.which("pre-commit", path=str(own))
        yield Said(what=say("no-manager"), mend=beside if there else "python -m pip install pre-commit")
    else:
        yield _pre_commit(found, say)


def _pre_commit(program: str, say: Words) -> Said:
    told = re.search(r"[0-9]+(?:\.[0-9]+)+", process.run([program, "--version"], timeout_s=_TIMEOUT_S).stdout.decode())
    if told is None:
        return Said(what=say("no-version", program=program), mend="python -m pip install --upgrade pre-commit")
    old = Version(told[0]) < OLDEST_PRE_COMMIT
    mend = f"python -m pip install --upgrade 'pre-commit>={OLDEST_PRE_COMMIT}'"
    return Said(what=say("manager", version=told[0], program=program), mend=mend if old else "")


def _installed(top: Path, say: Words) -> Iterator[Said]:
    done = git.run_git(top, "rev-parse", "--git-common-dir", "--show-toplevel")
    if done.exit_code != 0:
        return
    common, _, checkout = _text(done.stdout).partition("\n")
    elsewhere = _hooks_path(top)
    folder = Path(checkout) / elsewhere if elsewhere else top / common / "hooks"
    # git passes over a hook that is not executable.
    lacking = [name for name in _HOOKS if not ((folder / name).is_file() and os.access(folder / name, os.X_OK))]
    if lacking:
        # pre-commit refuses to install hooks where the setting stands.
        first = ["git config --unset-all core.hooksPath", "&&"] if elsewhere else []
        mend = " ".join([*first, "pre-commit install", *(f"--hook-type {name}" for name in lacking)])
        yield Said(what=say("not-installed", names=say("and").join(lacking)), mend=mend)


def _hooks_path(top: Path) -> str:
    """Where git looks for hooks by its settings, also the caller's own; empty where they do not say.

    The last value is the one that we ourselves call git with.
    """
    home = {"HOME": os.path.expanduser("~"), "XDG_CONFIG_HOME": os.environ.get("XDG_CONFIG_HOME", "")}
    done = git.run_git(top, "config", "--path", "--get-all", "core.hooksPath", variables=home)
    told = _text(done.stdout).splitlines()[:-1]
    return told[-1] if told else ""


def _text(output: bytes) -> str:
    return output.decode("utf-8", "surrogateescape").strip()


def _workflow(top: Path, seen: init.Seen, say: Words) -> Iterator[Said]:
    using = init.calling(top, seen)
    if not using:
        yield Said(what=say("no-workflow"), mend=say("add-workflow"))
    for path, text in using.items():
        unset = PLACEHOLDER in text
        mend = say("replace", name=PLACEHOLDER) if unset else ""
        yield Said(what=say("placeholder" if unset else "calls-govsec", path=path), mend=mend)

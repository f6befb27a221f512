"""``govsec doctor``: what is missing here for a verdict, and how to mend it. Nothing is changed, nothing is fetched."""

import shutil
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Final

from msgspec import Struct
from packaging.requirements import Requirement

from govsec_ci.advisories.locate import located
from govsec_ci.advisories.prepare import default_cache
from govsec_ci.app import init
from govsec_ci.app.init_files import PLACEHOLDER
from govsec_ci.app.target import load_config
from govsec_ci.errors import GovsecError
from govsec_ci.gate import profile as profiles
from govsec_ci.gate import waivers
from govsec_ci.manifests.discover import discover
from govsec_ci.model import Level, Notification
from govsec_ci.system import git
from govsec_ci.system.files import walk

DEFAULT_PROFILE: Final = "jp-gov"
_SHOWN: Final = 3


class Said(Struct, frozen=True, kw_only=True):
    """One thing that was looked at; ``mend`` is empty where it is in order."""

    what: str
    mend: str = ""


def examine(top: Path, advisories: Path | None) -> tuple[Said, ...]:
    """Look at everything that a verdict needs; :raises UsageError: ``top`` is no folder."""
    seen = init.look(top)
    looks: tuple[Callable[[], Iterator[Said]], ...] = (
        _tools,
        lambda: _checkout(top),
        lambda: _settings(top),
        lambda: _waivers(top),
        lambda: _manifests(top),
        lambda: _advisories(advisories),
        lambda: _hooks(top, seen),
        lambda: _workflow(top, seen),
    )
    return tuple(one for look in looks for one in _safely(look))


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
    if config.profiles:
        yield Said(what=f"settings name the profiles {', '.join(config.profiles)}")
    else:
        yield Said(what="no settings name a profile", mend=f"govsec init (until then {DEFAULT_PROFILE} judges)")
    for name in config.profiles or (DEFAULT_PROFILE,):
        loaded = profiles.load(name, trusted_root=top)
        yield Said(what=f"profile {loaded.id} {loaded.version} ({loaded.status})")


def _waivers(top: Path) -> Iterator[Said]:
    path = top / waivers.FILE_NAME
    if path.exists():
        yield Said(what=f"{waivers.FILE_NAME} holds {len(waivers.load(path))} waivers")
    else:
        yield Said(what=f"there is no {waivers.FILE_NAME}", mend="govsec init")


def _manifests(top: Path) -> Iterator[Said]:
    found = discover(walk(top)).manifests
    if not found:
        mend = "add a lock file, or a requirements.txt with exact versions and hashes"
        yield Said(what="nothing says what this project depends on", mend=mend)
    for manifest in found:
        broken = [one for one in manifest.notifications if one.level is Level.ERROR]
        what = f"{manifest.path}: {len(manifest.components)} components"
        yield Said(what=what if not broken else f"{what}, {len(broken)} not auditable", mend=_first(broken))


def _first(broken: list[Notification]) -> str:
    told = [f"{one.text} ({one.next_step})" if one.next_step else one.text for one in broken[:_SHOWN]]
    return "; ".join(told)


def _advisories(source: Path | None) -> Iterator[Said]:
    with located(source, default_cache(), first_sync=None) as found:
        if found.path is None:
            mend = "govsec advisories sync, or carry data in: govsec advisories import FILE"
            yield Said(what=found.problem or "there is no advisory data", mend=mend)
        else:
            yield Said(what="advisory data are there; govsec advisories status tells their dates")


def _hooks(top: Path, seen: init.Seen) -> Iterator[Said]:
    path = top / init.PRE_COMMIT
    text = path.read_text("utf-8", "replace") if path.exists() else ""
    missing = [name for name in init.hook_ids(seen) if f"id: {name}" not in text]
    if missing:
        yield Said(what=f"{init.PRE_COMMIT} lacks {', '.join(missing)}", mend="govsec init, or docs/pre-commit.md")
    else:
        yield Said(what=f"{init.PRE_COMMIT} calls the hooks")
    done = git.run_git(top, "rev-parse", "--git-common-dir")
    common = top / done.stdout.decode("utf-8", "surrogateescape").strip()
    if text and done.exit_code == 0 and not (common / "hooks/pre-commit").is_file():
        mend = "pre-commit install --hook-type pre-commit --hook-type pre-push"
        yield Said(what="the hooks are not installed in this checkout", mend=mend)


def _workflow(top: Path, seen: init.Seen) -> Iterator[Said]:
    texts = {path: (top / path).read_text("utf-8", "replace") for path in seen.pipelines if path.startswith(".github/")}
    using = [path for path, text in texts.items() if "govsec" in text]
    if not using:
        yield Said(what="no workflow calls govsec", mend="govsec init, or docs/github-action.md")
    for path in using:
        unset = PLACEHOLDER in texts[path]
        mend = "name the repository and the commit of the release that you reviewed" if unset else ""
        yield Said(what=f"{path} calls govsec" if not unset else f"{path} holds a placeholder", mend=mend)

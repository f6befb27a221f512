"""The commit that the rules are read from: a ref of the checkout, or the pull request's base, fetched where needed."""

import contextlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from govsec_ci.app import pull_request
from govsec_ci.errors import ToolError, UsageError
from govsec_ci.system.git import run_git
from govsec_ci.system.git_fetch import Source, fetched

AUTO: Final = "auto"
"""The base of the pull request that a CI system says is being judged; elsewhere as :data:`NONE`."""
NONE: Final = "none"
"""The rules of the tree itself."""

_COMMIT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_FETCHABLE: Final = re.compile(r"(?:origin/)?[A-Za-z0-9_][\w./-]*")


class Trusted(Struct, frozen=True, kw_only=True):
    """A commit, and what git must be told (environment) to see it from the judged checkout."""

    commit: str
    variables: Mapping[str, str] = {}


def in_force(ref: str, environment: Mapping[str, str]) -> str:
    """The ref that ``ref`` stands for here; empty: the rules are those of the tree."""
    return pull_request.base(environment) if ref == AUTO else "" if ref == NONE else ref


@contextlib.contextmanager
def trusted(root: Path, ref: str, environment: Mapping[str, str], *, offline: bool = False) -> Iterator[Trusted | None]:
    """The commit of ``ref`` for judging ``root``, readable until the block ends; None where the tree's rules hold.

    :param ref: a git ref of this checkout, :data:`AUTO` or :data:`NONE`
    :param environment: that of the CI system; :param offline: fetch over no network
    :raises UsageError: it is no commit of this checkout and cannot be fetched
    """
    wanted = in_force(ref, environment)
    if not wanted:
        yield None
        return
    if wanted.startswith("-"):
        raise UsageError(f"--policy-ref: {wanted!r} is no git ref")
    # A branch that the CI system names is asked for where it is kept: one of the same name here may be an old one.
    here = "" if ref == AUTO and not _COMMIT.fullmatch(wanted) else _local(root, wanted)
    if here:
        yield Trusted(commit=here)
        return
    with fetched(_source(wanted, environment, offline=offline), _full_name(wanted)) as found:
        yield Trusted(commit=found.commit, variables=found.variables)


def _local(root: Path, ref: str) -> str:
    try:
        if run_git(root, "rev-parse", "--git-dir").exit_code != 0:
            raise _no_checkout(root)
        # Not --quiet, which keeps it to itself that a name is ambiguous.
        found = run_git(root, "rev-parse", "--verify", "--end-of-options", f"{ref}^{{commit}}")
    except ToolError as error:
        raise UsageError(f"--policy-ref: {error.what}", next_step=error.next_step) from error
    named_whole = ref.startswith("refs/") or _COMMIT.match(ref)
    if found.exit_code == 0 and "is ambiguous" in found.stderr and not named_whole:
        raise _ambiguous(ref)
    return found.stdout.decode("ascii", "replace").strip() if found.exit_code == 0 else ""


def _ambiguous(ref: str) -> UsageError:
    return UsageError(
        f"--policy-ref: {ref!r} is the name of more than one branch or tag of this checkout",
        cause="git prefers a tag, so whoever may push one could put another commit in a branch's place",
        next_step="name it in full, e.g. refs/heads/main or refs/remotes/origin/main",
    )


def _no_checkout(root: Path) -> UsageError:
    return UsageError(
        f"--policy-ref: {root} is no git checkout, so nothing tells what the change changes",
        cause="git was missing when the sources were checked out, or they were unpacked from an archive",
        next_step=f"check them out with git; --policy-ref {NONE} judges by the rules of the tree itself",
    )


def _full_name(ref: str) -> str:
    plain = ref.startswith("refs/") or _COMMIT.fullmatch(ref)
    return ref if plain else f"refs/heads/{ref.removeprefix('origin/')}"


def _source(ref: str, environment: Mapping[str, str], *, offline: bool) -> Source:
    found = pull_request.source(environment) if _FETCHABLE.fullmatch(ref) else None
    if found is not None and not (offline and not found.url.startswith("file:")):
        return found
    raise UsageError(
        f"--policy-ref: {ref!r} is no commit of this checkout",
        cause="--offline: it may not be fetched" if found else "a shallow clone does not hold it, or it is misspelt",
        next_step=f"fetch it first: git fetch --depth=1 origin {ref}",
    )

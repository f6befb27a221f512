"""Our readers against the tools' own: pip's requirements parser, and pip's and Python's list of an environment."""

import functools
import importlib.metadata
import json
import runpy
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from govsec_ci.manifests.environment import read_environment
from govsec_ci.manifests.registry import FORMATS
from govsec_ci.manifests.requirements import Requirements
from tests.support.tool_lists import tools_list

DIGEST = "ab" * 32


def pips_list(path: Path) -> list[tuple[str, str, int, tuple[str, ...]]] | None:
    """Name, specifier, line and hashes, as pip reads them; None where it refuses the file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pip's own vendored modules
        from pip._internal.exceptions import PipError

        try:
            return list(_pips_entries(path))
        except PipError:
            return None


@functools.cache
def _session() -> Any:
    from pip._internal.network.session import PipSession

    return PipSession()


def _pips_entries(path: Path) -> Iterator[tuple[str, str, int, tuple[str, ...]]]:
    from pip._internal.req.constructors import install_req_from_parsed_requirement
    from pip._internal.req.req_file import parse_requirements

    for parsed in parse_requirements(str(path), session=_session()):
        requirement = install_req_from_parsed_requirement(parsed)
        assert requirement.req is not None
        line = int(str(parsed.comes_from).rpartition("(line ")[2].rstrip(")"))
        digests = tuple(digest for listed in requirement.hash_options.values() for digest in listed)
        yield canonicalize_name(requirement.req.name), str(requirement.req.specifier), line, digests


def our_list(path: Path) -> list[tuple[str, str, int, tuple[str, ...]]]:
    manifest = Requirements().read(path.parent, path.name)
    return [
        (
            one.name,
            f"=={one.version}" if one.version else "",
            one.location.region.start_line if one.location.region else 0,
            tuple(digest for listed in one.hashes.values() for digest in listed),
        )
        for one in manifest.components
    ]


LINES = st.sampled_from(
    [
        "a==1.0",
        "B.c_d == 2.0 # why",
        "e==3.0;python_version>='3.8'",
        "f[x,y]==1.1 ; os_name == 'posix'",
        f"g==1.2 --hash=sha256:{DIGEST}",
        f"h==1.3 \\\n    --hash=sha256:{DIGEST} \\\n    --hash=sha256:{'cd' * 32}",
        "i==1.4 \\",
        "  # only a comment \\",
        "# a\u2028j==1.5",
        "",
        "   ",
        "k",
        "--pre",
        "l==1.6\t# tab",
        "m = 1.7",
    ]
)


@settings(deadline=None, max_examples=80)
@given(st.lists(LINES, max_size=8), st.sampled_from(["\n", "\r\n"]))
def test_pip_reads_the_same_requirements(tmp_path_factory: pytest.TempPathFactory, lines: list[str], end: str) -> None:
    path = tmp_path_factory.mktemp("pip") / "requirements.txt"
    path.write_bytes(end.join(lines).encode())
    theirs, ours = pips_list(path), our_list(path)
    if theirs is None:  # What pip refuses must not be taken in silence.
        manifest = Requirements().read(path.parent, path.name)
        assert any(note.id == "requirement-malformed" for note in manifest.notifications)
        return
    # pip numbers by str.splitlines, which also counts U+2028; editors do not.
    if any("\u2028" in line for line in lines):
        assert [one[:2] + one[3:] for one in ours] == [one[:2] + one[3:] for one in theirs]
    else:
        assert ours == theirs


def test_pip_lists_the_same_environment() -> None:
    """This very environment: pip's list and Python's own metadata, against ours."""
    argv = [sys.executable, "-Im", "pip", "list", "--format=json", "--disable-pip-version-check"]
    listed = json.loads(subprocess.run(argv, check=True, capture_output=True).stdout)
    ours = {(one.name, one.version) for one in read_environment(Path(sys.prefix)).components}
    assert ours == {(canonicalize_name(one["name"]), one["version"]) for one in listed}
    site = Path(str(importlib.metadata.distribution("pytest").locate_file(""))).resolve()
    python = {(canonicalize_name(one.name), one.version) for one in importlib.metadata.distributions(path=[str(site)])}
    assert python <= ours


@pytest.mark.full
def test_the_tools_still_write_what_we_read(root: Path, tmp_path: Path) -> None:
    """Locks made anew by today's tools: the same comparison as with the recordings."""
    script = runpy.run_path(str(root / "tests/recorded/manifests/record.py"))
    tools = script["Toolbox"](tmp_path)
    for name, (lock, make) in script["PROJECTS"].items():
        folder = tmp_path / name
        folder.mkdir()
        for file in script["INPUTS"]:
            if (root / "tests/recorded/manifests" / name / file).exists():
                (folder / file).write_bytes((root / "tests/recorded/manifests" / name / file).read_bytes())
        theirs = tools_list(make(tools, folder))
        chosen = next(one for one in FORMATS.values() if one.matches(lock)).read(folder, lock)
        assert {(one.name, str(one.version)) for one in chosen.components} == set(theirs), name

"""What cyclonedx-bom is asked, and how its recorded answers are matched with our components."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from govsec_ci.errors import ToolError
from govsec_ci.manifests.registry import FORMATS
from govsec_ci.model import Component
from govsec_ci.scanners import cyclonedx_tool as tool
from govsec_ci.system import process
from tests.support.cyclonedx import component


class Replay:
    """Answers with a recorded answer, and keeps what it was asked and which files it saw."""

    def __init__(self, answer: bytes, exit_code: int = 0, stderr: str = "") -> None:
        self.answer = process.Completed(exit_code=exit_code, stdout=answer, stderr=stderr, seconds=0.0)
        self.arguments: tuple[str, ...] = ()
        self.stdin = b""
        self.files: dict[str, bytes] = {}

    def __call__(
        self, _module: str, arguments: Sequence[str] = (), *, stdin: bytes = b"", **_: object
    ) -> process.Completed:
        self.arguments, self.stdin = tuple(arguments), stdin
        folder = Path(arguments[-1])
        if folder.is_dir():
            self.files = {path.name: path.read_bytes() for path in folder.iterdir()}
        return self.answer


@pytest.fixture
def recorded(root: Path) -> Path:
    return root / "tests" / "recorded"


def install(monkeypatch: pytest.MonkeyPatch, replay: Replay) -> Replay:
    monkeypatch.setattr("govsec_ci.scanners.cyclonedx_tool.process.run_module", replay)
    return replay


def read(recorded: Path, project: str, file: str) -> tuple[Component, ...]:
    reader = next(one for one in FORMATS.values() if one.matches(file))
    return reader.read(recorded / "manifests" / project, file).components


def test_many_requirements_are_asked_in_parts_and_keep_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def answer(_module: str, _arguments: object, *, timeout_s: float, stdin: bytes) -> process.Completed:
        lines = stdin.decode().splitlines()
        asked.append(len(lines))
        assert 0 < timeout_s <= 9
        parts = [
            {"type": "library", "name": line.partition("==")[0], "version": "1.0", "bom-ref": f"requirements-L{number}"}
            for number, line in enumerate(lines, 1)
        ]
        bom = {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": parts}
        return process.Completed(exit_code=0, stdout=json.dumps(bom).encode(), stderr="", seconds=0)

    monkeypatch.setattr(process, "run_module", answer)
    components = [component(f"c{number}") for number in range(2_345)]
    said = tool.requirements(components, jobs=2, timeout_s=9)
    assert [one.name for one in said if one] == [one.name for one in components]
    assert sorted(asked) == [345, 1_000, 1_000]


def test_requirements(monkeypatch: pytest.MonkeyPatch, recorded: Path) -> None:
    components = read(recorded, "requirements", "requirements.txt")
    replay = install(monkeypatch, Replay((recorded / "cyclonedx" / "requirements.json").read_bytes()))

    said = tool.requirements(components, timeout_s=9)

    assert [(one.name, one.version) for one in said if one] == [(c.name, c.version) for c in components]
    assert replay.arguments[:2] == ("requirements", "-")
    assert "--no-validate" in replay.arguments
    assert replay.stdin.decode().splitlines()[0] == f"{components[0].name}=={components[0].version}"


@pytest.mark.parametrize(
    ("project", "file", "ask"), [("pipenv", "Pipfile.lock", tool.pipenv), ("poetry", "poetry.lock", tool.poetry)]
)
def test_locks(monkeypatch: pytest.MonkeyPatch, recorded: Path, project: str, file: str, ask: object) -> None:
    components = read(recorded, project, file)
    lock = (recorded / "manifests" / project / file).read_bytes()
    replay = install(monkeypatch, Replay((recorded / "cyclonedx" / f"{project}.json").read_bytes()))

    assert callable(ask)
    said = ask(lock, components, timeout_s=9)

    assert [(one.name.lower().replace("_", "-"), one.version) for one in said] == [
        (c.name, c.version) for c in components
    ]
    assert all(one.external_references for one in said)
    assert replay.files[file] == lock
    assert set(replay.files) <= {file, "pyproject.toml"}


def test_every_group_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    replay = install(monkeypatch, Replay(b'{"bomFormat":"CycloneDX","specVersion":"1.6"}'))

    tool.pipenv(b"{}", [component("a", groups=("docs", "--odd", "a b"))], timeout_s=9)

    assert "--categories=default,develop,docs" in replay.arguments


def test_nothing_but_names_and_versions_is_handed_over() -> None:
    text = tool.requirements_text(
        [
            component("a", "1.0+x.1", hashes={"sha256": ("a" * 64,)}, marker="x", extras=("y",), url="https://h/"),
            component("b", None),
            component("-r secrets.txt", "1"),
            component("c", "1 --index-url=http://evil"),
            component("d", "1\n-r /etc/passwd"),
            component("e\n-e .", None),
            component("", "1"),
        ]
    )

    assert text.decode().splitlines() == [
        "a==1.0+x.1",
        "b",
        "# no plain name",
        "# no plain version",
        "# no plain version",
        "# no plain name",
        "# no plain name",
    ]


def test_poetry_is_asked_for_all_that_is_locked() -> None:
    text = tool.poetry_project([component("b"), component("judged-project-0"), component('odd" = 1')]).decode()

    assert text.splitlines() == [
        "[tool.poetry]",
        'name = "judged-project-1"',
        "[tool.poetry.dependencies]",
        '"b" = "*"',
        '"judged-project-0" = "*"',
    ]


def test_matching(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = (
        b'{"bomFormat":"CycloneDX","specVersion":"1.6","components":['
        b'{"name":"Foo_Bar","version":"1.0.0"},{"name":"two","version":"1"},{"name":"two","version":"2"}]}'
    )
    install(monkeypatch, Replay(answer))
    asked = [component("foo-bar", "1.0"), component("two", "2"), component("two", "3"), component("gone", None)]

    said = tool.poetry(b"", asked, timeout_s=9)

    assert [one and one.version for one in said] == ["1.0.0", "2", None, None]


def test_failures_name_no_private_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_module: str, arguments: Sequence[str], **_: object) -> process.Completed:
        return process.Completed(exit_code=1, stdout=b"", stderr=f"broken: {arguments[-1]}/poetry.lock", seconds=0)

    monkeypatch.setattr("govsec_ci.scanners.cyclonedx_tool.process.run_module", fails)

    with pytest.raises(ToolError, match=r"exit code 1: broken: …/poetry.lock"):
        tool.poetry(b"", [component("a")], timeout_s=9)


def test_nonsense_is_a_tool_error(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, Replay(b"[]"))

    with pytest.raises(ToolError, match="the answer of cyclonedx-bom"):
        tool.requirements([component("a")], timeout_s=9)

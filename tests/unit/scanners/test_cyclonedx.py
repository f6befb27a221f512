"""The SBOM scanner, with a tool that answers as cyclonedx-bom does (the real one: tests/contract)."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from govsec_ci.config import Config, Party, SbomSettings
from govsec_ci.errors import ToolError
from govsec_ci.formats import cyclonedx
from govsec_ci.manifests.base import Manifest
from govsec_ci.manifests.notices import MEANINGS, notice
from govsec_ci.model import Component, Level, Location, Role, Run, ScanState, Subject
from govsec_ci.scanners.base import ScanOutput
from govsec_ci.scanners.cyclonedx import CycloneDxScanner
from govsec_ci.system import process
from tests.support.cyclonedx import by_name, component
from tests.support.scanners import make_request, make_tree, notification, told

NOW = 1_700_000_000


class Tool:
    """Stands where cyclonedx-bom stands. ``passes_over``: names that it drops without a word, as the real one does."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, ...]] = []
        self.passes_over: set[str] = set()
        self.error: ToolError | None = None
        self.answer: process.Completed | None = None

    def __call__(
        self, module: str, arguments: Sequence[str] = (), *, stdin: bytes = b"", **_: object
    ) -> process.Completed:
        assert module == "cyclonedx_py"
        self.calls.append(tuple(arguments))
        if self.error:
            raise self.error
        return self.answer or done(json.dumps(self._document(stdin.decode())).encode())

    def _document(self, requirements: str) -> dict[str, Any]:
        components = [
            self._component(number, *line.partition("==")[::2])
            for number, line in enumerate(requirements.splitlines(), start=1)
            if line.partition("==")[0] not in self.passes_over and not line.startswith("#")
        ]
        return {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": components}

    def _component(self, number: int, name: str, version: str) -> dict[str, Any]:
        reference = {"type": "distribution", "url": f"https://pypi.org/simple/{name}/", "comment": "by the tool"}
        record = {
            "bom-ref": f"requirements-L{number}",
            "name": name,
            "type": "library",
            "externalReferences": [reference],
        }
        return record | ({"version": version} if version else {})


def done(stdout: bytes, exit_code: int = 0, stderr: str = "") -> process.Completed:
    return process.Completed(exit_code=exit_code, stdout=stdout, stderr=stderr, seconds=0.0)


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Tool:
    fake = Tool()
    monkeypatch.setattr("govsec_ci.scanners.cyclonedx_tool.process.run_module", fake)
    return fake


def manifest(*components: Component, path: str = "requirements.txt", **fields: Any) -> Manifest:
    given: dict[str, Any] = {"path": path, "format": "requirements", "components": components}
    return Manifest(**(given | fields))


def scan(folder: Path, *manifests: Manifest, files: Mapping[str, str] | None = None, **fields: Any) -> ScanOutput:
    make_tree(folder, files or {})
    subject = Subject(name="app", version="1", commit="c" * 40, dirty=False)
    given: dict[str, Any] = {"manifests": manifests, "timestamp_s": NOW, "subject": subject}
    return CycloneDxScanner().scan(make_request(folder, **(given | fields)))


def document(output: ScanOutput, name: str = "sbom.cdx.json") -> dict[str, Any]:
    data = output.files[name]
    read: dict[str, Any] = json.loads(data)
    assert cyclonedx.validate(read) == ()
    assert cyclonedx.write(read) == data
    return read


def test_components_are_said_by_the_tool_and_enriched(tmp_path: Path, tool: Tool) -> None:
    output = scan(tmp_path, manifest(component("a", hashes={"sha256": ("a" * 64,)}), component("b", "2.0", line=2)))

    assert output.run.state is ScanState.COMPLETE
    assert (output.run.id, output.run.tool, output.run.role) == ("cyclonedx", "cyclonedx-py", Role.SBOM)
    assert (output.run.targets, output.run.scope, output.run.notifications) == (2, 2, ())
    assert output.run.commit == "c" * 40
    reference = by_name(document(output))["a"]["externalReferences"][0]
    assert reference["comment"] == "by the tool"
    assert reference["hashes"] == [{"alg": "SHA-256", "content": "a" * 64}]
    assert len(tool.calls) == 1
    assert [t["name"] for t in document(output)["metadata"]["tools"]["components"]] == [
        "cyclonedx-bom",
        "cyclonedx-python-lib",
        "govsec_ci",
    ]


def test_all_requirements_files_go_to_the_tool_at_once(tmp_path: Path, tool: Tool) -> None:
    first, second = manifest(component("a"), component("b")), manifest(component("c"), path="requirements/dev.txt")
    output = scan(tmp_path, first, second)

    assert len(tool.calls) == 1
    assert {one["externalReferences"][0]["comment"] for one in document(output)["components"]} == {"by the tool"}


def test_formats_that_the_tool_does_not_read_go_to_the_library(tmp_path: Path, tool: Tool) -> None:
    output = scan(tmp_path, manifest(component("a", path="uv.lock"), path="uv.lock", format="uv.lock"))

    assert tool.calls == []
    assert by_name(document(output))["a"]["externalReferences"][0]["comment"] == "implicit dist url"


def test_no_manifest_is_incomplete_and_makes_no_file(tmp_path: Path, tool: Tool) -> None:
    output = scan(tmp_path)

    assert told(output.run) == [("no-manifest", "error")]
    assert (output.run.state, dict(output.files)) == (ScanState.INCOMPLETE, {})
    assert notification(output.run, "no-manifest").next_step


def test_no_dependencies_at_all_is_a_whole_sbom(tmp_path: Path, tool: Tool) -> None:
    output = scan(tmp_path, manifest(path="pyproject.toml", format="pyproject.toml"), manifest())

    assert output.run.state is ScanState.COMPLETE
    assert document(output)["components"] == []
    assert document(output)["compositions"][0]["aggregate"] == "complete"
    assert tool.calls == []


def test_a_component_without_a_version_is_in_it_and_noted(tmp_path: Path, tool: Tool) -> None:
    unpinned = notice("requirement-unpinned", "a", path="requirements.txt", line=1, component="a")
    output = scan(tmp_path, manifest(component("a", None), notifications=(unpinned,)))

    assert output.run.state is ScanState.COMPLETE
    assert told(output.run) == [("component-without-version", "note")]
    assert notification(output.run, "component-without-version").properties == {"component": "a"}
    assert "version" not in by_name(document(output))["a"]
    assert document(output)["compositions"] == [
        {"aggregate": "incomplete", "assemblies": ["root-component"]},
        {"aggregate": "unknown", "dependencies": ["pkg:pypi/a", "root-component"]},
    ]


WHOLE = {
    "requirement-unpinned", "requirement-not-on-index", "requirement-conflict", "requirement-is-project",
    "index-not-public", "manifest-unlocked", "manifest-closure-unproven", "lock-not-compared",
    "environment-index-unknown",
}  # fmt: skip


@pytest.mark.parametrize("identifier", sorted(MEANINGS))
def test_what_may_lack_components_is_incomplete(tmp_path: Path, tool: Tool, identifier: str) -> None:
    said = notice(identifier, "x", path="requirements.txt", line=3)
    output = scan(tmp_path, manifest(component("a"), notifications=(said,)))

    assert (output.run.state is ScanState.COMPLETE) == (identifier in WHOLE)
    assert (said in output.run.notifications) == (identifier not in WHOLE)
    assert document(output)["compositions"][0]["aggregate"] == "incomplete"


@pytest.mark.parametrize("level", [Level.WARNING, Level.NOTE])
def test_what_only_informs_is_left_to_the_audit(tmp_path: Path, tool: Tool, level: Level) -> None:
    said = notice("requirement-malformed", "x", path="requirements.txt", line=3, level=level)

    assert scan(tmp_path, manifest(component("a"), notifications=(said,))).run.notifications == ()


@pytest.mark.parametrize(
    ("components", "format_", "aggregate"),
    [
        ((component("a", hashes={"sha256": ("a" * 64,)}),), "requirements", "complete"),
        ((component("a", hashes={"sha256": ("a" * 64,)}), component("b")), "requirements", "unknown"),
        ((component("a"),), "uv.lock", "complete"),
        ((component("a"),), "environment", "complete"),
        ((component("a"),), "pyproject.toml", "unknown"),
    ],
)
def test_how_whole_a_list_is(
    tmp_path: Path, tool: Tool, components: tuple[Component, ...], format_: str, aggregate: str
) -> None:
    output = scan(tmp_path, manifest(*components, format=format_))
    (found,) = [one["aggregate"] for one in document(output)["compositions"] if "assemblies" in one]

    assert found == aggregate


def test_what_the_tool_passes_over_is_taken_from_the_library(tmp_path: Path, tool: Tool) -> None:
    tool.passes_over = {"b"}
    output = scan(tmp_path, manifest(component("a"), component("b"), component("c", "odd version")))

    assert sorted(by_name(document(output))) == ["a", "b", "c"]
    assert told(output.run) == [("component-passed-over", "note")] * 2
    assert (output.run.targets, output.run.scope, output.run.state) == (3, 3, ScanState.COMPLETE)
    assert by_name(document(output))["b"]["externalReferences"][0]["comment"] == "implicit dist url"


@pytest.mark.parametrize(
    "answer",
    [
        done(b"", exit_code=1, stderr="Traceback: no\x1b[0m"),
        done(b"no JSON"),
        done(b'{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"name": 1}]}'),
    ],
)
def test_a_tool_that_fails_makes_the_run_incomplete(tmp_path: Path, tool: Tool, answer: process.Completed) -> None:
    tool.answer = answer
    output = scan(tmp_path, manifest(component("a")))

    assert output.run.state is ScanState.INCOMPLETE
    assert told(output.run) == [("tool-failed", "error")]
    assert "\x1b" not in notification(output.run, "tool-failed").text
    assert sorted(by_name(document(output))) == ["a"]


def test_a_tool_that_hangs_or_cannot_start_makes_the_run_incomplete(tmp_path: Path, tool: Tool) -> None:
    tool.error = process.TimedOutError("python took longer than 600 s and was stopped")
    output = scan(tmp_path, manifest(component("a")))

    assert output.run.state is ScanState.INCOMPLETE
    assert "longer than 600 s" in notification(output.run, "tool-failed").text


def test_a_lock_that_is_gone_is_a_tool_that_failed(tmp_path: Path, tool: Tool) -> None:
    output = scan(tmp_path, manifest(component("a"), path="poetry.lock", format="poetry.lock"))

    assert told(output.run) == [("tool-failed", "error")]
    assert "poetry.lock could not be read again" in notification(output.run, "tool-failed").text


def test_an_empty_lock_needs_no_tool(tmp_path: Path, tool: Tool) -> None:
    assert scan(tmp_path, manifest(path="poetry.lock", format="poetry.lock")).run.state is ScanState.COMPLETE
    assert tool.calls == []


def test_an_invalid_document_is_never_written(tmp_path: Path, tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("govsec_ci.formats.cyclonedx.validate", lambda bom: ("/x: no\n",))
    output = scan(tmp_path, manifest(component("a")))

    assert dict(output.files) == {}
    assert told(output.run) == [("sbom-invalid", "error")]
    assert (output.run.targets, output.run.scope) == (0, 1)


def test_two_runs_give_the_same_bytes(tmp_path: Path, tool: Tool) -> None:
    listed = manifest(component("b"), component("a"))

    assert scan(tmp_path, listed).files == scan(tmp_path, listed).files


def test_each_project_of_a_tree_gets_its_own(tmp_path: Path, tool: Tool) -> None:
    project = '[project]\nname = "beta"\nversion = "3"\nlicense = "MIT"\n'
    output = scan(
        tmp_path,
        manifest(component("a")),
        manifest(component("b"), path="services/api/requirements.txt"),
        manifest(component("c"), path="services/api/requirements/dev.txt"),
        files={"requirements.txt": "", "services/api/pyproject.toml": project, "services/api/requirements.txt": ""},
    )

    assert sorted(output.files) == ["sbom.cdx.json", "sbom/root.cdx.json", "sbom/services__api.cdx.json"]
    assert sorted(by_name(document(output))) == ["a", "b", "c"]
    assert sorted(by_name(document(output, "sbom/root.cdx.json"))) == ["a"]
    api = document(output, "sbom/services__api.cdx.json")
    assert sorted(by_name(api)) == ["b", "c"]
    root = api["metadata"]["component"]
    assert (root["name"], root["version"]) == ("beta", "3")
    assert root["licenses"] == [{"license": {"id": "MIT", "acknowledgement": "declared"}}]
    assert document(output)["metadata"]["component"]["name"] == "app"
    assert (output.run.targets, output.run.scope) == (3, 3)


def test_project_file_names_are_never_the_same(tmp_path: Path, tool: Tool) -> None:
    roots = (".", "root", "a/b", "a__b", "caf\udce9", "x" * 300)
    manifests = [manifest(component("a"), path=f"{root}/requirements.txt".removeprefix("./")) for root in roots]
    request = make_request(tmp_path, manifests=tuple(manifests), timestamp_s=NOW)
    output = CycloneDxScanner().scan(request)

    assert len(output.files) == len(roots) + 1
    assert all(len(name) < 200 and name.isascii() for name in output.files)
    assert document(output, "sbom/root.cdx.json")["metadata"]["component"]["name"] == "subject"
    assert "sbom/a__b.cdx.json" in output.files


def test_a_project_without_a_name_is_called_by_its_folder(tmp_path: Path, tool: Tool) -> None:
    output = scan(tmp_path, manifest(component("a")), manifest(component("b"), path="x/requirements.txt"))

    assert document(output, "sbom/x.cdx.json")["metadata"]["component"]["name"] == "app/x"


def test_author_and_supplier_come_from_the_configuration(tmp_path: Path, tool: Tool) -> None:
    settings = SbomSettings(author=Party(name="Office", email="a@office.example"), supplier=Party(name="Maker"))
    metadata = document(scan(tmp_path, manifest(component("a")), config=Config(sbom=settings)))["metadata"]

    assert metadata["authors"] == [{"name": "Office", "email": "a@office.example"}]
    assert metadata["component"]["supplier"] == {"name": "Maker"}


def test_phases_say_where_the_data_comes_from(tmp_path: Path, tool: Tool) -> None:
    lock = manifest(component("a"), path="uv.lock", format="uv.lock")
    installed = manifest(component("a", path="venv/METADATA", licence="MIT"), path="venv", format="environment")

    both = document(scan(tmp_path, lock, installed))
    assert both["metadata"]["lifecycles"] == [{"phase": "pre-build"}, {"phase": "post-build"}]
    assert len(both["components"]) == 1
    assert document(scan(tmp_path, installed))["metadata"]["lifecycles"] == [{"phase": "post-build"}]


def test_declaration_tells_direct_from_transitive_where_the_lock_has_the_graph(tmp_path: Path, tool: Tool) -> None:
    lock = (component("a", depends_on=("b",)), component("b", depends_on=()))
    files = {"pyproject.toml": '[project]\nname = "app"\ndependencies = ["a"]\n', "pdm.lock": ""}
    output = scan(tmp_path, manifest(*lock, path="pdm.lock", format="pdm.lock"), files=files)

    assert document(output)["dependencies"][-1] == {"ref": "root-component", "dependsOn": ["pkg:pypi/a@1.0"]}
    assert [one["aggregate"] for one in document(output)["compositions"]] == ["complete"]


def test_without_a_graph_the_declaration_tells_nothing(tmp_path: Path, tool: Tool) -> None:
    files = {"pyproject.toml": '[project]\nname = "app"\ndependencies = ["a"]\n'}
    output = scan(tmp_path, manifest(component("a"), component("b")), files=files)

    assert document(output)["dependencies"][-1]["dependsOn"] == ["pkg:pypi/a@1.0", "pkg:pypi/b@1.0"]


def test_what_a_format_has_told_itself_is_kept(tmp_path: Path, tool: Tool) -> None:
    lock = (component("a", depends_on=(), direct=False), component("b", depends_on=("a",), direct=True))
    files = {"pyproject.toml": '[project]\nname = "app"\ndependencies = ["a"]\n'}
    output = scan(tmp_path, manifest(*lock, path="uv.lock", format="uv.lock"), files=files)

    assert document(output)["dependencies"][-1]["dependsOn"] == ["pkg:pypi/b@1.0"]


def test_the_run_names_no_path_of_this_machine(tmp_path: Path, tool: Tool) -> None:
    make_tree(tmp_path, {"Pipfile.lock": "{}"})
    tool.answer = done(b"", exit_code=2, stderr="no such thing")
    run: Run = scan(tmp_path, manifest(component("a"), path="Pipfile.lock", format="Pipfile.lock")).run

    assert str(tmp_path) not in repr(run)
    assert "govsec-" not in notification(run, "tool-failed").text


def test_location_without_a_line(tmp_path: Path, tool: Tool) -> None:
    placed = Component(name="a", version="1", location=Location(path="requirements.txt"))

    assert by_name(document(scan(tmp_path, manifest(placed))))["a"]["evidence"]["occurrences"] == [
        {"location": "requirements.txt"}
    ]


def test_the_tools_default_index_is_not_taken_for_another_source(tmp_path: Path, tool: Tool) -> None:
    listed = manifest(
        component("a", source="vcs", url="https://[broken"),
        component("b", source="private-index", index="https://pkg.example/simple"),
        component("c", source="path"),
    )
    written = by_name(document(scan(tmp_path, listed)))

    assert written["a"]["externalReferences"] == []
    assert [one["url"] for one in written["b"]["externalReferences"]] == ["https://pkg.example/simple/b/"]
    assert [one["type"] for one in written["c"]["externalReferences"]] == ["other"]

"""Building, writing, checking and reading back an SBOM."""

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from govsec_ci.errors import InputError
from govsec_ci.formats import cyclonedx, cyclonedx_component, cyclonedx_graph
from govsec_ci.formats.cyclonedx_parts import Items, entries_of
from govsec_ci.formats.cyclonedx_values import iri, licence, redact
from govsec_ci.model import Component, Distribution, Subject
from tests.support.cyclonedx import STAMP, bom, by_name, component, head, part, properties, sbom
from tests.support.patience import HANG_S

SHA = "a1" * 32
OTHER_SHA = "b2" * 32


def test_document_says_what_it_is_about() -> None:
    document = sbom(part(component("flask", "3.0.0")))

    assert document["specVersion"] == "1.6"
    assert document["metadata"]["timestamp"] == "2023-11-14T22:13:20Z"
    assert document["metadata"]["component"]["name"] == "tax-forms"
    assert document["metadata"]["component"]["version"] == "1.2"
    assert document["metadata"]["lifecycles"] == [{"phase": "pre-build"}]
    assert [tool["name"] for tool in document["metadata"]["tools"]["components"]] == ["cyclonedx-bom", "govsec_ci"]
    assert properties(document["metadata"]) == [("govsec:commit", "c" * 40), ("govsec:dirty", "false")]
    assert document["serialNumber"].startswith("urn:uuid:")
    assert "vulnerabilities" not in document


def test_a_subject_without_checkout_has_no_commit() -> None:
    document = sbom(part(), subject=Subject(name="tax forms"))

    assert "properties" not in document["metadata"]
    assert document["metadata"]["component"]["purl"] == "pkg:generic/tax%20forms"
    assert document["components"] == []
    assert document["dependencies"] == [{"ref": "root-component"}]
    assert document["compositions"] == [
        {"aggregate": "complete", "assemblies": ["root-component"], "dependencies": ["root-component"]}
    ]


def test_the_same_input_gives_the_same_bytes_in_any_order() -> None:
    one, two = component("a", hashes={"sha256": (SHA, OTHER_SHA)}), component("b", depends_on=("a",))

    first = cyclonedx.write(sbom(part(one, two)))
    second = cyclonedx.write(sbom(part(two, one)))

    assert first == second
    assert cyclonedx.write(sbom(part(one, two), timestamp_s=STAMP + 1)) != first


def test_serial_number_depends_on_content() -> None:
    first, second = sbom(part(component("a"))), sbom(part(component("b")))

    assert first["serialNumber"] != second["serialNumber"]


def test_written_form_is_canonical() -> None:
    data = cyclonedx.write(sbom(part(component("é"))))

    assert data.endswith(b"}\n")
    assert b'\n  "bomFormat": "CycloneDX",\n' in data
    assert "é".encode() in data
    assert list(json.loads(data)) == sorted(json.loads(data))


def test_component_fields() -> None:
    full = component(
        "flask",
        "3.0.0",
        line=7,
        hashes={"sha256": (SHA,), "blake2b": ("zz",), "unknown": ("00",)},
        licence="MIT",
        supplier="Pallets",
        authors=("Ann Example <ann@example.org>", "Bo"),
        extras=("async",),
        marker='python_version > "3"',
        groups=("main", "dev"),
    )

    record = by_name(sbom(part(full)))["flask"]

    assert record["bom-ref"] == record["purl"] == "pkg:pypi/flask@3.0.0"
    assert record["hashes"] == [{"alg": "SHA-256", "content": SHA}]
    assert record["licenses"] == [{"license": {"id": "MIT", "acknowledgement": "declared"}}]
    assert record["supplier"] == {"name": "Pallets"}
    assert record["authors"] == [{"name": "Ann Example", "email": "ann@example.org"}, {"name": "Bo"}]
    assert record["manufacturer"]["contact"] == [{"name": "Ann Example", "email": "ann@example.org"}]
    assert record["evidence"] == {"occurrences": [{"location": "requirements.txt", "line": 7}]}
    assert "scope" not in record
    assert properties(record) == [
        ("cdx:python:package:required-extra", "async"),
        ("govsec:group", "dev"),
        ("govsec:group", "main"),
        ("govsec:marker", 'python_version > "3"'),
    ]
    assert record["externalReferences"] == [
        {
            "type": "distribution",
            "url": "https://pypi.org/simple/flask/",
            "comment": "implicit dist url",
            "hashes": [{"alg": "SHA-256", "content": SHA}],
        }
    ]


def test_digests_of_several_files_are_not_the_components_own() -> None:
    record = by_name(sbom(part(component("a", hashes={"sha256": (SHA, OTHER_SHA), "sha512": ("c3" * 64,)}))))["a"]

    assert record["hashes"] == [{"alg": "SHA-512", "content": "c3" * 64}]
    assert len(record["externalReferences"][0]["hashes"]) == 3


def files(*named: tuple[str, dict[str, str]]) -> tuple[Distribution, ...]:
    return tuple(Distribution(url=f"https://files.example/{name}", hashes=hashes) for name, hashes in named)


def test_each_file_that_a_lock_names_is_a_reference_with_its_own_digests() -> None:
    wheel, sdist = ("a 1.whl", {"sha256": SHA}), ("a.tar.gz", {"sha256": OTHER_SHA, "blake2s": "00"})
    every = {"sha256": (SHA, OTHER_SHA)}
    uv = part(component("a", hashes=every, files=files(wheel, sdist), path="uv.lock"))
    pylock = part(component("a", hashes=every, files=files(("a 1.whl", {"sha512": "c3" * 64})), path="pylock.toml"))
    bare = part(component("a", hashes=every))

    assert by_name(sbom(uv, pylock, bare))["a"]["externalReferences"] == [
        {
            "type": "distribution",
            "url": "https://files.example/a%201.whl",
            "comment": "from the manifest",
            "hashes": [{"alg": "SHA-256", "content": SHA}, {"alg": "SHA-512", "content": "c3" * 64}],
        },
        {
            "type": "distribution",
            "url": "https://files.example/a.tar.gz",
            "comment": "from the manifest",
            "hashes": [{"alg": "SHA-256", "content": OTHER_SHA}],
        },
    ]


def test_a_file_without_a_digest_gets_none_of_another() -> None:
    record = by_name(sbom(part(component("a", hashes={"sha256": (SHA,)}, files=files(("a.whl", {}))))))["a"]

    (reference,) = record["externalReferences"]
    assert "hashes" not in reference
    assert record["hashes"] == [{"alg": "SHA-256", "content": SHA}]


def test_files_of_what_comes_from_elsewhere_are_not_those_of_a_release() -> None:
    vcs = component("a", source="vcs", url="git+https://host.example/a.git@abc", files=files(("a.whl", {})))

    assert [one["type"] for one in by_name(sbom(part(vcs)))["a"]["externalReferences"]] == ["vcs"]


def test_digest_of_what_is_installed_is_not_that_of_the_archive() -> None:
    lock = part(component("a", hashes={"sha256": (SHA, OTHER_SHA)}, path="uv.lock"))
    installed = part(
        component("a", hashes={"sha256": ("d4" * 32,)}, licence="MIT", path="venv/METADATA"), installed=True
    )

    both = by_name(sbom(lock, installed))["a"]
    alone = by_name(sbom(installed))["a"]

    assert both["hashes"] == alone["hashes"] == [{"alg": "SHA-256", "content": "d4" * 32}]
    assert [one["content"] for one in both["externalReferences"][0]["hashes"]] == [SHA, OTHER_SHA]
    assert "hashes" not in alone["externalReferences"][0]
    assert both["licenses"] == [{"license": {"id": "MIT", "acknowledgement": "declared"}}]
    assert [place["location"] for place in both["evidence"]["occurrences"]] == ["uv.lock", "venv/METADATA"]


def test_only_optional_groups_make_a_component_optional() -> None:
    document = by_name(
        sbom(part(component("a", groups=("dev",)), component("b", groups=("main", "dev")), component("c")))
    )

    assert document["a"]["scope"] == "optional"
    assert "scope" not in document["b"]
    assert "scope" not in document["c"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mit", [{"license": {"id": "MIT", "acknowledgement": "declared"}}]),
        ("MIT OR Apache-2.0", [{"expression": "MIT OR Apache-2.0", "acknowledgement": "declared"}]),
        ("GPL-2.0-only WITH Classpath-exception-2.0", [
            {"expression": "GPL-2.0-only WITH Classpath-exception-2.0", "acknowledgement": "declared"}
        ]),
        ("The Team's own", [{"license": {"name": "The Team's own", "acknowledgement": "declared"}}]),
        ("MIT OR (", [{"license": {"name": "MIT OR (", "acknowledgement": "declared"}}]),
        ("()", [{"license": {"name": "()", "acknowledgement": "declared"}}]),
        ("  ", []),
        ("", []),
    ],
)  # fmt: skip
def test_licence(text: str, expected: list[Any]) -> None:
    assert licence(text) == expected


def test_no_licence_loads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("govsec_ci.formats.cyclonedx_values._expression", pytest.fail)
    assert licence(" ") == []


@settings(max_examples=25)
@given(st.text(max_size=40))
def test_any_licence_text_gives_a_valid_document(text: str) -> None:
    sbom(part(component("a", licence=text)))


@given(st.text(alphabet="()+/ MITANDORWTHx-2.0", max_size=40))
def test_any_licence_expression_can_be_read(text: str) -> None:
    assert len(licence(text)) == (1 if text.strip() else 0)


def test_an_endless_licence_is_a_name() -> None:
    assert "name" in licence("(" * 3000)[0]["license"]


@pytest.mark.parametrize(
    ("fields", "reference", "purl"),
    [
        (
            {"source": "vcs", "url": "git+https://user:secret@host.example/a.git@abc"},
            {"type": "vcs", "url": "git+https://host.example/a.git@abc", "comment": "from the manifest"},
            "pkg:pypi/a@1.0?vcs_url=git%2Bhttps://host.example/a.git%40abc",
        ),
        (
            {"source": "url", "url": "https://host.example/a-1.0.tar.gz"},
            {"type": "distribution", "url": "https://host.example/a-1.0.tar.gz", "comment": "from the manifest"},
            "pkg:pypi/a@1.0?download_url=https://host.example/a-1.0.tar.gz",
        ),
        (
            {"source": "path", "url": "./libs/a"},
            {"type": "other", "url": "./libs/a", "comment": "local path"},
            "pkg:pypi/a@1.0?download_url=file:./libs/a",
        ),
        (
            {"source": "path", "url": ""},
            {"type": "other", "url": ".", "comment": "local path"},
            "pkg:pypi/a@1.0",
        ),
        (
            {"source": "private-index", "index": "https://u:p@pkg.example/simple/"},
            {"type": "distribution", "url": "https://pkg.example/simple/a/", "comment": "index"},
            "pkg:pypi/a@1.0?repository_url=https://pkg.example/simple/",
        ),
    ],
)
def test_where_a_component_comes_from(fields: dict[str, Any], reference: dict[str, Any], purl: str) -> None:
    record = by_name(sbom(part(component("a", **fields))))["a"]

    assert record["externalReferences"] == [reference]
    assert record["purl"] == purl
    assert ("govsec:source", fields["source"]) in properties(record)
    assert b"secret" not in json.dumps(record).encode()


def test_what_has_no_usable_address_is_not_said_to_come_from_the_public_index() -> None:
    record = by_name(sbom(part(component("a", source="vcs", url="https://[broken"))))["a"]

    assert record["externalReferences"] == []


def test_one_file_named_by_the_manifest_has_the_file_properties_of_bsi() -> None:
    url = "https://host.example/a-1.0-py3-none-any.whl"
    files = by_name(sbom(part(component("a", url=url), component("b", url="https://host.example/b"))))

    assert properties(files["a"]) == [
        ("bsi:component:archive", "archive"),
        ("bsi:component:filename", "a-1.0-py3-none-any.whl"),
        ("bsi:component:structured", "structured"),
    ]
    assert "properties" not in files["b"]


def test_same_component_of_two_manifests_is_one() -> None:
    one = part(component("a", hashes={"sha256": (SHA,)}, direct=True), root="x")
    two = part(component("a", hashes={"sha256": (OTHER_SHA,)}, path="two.txt", direct=False), root="y")

    document = sbom(one, two)

    assert len(document["components"]) == cyclonedx.distinct([one, two]) == 1
    assert len(document["components"][0]["evidence"]["occurrences"]) == 2


def test_another_source_is_another_component() -> None:
    document = sbom(part(component("a"), component("a", source="private-index", index="https://pkg.example/simple")))

    assert len({one["bom-ref"] for one in document["components"]}) == 2


def test_bom_refs_are_unique_where_purls_are_not() -> None:
    document = sbom(part(component("a"), component("a", source="vcs", url="")))

    assert [one["bom-ref"] for one in document["components"]] == ["pkg:pypi/a@1.0", "pkg:pypi/a@1.0#2"]


def test_a_lock_settles_what_the_declaration_leaves_open() -> None:
    declared = part(
        component("a", None, path="pyproject.toml", direct=True), component("b", None, path="pyproject.toml")
    )
    lock = part(component("a", "2.0", direct=None, depends_on=("c",)), component("c", direct=False))

    document = sbom(declared, lock)

    assert sorted(by_name(document)) == ["a", "b", "c"]
    assert by_name(document)["a"]["version"] == "2.0"
    assert [place["location"] for place in by_name(document)["a"]["evidence"]["occurrences"]] == [
        "pyproject.toml",
        "requirements.txt",
    ]
    assert "version" not in by_name(document)["b"]
    assert cyclonedx.distinct([declared, lock]) == 3


def test_a_lock_of_another_project_settles_nothing() -> None:
    declared = part(component("a", None), root="one")
    lock = part(component("a", "2.0"), root="two")

    assert [one.get("version") for one in sbom(declared, lock)["components"]] == [None, "2.0"]


def test_graph_and_compositions() -> None:
    document = sbom(
        part(
            component("a", direct=True, depends_on=("b", "gone", "a")),
            component("b", direct=False, depends_on=()),
            component("c", direct=True, depends_on=None),
        )
    )

    assert document["dependencies"] == [
        {"ref": "pkg:pypi/a@1.0", "dependsOn": ["pkg:pypi/b@1.0"]},
        {"ref": "pkg:pypi/b@1.0"},
        {"ref": "root-component", "dependsOn": ["pkg:pypi/a@1.0", "pkg:pypi/c@1.0"]},
    ]
    assert document["compositions"] == [
        {
            "aggregate": "complete",
            "assemblies": ["root-component"],
            "dependencies": ["pkg:pypi/b@1.0", "root-component"],
        },
        {"aggregate": "incomplete", "dependencies": ["pkg:pypi/a@1.0"]},
        {"aggregate": "unknown", "dependencies": ["pkg:pypi/c@1.0"]},
    ]


def test_what_nothing_leads_to_hangs_on_the_root() -> None:
    document = sbom(part(component("a", direct=True), component("b", direct=False)))

    assert document["compositions"] == [
        {"aggregate": "complete", "assemblies": ["root-component"]},
        {"aggregate": "unknown", "dependencies": ["pkg:pypi/a@1.0", "pkg:pypi/b@1.0", "root-component"]},
    ]
    assert document["dependencies"] == [{"ref": "root-component", "dependsOn": ["pkg:pypi/a@1.0", "pkg:pypi/b@1.0"]}]


def test_a_ring_that_nothing_leads_to_hangs_on_the_root_once() -> None:
    ring = [component("a", direct=False, depends_on=("b",)), component("b", direct=False, depends_on=("a",))]
    chain = [component("c", direct=False, depends_on=("d", "a")), component("d", direct=False, depends_on=())]
    itself = component("e", direct=False, depends_on=("e",))

    def of_root(*components: Component) -> list[str]:
        nodes = {node["ref"]: node.get("dependsOn", []) for node in sbom(part(*components))["dependencies"]}
        return [ref.partition("@")[0].removeprefix("pkg:pypi/") for ref in nodes["root-component"]]

    assert of_root(*ring) == ["a"]
    assert of_root(*ring, *chain) == ["c"]
    assert of_root(*ring, *chain[1:], itself) == ["a", "d", "e"]


@given(st.lists(st.sets(st.integers(0, 9)), min_size=10, max_size=10), st.sets(st.integers(0, 9)))
def test_every_component_can_be_reached_from_the_root(needed: list[set[int]], direct: set[int]) -> None:
    components = [
        component(f"c{number}", direct=number in direct, depends_on=tuple(f"c{other}" for other in sorted(others)))
        for number, others in enumerate(needed)
    ]
    nodes = {node["ref"]: node.get("dependsOn", []) for node in sbom(part(*components))["dependencies"]}
    seen, waiting = set(), ["root-component"]
    while waiting:
        ref = waiting.pop()
        waiting += [other for other in nodes[ref] if other not in seen]
        seen.add(ref)
    assert seen == nodes.keys()


def test_many_rings_and_many_digests_take_no_quadratic_time() -> None:
    sides = (("a", "b"), ("b", "a"))
    rings = {f"{one}{n}": frozenset({f"{other}{n}"}) for n in range(20_000) for one, other in sides}
    digests = tuple(f"{number:064x}" for number in range(30_000))
    parts = [part(component("a", hashes={"sha256": digests}))]
    (entry,) = entries_of(parts, Items(parts)).values()
    start = time.process_time()
    assert len(cyclonedx_graph._orphans(set(), rings)) == 20_000
    assert cyclonedx_component._own_hashes(entry) == []
    assert time.process_time() - start < HANG_S


@pytest.mark.parametrize(("whole", "aggregate"), [(True, "complete"), (False, "incomplete"), (None, "unknown")])
def test_wholeness_of_the_list_is_told(*, whole: bool | None, aggregate: str) -> None:
    compositions = sbom(part(component("a", direct=True)), part(component("b", direct=True), whole=whole))[
        "compositions"
    ]

    assert [one["aggregate"] for one in compositions if "assemblies" in one] == [aggregate]


def test_root_says_what_the_project_says() -> None:
    project = cyclonedx.Project(
        description="Fills in forms",
        licence="Apache-2.0",
        authors=("Team <team@example.org>",),
        vcs_url="https://token@git.example/tax-forms.git",
    )
    root = sbom(part(), project=project)["metadata"]["component"]

    assert root["licenses"] == [{"license": {"id": "Apache-2.0", "acknowledgement": "declared"}}]
    assert root["supplier"] == {"name": "Team"}
    assert root["externalReferences"] == [{"type": "vcs", "url": "https://git.example/tax-forms.git"}]
    assert "token" not in root["purl"]
    assert root["purl"].startswith("pkg:generic/tax-forms@1.2?vcs_url=git%2Bhttps://git.example/tax-forms.git%40cccc")


def test_author_and_supplier_are_as_configured() -> None:
    author = cyclonedx.Party(name="Office", email="sbom@office.example", url="https://office.example")
    supplier = cyclonedx.Party(name="Maker")
    document = sbom(part(), author=author, project=cyclonedx.Project(authors=("Ann",), supplier=supplier))

    assert document["metadata"]["authors"] == [{"name": "Office", "email": "sbom@office.example"}]
    assert document["metadata"]["manufacturer"] == {
        "name": "Office",
        "url": ["https://office.example"],
        "contact": [{"name": "Office", "email": "sbom@office.example"}],
    }
    assert document["metadata"]["component"]["supplier"] == {"name": "Maker"}


def test_bytes_that_are_no_text_do_not_spoil_the_document() -> None:
    odd = "caf\udce9"
    document = sbom(
        part(component("a", path=f"{odd}/requirements.txt", marker=odd, licence=odd, authors=(f"{odd} <x@y@z>",))),
        subject=Subject(name=odd),
    )

    assert b"caf%E9/requirements.txt" in cyclonedx.write(document)


@pytest.mark.parametrize("author", ["x <a@b..c>", "<a@b.example>", "x <>", " ", "<", '"Q, R" <q@r.example>'])
def test_odd_authors_give_a_valid_document(author: str) -> None:
    sbom(part(component("a", authors=(author,))))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://user:secret@host/x?y=1#z", "https://host/x?y=1#z"),
        ("ssh://git@host/x", "ssh://git@host/x"),
        ("git+ssh://git@host/x", "git+ssh://git@host/x"),
        ("https://git@host/x", "https://host/x"),
        ("./local", "./local"),
        ("https://[", ""),
        ("", ""),
    ],
)
def test_redact(url: str, expected: str) -> None:
    assert redact(url) == expected


@settings(max_examples=25)
@given(st.text(max_size=30))
def test_any_url_gives_a_valid_document(text: str) -> None:
    sbom(part(component("a", source="url", url=text), component("b", source="private-index", index=text)))
    assert iri(text) == iri(iri(text))


def test_a_thousand_components_take_little_time() -> None:
    components = tuple(
        component(f"p{n}", hashes={"sha256": (f"{n:064x}",)}, depends_on=(f"p{n + 1}",)) for n in range(1000)
    )
    start = time.process_time()
    data = cyclonedx.write(sbom(part(*components)))
    cyclonedx.read_sbom(data)

    assert time.process_time() - start < HANG_S


# validate


def test_schema_problems_have_json_pointers() -> None:
    document = sbom(part(component("a")))
    document["components"][0]["type"] = "thing"
    document["components"][0]["externalReferences"][0]["url"] = "ht tp://[bad"
    document["metadata"]["timestamp"] = "yesterday"

    problems = cyclonedx.validate(document)

    assert [problem.partition(":")[0] for problem in problems] == [
        "/components/0/externalReferences/0/url",
        "/components/0/type",
        "/metadata/timestamp",
    ]


def test_unknown_keys_are_problems() -> None:
    assert cyclonedx.validate(sbom(part()) | {"comment": 1})
    assert cyclonedx.validate({}) != ()


def test_double_and_dangling_references_are_problems() -> None:
    document = sbom(part(component("a"), component("b")))
    document["components"][1]["bom-ref"] = document["components"][0]["bom-ref"]

    problems = cyclonedx.validate(document)

    assert any("is used twice" in problem for problem in problems)
    assert any("'pkg:pypi/b@1.0' leads nowhere" in problem for problem in problems)


def test_compositions_that_lead_nowhere_are_problems() -> None:
    document = sbom(part(component("a")))
    document["compositions"][0]["dependencies"] = ["elsewhere"]

    assert cyclonedx.validate(document) == ("/compositions/0: 'elsewhere' leads nowhere",)


def test_problems_are_limited() -> None:
    document = sbom(part())
    document["components"] = [{"type": "thing", "name": "x"}] * 500

    assert len(cyclonedx.validate(document)) == 50


@pytest.mark.parametrize("spec", ["1.2", "1.3", "1.4", "1.5", "1.6", "1.7"])
def test_every_version_has_its_own_schema(spec: str) -> None:
    least = {"bomFormat": "CycloneDX", "specVersion": spec, "version": 1, "components": []}

    assert cyclonedx.validate(least, spec) == ()
    assert cyclonedx.validate(least | {"components": [{"name": "x"}]}, spec) != ()


def test_long_pointers_are_escaped() -> None:
    problems = cyclonedx.validate({"bomFormat": "CycloneDX", "specVersion": "1.6", "a/b~c": 1})

    assert problems[0].startswith("/")


# read_sbom


def test_reads_back_what_it_wrote() -> None:
    data = cyclonedx.write(sbom(part(component("a", "2.0", licence="MIT"), component("b", None))))
    read = cyclonedx.read_sbom(data)

    assert (read.format, read.spec_version, read.commit) == ("CycloneDX", "1.6", "c" * 40)
    assert read.timestamp == datetime.fromtimestamp(STAMP, UTC)
    assert [(ref.name, ref.version, ref.purl) for ref in read.components] == [
        ("a", "2.0", "pkg:pypi/a@2.0"),
        ("b", "", "pkg:pypi/b"),
    ]
    assert read.licences == {"pkg:pypi/a@2.0": "MIT", "pkg:pypi/b": ""}
    assert read.missing == {
        "supplier": ("pkg:generic/tax-forms@1.2", "pkg:pypi/a@2.0", "pkg:pypi/b"),
        "version": ("pkg:pypi/b",),
    }


def test_purls_of_any_source_compare_with_the_models() -> None:
    odd = [
        component("a", "1.0+local", source="vcs", url="git+https://h.example/a"),
        component("b", "1!2.0", source="path", url="../b"),
        component("c", "2023.07.01-RC1"),
        component("d", None, source="private-index", index="https://pkg.example/simple"),
    ]
    read = cyclonedx.read_sbom(cyclonedx.write(sbom(part(*odd))))

    assert [ref.purl for ref in read.components] == [one.purl for one in odd]


def test_every_minimum_element_can_be_missing() -> None:
    read = cyclonedx.read_sbom(bom(components=[{"type": "library", "name": " "}]))

    assert read.missing == {
        "supplier": ("(no name)",),
        "component name": ("(no name)",),
        "version": ("(no name)",),
        "other unique identifiers": ("(no name)",),
        "dependency relationship": ("document", "(no name)"),
        "author of SBOM data": ("document",),
        "timestamp": ("document",),
    }


def test_nothing_is_missing_from_a_full_document() -> None:
    read = cyclonedx.read_sbom(
        bom(
            metadata={
                "timestamp": "2026-01-02T03:04:05+09:00",
                "authors": [{"name": "Ann"}],
                "component": {"type": "application", "name": "r", "version": "1", "cpe": "cpe:/a:x:r:1",
                              "publisher": "P", "bom-ref": "r"},
            },
            components=[
                {"type": "library", "name": "x", "version": "1", "bom-ref": "x", "purl": "pkg:npm/x@1",
                 "supplier": {"name": "S"}},
            ],
            dependencies=[{"ref": "r", "dependsOn": ["x"]}],
        )
    )  # fmt: skip

    assert read.missing == {}
    assert read.timestamp == datetime(2026, 1, 1, 18, 4, 5, tzinfo=UTC)
    assert read.components[0].purl == "pkg:npm/x@1"


@pytest.mark.parametrize("tools", [[{"name": "t"}], {"components": [{"name": "t"}]}, {"services": [{"name": "t"}]}])
def test_a_tool_is_an_author(tools: Any) -> None:
    assert "author of SBOM data" not in cyclonedx.read_sbom(bom(metadata={"tools": tools})).missing


@pytest.mark.parametrize("moment", ["", "yesterday", "2026-01-02T03:04:05", "0001-01-01T00:00:00+14:00"])
def test_a_timestamp_that_is_none_is_missing(moment: str) -> None:
    read = cyclonedx.read_sbom(bom(metadata={"timestamp": moment}))

    assert read.timestamp is None
    assert read.missing["timestamp"] == ("document",)


def test_nested_components_are_components() -> None:
    inner = {"type": "library", "name": "inner"}
    read = cyclonedx.read_sbom(
        bom(
            metadata={"component": {"type": "application", "name": "r", "components": [inner | {"name": "of-root"}]}},
            components=[{"type": "library", "name": "outer", "components": [inner]}, inner | {"name": "last"}],
        )
    )

    assert [ref.name for ref in read.components] == ["of-root", "outer", "inner", "last"]


def test_a_dependency_on_itself_is_no_relationship() -> None:
    read = cyclonedx.read_sbom(
        bom(
            metadata={"component": {"type": "application", "name": "r", "bom-ref": "r"}},
            components=[{"type": "library", "name": "x", "bom-ref": "x"}],
            dependencies=[{"ref": "x", "dependsOn": ["x", ""]}],
        )
    )

    assert read.missing["dependency relationship"] == ("x",)


def test_names_of_purls_are_normalised() -> None:
    components = [
        {"type": "library", "name": "x", "purl": "pkg:PyPI/Foo_Bar.baz@1.0-RC1?extension=whl"},
        {"type": "library", "name": "y", "version": "2004d", "purl": "pkg:pypi/y"},
        {"type": "library", "name": "z", "purl": "no purl"},
    ]
    refs = cyclonedx.read_sbom(bom(components=components)).components

    assert [ref.purl for ref in refs] == ["pkg:pypi/foo-bar-baz@1.0-RC1", "pkg:pypi/y@2004d", "no purl"]


def test_several_licences_all_hold() -> None:
    licenses = [{"license": {"id": "MIT"}}, {"license": {"name": "Own licence!"}}, {"license": {"name": "§"}}]
    one = {"type": "library", "name": "x", "purl": "pkg:npm/x", "licenses": licenses}
    two = one | {"purl": "pkg:npm/y", "licenses": [{"expression": "A OR B"}, {"license": {"id": "MIT"}}]}

    assert cyclonedx.read_sbom(bom(components=[one, two])).licences == {
        "pkg:npm/x": "MIT AND LicenseRef-Own-licence",
        "pkg:npm/y": "(A OR B) AND MIT",
    }


def test_commit_may_stand_in_any_of_three_places() -> None:
    told = [{"name": "govsec:commit", "value": "abc"}]

    assert cyclonedx.read_sbom(bom(properties=told)).commit == "abc"
    root = {"type": "application", "name": "r", "properties": told}
    assert cyclonedx.read_sbom(bom(metadata={"component": root})).commit == "abc"
    assert cyclonedx.read_sbom(bom()).commit is None


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "truncated"),
        (b"{", "truncated"),
        (b"<bom/>", "not a CycloneDX document"),
        (b"[]", "Expected `object`"),
        (b'{"bomFormat":"SPDX","specVersion":"1.6"}', r"\$\.bomFormat"),
        (b'{"bomFormat":"CycloneDX","specVersion":"9"}', r"\$\.specVersion"),
        (b'{"bomFormat":"CycloneDX","specVersion":1.6}', r"\$\.specVersion"),
        (b'{"specVersion":"1.6"}', "bomFormat"),
        (bom(components=[{"name": "a", "type": "library"}, {"name": 1}]), r"\$\.components\[1\]\.name"),
        (bom(components={}), r"\$\.components"),
        (bom(metadata={"tools": 3}), r"\$\.metadata\.tools"),
        (bom(metadata=[]), r"\$\.metadata"),
        (bom(dependencies=[{"dependsOn": []}]), r"\$\.dependencies\[0\]"),
        (b'{"bomFormat":"\xff"}', "not UTF-8"),
        (b'{"bomFormat":"\\ud800 and more"}', "surrogate"),
        (b'{"x":' + b"[" * 100_000, "nested too deeply"),
        (
            b'{"bomFormat":"CycloneDX","specVersion":"1.6","components":' + b'[{"name":"a","components":' * 50_000,
            "deeply",
        ),
        (bom().decode().encode("utf-16"), "UTF-8|malformed"),
    ],
)
def test_broken_input_is_told_with_its_place(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        cyclonedx.read_sbom(data, name="x.json")

    assert caught.value.what.startswith("x.json: ")


def test_byte_order_mark_is_no_mistake() -> None:
    assert cyclonedx.read_sbom(b"\xef\xbb\xbf" + bom()).spec_version == "1.6"


def test_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("govsec_ci.formats.cyclonedx_wire.LIMIT_BYTES", 10)

    with pytest.raises(InputError, match="larger than the limit of 10 bytes"):
        cyclonedx.read_sbom(bom())


def test_head_defaults_are_those_of_a_source_tree() -> None:
    assert head().phases == ("pre-build",)

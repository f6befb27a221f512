"""Nothing that a CycloneDX file holds makes a reader raise anything but an InputError."""

import contextlib
import json
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from govsec_ci.errors import InputError
from govsec_ci.formats import cyclonedx
from govsec_ci.model import Component, Role, Run, ScanState
from tests.support.cyclonedx import bom, component, head, part, sbom

READERS: tuple[Callable[[bytes], object], ...] = (
    cyclonedx.read_sbom,
    cyclonedx.check,
    cyclonedx.read_vex,
    cyclonedx.read_vulnerabilities,
)

texts = st.text(max_size=8) | st.sampled_from(["pkg:pypi/a@1", "urn:cdx:x/1#pkg%3Apypi%2Fa", "2026-01-01", "root", "1"])
scalars = st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False, allow_infinity=False) | texts
anything = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3))


def maybe(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with any of the fields, each mostly of its own type."""
    return st.fixed_dictionaries({}, optional={name: one | anything for name, one in fields.items()})


contacts = st.lists(maybe(name=texts, email=texts), max_size=2)
entities = maybe(name=texts, url=st.lists(texts, max_size=2), contact=contacts)
references = maybe(type=texts, url=texts, hashes=st.lists(maybe(alg=texts, content=texts), max_size=2))
licences = maybe(license=maybe(id=texts, name=texts), expression=texts)
components = st.recursive(
    st.fixed_dictionaries(
        {"name": texts, "type": st.just("library")},
        optional={
            "bom-ref": texts,
            "purl": texts,
            "version": texts,
            "supplier": entities,
            "authors": contacts,
            "licenses": st.lists(licences, max_size=2),
            "externalReferences": st.lists(references, max_size=2),
            "properties": st.lists(maybe(name=texts, value=texts), max_size=2),
        },
    ),
    lambda inner: st.fixed_dictionaries({"name": texts, "components": st.lists(inner, max_size=2)}),
    max_leaves=3,
)
vulnerabilities = maybe(
    id=texts,
    analysis=maybe(state=st.sampled_from(["not_affected", "in_triage", "x"]), justification=texts, lastUpdated=texts),
    affects=st.lists(maybe(ref=texts, versions=st.lists(maybe(version=texts, range=texts), max_size=2)), max_size=2),
    ratings=st.lists(maybe(score=st.floats(), method=texts, severity=texts, vector=texts), max_size=2),
    cwes=st.lists(st.integers(), max_size=2),
)
documents = st.fixed_dictionaries(
    {},
    optional={
        "specVersion": st.sampled_from(["1.2", "1.4", "1.6", "1.7", "x"]),
        "metadata": maybe(timestamp=texts, authors=contacts, component=components, tools=st.lists(maybe(name=texts))),
        "components": st.lists(components, max_size=3),
        "dependencies": st.lists(maybe(ref=texts, dependsOn=st.lists(texts, max_size=2)), max_size=2),
        "compositions": st.lists(maybe(aggregate=texts, dependencies=st.lists(texts, max_size=2)), max_size=2),
        "vulnerabilities": st.lists(vulnerabilities, max_size=2),
    },
)


def survives(data: bytes) -> None:
    for read in READERS:
        with contextlib.suppress(InputError):
            read(data)


@settings(max_examples=70, deadline=None)
@given(documents)
def test_documents_with_odd_fields(document: dict[str, Any]) -> None:
    survives(bom(**document))


@settings(max_examples=60, deadline=None)
@given(anything)
def test_any_json(value: Any) -> None:
    survives(json.dumps(value).encode())


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 80))
def test_bytes_spliced_into_a_document(noise: bytes, at: int) -> None:
    data = bom(components=[{"type": "library", "name": "a", "version": "1"}])
    survives(data[:at] + noise + data[at:])
    survives(data[:at])


@settings(max_examples=60, deadline=None)
@given(documents)
def test_what_another_tool_tells_can_be_told_on(document: dict[str, Any]) -> None:
    with contextlib.suppress(InputError):
        told = cyclonedx.read_vulnerabilities(bom(**document))
        run = Run(
            id="x", tool="x", version="", role=Role.CONTAINER, state=ScanState.COMPLETE,
            rules=told.rules, results=told.results,
        )  # fmt: skip
        again = cyclonedx.read_vulnerabilities(cyclonedx.write_vex([run], head()))
        assert {one.id for one in again.rules} <= {one.id for one in told.rules}


odd_texts = st.text(alphabet=st.characters(), max_size=12)
odd_components = st.builds(
    lambda **fields: component(fields.pop("name"), fields.pop("version"), **fields),
    name=st.from_regex(r"[a-z0-9]([a-z0-9-]{0,4}[a-z0-9])?", fullmatch=True) | odd_texts,
    version=st.none() | odd_texts,
    path=odd_texts,
    source=st.sampled_from(["index", "vcs", "path", "url", "private-index", "other"]),
    url=odd_texts | st.sampled_from(["https://h/x.whl", "git+ssh://git@h/x@1", "file:///x", "https://[", "//@"]),
    index=odd_texts,
    licence=odd_texts,
    supplier=odd_texts,
    authors=st.lists(odd_texts | st.just("A <a@b..c>"), max_size=2).map(tuple),
    marker=odd_texts,
    groups=st.lists(odd_texts, max_size=2).map(tuple),
    extras=st.lists(odd_texts, max_size=2).map(tuple),
    hashes=st.dictionaries(st.sampled_from(["sha256", "md5", "x"]), st.lists(odd_texts | st.just("a" * 64)).map(tuple)),
    direct=st.none() | st.booleans(),
    depends_on=st.none() | st.lists(odd_texts | st.sampled_from("abc"), max_size=2).map(tuple),
)


@settings(max_examples=70, deadline=None)
@given(components=st.lists(odd_components, max_size=4), whole=st.none() | st.booleans())
def test_whatever_a_manifest_holds_the_document_is_valid(components: list[Component], *, whole: bool | None) -> None:
    document = sbom(part(*components, whole=whole))

    data = cyclonedx.write(document)
    assert data == cyclonedx.write(sbom(part(*reversed(components), whole=whole)))
    read = cyclonedx.read_sbom(data)
    assert len(read.components) == cyclonedx.distinct([part(*components)])
    assert not {"timestamp", "author of SBOM data", "dependency relationship"} & read.missing.keys()

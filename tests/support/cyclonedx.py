"""Components, parts and documents for the tests of everything CycloneDX."""

import json
from collections.abc import Mapping
from typing import Any

from govsec_ci.formats import cyclonedx
from govsec_ci.model import Component, Location, Region, Subject

STAMP = 1_700_000_000
SUBJECT = Subject(name="tax-forms", version="1.2", commit="c" * 40, dirty=False)
TOOLS = (("govsec_ci", "9.9"), ("cyclonedx-bom", "7.5.0"))


def component(name: str, version: str | None = "1.0", line: int | None = 1, **fields: Any) -> Component:
    """A component of ``requirements.txt``; ``path`` replaces the file."""
    region = None if line is None else Region(start_line=line)
    location = Location(path=fields.pop("path", "requirements.txt"), region=region)
    return Component(name=name, version=version, location=location, **fields)


def part(*components: Component, **fields: Any) -> cyclonedx.Part:
    """One manifest's part, said by the library."""
    said = fields.pop("said", None) or cyclonedx.library_components(components)
    given: dict[str, Any] = {"components": components, "said": said, "whole": True}
    return cyclonedx.Part(**(given | fields))


def head(**fields: Any) -> cyclonedx.Head:
    """What stands above the components."""
    given: dict[str, Any] = {"subject": SUBJECT, "timestamp_s": STAMP, "tools": TOOLS}
    return cyclonedx.Head(**(given | fields))


def sbom(*parts: cyclonedx.Part, **fields: Any) -> dict[str, Any]:
    """A document of ours, which is valid."""
    document = cyclonedx.build(head(**fields), parts)
    assert cyclonedx.validate(document) == ()
    return document


def by_name(document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The components of a document by their names."""
    return {one["name"]: one for one in document["components"]}


def properties(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Names and values of a record's properties."""
    return [(one["name"], one["value"]) for one in record.get("properties", ())]


def bom(**fields: Any) -> bytes:
    """A document by hand: the least one, with ``fields`` on top."""
    return json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6"} | fields).encode()

"""What cyclonedx-python-lib makes of components whose manifest cyclonedx-bom does not read."""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from govsec_ci.formats.cyclonedx_values import clean
from govsec_ci.formats.cyclonedx_wire import Said, decode
from govsec_ci.model import Component

if TYPE_CHECKING:
    from cyclonedx.model.component import Component as LibraryComponent

_CHUNK = 20


def library_components(components: Sequence[Component]) -> tuple[Said, ...]:
    """What cyclonedx-python-lib makes of components whose manifest cyclonedx-bom does not read."""
    # The library's time grows with the square of a document's size: so it gets many small ones.
    chunks = (components[start : start + _CHUNK] for start in range(0, len(components), _CHUNK))
    return tuple(said for chunk in chunks for said in _library_chunk(chunk))


def _library_chunk(components: Sequence[Component]) -> tuple[Said, ...]:
    from cyclonedx.model.bom import Bom  # noqa: PLC0415 — heavy, and not every tree needs it
    from cyclonedx.output.json import JsonV1Dot6  # noqa: PLC0415

    made = [_library_component(component, str(index)) for index, component in enumerate(components)]
    answer = decode(JsonV1Dot6(Bom(components=made)).output_as_string().encode(), name="the library's answer")
    told = {item.bom_ref: item for item in answer.components}
    return tuple(told[str(index)] for index in range(len(components)))


def _library_component(component: Component, ref: str) -> "LibraryComponent":
    from cyclonedx.model import ExternalReference, ExternalReferenceType, XsUri  # noqa: PLC0415
    from cyclonedx.model.component import Component as Made  # noqa: PLC0415
    from cyclonedx.model.component import ComponentType  # noqa: PLC0415

    index = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(f"https://pypi.org/simple/{quote(clean(component.name))}/"),
        comment="implicit dist url",
    )
    return Made(
        bom_ref=ref,
        type=ComponentType.LIBRARY,
        name=clean(component.name),
        version=clean(component.version or "") or None,
        external_references=[index] if component.source == "index" else [],
    )

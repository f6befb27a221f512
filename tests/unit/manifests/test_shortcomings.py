"""What proves where a component came from."""

import pytest

from govsec_ci.manifests.shortcomings import ruled, shortcomings
from govsec_ci.model import Component, Location, Region

PUBLIC = "https://files.pythonhosted.org/packages/a/b/A_b-1.0-py3-none-any.whl"


def component(source: str, version: str | None, url: str = "", name: str = "a-b") -> Component:
    place = Location(path="x", region=Region(start_line=2))
    return Component(name=name, version=version, location=place, source=source, url=url)


@pytest.mark.parametrize(
    ("before", "source", "version"),
    [
        (component("index", "1.0"), "index", "1.0"),
        (component("index", "1.0+cpu"), "private-index", "1.0+cpu"),
        (component("url", None, PUBLIC), "index", "1.0"),
        (component("url", "1.0", PUBLIC), "index", "1.0"),
        (component("url", "2.0", PUBLIC), "url", "2.0"),
        (component("url", None, PUBLIC, name="other"), "url", None),
        (component("url", None, PUBLIC.replace("files.", "evil.")), "url", None),
        (component("url", None, "https://files.pythonhosted.org/packages/nothing"), "url", None),
        (component("vcs", None, PUBLIC), "vcs", None),
    ],
)
def test_ruled(before: Component, source: str, version: str | None) -> None:
    after = ruled(before)
    assert (after.source, after.version) == (source, version)
    assert ruled(after) == after


def test_at_most_one_is_told() -> None:
    assert list(shortcomings(component("index", "1"))) == []
    assert [note.id for note in shortcomings(component("index", None))] == ["requirement-unpinned"]
    assert [note.id for note in shortcomings(component("path", None))] == ["requirement-not-on-index"]

"""One list of notification ids."""

import re
from pathlib import Path

import pytest

from govsec_ci.manifests.notices import MEANINGS, at, notice, shown
from govsec_ci.model import Level, Location


def test_ids_are_kebab_case_and_explained() -> None:
    for identifier, meaning in MEANINGS.items():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)+", identifier)
        assert meaning
        assert "\n" not in meaning


def test_every_id_is_used_and_no_other(root: Path) -> None:
    sources = {path.name: path.read_text("utf-8") for path in (root / "govsec_ci" / "manifests").glob("*.py")}
    rest = "".join(text for name, text in sources.items() if name != "notices.py")
    assert {identifier for identifier in MEANINGS if f'"{identifier}"' not in rest} == set()
    with pytest.raises(KeyError):
        notice("no-such-id", "x", path="y")


def test_place_and_component() -> None:
    note = notice("manifest-unlocked", "what", path="a/b", line=3, component="c", next_step="do")
    assert note.text == "a/b:3: what"
    assert note.location is not None
    assert (note.location.path, note.properties, note.next_step) == ("a/b", {"component": "c"}, "do")
    bare = at(Location(path="a"), "manifest-unlocked", "what", Level.NOTE)
    assert (bare.text, bare.level, bare.properties) == ("a: what", Level.NOTE, {})


def test_shown_is_one_short_line() -> None:
    assert shown("a\n\x1b[0mb") == "a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}[0mb"
    assert len(shown("x" * 1000)) == 120

"""app/pins.py: a pinned profile does not escape its pin by stating another id."""

from pathlib import Path

import pytest

from govsec_ci.app.pins import pinned
from govsec_ci.config import Config
from govsec_ci.errors import InputError
from govsec_ci.gate import profile as profiles

STRANGE = "0" * 64


def stating(root: Path, tmp_path: Path, identifier: str) -> profiles.Profile:
    """A profile's file: essentials with a weaker limit, under an id of its choice."""
    text = (root / "govsec_ci/profiles/essentials.toml").read_text("utf-8")
    text = text.replace('id = "essentials"', f'id = "{identifier}"', 1).replace(
        "longest-days = 365", "longest-days = 9"
    )
    path = tmp_path / "agency.toml"
    path.write_text(text, "utf-8")
    return profiles.load(str(path))


@pytest.mark.parametrize("identifier", ["agency2", "essentials"])
def test_another_id_is_no_way_around_a_pin(root: Path, tmp_path: Path, identifier: str) -> None:
    with pytest.raises(InputError, match=f"pins agency, but not {identifier}, which judges"):
        pinned((stating(root, tmp_path, identifier),), Config(pins={"agency": STRANGE}))


def test_a_pin_of_a_profile_that_does_not_judge_now_is_no_hindrance(root: Path, tmp_path: Path) -> None:
    ours, shipped = stating(root, tmp_path, "ours"), profiles.load("essentials")
    assert pinned((shipped,), Config(pins={"agency": STRANGE})) == (shipped,)
    pins = {"agency": STRANGE, "ours": profiles.reference(ours).sha256}
    assert pinned((ours, shipped), Config(pins=pins)) == (ours, shipped)
    with pytest.raises(InputError, match="is pinned"):
        pinned((ours,), Config(pins={"ours": STRANGE}))

"""What docs/profiles.md shows holds."""

import re
from pathlib import Path

from govsec_ci.gate import cases, profile
from govsec_ci.gate.kinds import KINDS


def test_the_examples_load_and_every_kind_is_described(root: Path) -> None:
    text = (root / "docs/profiles.md").read_text("utf-8")
    own, case = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    loaded = profile.loads(own.encode(), "example.toml")
    assert loaded.gate("dast").clause.document == "Our rules"
    assert "signature" not in [gate.id for gate in loaded.gates]
    (outcome,) = cases.run(profile.load("jp-gov"), cases.parse(case.encode(), "example.cases.toml"))
    assert outcome.wrong == ()
    assert set(re.findall(r"^\| `([a-z]+)` \|", text, re.MULTILINE)) >= set(KINDS)

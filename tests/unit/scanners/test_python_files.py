"""scanners/python_files.py: what counts as Python though its name does not say so."""

from pathlib import Path

import pytest

from govsec_ci.model import ScanState
from govsec_ci.scanners.bandit import BanditScanner
from govsec_ci.scanners.python_files import is_script
from tests.support.scanners import make_request, make_tree


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("bin/tool", "#!/usr/bin/env python3\n", True),
        ("bin/tool", "#!/bin/sh\n", False),
        (".hidden", "#!/usr/bin/python\n", True),
        ("tool.py", "#!/usr/bin/python\n", False),
        ("data.txt", "#!/usr/bin/python\n", False),
    ],
)
def test_the_first_line_tells(tmp_path: Path, name: str, text: str, *, expected: bool) -> None:
    make_tree(tmp_path, {name: text})
    assert is_script(tmp_path, name) is expected


def test_what_cannot_be_opened_may_be_one_and_is_said(tmp_path: Path) -> None:
    """Another user's file, or one that is gone meanwhile: that it is no Python is known to nobody."""
    make_tree(tmp_path, {"app.py": "x = 1\n", "tool": "#!/usr/bin/env python3\n"})
    request = make_request(tmp_path)
    (tmp_path / "tool").unlink()
    run = BanditScanner().scan(request).run
    assert run.state is ScanState.INCOMPLETE
    assert "tool" in {one.location.path for one in run.notifications if one.location}

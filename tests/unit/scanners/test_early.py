"""What is started early is what is asked for later."""

import os

import pytest

from govsec_ci.formats import cyclonedx
from govsec_ci.scanners import bandit_worker, cyclonedx_tool, early, pip_audit_worker
from govsec_ci.system import process
from tests.support.scanners import component


def test_the_version_is_the_one_that_is_written() -> None:
    assert early.SPEC == cyclonedx.SPEC


def test_our_workers_are_named_by_their_modules() -> None:
    assert (bandit_worker.__name__, pip_audit_worker.__name__) == (early.BANDIT, early.PIP_AUDIT)


def test_the_tools_that_were_started_early_are_those_that_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    with early.started():
        assert set(process._early) == {(early.PIP_AUDIT,), (early.CYCLONEDX, *early.CYCLONEDX_REQUIREMENTS)}
        waiting = process._early[early.CYCLONEDX, *early.CYCLONEDX_REQUIREMENTS]
        monkeypatch.setattr(process, "run", lambda *_: pytest.fail("another one was started"))
        found = cyclonedx_tool.requirements([component("jinja2", "3.1.4")], timeout_s=60)
        assert [said.name for said in found if said] == ["jinja2"]
        assert waiting.returncode == 0
    assert process._early == {}

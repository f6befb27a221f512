"""What is named here is what answers to it."""

from govsec_ci.scanners import bandit_worker, early


def test_our_worker_is_named_by_its_module() -> None:
    assert bandit_worker.__name__ == early.BANDIT

"""The bundle's files and their digests."""

from pathlib import Path

from govsec_ci.app import bundle


def test_what_is_known_of_a_file_is_not_computed_again_and_only_what_is_there_counts(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    (tmp_path / "b").write_text("b")
    known = {"a": "0" * 64, "gone": "1" * 64}
    assert bundle.digests(tmp_path, known) == {"a": "0" * 64, "b": bundle.digests(tmp_path)["b"]}

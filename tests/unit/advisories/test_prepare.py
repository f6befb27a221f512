"""A named source becomes an index, once."""

import os
import sqlite3
import stat
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from govsec_ci.advisories import build, prepare, schema
from govsec_ci.advisories.index import open_index
from govsec_ci.advisories.prepare import default_cache
from govsec_ci.errors import InputError, UsageError
from tests.support import advisories as made


def _matches(path: Path, version: str = "1.0") -> list[str]:
    with open_index(path) as index:
        return [match.vulnerability.id for match in index.match("demo", version)]


def test_folder_and_zip_and_index_are_sources(tmp_path: Path) -> None:
    folder = prepare.prepare(made.folder(tmp_path / "osv", made.record()), tmp_path / "cache")
    archive = prepare.prepare(made.zipped(tmp_path / "all.zip", made.record()), tmp_path / "cache")
    assert _matches(folder) == _matches(archive) == ["PYSEC-2024-1"]
    assert prepare.prepare(folder, tmp_path / "unused") == folder
    assert not (tmp_path / "unused").exists()


def test_an_index_is_built_once_and_again_when_the_content_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = made.folder(tmp_path / "osv", made.record())
    first = prepare.prepare(source, tmp_path / "cache")
    with monkeypatch.context() as patch:
        patch.setattr(build, "build", None)
        assert prepare.prepare(source, tmp_path / "cache") == first
    made.folder(source, made.record("X-2"))
    second = prepare.prepare(source, tmp_path / "cache")
    assert second != first
    assert _matches(second) == ["PYSEC-2024-1", "X-2"]
    assert _matches(first) == ["PYSEC-2024-1"]


def test_another_schema_version_is_another_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = made.folder(tmp_path / "osv", made.record())
    first = prepare.prepare(source, tmp_path / "cache")
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    assert prepare.prepare(source, tmp_path / "cache") != first


def test_a_damaged_index_in_the_cache_is_built_anew(tmp_path: Path) -> None:
    source = made.folder(tmp_path / "osv", made.record())
    path = prepare.prepare(source, tmp_path / "cache")
    path.write_bytes(b"SQLite format 3\0" + b"\0" * 100)
    assert prepare.prepare(source, tmp_path / "cache") == path
    assert _matches(path) == ["PYSEC-2024-1"]


def test_the_same_records_make_the_same_bytes(tmp_path: Path) -> None:
    records = [made.record(f"X-{n}", aliases=[f"CVE-2024-{n % 7}", f"GHSA-{n % 5}"]) for n in range(40)]
    one = prepare.prepare(made.folder(tmp_path / "a" / "osv", *records), tmp_path / "one")
    two = prepare.prepare(made.folder(tmp_path / "b" / "osv", *reversed(records)), tmp_path / "two")
    assert one.read_bytes() == two.read_bytes()


def test_kev_and_epss_may_lie_in_the_folder(tmp_path: Path) -> None:
    source = made.folder(tmp_path / "data", made.record(aliases=["CVE-2024-0001"]))
    made.kev(source / "known_exploited.json", made.kev_entry())
    made.epss(source / "epss.csv.gz", ("CVE-2024-0001", 0.5, 0.6))
    with open_index(prepare.prepare(source, tmp_path / "cache")) as index:
        (match,) = index.match("demo", "1.0")
        assert match.vulnerability.kev is not None
        assert match.vulnerability.epss is not None
        assert {feed.feed: feed.source for feed in index.feeds()} == {
            "epss": "epss.csv.gz",
            "kev": "known_exploited.json",
            "osv": "data",
        }


def test_two_files_of_one_feed_are_refused(tmp_path: Path) -> None:
    source = made.folder(tmp_path / "data", made.record())
    made.epss(source / "a.csv", ("CVE-2024-0001", 0.5, 0.6))
    made.epss(source / "b.csv", ("CVE-2024-0001", 0.5, 0.6))
    with pytest.raises(InputError, match=r"a\.csv and b\.csv both hold EPSS"):
        prepare.prepare(source, tmp_path / "cache")


def test_a_source_that_can_find_nothing_is_refused(tmp_path: Path) -> None:
    """An index without OSV records would let every component pass."""
    sources = [
        made.kev(tmp_path / "kev.json", made.kev_entry()),
        made.epss(tmp_path / "epss.csv", ("CVE-2024-0001", 0.5, 0.6)),
        made.vulnrichment(tmp_path / "vr.zip", made.cve_record()),
    ]
    for source in sources:
        with pytest.raises(InputError, match="holds no OSV record about a PyPI package"):
            prepare.prepare(source, tmp_path / "cache")
    only_kev = tmp_path / "folder"
    only_kev.mkdir()
    made.kev(only_kev / "kev.json", made.kev_entry())
    with pytest.raises(InputError, match="holds no OSV record about a PyPI package"):
        prepare.prepare(only_kev, tmp_path / "cache")


def test_what_holds_no_record_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.txt").write_text("hello")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mkdocs.yml").write_text("site_name: x")
    empty_zip = made.zip_of(tmp_path / "empty.zip", {})
    for source in (tmp_path / "empty", empty_zip, tmp_path / "other"):
        with pytest.raises(InputError, match=f"{source.name}: holds no OSV record"):
            prepare.prepare(source, tmp_path / "cache")
    with pytest.raises(InputError, match=r"text\.txt: not advisory data of a known kind"):
        prepare.prepare(tmp_path / "text.txt", tmp_path / "cache")
    with pytest.raises(InputError, match="cannot be read"):
        prepare.prepare(tmp_path / "none", tmp_path / "cache")
    with pytest.raises(InputError, match="cannot be read"):
        prepare.prepare(tmp_path / "none.zip", tmp_path / "cache")


def test_a_malformed_record_names_file_and_place_and_leaves_nothing(tmp_path: Path) -> None:
    source = made.folder(tmp_path / "osv", made.record(), made.record("X-2", modified="never"))
    with pytest.raises(InputError, match=r"osv/X-2\.json: not a valid OSV record: .*`\$\.modified`"):
        prepare.prepare(source, tmp_path / "cache")
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []


def test_the_cache_is_private(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    cache.chmod(0o777)
    path = prepare.prepare(made.folder(tmp_path / "osv", made.record()), cache)
    assert {stat.S_IMODE(p.stat().st_mode) for p in (cache, path.parent, path.parent.parent)} == {0o700}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_cache_that_cannot_be_written_is_a_usage_error(tmp_path: Path) -> None:
    source = made.folder(tmp_path / "osv", made.record())
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="the cache folder cannot be written"):
        prepare.prepare(source, tmp_path / "file")


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), sqlite3.OperationalError("database or disk is full")]
)
def test_a_full_disk_is_a_usage_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def full(*_: object) -> None:
        raise error

    monkeypatch.setattr(build, "build", full)
    with pytest.raises(UsageError, match=r"cannot be written: .*(No space|disk is full)"):
        prepare.prepare(made.folder(tmp_path / "osv", made.record()), tmp_path / "cache")
    assert list((tmp_path / "cache").rglob("*.sqlite")) == []


def test_no_temporary_file_can_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    with pytest.raises(UsageError, match="Permission denied"):
        prepare.prepare(made.folder(tmp_path / "osv", made.record()), tmp_path / "cache")


def test_many_may_build_the_same_index_at_once(tmp_path: Path) -> None:
    source = made.folder(tmp_path / "osv", *(made.record(f"X-{n}") for n in range(50)))
    with ThreadPoolExecutor(8) as pool:
        paths = set(pool.map(lambda _: prepare.prepare(source, tmp_path / "cache"), range(8)))
    (path,) = paths
    assert len(_matches(path)) == 50
    assert os.listdir(path.parent) == [path.name]


def test_the_place_of_the_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GOVSEC_CACHE_DIR", str(tmp_path))
    assert default_cache() == tmp_path
    monkeypatch.delenv("GOVSEC_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_cache().name == "govsec"
    assert tmp_path in default_cache().parents

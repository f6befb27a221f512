"""The store: import, export, status; whole at every moment."""

import hashlib
import json
import os
import stat
import time
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from filelock import FileLock

from govsec_ci.advisories import archive, importing, prepare, schema, store
from govsec_ci.advisories.base import Part
from govsec_ci.advisories.exporting import export
from govsec_ci.advisories.importing import import_files
from govsec_ci.advisories.index import open_index
from govsec_ci.advisories.locate import located
from govsec_ci.advisories.status import status
from govsec_ci.errors import DefectError, InputError, UsageError
from tests.support import advisories as made


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def _four(path: Path) -> list[Path]:
    """One file of each feed."""
    path.mkdir(exist_ok=True)
    points = {"Exploitation": "poc"}
    return [
        made.zipped(path / "all.zip", made.record(aliases=["CVE-2024-0001"])),
        made.kev(path / "kev.json", made.kev_entry()),
        made.epss(path / "epss.csv.gz", ("CVE-2024-0001", 0.5, 0.6)),
        made.vulnrichment(path / "vr.zip", made.cve_record(points=points)),
    ]


def _answers(cache: Path) -> list[str]:
    path = store.current(cache)
    assert path is not None
    with open_index(path) as index:
        return [match.vulnerability.id for match in index.match("demo", "1.0")]


def test_imported_feeds_are_one_index(tmp_path: Path, cache: Path) -> None:
    states = import_files(_four(tmp_path / "in"), cache)
    assert [(one.feed, one.records, one.source) for one in states] == [
        ("epss", 1, "epss.csv.gz"),
        ("kev", 1, "kev.json"),
        ("osv", 1, "all.zip"),
        ("vulnrichment", 1, "vr.zip"),
    ]
    path = store.current(cache)
    assert path is not None
    with open_index(path) as index:
        assert index.feeds() == states
        (match,) = index.match("demo", "1.0")
    assert match.vulnerability.kev is not None
    assert match.vulnerability.ssvc is not None
    assert stat.S_IMODE((cache / "advisories").stat().st_mode) == 0o700


def test_nothing_stored_is_nothing(cache: Path) -> None:
    assert store.current(cache) is None
    assert store.read(cache) == store.State()
    assert not cache.exists()


def test_a_later_import_replaces_its_own_kind_only(tmp_path: Path, cache: Path) -> None:
    import_files(_four(tmp_path / "in"), cache)
    states = import_files([made.zipped(tmp_path / "new.zip", made.record("X-9"))], cache)
    assert [one.source for one in states] == ["epss.csv.gz", "kev.json", "new.zip", "vr.zip"]
    assert _answers(cache) == ["X-9"]


def test_a_folder_and_a_checkout_are_kept_as_what_they_were(tmp_path: Path, cache: Path) -> None:
    source = made.folder(tmp_path / "advisory-database", made.record())
    (source / "PYSEC-2024-7.yaml").write_text(f"id: PYSEC-2024-7\nmodified: {made.SEPTEMBER}\n")
    (source / ".git").mkdir()
    (source / ".git" / "x.json").write_text("{}")
    (state,) = import_files([source], cache)
    with open_index(prepare.prepare(source, tmp_path / "other")) as index:
        assert index.feeds() == (state,)
    assert (state.source, state.records) == ("advisory-database", 2)


def test_a_broken_import_leaves_everything_as_it_was(tmp_path: Path, cache: Path) -> None:
    import_files(_four(tmp_path / "in"), cache)
    before = {path: path.read_bytes() for path in cache.rglob("*") if path.is_file()}
    good = made.kev(tmp_path / "good.json", made.kev_entry("CVE-2024-0009"))
    bad = made.zipped(tmp_path / "bad.zip", made.record(modified="never"))
    with pytest.raises(InputError, match=r"PYSEC-2024-1\.json: not a valid OSV record"):
        import_files([good, bad], cache)
    assert {path: path.read_bytes() for path in cache.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("names", [[], ["none"], ["twice", "twice"], ["text"]])
def test_what_cannot_be_imported_is_an_input_error(tmp_path: Path, cache: Path, names: list[str]) -> None:
    made.folder(tmp_path / "twice", made.record())
    (tmp_path / "text").write_text("x")
    with pytest.raises(InputError):
        import_files([tmp_path / name for name in names], cache)
    assert store.current(cache) is None


def test_sources_of_unknown_kind_are_a_defect(tmp_path: Path) -> None:
    class Strange:
        name = "strange"

    part = Part(feed="osv", source=Strange())  # type: ignore[arg-type]
    with pytest.raises(DefectError):
        importing._incoming(part, tmp_path)


def test_an_index_of_an_older_schema_is_rebuilt_from_the_feeds(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = import_files(_four(tmp_path / "in"), cache)
    old = store.current(cache)
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    new = store.current(cache)
    assert new not in {old, None}
    assert _answers(cache) == ["CVE-2024-0001"]
    assert tuple(held.state for held in store.read(cache).feeds.values()) == states
    monkeypatch.undo()
    assert _answers(cache) == ["CVE-2024-0001"], "and an older engine beside it still has its own"


def test_a_lost_index_is_rebuilt(tmp_path: Path, cache: Path) -> None:
    import_files(_four(tmp_path / "in"), cache)
    path = store.current(cache)
    assert path is not None
    path.unlink()
    assert store.current(cache) == path
    assert path.exists()


def test_a_damaged_feed_file_is_never_built_from(tmp_path: Path, cache: Path) -> None:
    import_files(_four(tmp_path / "in"), cache)
    path = store.current(cache)
    assert path is not None
    path.unlink()
    (kev,) = (cache / "advisories" / "feeds").glob("kev-*")
    kev.write_bytes(made.kev(tmp_path / "forged.json", made.kev_entry("CVE-2024-9999")).read_bytes())
    with pytest.raises(InputError, match="damaged: its digest is not the stored one"):
        store.current(cache)
    kev.unlink()
    with pytest.raises(InputError, match="cannot be read"):
        store.current(cache)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "damaged"),
        ('{"version": 2}', "of version 2"),
        ('{"index": "../../x"}', "names a file outside"),
        ("[]", "damaged"),
    ],
)
def test_a_damaged_state_is_an_input_error(cache: Path, text: str, why: str) -> None:
    (cache / "advisories").mkdir(parents=True)
    (cache / "advisories" / "state.json").write_text(text)
    with pytest.raises(InputError, match=why) as caught:
        store.current(cache)
    assert caught.value.next_step


def test_what_nobody_refers_to_goes_after_a_day(tmp_path: Path, cache: Path) -> None:
    """What kills leave behind, and what was replaced; never a lock, and nothing that another run may be at."""
    import_files(_four(tmp_path / "in"), cache)
    folder = cache / "advisories"
    (folder / "partial" / "left").mkdir(parents=True)
    stale = [".state-x", "partial/osv.lock", "partial/left/osv", "feeds/.taking-x", "index/.building-x.sqlite"]
    for name in stale:
        (folder / name).touch()
    before = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    old = time.time() - store.KEPT_S - 60
    for path in folder.rglob("*"):
        os.utime(path, (old, old))
    (folder / "index" / ".building-y.sqlite").touch()
    import_files([made.zipped(tmp_path / "new.zip", made.record("X-9"))], cache)
    gone = before - {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    kinds = {path.name if path.name in {"osv", *(Path(n).name for n in stale)} else path.suffix for path in gone}
    assert kinds == {".state-x", "osv", ".taking-x", ".building-x.sqlite", ".zip", ".sqlite"}
    assert len(gone) == len(kinds), "four leftovers, the replaced feed, its index"
    assert (folder / "index" / ".building-y.sqlite").exists()
    assert _answers(cache) == ["X-9"]


def test_a_cache_that_cannot_be_written_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be written"):
        import_files(_four(tmp_path / "in"), tmp_path / "file")


@pytest.mark.parametrize("place", ["_copy", "_write", "_locked"])
def test_a_full_disk_is_a_usage_error(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    import_files(_four(tmp_path / "in"), cache)
    new = made.zipped(tmp_path / "new.zip", made.record("X-9"))

    def full(*_: object, **__: object) -> None:
        raise PermissionError(28, "No space left on device")

    if place == "_locked":
        monkeypatch.setattr("filelock.FileLock.acquire", full)
    else:
        monkeypatch.setattr(os, "fsync" if place == "_copy" else "replace", full)
    with pytest.raises(UsageError, match="No space left"):
        import_files([new], cache)
    monkeypatch.undo()
    assert _answers(cache) == ["CVE-2024-0001"]


def test_a_writer_that_never_ends_is_told(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_LOCK_TIMEOUT_S", 0.01)
    with FileLock(store.folder_of(cache) / "lock"), pytest.raises(UsageError, match="another govsec"):
        import_files(_four(tmp_path / "in"), cache)


# --- the archive ---


def test_an_archive_carries_everything_byte_for_byte(tmp_path: Path, cache: Path) -> None:
    states = import_files([made.folder(tmp_path / "osv", made.record()), *_four(tmp_path / "in")[1:]], cache)
    assert export(tmp_path / "one.zip", cache) == states
    export(tmp_path / "two.zip", cache)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    other = tmp_path / "other"
    assert import_files([tmp_path / "one.zip"], other) == states
    export(tmp_path / "three.zip", other)
    assert (tmp_path / "three.zip").read_bytes() == (tmp_path / "one.zip").read_bytes()
    paths = [store.current(cache), store.current(other), prepare.prepare(tmp_path / "one.zip", tmp_path / "third")]
    assert len({path.read_bytes() if path else b"none" for path in paths}) == 1


def test_the_manifest_names_every_file_with_its_digest(tmp_path: Path, cache: Path) -> None:
    import_files(_four(tmp_path / "in"), cache)
    export(tmp_path / "one.zip", cache)
    with zipfile.ZipFile(tmp_path / "one.zip") as opened:
        manifest = json.loads(opened.read("manifest.json"))
        assert opened.namelist() == ["manifest.json", *(feed["file"] for feed in manifest["feeds"])]
        for feed in manifest["feeds"]:
            data = opened.read(feed["file"])
            assert (feed["bytes"], feed["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    assert manifest["format"] == "govsec-advisories"


def _forge(path: Path, target: Path, change: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path) as old:
        entries = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(target, "w") as new:
        for name, data in {**entries, **change}.items():
            if data:
                new.writestr(name, data)
    return target


def test_a_changed_archive_is_refused_and_the_old_data_stay(tmp_path: Path, cache: Path) -> None:
    import_files(_four(tmp_path / "in"), cache)
    one = tmp_path / "one.zip"
    export(one, cache)
    manifest = json.loads(zipfile.ZipFile(one).read("manifest.json"))
    path = {**manifest, "feeds": [{**manifest["feeds"][0], "file": "../../evil"}]}
    unknown = {**manifest, "feeds": [{**manifest["feeds"][0], "state": {**manifest["feeds"][0]["state"], "feed": "x"}}]}
    huge = {**manifest, "feeds": [{**manifest["feeds"][0], "bytes": 10**11}]}
    twice = {**manifest, "feeds": manifest["feeds"][:1] * 2}
    cases: dict[str, dict[str, bytes]] = {
        "the digest of feeds/osv.zip": {"feeds/osv.zip": b"PK\x05\x06" + b"\0" * 18},
        "the digest of feeds/kev.json": {"feeds/kev.json": b"x" * 10_000_000},
        "no item named 'feeds/osv.zip'": {"feeds/osv.zip": b""},
        "unknown feed or file: 'epss', '../../evil'": {"manifest.json": json.dumps(path).encode()},
        "unknown feed or file: 'x'": {"manifest.json": json.dumps(unknown).encode()},
        "larger than the limit": {"manifest.json": json.dumps(huge).encode()},
        "both hold EPSS": {"manifest.json": json.dumps(twice).encode()},
        "manifest.json: .*format": {"manifest.json": json.dumps({**manifest, "format": "other"}).encode()},
        "manifest.json: Input data was truncated": {"manifest.json": b"{"},
        "manifest is too large": {"manifest.json": b" " * 1_000_001},
    }
    for number, (why, change) in enumerate(cases.items()):
        forged = _forge(one, tmp_path / f"forged-{number}.zip", change)
        with pytest.raises(InputError, match=why):
            import_files([forged], cache)
    assert _answers(cache) == ["CVE-2024-0001"]


def test_a_cut_archive_is_refused(tmp_path: Path, cache: Path) -> None:
    import_files(_four(tmp_path / "in"), cache)
    export(tmp_path / "one.zip", cache)
    data = (tmp_path / "one.zip").read_bytes()
    (tmp_path / "cut.zip").write_bytes(data[:-30])
    with pytest.raises(InputError, match=r"cut\.zip: not a whole archive of advisory data"):
        import_files([tmp_path / "cut.zip"], cache)


def test_export_needs_data_and_a_place(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="no advisory data is stored"):
        export(tmp_path / "one.zip", cache)
    import_files(_four(tmp_path / "in"), cache)
    with pytest.raises(UsageError, match=r"one\.zip: cannot be written"):
        export(tmp_path / "none" / "one.zip", cache)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive, "write", full)
    with pytest.raises(UsageError, match="No space left"):
        export(tmp_path / "one.zip", cache)
    assert [path.name for path in tmp_path.iterdir() if "one.zip" in path.name] == []


# --- status ---


def test_status_shows_age_and_what_is_missing(tmp_path: Path, cache: Path) -> None:
    now = datetime(2024, 9, 11, tzinfo=UTC)
    empty = status(cache, now)
    assert [(one.feed, one.state, one.age_days) for one in empty.feeds] == [
        (feed, None, None) for feed in ("epss", "kev", "osv", "vulnrichment")
    ]
    assert (empty.index, empty.index_bytes) == (None, 0)
    npm = made.record("X-2")
    npm["affected"][0]["package"]["ecosystem"] = "npm"
    import_files([made.zipped(tmp_path / "all.zip", made.record(), npm)], cache)
    found = status(cache, now)
    osv = next(one for one in found.feeds if one.feed == "osv")
    assert osv.state is not None
    assert (osv.state.records, osv.age_days, osv.address) == (2, 10.0, "")
    assert (found.unmatched, found.index) == ({"npm": 1}, store.current(cache))
    assert found.index_bytes > 4096
    before = status(cache, datetime(2024, 9, 1, tzinfo=UTC) - timedelta(days=1))
    assert next(one for one in before.feeds if one.feed == "osv").age_days == -1.0


def test_forgetting_is_quiet_when_the_state_is_damaged(cache: Path) -> None:
    (cache / "advisories").mkdir(parents=True)
    (cache / "advisories" / "state.json").write_text("{")
    store._forget(cache, {})
    assert (cache / "advisories" / "state.json").read_text() == "{"


def _give_away(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make it another user's: in truth where we may, else by making us another one."""
    if os.geteuid() == 0:
        os.chown(folder, 12345, -1)
    else:
        me = os.geteuid()
        monkeypatch.setattr(os, "geteuid", lambda: me + 1)


@pytest.mark.parametrize("name", ["", "advisories", "advisories/feeds", "advisories/index"])
def test_stored_data_of_another_user_are_refused(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    import_files(_four(tmp_path / "in"), cache)
    _give_away(cache / name, monkeypatch)
    with pytest.raises(InputError, match="belongs to another user") as told:
        store.current(cache)
    assert "GOVSEC_CACHE_DIR" in told.value.next_step
    with pytest.raises(UsageError, match="belongs to another user"):
        import_files([made.zipped(tmp_path / "new.zip", made.record("X-9"))], cache)


@pytest.mark.parametrize("name", ["", "advisories", "advisories/feeds", "advisories/index"])
def test_stored_data_that_everybody_could_write_are_refused(tmp_path: Path, cache: Path, name: str) -> None:
    import_files(_four(tmp_path / "in"), cache)
    (cache / name).chmod(0o777)
    with pytest.raises(InputError, match="every user of this machine can write there"):
        _answers(cache)


def test_the_cache_may_be_a_folder_for_everybodys_temporary_files(tmp_path: Path, cache: Path) -> None:
    """There nobody can replace what is another's, but anybody could put something in our own."""
    import_files(_four(tmp_path / "in"), cache)
    cache.chmod(0o1777)
    assert _answers(cache) == ["CVE-2024-0001"]
    (cache / "advisories").chmod(0o1777)
    with pytest.raises(InputError, match="every user of this machine can write there"):
        _answers(cache)


def test_data_that_the_superuser_keeps_for_everybody_are_trusted(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid():
        pytest.skip("only the superuser can make data of the superuser")
    import_files(_four(tmp_path / "in"), cache)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert _answers(cache) == ["CVE-2024-0001"]


def test_an_empty_folder_is_closed_before_anything_is_put_into_it(tmp_path: Path, cache: Path) -> None:
    cache.mkdir()
    cache.chmod(0o777)
    import_files(_four(tmp_path / "in"), cache)
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700
    assert _answers(cache) == ["CVE-2024-0001"]


def test_a_named_source_is_read_past_a_cache_of_another_user(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of such a cache is used, not even an index of the right name."""
    source = made.zipped(tmp_path / "all.zip", made.record())
    planted = prepare.prepare(source, cache)
    planted.write_bytes(
        prepare.prepare(made.zipped(tmp_path / "x.zip", made.record("X-9")), tmp_path / "c").read_bytes()
    )
    _give_away(cache, monkeypatch)
    with located(source, cache, first_sync=None) as found:
        assert found.path is not None
        assert not found.path.is_relative_to(cache)
        with open_index(found.path) as index:
            assert [match.vulnerability.id for match in index.match("demo", "1.0")] != ["X-9"]

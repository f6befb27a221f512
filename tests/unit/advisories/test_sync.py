"""Sync: only what changed, only what is valid, and never offline."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from govsec_ci.advisories import feeds, store
from govsec_ci.advisories.connection import Settings
from govsec_ci.advisories.index import open_index
from govsec_ci.advisories.locate import located
from govsec_ci.advisories.status import status
from govsec_ci.advisories.sync import SyncError, sync
from govsec_ci.errors import InputError, UsageError
from tests.support import advisories as made
from tests.support import https
from tests.support.https import Server

ONCE = Settings(attempts=1)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def addresses(server: Server, tmp_path: Path) -> dict[str, str]:
    """All four feeds, served."""
    osv = made.zipped(tmp_path / "all.zip", made.record(aliases=["CVE-2024-0001"])).read_bytes()
    return {
        "osv": server.serve("/PyPI/all.zip", osv),
        "kev": server.serve("/kev.json", made.kev(tmp_path / "kev.json", made.kev_entry()).read_bytes()),
        "epss": server.serve(
            "/epss.csv.gz", made.epss(tmp_path / "e.csv.gz", ("CVE-2024-0001", 0.5, 0.6)).read_bytes()
        ),
        "vulnrichment": server.serve(
            "/develop.zip", made.vulnrichment(tmp_path / "v.zip", made.cve_record()).read_bytes()
        ),
    }


def _answers(cache: Path) -> list[str]:
    path = store.current(cache)
    assert path is not None
    with open_index(path) as index:
        return [match.vulnerability.id for match in index.match("demo", "1.0")]


def test_every_wanted_feed_is_fetched_and_stored(server: Server, addresses: dict[str, str], cache: Path) -> None:
    seen: set[str] = set()
    states = sync(cache, addresses=addresses, settings=ONCE, progress=lambda feed, done, total: seen.add(feed))
    assert [(one.feed, one.source, one.records) for one in states] == [
        ("epss", "epss.csv.gz", 1),
        ("kev", "kev.json", 1),
        ("osv", "all.zip", 1),
    ]
    assert seen == {"epss", "kev", "osv"}
    assert list((cache / "advisories" / "partial").glob("*[!k]")) == [], "only lock files stay"
    states = sync(cache, wanted=["vulnrichment"], addresses=addresses, settings=ONCE)
    assert len(states) == 4
    found = status(cache, states[0].as_of)
    assert [one.address for one in found.feeds] == [addresses[one.feed] for one in found.feeds]


def test_what_has_not_changed_is_asked_for_and_not_fetched(
    server: Server, addresses: dict[str, str], cache: Path
) -> None:
    first = sync(cache, addresses=addresses, settings=ONCE)
    index = store.current(cache)
    server.requests.clear()
    assert sync(cache, addresses=addresses, settings=ONCE) == first
    assert all("If-None-Match" in headers for _, headers in server.requests)
    assert store.current(cache) == index


def test_another_address_or_a_lost_file_is_fetched_whole(
    server: Server, addresses: dict[str, str], cache: Path
) -> None:
    sync(cache, wanted=["kev"], addresses=addresses, settings=ONCE)
    server.answers["/mirror.json"] = server.answers["/kev.json"]
    sync(cache, wanted=["kev"], addresses={"kev": server.address("/mirror.json")}, settings=ONCE)
    assert "If-None-Match" not in server.requests[-1][1]
    for path in (cache / "advisories" / "feeds").iterdir():
        path.unlink()
    sync(cache, wanted=["kev"], addresses={"kev": server.address("/mirror.json")}, settings=ONCE)
    assert "If-None-Match" not in server.requests[-1][1]


def test_credentials_of_an_address_are_not_stored(server: Server, addresses: dict[str, str], cache: Path) -> None:
    address = addresses["kev"].replace("https://", "https://user:secret@")
    sync(cache, wanted=["kev"], addresses={"kev": address}, settings=ONCE)
    text = (cache / "advisories" / "state.json").read_text()
    assert "secret" not in text
    sync(cache, wanted=["kev"], addresses={"kev": address}, settings=ONCE)
    assert "If-None-Match" in server.requests[-1][1]


def test_one_feed_that_fails_does_not_hold_back_the_others(
    server: Server, addresses: dict[str, str], cache: Path
) -> None:
    server.answers["/epss.csv.gz"] = lambda request: request.reply(404)
    server.serve("/kev.json", b"{}")
    with pytest.raises(SyncError) as caught:
        sync(cache, addresses=addresses, settings=ONCE)
    assert "epss.csv.gz: could not be downloaded: the server answered 404" in caught.value.what
    assert "kev.json: not a valid KEV catalog" in caught.value.what
    assert caught.value.exit_code == 3
    assert caught.value.next_step
    assert _answers(cache) == ["CVE-2024-0001"]


def test_what_is_invalid_leaves_the_earlier_data_in_place(
    server: Server, addresses: dict[str, str], cache: Path, tmp_path: Path
) -> None:
    sync(cache, addresses=addresses, settings=ONCE)
    before = store.read(cache)
    bad = {
        "malformed record": made.zipped(tmp_path / "1.zip", made.record(modified="never")).read_bytes(),
        "not a zip": b"<html>please log in</html>",
        "leads out": made.zip_of(tmp_path / "2.zip", {"../../evil.json": b"{}"}).read_bytes(),
        "empty": made.zip_of(tmp_path / "3.zip", {}).read_bytes(),
    }
    for why, body in bad.items():
        server.serve("/PyPI/all.zip", body)
        with pytest.raises(SyncError):
            sync(cache, wanted=["osv"], addresses=addresses, settings=ONCE)
        assert store.read(cache) == before, why
        assert not (cache / "advisories" / "partial" / "osv.zip").exists(), "a bad file is not asked after again"
    assert _answers(cache) == ["CVE-2024-0001"]


def test_an_interrupted_download_is_continued_by_the_next_sync(
    server: Server, addresses: dict[str, str], cache: Path
) -> None:
    whole = server.answers["/PyPI/all.zip"]
    body = json.dumps(made.record()).encode() * 100
    server.answers["/PyPI/all.zip"] = https.cut(body, 1_000, ETag='"a"')
    with pytest.raises(SyncError, match="could not be downloaded"):
        sync(cache, wanted=["osv"], addresses=addresses, settings=ONCE)
    server.answers["/PyPI/all.zip"] = whole
    sync(cache, wanted=["osv"], addresses=addresses, settings=ONCE)
    assert server.requests[-1][1]["If-Range"] == '"a"'
    assert _answers(cache) == ["CVE-2024-0001"]


def test_two_syncs_do_not_write_the_same_partial_file(server: Server, addresses: dict[str, str], cache: Path) -> None:
    folder = store.folder_of(cache, "partial")
    (folder / "osv.zip").write_bytes(b"of the other")
    with FileLock(folder / "osv.lock"):
        sync(cache, wanted=["osv"], addresses=addresses, settings=ONCE)
    assert (folder / "osv.zip").read_bytes() == b"of the other"
    assert sorted(path.name for path in folder.iterdir()) == ["osv.lock", "osv.zip"]
    assert _answers(cache) == ["CVE-2024-0001"]


@pytest.mark.parametrize(
    "given",
    [
        {"offline": True},
        {"wanted": ["nvd"]},
        {"addresses": {"nvd": "https://x.example"}},
        {"addresses": {"osv": "http://x.example"}},
    ],
)
def test_what_the_caller_got_wrong_is_a_usage_error(cache: Path, given: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        sync(cache, settings=ONCE, **given)


def test_default_addresses_are_https_and_vulnrichment_is_not_fetched_by_default() -> None:
    assert all(feed.ADDRESS.startswith("https://") for feed in feeds.FEEDS.values())
    assert set(feeds.DEFAULT) == {"osv", "kev", "epss"}


# --- which index a run uses ---


@pytest.fixture
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Any use of the network is an error."""

    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    with monkeypatch.context() as patch:
        for name in ("socket", "create_connection", "getaddrinfo", "socketpair"):
            patch.setattr(socket, name, forbidden)
        yield


@pytest.mark.usefixtures("no_sockets")
def test_offline_opens_no_socket(cache: Path, tmp_path: Path) -> None:
    with located(None, cache, first_sync=None) as found:
        assert found.path is None
        assert "none may be fetched offline" in found.problem
    source = made.folder(tmp_path / "osv", made.record())
    with located(source, cache, first_sync=None) as found:
        assert found.path is not None
        assert found.path.is_relative_to(cache)
    with pytest.raises(UsageError, match="offline"):
        sync(cache, offline=True)


@pytest.mark.usefixtures("no_sockets")
def test_the_ban_on_sockets_is_no_empty_test(cache: Path) -> None:
    with pytest.raises(AssertionError, match="a socket was opened"):
        sync(cache, wanted=["kev"], addresses={"kev": "https://127.0.0.1:1/x"}, settings=ONCE)


def test_a_first_run_syncs_by_itself_and_a_second_does_not(
    server: Server, addresses: dict[str, str], cache: Path
) -> None:
    def first_sync() -> None:
        sync(cache, addresses=addresses, settings=ONCE)

    with located(None, cache, first_sync=first_sync) as found:
        assert found.path == store.current(cache)
    server.requests.clear()
    with located(None, cache, first_sync=first_sync) as found:
        assert found.path is not None
    assert server.requests == []


def test_a_first_sync_that_fails_is_a_problem_not_an_error(server: Server, cache: Path) -> None:
    with located(
        None,
        cache,
        first_sync=lambda: sync(cache, wanted=["osv"], addresses={"osv": server.address("/x")}, settings=ONCE),
    ) as found:
        assert found.path is None
        assert found.problem.startswith("no advisory data is stored, and the first sync failed: https://127.0.0.1")


def test_a_store_without_osv_is_no_data(server: Server, addresses: dict[str, str], cache: Path) -> None:
    """KEV alone matches nothing: every component would pass."""
    sync(cache, wanted=["kev"], addresses=addresses, settings=ONCE)
    with located(None, cache, first_sync=lambda: None) as found:
        assert (found.path, found.problem) == (None, "no advisory data is stored")
    npm = made.record("GHSA-1")
    npm["affected"][0]["package"]["ecosystem"] = "npm"
    zipped = made.zipped(cache / "npm.zip", npm).read_bytes()
    sync(cache, wanted=["osv"], addresses={"osv": server.serve("/npm.zip", zipped)}, settings=ONCE)
    with (
        pytest.raises(InputError, match="holds no OSV record about a PyPI package"),
        located(None, cache, first_sync=None),
    ):
        pass


def test_a_cache_that_cannot_be_written_is_gone_round(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    source = made.folder(tmp_path / "osv", made.record())
    with located(source, tmp_path / "file", first_sync=None) as found:
        assert found.path is not None
        assert found.path.exists()
        assert not found.path.is_relative_to(tmp_path)
    assert not found.path.exists()


def test_stored_data_in_a_cache_that_cannot_be_written_are_still_used(
    server: Server, addresses: dict[str, str], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync(cache, addresses=addresses, settings=ONCE)
    path = store.current(cache)
    assert path is not None
    path.unlink()

    def refuse(*_: object) -> None:
        raise UsageError("read-only")

    monkeypatch.setattr(store, "_commit", refuse)
    with located(None, cache, first_sync=None) as found:
        assert found.path is not None
        with open_index(found.path) as index:
            assert [feed.feed for feed in index.feeds()] == ["epss", "kev", "osv"]
    assert not found.path.exists()

"""Folders, zips and files: read within limits, named when they are not whole."""

import hashlib
import json
import os
import struct
import zipfile
from pathlib import Path

import pytest

from govsec_ci.advisories import sources
from govsec_ci.advisories.sources import Limits, open_source
from govsec_ci.errors import InputError
from tests.support.advisories import folder, record, zip_of


def _read(path: Path, limits: Limits | None = None) -> list[tuple[str, bytes]]:
    return list(open_source(path, limits or Limits()).entries())


def test_a_folder_gives_its_records_in_order_and_leaves_out_what_is_hidden(tmp_path: Path) -> None:
    for name in ("b/2.json", "b/1.yaml", "a.yml", "README.md", ".git/x.json", ".hidden.json", "c/.x/1.json"):
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    source = open_source(tmp_path / "data")
    assert [name for name, _ in source.entries()] == ["a.yml", "b/1.yaml", "b/2.json"]
    assert source.name == "data"


def test_the_digest_of_a_folder_is_that_of_sha256sum_sorted_by_path(tmp_path: Path) -> None:
    path = folder(tmp_path / "data", record("X-2"), record("X-1"))
    names = ("X-1.json", "X-2.json")
    lines = "".join(f"{hashlib.sha256((path / n).read_bytes()).hexdigest()}  {n}\n" for n in names)
    digest = open_source(path).digest()
    assert digest == hashlib.sha256(lines.encode()).hexdigest()
    (path / "README.md").write_text("not part of it")
    assert open_source(path).digest() == digest
    (path / "X-1.json").rename(path / "X-0.json")
    assert open_source(path).digest() != digest


def test_the_digest_of_a_zip_is_that_of_its_bytes(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "all.zip", {"X-1.json": b"{}"})
    assert open_source(path).digest() == hashlib.sha256(path.read_bytes()).hexdigest()


def test_only_directories_and_hidden_names_are_passed_over_in_a_zip(tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.mkdir("d")
        for name in ("d/2.json", "1.json", "README.md", ".github/w.yml"):
            archive.writestr(name, name)
    assert _read(path) == [("1.json", b"1.json"), ("d/2.json", b"d/2.json")]


def test_missing_and_special_files_are_input_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: No such file"):
        open_source(tmp_path / "none")
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(InputError, match="neither a folder nor a regular file"):
        open_source(tmp_path / "fifo")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "out.json").symlink_to("/etc/hostname")
    with pytest.raises(InputError, match=r"out\.json: cannot be read: a link that leads out"):
        _read(tmp_path / "data")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read anything")
def test_an_unreadable_file_is_an_input_error(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.touch(mode=0)
    with pytest.raises(InputError, match="cannot be read"):
        open_source(path)


@pytest.mark.parametrize("cut", [0.3, 0.9, 0.999])
def test_a_zip_that_is_cut_short_is_an_input_error(tmp_path: Path, cut: float) -> None:
    path = zip_of(tmp_path / "all.zip", {f"X-{n}.json": os.urandom(500) for n in range(20)})
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * cut)])
    with pytest.raises(InputError, match=r"all\.zip: not a whole zip archive"):
        _read(path)


def test_a_zip_whose_content_is_damaged_is_an_input_error(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "all.zip", {"X-1.json": json.dumps(record()).encode() * 50})
    data = bytearray(path.read_bytes())
    data[60] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(InputError, match="not a whole zip archive"):
        _read(path)


def test_an_encrypted_zip_is_an_input_error(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "all.zip", {"X-1.json": b"{}"})
    data = bytearray(path.read_bytes())
    for place in (data.index(b"PK\x03\x04") + 6, data.index(b"PK\x01\x02") + 8):
        data[place] |= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match="encrypted"):
        _read(path)


@pytest.mark.parametrize("name", ["../X-1.json", "a/../../X-1.json", "/etc/X-1.json", "..\\X-1.json", "C:\\X-1.json"])
def test_an_entry_that_leads_out_of_the_archive_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="leads out of the archive"):
        _read(zip_of(tmp_path / "all.zip", {name: b"{}"}))


def test_limits_on_entries_of_a_zip(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "all.zip", {f"X-{n}.json": b" " * 5_000 for n in range(10)})
    for limits, why in (
        (Limits(entries=9), "10 files are more than the limit of 9"),
        (Limits(entry_bytes=4_999), "unpacks to 5,000 bytes, above the limit of 4,999"),
        (Limits(total_bytes=49_999), "unpacks to 50,000 bytes, above the limit"),
        (Limits(small_bytes=10_000, ratio=10), "times its size"),
        (Limits(file_bytes=100), "larger than the limit of 100 bytes"),
    ):
        with pytest.raises(InputError, match=why):
            _read(path, limits)
    assert len(_read(path, Limits(entries=10, entry_bytes=5_000, total_bytes=50_000))) == 10


def test_limits_on_a_folder_and_a_file(tmp_path: Path) -> None:
    path = folder(tmp_path / "data", record("X-1"), record("X-2"))
    with pytest.raises(InputError, match="2 files are more than the limit of 1"):
        _read(path, Limits(entries=1))
    with pytest.raises(InputError, match="larger than the limit"):
        _read(path, Limits(entry_bytes=10))
    with pytest.raises(InputError, match="larger than the limit"):
        _read(path / "X-1.json", Limits(entry_bytes=10))


def test_entries_are_counted_before_the_directory_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory of millions of tiny entries would itself fill the memory."""
    path = zip_of(tmp_path / "all.zip", {f"X-{n}.json": b"{}" for n in range(50)})
    monkeypatch.setattr(sources, "_CHUNK", 7)  # signatures lie across the borders of pieces
    monkeypatch.setattr(zipfile, "ZipFile", None)
    with pytest.raises(InputError, match="50 files are more than the limit of 20"):
        _read(path, Limits(entries=20))


def test_an_entry_that_lies_about_its_size_unpacks_to_no_more_than_it_says(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "all.zip", {"X-1.json": b" " * 1_000_000})
    data = path.read_bytes()
    size = struct.pack("<I", 1_000_000)
    path.write_bytes(data.replace(size, struct.pack("<I", 10)))
    with pytest.raises(InputError, match="not a whole zip archive: Bad CRC-32"):
        _read(path)


def test_only_entry_wants_one_file(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    assert sources.only_entry(open_source(tmp_path / "a.json")) == ("a.json", b"{}")
    with pytest.raises(InputError, match="one file was expected"):
        sources.only_entry(open_source(tmp_path))


def test_an_error_while_reading_names_the_file(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "all.zip", {"X-1.json": b"{}"})
    source = open_source(path)
    path.unlink()
    with pytest.raises(InputError, match=r"all\.zip: cannot be read: No such file"):
        list(source.entries())

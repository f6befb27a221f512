"""Which doors use the cache of scan results, and the commands that look after it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from govsec_ci import cli
from govsec_ci.app import steps
from govsec_ci.app.steps import Options
from govsec_ci.app.target import open_target
from govsec_ci.model import Stage
from govsec_ci.scanners.base import ScanOutput, ScanRequest
from govsec_ci.system.cache import Store

NOW = datetime(2024, 10, 12, tzinfo=UTC)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GOVSEC_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize(
    ("stage", "asked", "used"),
    [
        (Stage.COMMIT, None, True),
        (Stage.BUILD, None, True),
        (Stage.RELEASE, None, False),
        (Stage.RELEASE, True, True),
        (Stage.BUILD, False, False),
    ],
)
def test_the_release_stage_looks_at_everything_anew(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, stage: Stage, *, asked: bool | None, used: bool
) -> None:
    seen: list[Path | None] = []

    def scanners(request: ScanRequest, **_: object) -> tuple[ScanOutput, ...]:
        seen.append(request.cache)
        return ()

    monkeypatch.setattr(steps, "scan_all", scanners)
    (tmp_path / "t").mkdir()
    options = Options(path=tmp_path / "t", out=tmp_path / "out", now=NOW, stage=stage, cache=asked, offline=True)
    with steps.ruled(options) as policy:
        target = open_target(options.path, out=options.out, config=policy.config)
    steps.scan_target(target, options, policy)
    assert seen == [cache if used else None]


@pytest.mark.parametrize(("flags", "asked"), [((), None), (("--no-cache",), False), (("--cache",), True)])
def test_the_flag(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: tuple[str, ...], *, asked: bool | None
) -> None:
    seen: list[bool | None] = []
    monkeypatch.setattr(steps, "ruled", lambda options: seen.append(options.cache))
    for command in ("run", "scan"):
        cli.main([command, str(tmp_path), "--out", str(tmp_path / "out"), *flags])
    assert seen == [asked, asked]


def test_info_and_clear(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Store(cache).put({b"k" * 32: b"v"})
    assert cli.main(["cache", "info"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in said] == ["file", "answers", "size", "limit"]
    assert said[0].endswith(str(Store(cache).file))
    assert said[1].split()[1] == "1"
    assert cli.main(["cache", "clear"]) == 0
    assert Store(cache).info().entries == 0
    assert cli.main(["cache", "clear"]) == 0


def test_clear_says_when_it_could_not(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Store(cache).put({b"k" * 32: b"v"})
    monkeypatch.setattr(Store, "clear", lambda store: False)
    assert cli.main(["cache", "clear"]) == 2
    assert "could not be removed" in capsys.readouterr().err


def test_options_know_no_cache_of_their_own_accord(tmp_path: Path) -> None:
    options = Options(path=tmp_path, out=tmp_path, now=NOW)
    assert options.cache is None
    assert not steps._cached(replace(options, stage=Stage.RELEASE))

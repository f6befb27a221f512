"""Build sdist and wheel of HEAD twice, in clean copies, and compare them byte for byte; started by ``make dist``.

Uncommitted changes are not part of it. The wheel is built a third time from the sdist: what is published as source
must give what is published as wheel. Only the environment that runs this is used; nothing is fetched.
"""

import argparse
import gzip
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# One process for both; setuptools changes sys.argv.
_BUILD = (
    "import sys; from setuptools import build_meta; to, *kinds = sys.argv[1:]; "
    "[getattr(build_meta, 'build_' + kind)(to) for kind in kinds]"
)


def main() -> int:
    """Write ``dist/``; returns 1 where two builds differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=ROOT / "dist", help="folder that is replaced")
    to = parser.parse_args().to
    os.umask(0o022)  # file modes go into the archives
    epoch = int(_git("log", "-1", "--format=%ct"))
    with tempfile.TemporaryDirectory(prefix="govsec-dist-") as name:
        folder = Path(name)
        builds = [_build(_clone(folder / copy), folder / f"dist-{copy}", epoch) for copy in ("one", "another")]
        builds.append(_from_source(builds[0], folder / "unpacked", epoch))
        told = [_digests(build) for build in builds]
        if not told[0] == told[1] == told[2]:
            print("The builds differ:", *told, sep="\n  ", file=sys.stderr)
            return 1
        shutil.rmtree(to, ignore_errors=True)
        shutil.copytree(builds[0], to)
    for file, digest in told[0].items():
        print(f"{digest}  {file}")
    return 0


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def _clone(to: Path) -> Path:
    _git("clone", "--quiet", "--no-local", str(ROOT), str(to))
    return to


def _build(source: Path, to: Path, epoch: int, *kinds: str) -> Path:
    to.mkdir()
    command = [sys.executable, "-c", _BUILD, str(to), *(kinds or ("sdist", "wheel"))]
    env = os.environ | {"SOURCE_DATE_EPOCH": str(epoch), "PYTHONHASHSEED": "0"}
    done = subprocess.run(command, cwd=source, env=env, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    for sdist in to.glob("*.tar.gz"):
        _normalise(sdist, epoch)
    return to


def _from_source(build: Path, folder: Path, epoch: int) -> Path:
    (sdist,) = build.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    to = _build(folder / sdist.name.removesuffix(".tar.gz"), folder / "dist", epoch, "wheel")
    shutil.copy(sdist, to)
    return to


def _normalise(sdist: Path, epoch: int) -> None:
    """Setuptools takes times, order and owners of an sdist from the file system: the commit's time, and nobody."""
    with tarfile.open(sdist) as archive:
        members = [(m, archive.extractfile(m)) for m in sorted(archive.getmembers(), key=lambda m: m.name)]
        read = [(member, file.read() if file else b"") for member, file in members]
    with (
        sdist.open("wb") as raw,
        gzip.GzipFile("", "wb", mtime=epoch, fileobj=raw) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for member, data in read:
            _add(archive, member, data, epoch)


def _add(archive: tarfile.TarFile, member: tarfile.TarInfo, data: bytes, epoch: int) -> None:
    fresh = tarfile.TarInfo(member.name)
    fresh.type, fresh.size, fresh.mtime = member.type, len(data), epoch
    fresh.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    archive.addfile(fresh, io.BytesIO(data))


def _digests(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir())}


if __name__ == "__main__":
    sys.exit(main())

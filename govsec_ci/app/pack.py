"""``govsec bundle pack``: one reproducible archive of a bundle."""

import gzip
import io
import tarfile
from pathlib import Path

from govsec_ci.app.bundle import require
from govsec_ci.system.files import write_atomic


def pack(folder: Path, archive: Path) -> None:
    """Write the bundle as a gzip-compressed tar: sorted names, no owner, no times; the same bundle is the same bytes.

    :raises UsageError: ``folder`` is no bundle, or ``archive`` cannot be written
    """
    raw = io.BytesIO()
    # Not ustar: the SBOM of a root deep in the tree has a longer name than that can hold.
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(require(folder).rglob("*")):
            if path.is_file():
                _add(tar, path, path.relative_to(folder).as_posix())
    write_atomic(archive, gzip.compress(raw.getvalue(), mtime=0))


def _add(tar: tarfile.TarFile, path: Path, name: str) -> None:
    entry = tarfile.TarInfo(name)
    data = path.read_bytes()
    entry.size, entry.mode, entry.mtime = len(data), 0o644, 0
    tar.addfile(entry, io.BytesIO(data))

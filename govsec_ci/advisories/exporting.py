"""``govsec advisories export``: the stored feeds as one archive."""

import contextlib
import os
import tempfile
from pathlib import Path

from govsec_ci.advisories import archive, store
from govsec_ci.errors import InputError, UsageError
from govsec_ci.model import FeedState


def export(path: Path, cache: Path) -> tuple[FeedState, ...]:
    """Write all stored feeds to ``path``, whole or not at all. The same feeds make the same bytes.

    :raises InputError: nothing is stored, or a stored file is damaged; :raises UsageError: ``path`` cannot be written
    """
    state = store.read(cache)
    if not state.feeds:
        raise InputError(f"{cache}: no advisory data is stored", next_step="run `govsec advisories sync` or `import`")
    store.parts_of(cache, state)  # a damaged file is found here, not on the far side
    files = [(held.state, cache / "advisories" / "feeds" / held.file) for held in state.feeds.values()]
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        os.close(descriptor)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        archive.write(Path(temporary), files)
        os.replace(temporary, path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
    return tuple(state for state, _ in sorted(files, key=lambda one: one[0].feed))


def _unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(f"{path}: cannot be written: {error.strerror or error}")

"""What a tool answered before, kept by everything that decides the answer: the same is not asked twice."""

import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib import metadata
from pathlib import Path
from typing import TypeVar

import msgspec

from govsec_ci import __version__
from govsec_ci.errors import GovsecError
from govsec_ci.system import secrets
from govsec_ci.system.cache import Store

Answer = TypeVar("Answer")


def engine(distributions: Sequence[str], modules: Iterable[Path]) -> str:
    """Everything but the question that an answer depends on, as one text.

    :param distributions: what is installed and answers, by its name: the version and the very files count (RECORD)
    :param modules: our own files that take part: their very bytes count, not only our version
    """
    installed = [metadata.distribution(name) for name in distributions]
    told = [(one.version, _digest((one.read_text("RECORD") or "").encode())) for one in installed]
    ours = [_digest(path.read_bytes()) for path in modules]
    return json.dumps([__version__, ours, told, sys.version, sys.platform])


def key_of(engine: str, *question: bytes) -> bytes:
    """The key (32 bytes) of what is asked, in all its parts."""
    parts = (engine.encode(), *question)
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).digest()


def kept(
    cache: Path | None, key: Callable[[], bytes | None], ask: Callable[[], bytes], read: Callable[[bytes], Answer]
) -> Answer:
    """What ``read`` makes of the answer that is kept, else of the one that ``ask`` gets, which is kept then.

    :param cache: the cache folder, or None: ask
    :param key: of what is asked as it stands now, None where that cannot be told: then, and where it changes while it
        is asked, the answer is not kept
    :param ask: gets JSON; whatever it raises is raised, and nothing is kept
    :param read: raises a :class:`GovsecError` for an answer that is none: one that was kept is asked for anew
    """
    asked = key() if cache else None
    if cache is None or asked is None:
        return read(ask())
    store = Store(cache)
    for known in store.get([asked]).values():
        try:
            return read(known)
        except GovsecError:
            continue
    told = ask()
    found = read(told)
    if _may_be_kept(told) and key() == asked:
        store.put({asked: told})
    return found


def _may_be_kept(told: bytes) -> bool:
    """Whether no string in it looks like a secret: each as it reads, for JSON's own quotes would hide one."""
    try:
        said = msgspec.json.decode(told)
        return bool(secrets.values(said) == said)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

"""What bandit said about a file, kept by the file's content: only what was never scanned before is scanned.

Nothing but the bytes of a file, bandit, our worker and the interpreter decide what is found in it: no path, no setting
of the tree and no configuration (both are applied to the results afterwards). So these make the key. Kept are whole
answers, also that a file is no Python of this interpreter; never what may come out otherwise the next time.
"""

import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from govsec_ci.errors import InputError
from govsec_ci.scanners import answers, bandit_costs, bandit_shards
from govsec_ci.scanners.bandit_shards import Job, Outcome, Pool
from govsec_ci.system import secrets
from govsec_ci.system.cache import Store
from govsec_ci.system.files import read_limited

# The modules that make up the worker: their very bytes count, not only the version.
_WORKER = ("bandit_plugins.py", "bandit_worker.py", "python_source.py")
_TESTS = "tests"
# What another scan of the same bytes may say otherwise.
_PASSING = frozenset({"path", "seconds"})
# Problems that follow from the file's bytes alone.
_LASTING = frozenset({"file-not-parsed", "file-not-decoded"})


def scan(job: Job, cache: Path | None, pool: Pool = ThreadPoolExecutor) -> Outcome:
    """As :func:`bandit_shards.scan`, with what is known already from the store below ``cache``; None: without one."""
    if cache is None or not job.files:
        return _without_secrets(bandit_shards.scan(job, pool))
    store, engine = Store(cache), _engine()
    keys = {path: _key(engine, digest) for path, digest in _digests(job)}
    known, tests = _known(store, keys, _key(engine, _TESTS))
    rest = _rest(job, known, store)
    fresh = _without_secrets(_scan_rest(rest, pool))
    store.put(_lasting(fresh, engine, told=bool(tests)) | _costs(job, rest, fresh))
    return Outcome(
        lines={**known, **fresh.lines},
        failures=fresh.failures,
        tests=tuple(sorted({*tests, *fresh.tests})),
    )


def _engine() -> str:
    return answers.engine(("bandit",), (Path(__file__).with_name(name) for name in _WORKER))


def _key(engine: str, what: str) -> bytes:
    return hashlib.sha256(f"{engine}\n{what}".encode()).digest()


def _digests(job: Job) -> Iterable[tuple[str, str]]:
    """Path and sha256 of each file; one that cannot be read is the worker's to tell."""
    for path, _ in job.files:
        try:
            data = read_limited(job.root / path, limit_bytes=job.limit_bytes)
        except InputError:
            continue
        yield path, hashlib.sha256(data).hexdigest()


def _known(store: Store, keys: dict[str, bytes], tests: bytes) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """The worker's lines by path, and the tests it ran; nothing, where those are not known."""
    stored = store.get({*keys.values(), tests})
    if tests not in stored:
        return {}, []
    lines = {path: msgspec.json.decode(stored[key]) | {"path": path} for path, key in keys.items() if key in stored}
    return lines, msgspec.json.decode(stored[tests])


def _rest(job: Job, known: dict[str, dict[str, Any]], store: Store) -> Job:
    """The job that is left; with what its files took the last time, where they are to be shared out."""
    files = tuple(entry for entry in job.files if entry[0] not in known)
    costs = bandit_costs.read(store, job.root) if bandit_shards.workers(files, job.jobs) > 1 else job.costs
    job.progress(len(known), len(job.files))
    return replace(
        job, files=files, costs=costs, progress=lambda done, _: job.progress(len(known) + done, len(job.files))
    )


def _scan_rest(rest: Job, pool: Pool) -> Outcome:
    return bandit_shards.scan(rest, pool) if rest.files else Outcome(lines={}, failures={}, tests=())


def _costs(job: Job, rest: Job, fresh: Outcome) -> dict[bytes, bytes]:
    """What to keep of the time that files took: nothing, where one worker did."""
    if bandit_shards.workers(rest.files, rest.jobs) == 1:
        return {}
    return bandit_costs.kept(job.root, rest.costs, fresh.lines.values(), (path for path, _ in job.files))


def _without_secrets(fresh: Outcome) -> Outcome:
    """What is kept holds no secret of a source, and what is told is the same with and without a cache."""
    for line in fresh.lines.values():
        for result in line["results"]:
            found = f"CWE-{result['cwe']}" in secrets.CREDENTIAL_CWES
            result["text"] = (secrets.message_about_one if found else secrets.text)(result["text"])
            region, nosec = result["region"], result["nosec"]
            if "snippet" in region:
                region["snippet"] = (secrets.source_with_one if found else secrets.text)(region["snippet"])
            if nosec:
                nosec["reason"] = secrets.text(nosec["reason"])
    return fresh


def _lasting(fresh: Outcome, engine: str, *, told: bool) -> dict[bytes, bytes]:
    """What to keep. The key is of the bytes that the worker has read, which may be others than we saw before."""
    kept = {
        _key(engine, line["sha256"]): msgspec.json.encode({name: line[name] for name in line if name not in _PASSING})
        for line in fresh.lines.values()
        if line["sha256"] and all(_lasts(problem) for problem in line["problems"])
    }
    if fresh.tests and not told:
        kept[_key(engine, _TESTS)] = msgspec.json.encode(fresh.tests)
    return kept


def _lasts(problem: dict[str, Any]) -> bool:
    # Without a line, the parser did not find fault: it ran out of something.
    return problem["kind"] in _LASTING and (problem["kind"] == "file-not-decoded" or problem["line"] > 0)

"""``manifest.json``: canonical JSON over every file of a bundle, with a digest of itself."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from govsec_ci.errors import BundleError
from govsec_ci.model import FeedState, Run

_FORMAT = "govsec_ci/manifest/v1"


def write(digests: Mapping[str, str], runs: Sequence[Run], engine: str) -> bytes:
    """The manifest.

    :param digests: bundle file name → lower-case hex sha256 of its bytes
    :param runs: for tool versions and advisory feeds
    """
    feeds = {feed for run in runs for feed in run.advisories}
    body: dict[str, Any] = {
        "format": _FORMAT,
        "engine": engine,
        "files": {name: {"sha256": digest} for name, digest in digests.items()},
        "tools": {run.tool: run.version for run in runs},
        "advisories": [_feed(feed) for feed in sorted(feeds, key=lambda feed: (feed.feed, feed.sha256))],
    }
    return canonical(body | {"digest": _digest(body)})


def canonical(body: object) -> bytes:
    """JSON with sorted keys, no white space and a final line end: the same content is the same bytes."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def read(data: bytes) -> Mapping[str, str]:
    """File name → sha256 of a manifest whose own digest holds; :raises BundleError: it is broken or does not."""
    try:
        body = json.loads(data)
        digest = body.pop("digest")
        files = {name: entry["sha256"] for name, entry in body["files"].items()}
        holds = digest == _digest(body)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BundleError("manifest.json is broken", cause=f"{type(error).__name__}: {error}") from error
    if not holds:
        raise BundleError("manifest.json does not match its own digest", cause="it was edited after it was written")
    return files


def _feed(feed: FeedState) -> dict[str, Any]:
    as_of = feed.as_of.isoformat().replace("+00:00", "Z")
    return {"feed": feed.feed, "as_of": as_of, "sha256": feed.sha256, "records": feed.records}


def _digest(body: object) -> str:
    return hashlib.sha256(canonical(body)).hexdigest()

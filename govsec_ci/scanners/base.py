"""The protocol of a scanner."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from govsec_ci.config import Config
from govsec_ci.manifests.base import Manifest
from govsec_ci.model import Role, Run, Stage, Subject
from govsec_ci.system.files import Tree
from govsec_ci.system.git import Checkout


class ScanRequest(Struct, frozen=True, kw_only=True):
    """Everything a scanner may know: the tree as walked, its manifests, the trusted settings.

    :param tree: the judged tree, walked once for all scanners
    :param manifests: every dependency manifest in it, read once for all scanners
    :param advisories: path of the advisory index (SQLite), or None where there is none
    :param advisories_problem: why there is none, for people
    :param online: ``osv`` or ``pypi``: ask this public service instead of the index; empty: stay offline
    :param online_url: address of an own OSV service, or empty for the public one
    :param now_s: the clock of the decision (Unix time) for the age of imported reports; 0: the machine's clock
    :param jobs: how many processes a scanner may use
    :param cache: folder of what scanners found in the same files before, or None: look at everything anew
    :param wheelhouse: folder of the files that get deployed, or None
    :param progress: called with (scanner id, done, total) from any thread
    """

    tree: Tree
    manifests: tuple[Manifest, ...]
    subject: Subject
    checkout: Checkout | None
    config: Config
    stage: Stage
    advisories: Path | None = None
    advisories_problem: str = ""
    online: str = ""
    online_url: str = ""
    jobs: int = 1
    timestamp_s: int = 0
    now_s: int = 0
    cache: Path | None = None
    wheelhouse: Path | None = None
    progress: Callable[[str, int, int], None] = lambda scanner, done, total: None


class ScanOutput(Struct, frozen=True, kw_only=True):
    """A run, and the bundle files that it made (``sbom.cdx.json`` …) by their name in the bundle."""

    run: Run
    files: Mapping[str, bytes] = {}


class Scanner(Protocol):
    """One tool; each lives in one file and one line of ``registry.SCANNERS``."""

    id: str
    role: Role

    def scan(self, request: ScanRequest) -> ScanOutput:
        """Look at everything in ``request`` that is this tool's business.

        Never raises for what the tree holds or the tool does: a crash, a time-out, an unreadable file is a
        notification of level ERROR, and the run's state is INCOMPLETE.
        """
        ...

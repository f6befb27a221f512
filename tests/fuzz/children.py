"""What the programs that we start say, broken: each scanner gets it for an answer; its run must still be writable."""

import functools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import msgspec

from govsec_ci.formats import sarif
from govsec_ci.model import Cvss, Fix, Run, Severity, Vulnerability
from govsec_ci.scanners import bandit_wire, cyclonedx_tool
from govsec_ci.scanners import pip_audit_wire as wire
from govsec_ci.scanners.bandit import BanditScanner
from govsec_ci.scanners.base import Scanner, ScanRequest
from govsec_ci.scanners.pip_audit import PipAuditScanner
from govsec_ci.scanners.zizmor import ZizmorScanner
from govsec_ci.system import process
from tests.support.scanners import component, make_request, make_tree, manifest

_WORKFLOW: Final = ".github/workflows/ci.yml"
_TREE: Final = {
    "app.py": "import subprocess\nsubprocess.call('x', shell=True)\n",
    "requirements.txt": "idna==3.3\nsix==1.0\n",
    _WORKFLOW: "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: actions/checkout@v4\n",
}
_LINE: Final[bandit_wire.Line] = {
    "path": "app.py",
    "sha256": "00" * 32,
    "length": 50,
    "results": [
        {
            "id": "B602",
            "text": "shell=True",
            "severity": "HIGH",
            "confidence": "LOW",
            "cwe": 78,
            "region": {"start_line": 2, "snippet": "x", "start_column": 1, "end_line": 2, "end_column": 9},
            "nosec": {"line": 2, "blanket": False, "reason": "because"},
        }
    ],
    "problems": [{"kind": "test-crashed", "text": "B101: x", "line": 1}],
}
BANDIT: Final = b'{"tests": ["B602", "B101"]}\n' + json.dumps(_LINE).encode() + b"\n"
PIP_AUDIT: Final = msgspec.json.encode(
    wire.Answer(
        findings=(
            wire.Finding(
                dependency=0,
                vulnerability=Vulnerability(
                    id="CVE-2024-0001",
                    aliases=("PYSEC-2024-1",),
                    summary="s",
                    severity=Severity.HIGH,
                    cvss=(Cvss(version="3.1", vector="CVSS:3.1/AV:N", score=7.5, source="x"),),
                    cwes=("CWE-22",),
                    references=("https://x.example",),
                ),
                fix=Fix(nearest="3.7", versions=("3.7",)),
            ),
        ),
        audited=(0,),
        skipped={1: "no"},
    )
)


def _place(kind: str, row: int) -> dict[str, Any]:
    span = {"start_point": {"row": row, "column": 8}, "end_point": {"row": row, "column": 20}}
    key = {"Local": {"prefix": "@", "verbatim_path": f"@/{_WORKFLOW}"}}
    symbolic = {"key": key, "annotation": "here", "kind": kind}
    return {"symbolic": symbolic, "concrete": {"location": span, "feature": "x", "comments": ["# why"]}}


ZIZMOR: Final = json.dumps(
    [
        {
            "ident": "unpinned-uses",
            "desc": "unpinned",
            "url": "https://docs.zizmor.sh/audits/#unpinned-uses",
            "determinations": {"confidence": "High", "severity": "High", "persona": "Regular"},
            "locations": [_place("Primary", 5), _place("Related", 2)],
            "ignored": True,
        }
    ]
).encode()
CYCLONEDX: Final = json.dumps(
    {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "components": [
            {
                "type": "library",
                "bom-ref": "requirements-L1",
                "name": "idna",
                "version": "3.3",
                "purl": "pkg:pypi/idna@3.3",
                "licenses": [{"license": {"id": "BSD-3-Clause"}}],
                "hashes": [{"alg": "SHA-256", "content": "00" * 32}],
                "externalReferences": [{"type": "distribution", "url": "https://x.example"}],
            }
        ],
    }
).encode()


def _answers(data: bytes, stderr: str) -> process.Completed:
    return process.Completed(exit_code=0, stdout=data, stderr=stderr, seconds=0.0)


@contextmanager
def _said(data: bytes, request: ScanRequest) -> Iterator[None]:
    """Every child says ``data``, as if it had done its work."""
    finished = "".join(
        f" INFO audit: completed {Path(request.tree.root).resolve() / path}\n" for path in request.tree.files
    )

    def answer(*_: object, **__: object) -> process.Completed:
        return _answers(data, finished)

    with patch.object(process, "run", answer), patch.object(process, "run_module", answer):
        yield


@functools.lru_cache(maxsize=4)
def _request(folder: Path) -> ScanRequest:
    tree, index = make_tree(folder / "tree", _TREE), folder / "index"
    index.write_bytes(b"")
    parts = (component("idna", "3.3"), component("six", "1.0", line=2))
    return make_request(tree, manifests=(manifest(*parts),), advisories=index)


def through(scanner: Callable[[], Scanner]) -> Callable[[bytes, Path], object]:
    """A parser: the scanner's whole way from a child's answer to a log, and back."""

    def call(data: bytes, folder: Path) -> object:
        request = _request(folder)
        # zizmor names its files where the tree is; only here is it known where.
        with _said(data.replace(b"@/", bytes(Path(request.tree.root).resolve()) + b"/"), request):
            run: Run = scanner().scan(request).run
        sarif.load(sarif.write([run]))
        return run

    return call


SCANNERS: Final = {
    "bandit-worker": (through(BanditScanner), BANDIT),
    "pip-audit-worker": (through(PipAuditScanner), PIP_AUDIT),
    "zizmor-output": (through(ZizmorScanner), ZIZMOR),
    "cyclonedx-output": (lambda data, _: cyclonedx_tool._read(data), CYCLONEDX),
}

"""The worker process of the bandit scanner: ``python -Im govsec_ci.scanners.bandit_worker``.

stdin holds one JSON object: ``root`` (absolute path), ``files`` (relative paths), ``limit_bytes``, ``deadline_s`` (for
all files), ``file_s`` (for one) and ``journal`` (a file that gets the index of each file as it is begun). stdout gets
one JSON object a line: first ``{"tests": [...]}``, then one a file: ``path``, ``sha256``, ``length``, ``results`` and
``problems``.

The results are those of ``bandit -r ROOT`` with bandit's own defaults: no setting of the judged tree is read. What a
``# nosec`` comment would hide is kept and marked.
"""

import ast
import contextlib
import faulthandler
import gc
import hashlib
import io
import json
import logging
import os
import sys
import time
import warnings
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

from govsec_ci.scanners.bandit_plugins import load_only_bandits_own

load_only_bandits_own()

# ruff: noqa: E402 — only now may bandit be imported
from bandit.core import node_visitor
from bandit.core.config import BanditConfig
from bandit.core.context import Context
from bandit.core.extension_loader import MANAGER
from bandit.core.issue import Issue
from bandit.core.manager import BanditManager
from bandit.core.node_visitor import BanditNodeVisitor
from bandit.core.tester import BanditTester

from govsec_ci.errors import InputError
from govsec_ci.scanners.python_source import Source, diagnose, encodable, nosec_reason
from govsec_ci.system.files import read_limited

# The visitor makes cycles (a node knows its parent), so garbage is collected by hand, each time this much was parsed.
_COLLECT_EVERY_BYTES = 2_000_000

_DEEPEST = 6000

# bandit quotes the string that it takes for a password, however long.
_MESSAGE_CHARACTERS = 1000

_NODE = "govsec_node"
_HIDDEN = "govsec_hidden"


class _Tester(BanditTester):
    """bandit's tester; a result under ``# nosec`` is marked, not dropped, and an internal error is not only logged."""

    testset: Any

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.problems: list[dict[str, Any]] = []

    def run_tests(self, raw_context: Any, checktype: str) -> Any:
        # bandit copies the context for each of some forty tests a call, of which one in a thousand has a result: all
        # are asked on one context first, and bandit's own way is gone for those that answered.
        context = Context(raw_context)
        answering = [test for test, more in self._tests(checktype) if _answers(test, context, more)]
        if not answering:
            return None
        every, self.testset = self.testset, _Chosen(answering)
        try:
            return super().run_tests(raw_context, checktype)
        finally:
            self.testset = every

    def _tests(self, checktype: str) -> list[tuple[Any, tuple[Any, ...]]]:
        """The tests for a kind of node with their further arguments, worked out once a process."""
        known: dict[str, list[tuple[Any, tuple[Any, ...]]]] = vars(self.testset).setdefault("govsec_tests", {})
        if checktype not in known:
            tests = self.testset.get_tests(checktype)
            known[checktype] = [(test, (vars(test)["_config"],) if "_config" in vars(test) else ()) for test in tests]
        return known[checktype]

    def _get_nosecs_from_contexts(self, context: Any, test_result: Any = None) -> None:
        if test_result is None:
            return
        setattr(test_result, _NODE, context.get("node"))
        skipped = super()._get_nosecs_from_contexts(context, test_result)
        if skipped is not None:
            lines = [test_result.lineno, *context["linerange"]]
            marked = next((line for line in lines if self.nosec_lines.get(line) is not None), 0)
            setattr(test_result, _HIDDEN, (skipped, marked))

    def report_error(self, test: str, context: Any, error: Exception) -> None:
        line = context._context.get("lineno", 0)  # noqa: SLF001 — as bandit's own report_error does
        text = f"bandit's test {test} failed on line {line}: {type(error).__name__}: {error}"
        self.problems.append({"kind": "test-crashed", "text": text, "line": line})


class _Chosen:
    """Stands for bandit's test set where only some of its tests are to run."""

    def __init__(self, tests: list[Any]) -> None:
        self.tests = tests

    def get_tests(self, _checktype: str) -> list[Any]:
        return self.tests


def _answers(test: Any, context: Context, more: tuple[Any, ...]) -> bool:
    try:
        return test(context, *more) is not None
    except Exception:  # noqa: BLE001 — bandit's own way will meet it again, and report it
        return True


class _Visitor(BanditNodeVisitor):
    """bandit's visitor with our tester. Scores are for bandit's own metrics, which nobody reads here.

    Four nodes in five are of a kind that no test asks for (names, attributes, operators): bandit makes a context for
    each of them all the same. Here they are only walked through, which takes a third of the time off.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.tester = _Tester(self.testset, self.debug, self.nosec_lines, self.metrics)
        self.asked_for: dict[type, bool] = {}

    def update_scores(self, scores: Any) -> None:
        pass

    def generic_visit(self, node: ast.AST) -> None:
        # One frame a level, as bandit's own: a helper here would halve the depth of source that can be walked.
        for name in node._fields:
            value = getattr(node, name, None)
            items = value if isinstance(value, list) else (value,)
            for item, sibling in zip_longest(items, items[1:]):
                if not isinstance(item, ast.AST):
                    continue
                # What tests look at, as bandit's own walk leaves it.
                vars(item).update(_bandit_sibling=sibling, _bandit_parent=node)
                if not self._is_asked_for(type(item)):
                    self.generic_visit(item)
                elif self.pre_visit(item):
                    self.visit(item)
                    self.generic_visit(item)
                    self.post_visit(item)

    def _is_asked_for(self, kind: type) -> bool:
        known = self.asked_for.get(kind)
        if known is None:
            name = kind.__name__
            known = self.asked_for[kind] = hasattr(self, f"visit_{name}") or bool(self.testset.get_tests(name))
        return known


class Manager(BanditManager):
    """bandit's manager, one file at a time, from bytes that were read once."""

    def __init__(self) -> None:
        super().__init__(BanditConfig(), "file")
        self.visitor: _Visitor | None = None

    def examine(self, path: str, data: bytes) -> tuple[list[Any], list[dict[str, Any]]]:
        """Results and problems of one file."""
        for kept in (self.results, self.skipped, self.scores):
            kept.clear()
        self.visitor = None
        self.metrics.data.clear()
        # Without the word, bandit's search of the file's tokens for comments with it finds nothing.
        self.ignore_nosec = b"nosec" not in data
        self._parse_file(path, io.BytesIO(data), [path])
        problems = list(self.visitor.tester.problems) if self.visitor else []
        if self.skipped:
            problems.append(diagnose(data, self.skipped[0][1]))
        return list(self.results), problems

    def _execute_ast_visitor(self, fname: str, fdata: Any, data: bytes, nosec_lines: Any) -> Any:
        self.visitor = _Visitor(fname, fdata, self.b_ma, self.b_ts, self.debug, nosec_lines, self.metrics)
        score = self.visitor.process(data)
        self.results.extend(self.visitor.tester.results)
        return score


class _Silent:
    """Stands for the visitor's logger, which is asked several times a node."""

    def debug(self, *_: object) -> None:
        pass

    warning = error = debug


def own_tests() -> set[str]:
    """Ids of the tests that come with bandit."""
    return {*MANAGER.plugins_by_id, *MANAGER.blacklist_by_id}


def main() -> None:
    """Read the request, scan file by file, write a line a file."""
    request = json.load(sys.stdin)
    _watch(request, time.monotonic())
    out, sys.stdout = sys.stdout, sys.stderr
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    node_visitor.LOG = _Silent()
    # bandit gives up on an expression of some thousand parts; its walk needs no more than memory.
    sys.setrecursionlimit(_DEEPEST)
    manager = Manager()
    gc.disable()
    gc.freeze()
    _write(out, {"tests": sorted(own_tests())})
    started = time.monotonic()
    for line in scan_all(manager, request):
        _write(out, line)
        _watch(request, started)


def _watch(request: dict[str, Any], started: float) -> None:
    """End this process when the next file, or the whole, takes too long.

    A hang may be inside C code that never gives the interpreter back: this watchdog is a thread of its own, in C.
    """
    left_s = request["deadline_s"] - (time.monotonic() - started)
    faulthandler.dump_traceback_later(max(0.001, min(left_s, request["file_s"])), exit=True)


def _write(out: Any, line: dict[str, Any]) -> None:
    out.write(json.dumps(line) + "\n")
    out.flush()


def scan_all(manager: Manager, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Scan the request's files in order."""
    journal = os.open(request["journal"], os.O_WRONLY | os.O_APPEND)
    parsed = 0
    for index, path in enumerate(request["files"]):
        with contextlib.suppress(OSError):  # a full disk: the journal only helps to explain a death
            os.write(journal, b"%d\n" % index)
        begun = time.process_time()
        line = scan_file(manager, Path(request["root"]), path, request["limit_bytes"])
        yield line | {"seconds": time.process_time() - begun}
        parsed += line["length"]
        if parsed > _COLLECT_EVERY_BYTES:
            gc.collect()
            parsed = 0


def scan_file(manager: Manager, root: Path, path: str, limit_bytes: int) -> dict[str, Any]:
    """What is known of one file, as it goes over the wire."""
    try:
        data = read_limited(root / path, limit_bytes=limit_bytes)
    except InputError as error:
        text = error.what.removeprefix(f"{root / path}: ")
        problem = {"kind": "file-not-read", "text": text, "line": 0}
        return {"path": path, "sha256": "", "length": 0, "results": [], "problems": [problem]}
    issues, problems = manager.examine(str(root / path), data)
    return {
        "path": path,
        "sha256": hashlib.sha256(data).hexdigest(),
        "length": len(data),
        "results": _results(issues, data),
        "problems": problems,
    }


def _results(issues: list[Any], data: bytes) -> list[dict[str, Any]]:
    if not issues:
        return []
    source = Source(data)
    return [_result(issue, source) for issue in issues]


def _result(issue: Issue, source: Source) -> dict[str, Any]:
    return {
        "id": issue.test_id,
        "text": encodable(issue.text)[:_MESSAGE_CHARACTERS],
        "severity": issue.severity,
        "confidence": issue.confidence,
        "cwe": issue.cwe.id,
        "region": source.region(issue.lineno, issue.col_offset, getattr(issue, _NODE, None)),
        "nosec": _nosec(issue, source),
    }


def _nosec(issue: Issue, source: Source) -> dict[str, Any] | None:
    """What hides the result, as bandit's ``run_tests`` decides it: a bare comment, or one that names this test."""
    skipped, line = getattr(issue, _HIDDEN, (None, 0))
    if skipped is None or (skipped and issue.test_id not in skipped):
        return None
    reason = nosec_reason(source.comment(line), _is_test)
    return {"line": line, "blanket": not skipped, "reason": reason}


def _is_test(word: str) -> bool:
    return bool(MANAGER.check_id(word) or MANAGER.get_test_id(word))


if __name__ == "__main__":
    main()

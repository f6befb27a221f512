"""``junit.xml``: one test case a check, for whoever reads pipelines as test results.

FAIL is a failure, INCOMPLETE an error (the test could not be carried out), a check that only warns is skipped. The
order and attributes are those of the Ant schema (https://github.com/windyroad/JUnit-Schema), which strict readers ask
for.
"""

from collections.abc import Iterable
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from govsec_ci.model import VerdictWord
from govsec_ci.report import labels
from govsec_ci.report.i18n import speaker
from govsec_ci.report.shapes import CheckView, View
from govsec_ci.report.view_answers import clause_line

_RESULTS: Final = 1_000
"""Results listed in one test case; results.sarif has all of them."""


def render(view: View) -> bytes:
    """The file: one suite a profile. Strings of the view hold no character that XML 1.0 forbids."""
    suites = [_suite(view, profile, number) for number, profile in enumerate(_profiles(view))]
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>", *suites, "</testsuites>", ""]
    return "\n".join(lines).encode()


def _profiles(view: View) -> Iterable[str]:
    return dict.fromkeys(check.profile for check in view.checks)


def _suite(view: View, profile: str, number: int) -> str:
    checks = [check for check in view.checks if check.profile == profile]
    against = [check.verdict for check in checks if check.blocking]
    attributes = {
        "id": number,
        "package": view.subject or "subject",
        "name": profile,
        "timestamp": f"{view.now:%Y-%m-%dT%H:%M:%S}",
        "hostname": "localhost",
        "tests": len(checks),
        "failures": against.count(VerdictWord.FAIL),
        "errors": against.count(VerdictWord.INCOMPLETE),
        "skipped": sum(not check.blocking and check.verdict is not VerdictWord.PASS for check in checks),
        "time": 0,
    }
    return "\n".join(
        (
            _start("testsuite", attributes),
            *_properties(view),
            *(_case(view, check) for check in checks),
            "<system-out/>",
            "<system-err/>",
            "</testsuite>",
        )
    )


def _properties(view: View) -> Iterable[str]:
    facts = {"verdict": view.verdict.value, "commit": view.commit, "stage": view.stage.value, "engine": view.engine}
    yield "<properties>"
    yield from (
        _start("property", {"name": name, "value": value}, close=True) for name, value in facts.items() if value
    )
    yield "</properties>"


def _case(view: View, check: CheckView) -> str:
    attributes = {"name": f"{check.gate}: {check.title.pick(view.lang)}", "classname": check.profile, "time": 0}
    if check.verdict is VerdictWord.PASS:
        return _start("testcase", attributes, close=True)
    return "\n".join((_start("testcase", attributes), _outcome(view, check), "</testcase>"))


def _outcome(view: View, check: CheckView) -> str:
    say, _ = speaker(view.lang)
    summary = say("observed: {observed}; limit: {limit}", observed=check.observed, limit=check.limit)
    if not check.blocking:
        return "<skipped/>"
    name = "failure" if check.verdict is VerdictWord.FAIL else "error"
    return f"{_start(name, {'type': check.kind, 'message': summary})}{escape(_body(view, check))}</{name}>"


def _body(view: View, check: CheckView) -> str:
    lines = [
        clause_line(check.clause).pick(view.lang),
        check.next_step.pick(view.lang),
        *(reason.pick(view.lang) for reason in check.reasons),
        *(
            f"{one.place} {labels.severity(one.severity).pick(view.lang)} {one.rule} {one.what}"
            for one in check.results[:_RESULTS]
        ),
        *(() if check.results else check.offenders),
    ]
    return "\n".join(line for line in lines if line)


def _start(name: str, attributes: dict[str, object] | dict[str, str], *, close: bool = False) -> str:
    written = "".join(f" {key}={quoteattr(str(value))}" for key, value in attributes.items())
    return f"<{name}{written}{'/' if close else ''}>"

"""``report.json``: the view model as it is, for programs that want what the reports show.

Texts are objects with ``en`` and ``ja``; checks name their results by anchor. The decision of record is
``verdict.json``.
"""

from typing import Any, Final

import msgspec

from govsec_ci.report.shapes import CheckView, View

FORMAT: Final = "govsec_ci/report/v1"


def render(view: View) -> bytes:
    """The file: JSON in UTF-8, keys sorted, two spaces of indent."""
    body = {"format": FORMAT, **_builtins(view), "not_checked": [run.id for run in view.not_checked]}
    return msgspec.json.format(msgspec.json.encode(body, order="sorted"), indent=2) + b"\n"


def _builtins(view: View) -> dict[str, Any]:
    fields = {name: getattr(view, name) for name in view.__struct_fields__}
    return fields | {
        "blocking": [_check(check) for check in view.blocking],
        "warnings": [_check(check) for check in view.warnings],
        "passed": [_check(check) for check in view.passed],
        "trace": [{"clause": row.clause, "check": row.check.anchor, "evidence": row.evidence} for row in view.trace],
        "suppressed": [
            {name: getattr(row, name) for name in row.__struct_fields__} | {"result": row.result}
            for row in view.suppressed
        ],
    }


def _check(check: CheckView) -> dict[str, Any]:
    fields = {name: getattr(check, name) for name in check.__struct_fields__}
    return fields | {"results": [one.anchor for one in check.results]}

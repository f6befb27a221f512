"""``report.json``: the view model as it is, for programs that want what the reports show.

Texts are objects with ``en`` and ``ja``; checks name their results by anchor. The decision of record is
``verdict.json``.
"""

import io
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from govsec_ci.report.shapes import CheckView, View

FORMAT: Final = "govsec_ci/report/v1"
_AT_ONCE: Final = 5_000
"""So many items of a list are laid out at a time: of a hundred thousand, the text stands in memory once, not thrice."""


def render(view: View) -> bytes:
    """The file: JSON in UTF-8, keys sorted, two spaces of indent."""
    body = {"format": FORMAT, **_builtins(view), "not_checked": [run.id for run in view.not_checked]}
    file = io.BytesIO()
    for number, key in enumerate(sorted(body)):
        file.write(b",\n" if number else b"{\n")
        file.writelines(_member(key, body[key]))
    file.write(b"\n}\n")
    return file.getvalue()


def _member(key: str, value: Any) -> Iterator[bytes]:
    """The lines of one member of the outermost object, long lists in pieces."""
    if not isinstance(value, list | tuple) or len(value) <= _AT_ONCE:
        yield _laid_out({key: value}).removeprefix(b"{\n").removesuffix(b"\n}")
        return
    yield b"  %b: [\n" % msgspec.json.encode(key)
    for start in range(0, len(value), _AT_ONCE):
        yield (b",\n" if start else b"") + _items(value[start : start + _AT_ONCE])
    yield b"\n  ]"


def _items(some: Sequence[Any]) -> bytes:
    return _laid_out([some]).removeprefix(b"[\n  [\n").removesuffix(b"\n  ]\n]")


def _laid_out(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=2)


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

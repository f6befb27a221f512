"""What we say of each of bandit's tests: ``bandit_rules.toml``, as SARIF rules."""

import re
import tomllib
from functools import cache
from importlib import resources
from typing import Any

from govsec_ci.model import Level, Rule
from govsec_ci.scanners.runs import doc_uri

_TEST_ID = re.compile(r"B\d{3}")
_DOCS = "https://bandit.readthedocs.io/en/1.9.4/search.html?q="


@cache
def rules() -> dict[str, Rule]:
    """Every test by its id."""
    table = tomllib.loads((resources.files("govsec_ci.scanners") / "bandit_rules.toml").read_text("utf-8"))
    return {key: _rule(key, value) for key, value in table.items() if _TEST_ID.fullmatch(key)}


def _rule(identifier: str, entry: dict[str, Any]) -> Rule:
    severity = str(entry["security_severity"])
    cwe = _cwe(entry.get("cwe"))
    return Rule(
        id=identifier,
        name=entry["name"],
        short=entry["short"]["en"],
        full=entry["full"]["en"],
        help=entry["remedy"]["en"],
        help_uri=entry.get("help_uri", doc_uri(_DOCS, identifier)),
        level=_level(float(severity)),
        security_severity=severity,
        precision=entry.get("precision"),
        cwes=cwe,
        tags=("security", *(f"external/cwe/{name.lower()}" for name in cwe)),
    )


def _cwe(value: object) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value] if value else []
    return tuple(name if str(name).startswith("CWE-") else f"CWE-{name}" for name in map(str, values))


_ERROR_FROM, _WARNING_FROM = 7.0, 4.0


def _level(score: float) -> Level:
    """GitHub's bands of security-severity: high and above, medium, low."""
    if score >= _ERROR_FROM:
        return Level.ERROR
    return Level.WARNING if score >= _WARNING_FROM else Level.NOTE


def unknown_rule(identifier: str) -> Rule:
    """A rule for a test that the data file does not know; its presence is a defect, and told as one."""
    text = f"bandit test {identifier}"
    return Rule(id=identifier, name=identifier, short=text, full=text, help=text, tags=("security",))

"""``report.html``: one self-contained file in both languages, readable without scripts, network or colour.

The content security policy allows the one style sheet and the one script by their digests and nothing else: no
address, no inline handler, no style attribute. See https://www.w3.org/TR/CSP3/#external-hash.
"""

import base64
import functools
import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from govsec_ci.report import labels
from govsec_ci.report.i18n import Text, both, both_n, date, moment, number
from govsec_ci.report.shapes import ResultView, View
from govsec_ci.report.view_answers import clause_line, verify_command
from govsec_ci.report.view_results import severity_rank

TEMPLATES: Final = Path(__file__).parent / "templates"
RESULTS: Final = 10_000
"""How many results get a row of their own; the others are counted by rule, and the page says so."""

RESULTS_A_CHECK: Final = 8
"""How many results a check lists; the table of results has the others, and the check links there."""


def render(view: View, *, rows: int = RESULTS) -> str:
    """The page, UTF-8, with results beyond the first ``rows`` folded by rule."""
    shown, folded = view.results[:rows], view.results[rows:]
    style, early, script = _read("report.css"), _read("early.js"), _read("report.js")
    return (
        _environment()
        .get_template("report.html")
        .render(
            view=view,
            shown=shown,
            folded=_fold(folded),
            folded_count=len(folded),
            results_a_check=RESULTS_A_CHECK,
            style=Markup(style),  # noqa: S704 — our own file
            early=Markup(early),  # noqa: S704 — our own file
            script=Markup(script),  # noqa: S704 — our own file
            policy=_policy(style, (early, script)),
        )
    )


def prepare() -> None:
    """Compile all templates, which :func:`render` would do at its first call."""
    environment = _environment()
    for name in environment.list_templates(extensions=["html"]):
        environment.get_template(name)


def _policy(style: str, scripts: Sequence[str]) -> str:
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src {_digest(style)}",
            f"script-src {' '.join(map(_digest, scripts))}",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@functools.cache
def _read(name: str) -> str:
    return (TEMPLATES / name).read_text("utf-8")


def _fold(results: Sequence[ResultView]) -> list[tuple[str, str, str, int]]:
    """(tool, rule, severity) and how many, worst first."""
    counts = Counter((one.tool, one.rule, one.severity) for one in results)
    rows = [(tool, rule, severity, count) for (tool, rule, severity), count in counts.items()]
    return sorted(rows, key=lambda row: (-severity_rank(row[2]), -row[3], row[0], row[1]))


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        t=_translate, tn=_translate_n, labels=labels, clause_line=clause_line, attr=_attribute,
        verify_command=verify_command, attr_part=_part, severity_chip=_severity_chip,
    )  # fmt: skip
    environment.filters.update(tell=_both_spans, day=_day, moment=_moment, n=_number, percent=_percent)
    return environment


def _both_spans(text: Text) -> Markup:
    """A text in both languages, of which the style sheet shows one."""
    if text.en == text.ja:
        return escape(text.en)
    return Markup('<span lang="en">{}</span><span lang="ja">{}</span>').format(text.en, text.ja)


def _translate(message: str, **values: Any) -> Markup:
    return _both_spans(both(message, **values))


def _translate_n(one: str, many: str, n: int, **values: Any) -> Markup:
    return _both_spans(both_n(one, many, n, **values))


def _attribute(message: str, lang: str) -> str:
    """A text for an attribute, which holds one language only."""
    return both(message).pick(lang)


def _part(name: str) -> str:
    """A part of a bar for an SVG title, which cannot hold markup: both words where they differ."""
    word = labels.part(name)
    return word.en if word.en == word.ja else f"{word.en} / {word.ja}"


@functools.cache
def _severity_chip(name: str) -> Markup:
    """The same for all rows: worked out once."""
    return Markup('<span class="sev sev-{}">{}</span>').format(name.lower(), _both_spans(labels.severity(name)))


@functools.lru_cache(maxsize=4096)
def _day(value: datetime) -> Markup:
    """A day with its machine-readable form."""
    shown = _both_spans(Text(date(value, "en"), date(value, "ja")))
    return Markup('<time datetime="{}">{}</time>').format(f"{value:%Y-%m-%d}", shown)


def _moment(value: datetime) -> Markup:
    shown = _both_spans(Text(moment(value, "en"), moment(value, "ja")))
    return Markup('<time datetime="{}">{}</time>').format(f"{value:%Y-%m-%dT%H:%M:%SZ}", shown)


def _number(value: float) -> str:
    # English and Japanese group digits alike.
    return number(value, "en")


def _percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.2f}" if whole else "0"

"""report.html without a browser: what stands in it, and what may not."""

import re
from html.parser import HTMLParser

import pytest
from msgspec import structs

from govsec_ci.model import VerdictWord
from govsec_ci.report import html_page, summary
from govsec_ci.report.shapes import UpgradeView
from govsec_ci.report.view import build
from tests.support import report_cases as cases

_VOID = {"meta", "input", "br", "rect", "circle", "path", "link", "img", "hr"}


class _Reader(HTMLParser):
    """Collects tags, ids, links and whether everything is closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.text: list[str] = []
        self.scripts = 0
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.update(name for name, _ in attrs)
        values = dict(attrs)
        if values.get("id"):
            self.ids.append(values["id"] or "")
        if values.get("href"):
            self.links.append(values["href"] or "")
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self._open or self._open[-1] not in {"script", "style"}:
            self.text.append(data)

    def close(self) -> None:
        super().close()
        assert not self._open


def _read(page: str) -> _Reader:
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader


@pytest.mark.parametrize("case", ["failing", "passing", "hostile"])
def test_every_page_is_well_formed_and_its_own_links_lead_somewhere(case: str) -> None:
    reader = _read(html_page.render(getattr(cases, case)()))
    assert len(reader.ids) == len(set(reader.ids))
    inner = {link[1:] for link in reader.links if link.startswith("#")}
    assert inner <= set(reader.ids)
    assert all(link.startswith(("#", "https://")) for link in reader.links)


@pytest.mark.parametrize("case", ["failing", "passing", "hostile"])
def test_nothing_runs_or_loads_but_our_own_style_and_scripts(case: str) -> None:
    page = html_page.render(getattr(cases, case)())
    reader = _read(page)
    assert reader.tags.count("script") == 2
    assert reader.tags.count("style") == 1
    assert not {"iframe", "object", "embed", "img", "link", "base", "form action"} & set(reader.tags)
    assert not {name for name in reader.attributes if name.startswith("on") or name in {"src", "style", "srcdoc"}}


def test_the_policy_allows_exactly_what_stands_there() -> None:
    import base64
    import hashlib

    page = html_page.render(cases.failing())
    blocks = re.findall(r"<(style|script)>(.*?)</\1>", page, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for _, text in blocks]
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert re.findall(r"sha256-([^&']+)", policy[1].replace("&#39;", "'")) == digests
    assert policy[1].startswith("default-src &#39;none&#39;;")
    assert "unsafe" not in policy[1]


def test_both_languages_are_there_and_the_asked_one_is_first() -> None:
    page = html_page.render(cases.failing("ja"))
    assert '<html lang="ja">' in page
    assert '<span lang="en">What to do next</span><span lang="ja">今後の対応</span>' in page
    assert re.search(r'id="language-ja" value="ja" checked', page)


def test_the_first_section_answers_the_five_questions() -> None:
    page = html_page.render(cases.failing())
    first = page[page.index('<section id="top"') : page.index('<section id="next"')]
    for question in (
        "May I release?",
        "What blocks?",
        "By which rule?",
        "Who must do what, by when?",
        "Can I prove it",
    ):
        assert question in first
    for fact in (
        "facility-booking",
        "cccccccccccc",
        "jp-gov",
        "build",
        "1 Apr 2026 09:00 UTC",
        "osv-pypi",
        "not signed",
    ):
        assert fact in first


def test_hostile_text_is_text() -> None:
    page = html_page.render(cases.hostile())
    assert "<script>alert" not in page
    assert "javascript:" not in "".join(_read(page).links)
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f]", page)
    assert "W" * 2_001 not in page


def _many(count: int, rows: int = html_page.RESULTS) -> str:
    results = [cases.static(f"k{n:08}", line=n + 1, rule_id=f"B{n % 7}") for n in range(count)]
    keys = [one.fingerprints["govsec/v1"] for one in results[:30]]
    judged = cases.verdict(VerdictWord.FAIL, cases.check(VerdictWord.FAIL, *keys))
    return html_page.render(build(judged, cases.evidence(cases.bandit_run(*results)), (), lang="en"), rows=rows)


def test_what_is_too_much_is_folded_by_rule_and_said() -> None:
    page = _many(240, rows=100)
    assert page.count('<tr id="r-') == 100
    assert "140 further results are folded by rule" in page
    assert "22 more in the table of results" in page


def test_ten_thousand_results_stay_small() -> None:
    assert len(_many(10_000).encode()) < 8_000_000


def test_an_upgrade_says_what_it_brings_what_stays_and_what_is_not_known() -> None:
    row = UpgradeView(
        component="django", installed="3.2", target="4.0", major=True, places=("requirements.txt:3",),
        closes=("CVE-1",), stays=("CVE-2",), elsewhere=(("CVE-2", "5.0"),), brings=("CVE-3",),
        direct=True, checked=False, due=None,
        due_stays=cases.NOW,
    )  # fmt: skip
    hopeless = structs.replace(row, target="", closes=(), stays=tuple(f"CVE-{n}" for n in range(20)), brings=())
    view = structs.replace(cases.failing(), upgrades=(row, hopeless))
    page, short = html_page.render(view), summary.render(view)
    for said in (
        "major version changes",
        "not checked for vulnerabilities of its own",
        "brings CVE-3",
        "CVE-2 is gone from 5.0, which has other vulnerabilities",
        "no better version known",
        "and 12 more",
    ):
        assert f'<span lang="en">{said}</span>' in page
    assert "| django | 3.2 | 4.0 (major version changes) | 1 | 1 | 1 Apr 2026 |" in short
    assert "| django | 3.2 | no better version known | 0 | 20 | 1 Apr 2026 |" in short

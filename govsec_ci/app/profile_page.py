"""``govsec profile page``: a profile as a Markdown page, in English and Japanese; ``docs/profiles/`` holds them."""

from collections.abc import Iterator, Sequence
from typing import Final

from govsec_ci.app.say import Say, Texts
from govsec_ci.gate import cases
from govsec_ci.gate import profile as profiles
from govsec_ci.gate.describe import Description, describe
from govsec_ci.gate.profile import Profile

_TEXTS: Final[Texts] = {
    "gates": ("Gates", "基準"),
    "gates-head": ("gate|limit|clause|how sure|stages|effect|weight", "基準|基準値|条項|確度|段階|効果|重み"),
    "gate": ("Why each gate counts, and what closes it", "各基準の理由及び是正方法"),
    "why": ("Why", "理由"),
    "closes": ("What closes it", "是正方法"),
    "parameters": ("What a project declares", "プロジェクトが申告する事項"),
    "parameters-head": ("parameter|values|where nothing is declared|meaning", "パラメータ|値|申告がない場合|意味"),
    "documents": ("Documents", "文書"),
    "documents-head": ("id|title|publisher|edition|how sure", "略称|標題|発行者|版|確度"),
    "force": ("In force from {start}{end}.", "{start} から効力を持つ{end}。"),
    "end": (" to {end}", "({end} まで)"),
    "unknown": ("Results of unknown severity count: {how}.", "重大度が不明の検出結果の扱い: {how}。"),
    "facts": (
        "Version {version}, status {status}, jurisdiction {jurisdiction}.",
        "版 {version}、状態 {status}、法域 {jurisdiction}。",
    ),
    "cases": (
        "{n} [case|cases] of its own [shows|show] what it says of small evidence: `govsec profile test {id}`.",
        "{n} 件の事例により、小さな証跡に対する判定を確認できる: `govsec profile test {id}`。",
    ),
}


def page(name: str) -> str:
    """The page of a shipped profile or a profile's file; :raises InputError: it is none."""
    profile = profiles.load(name)
    parts = [f"# {profile.id}", "", "[English](#english) · [日本語](#日本語)", "", "## English", ""]
    parts += [*_half(profile, "en"), "", "## 日本語", "", *_half(profile, "ja")]
    return "\n".join(parts).rstrip() + "\n"


def index() -> str:
    """The page that leads to all of them."""
    rows = []
    for name in profiles.shipped():
        en, ja = describe(profiles.load(name), "en"), describe(profiles.load(name), "ja")
        rows.append((f"[{name}]({name}.md)", en.title, ja.title, en.status, str(len(en.gates))))
    head = ["# Profiles", "", "Made by `make docs` from the profiles themselves; do not edit these pages.", ""]
    return "\n".join([*head, *_table(["profile", "title", "標題", "status", "gates"], rows, plain=1)]) + "\n"


def _half(profile: Profile, lang: str) -> Iterator[str]:
    one, say = describe(profile, lang), Say(_TEXTS, lang)
    yield f"**{one.title}**"
    yield from (line for text in (one.banner, one.text) if text for line in ("", text))
    yield from ("", *_facts(profile, one, say), "", f"### {say('gates')}", "")
    weights = [str(gate.weight) for gate in profile.gates]
    yield from _table(
        say("gates-head").split("|"),
        [
            (f"{g.id}: {g.title}", "<br>".join(map(_cell, g.limits)), g.clause, g.label, g.stages, g.mode, weight)
            for g, weight in zip(one.gates, weights, strict=True)
        ],
        markup=frozenset({1}),
    )
    yield from _parameters(one, say)
    yield from ("", f"### {say('documents')}", "")
    yield from _table(say("documents-head").split("|"), one.documents)
    yield from ("", f"### {say('gate')}")
    for gate in one.gates:
        yield from ("", f"**{gate.id}**: {gate.title}", "", f"- {say('why')}: {gate.text}")
        yield f"- {say('closes')}: {gate.next}"


def _facts(profile: Profile, one: Description, say: Say) -> Iterator[str]:
    facts = [say("facts", version=one.version, status=one.status, jurisdiction=one.jurisdiction)]
    if profile.effective_from:
        end = say("end", end=profile.until) if profile.until else ""
        facts.append(say("force", start=profile.effective_from, end=end))
    facts.append(say("unknown", how=one.unknown_severity))
    if profile.id in profiles.shipped():
        facts.append(say("cases", n=len(cases.shipped(profile.id)), id=profile.id))
    yield from facts


def _parameters(one: Description, say: Say) -> Iterator[str]:
    if one.parameters:
        yield from ("", f"### {say('parameters')}", "")
        rows = [(own.name, own.values, own.otherwise, own.text) for own in one.parameters]
        yield from _table(say("parameters-head").split("|"), rows)


def _table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    markup: frozenset[int] | set[int] = frozenset(),
    plain: int = 0,
) -> Iterator[str]:
    """A Markdown table; columns in ``markup``, and the first ``plain``, hold Markdown already."""
    yield f"| {' | '.join(head)} |"
    yield "|---" * len(head) + "|"
    for row in rows:
        cells = [cell if n in markup or n < plain else _cell(cell) for n, cell in enumerate(row)]
        yield f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")
    return "".join(f"\\{char}" if char in "*_[]`" else char for char in escaped)

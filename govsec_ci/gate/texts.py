"""What gates say, in English and Japanese: one text an id, filled with the values of a :class:`Note`."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from govsec_ci.model import Note

# (English, Japanese). [one|many] agrees with the {value} before it.
TEXTS: Final[dict[str, tuple[str, str]]] = {
    "results": ("{n} [result|results]", "{n} 件"),
    "at-most-results": ("at most {n} [result|results]", "{n} 件以下"),
    "overdue": ("{n} [result|results] overdue", "期限超過 {n} 件"),
    "overdue-unsure": (
        "whether {n} [result is|results are] overdue cannot be told ({who}); unknown: {what}",
        "{n} 件({who})について、期限超過か否かを判断できない(不明: {what})",
    ),
    "deadline-unsure": (
        "which deadline {n} [result has|results have] cannot be told ({who}); unknown: {what}",
        "{n} 件({who})について、適用される期限を判断できない(不明: {what})",
    ),
    "due-soon": (
        "{n} [result is|results are] due within {days} [day|days], the first on {date}: {who}",
        "{n} 件が {days} 日以内に期限を迎える(最初は {date}): {who}",
    ),
    "next-upgrade": (
        "{n} [result is|results are] to be mended with the next system upgrade: {who}",
        "{n} 件は次回のシステム更新時に修正する: {who}",
    ),
    "duty": ("{n} [result|results] ({who}): {en}", "{n} 件({who}): {ja}"),
    "roles-whole": ("{n} of {all} examined wholly", "{all} 種のうち {n} 種を完全に検査"),
    "roles": ("{roles}", "{roles}"),
    "percent": ("{percent} % ({n} of {all} [component|components])", "{percent} %({all} 件中 {n} 件)"),
    "at-least-percent": ("at least {percent} %", "{percent} % 以上"),
    "components": ("{format}, {n} [component|components]", "{format}、コンポーネント {n} 件"),
    "no-sbom": ("no SBOM", "SBOM なし"),
    "sbom-present": ("an SBOM of this commit", "当該コミットの SBOM があること"),
    "sbom-whole": (
        "an SBOM of this commit with: {elements}",
        "当該コミットの SBOM があり、次の項目を全て備えること: {elements}",
    ),
    "feeds": ("{feeds}", "{feeds}"),
    "no-feeds": ("no advisory data", "脆弱性情報なし"),
    "feed-limits": ("{feeds}", "{feeds}"),
    "claims": ("{claims}", "{claims}"),
    "slots": ("{n} of {all} [record|records]", "記録 {all} 件中 {n} 件"),
    "slots-wanted": ("{slots}", "{slots}"),
    "licences": ("{n} [component|components] not in order", "不適合のコンポーネント {n} 件"),
    "licences-wanted": ("allowed licences only", "許容するライセンスのみ"),
    "signature-valid": ("valid", "有効"),
    "signature-invalid": ("invalid", "無効"),
    "signature-none": ("none", "なし"),
    "signature-wanted": ("a valid signature", "有効な署名があること"),
    "nothing-asked": ("no gate", "基準なし"),
    "something-asked": ("at least one gate", "一つ以上の基準があること"),
    "not-in-force": ("not in force", "効力なし"),
    "in-force": ("in force", "効力があること"),
    "parameters-unknown": ("an unknown parameter", "未知のパラメータあり"),
    "parameters-known": ("known parameters only", "既知のパラメータのみ"),
    "not-whole": ("not examined wholly", "完全には検査されていない"),
    "whole": ("examined wholly", "完全に検査されていること"),
    "next-parameters": (
        "Correct its name, or take it out of the configuration.",
        "名称を訂正するか、設定から削除する。",
    ),
    "next-examine": (
        "Let what the reasons name be examined or supplied, then judge again: so far nothing more can be said.",
        "理由欄に示すものを検査し、又は情報を補った上で、再度判定する。現時点ではこれ以上の判断ができない。",
    ),
    "next-feeds": (
        "Carry in {feeds}, which this audit lacks (`govsec advisories sync` or `import`), and judge again.",
        "監査に欠けている {feeds} の情報を `govsec advisories sync` 又は `import` で取り込み、再度判定する。",
    ),
    "next-feeds-newer": (
        "Carry in newer data of {feeds}: that of this audit has no answer. Or update the component. Then judge again.",
        "取り込み済みの {feeds} の情報には値がない。より新しい情報を取り込むか、コンポーネントを更新し、再度判定する。",
    ),
    "next-other-profile": ("Choose another stage or profile.", "別の段階又はプロファイルを選択する。"),
    # reasons
    "role-missing": ("no {role} scan ran", "{role} の検査が実施されていない"),
    "tool-missing": ("no scan by {tool} ran", "{tool} による検査が実施されていない"),
    "nothing-ran": ("no scan ran", "検査が一つも実施されていない"),
    "run-lost": ("the planned scan {run} left no run", "予定された検査 {run} の実行記録がない"),
    "run-incomplete": ("{run} did not examine everything", "{run} は検査対象の全てを検査していない"),
    "run-said": ("{run}: {text}", "{run}: {text}"),
    "run-unproved": ("{run} says it does not apply, without proof", "{run} は対象外とするが、その根拠がない"),
    "run-must-apply": (
        "{run} says it does not apply ({proof}), which this gate does not accept",
        "{run} は対象外とする({proof})が、この基準では認められない",
    ),
    "run-not-applicable": ("{run} does not apply: {proof}", "{run} は対象外: {proof}"),
    "run-other-commit": (
        "{run} examined {commit}, not the commit {subject} under judgement",
        "{run} の検査対象は {commit} であり、判定対象のコミット {subject} ではない",
    ),
    "run-no-commit": (
        "{run} does not say which commit it examined",
        "{run} はどのコミットを検査したかを示していない",
    ),
    "run-too-old": (
        "{run} ended on {date}, more than {n} [day|days] ago",
        "{run} は {date} に終了しており、{n} 日を超えて古い",
    ),
    "run-future": (
        "{run} is dated {date}, after the clock of this decision ({now}): how old it is cannot be told",
        "{run} の日時 {date} は判定時刻({now})より後であり、経過日数を判断できない",
    ),
    "run-undated": ("{run} does not say when it ended", "{run} は終了日時を示していない"),
    "tree-dirty": ("the tree has uncommitted changes", "コミットされていない変更がある"),
    "tree-unknown": (
        "the tree is no git checkout: that nothing is uncommitted cannot be shown",
        "git のチェックアウトではなく、未コミットの変更がないことを示せない",
    ),
    "unsure": (
        "whether {n} [result counts|results count] cannot be told ({who}): {why}",
        "{n} 件({who})について、数えるべきか判断できない: {why}",
    ),
    "held-back": (
        "{n} known [result|results] held back by scope 'new', the oldest since {date}",
        "既知の {n} 件は、対象範囲「新規のみ」により算入していない(最古は {date} から)",
    ),
    "no-baseline": (
        "no baseline: every result counts as detected today",
        "基準となる過去の結果がないため、全て本日検出とみなした",
    ),
    "scope-without-baseline": (
        "scope 'new' was asked for, but there is no baseline: every result counts",
        "対象範囲「新規のみ」の指定があるが、基準となる過去の結果がないため、全て算入した",
    ),
    "claim-refused": ("{key}: {claim} has no effect: {why}", "{key}: {claim} は効力を持たない: {why}"),
    "claim-unsure": ("{key}: {claim} cannot be ruled on: {why}", "{key}: {claim} の可否を判断できない: {why}"),
    "not-audited": (
        "{n} [component was|components were] not looked up: {who}",
        "照会していないコンポーネントが {n} 件ある: {who}",
    ),
    "declared": (
        "{n} [component is|components are] declared to be audited otherwise: {who}",
        "別途監査すると申告されたコンポーネントが {n} 件ある: {who}",
    ),
    "no-components": (
        "the SBOM lists no component, but the audit had {scope} to look up",
        "SBOM にコンポーネントが一つもないが、監査では {scope} 件が照合対象であった",
    ),
    "sbom-missing": ("there is no SBOM to compare with", "照合すべき SBOM がない"),
    "sbom-format": ("the format {format} is not accepted", "形式 {format} は認められない"),
    "sbom-commit": (
        "the SBOM is of {commit}, not of the commit {subject} under judgement",
        "SBOM は {commit} のものであり、判定対象のコミット {subject} のものではない",
    ),
    "sbom-no-commit": ("the SBOM does not say which commit it is of", "SBOM はどのコミットのものかを示していない"),
    "element-missing": (
        "{element} is missing for {n} [component|components]: {who}",
        "{element} を欠くコンポーネントが {n} 件ある: {who}",
    ),
    "element-missing-document": ("the document lacks: {element}", "文書に次の項目がない: {element}"),
    "fields-unexamined": (
        "nobody looked for these fields",
        "当該項目が調べられていない",
    ),
    "feed-missing": ("the feed {feed} was not used", "{feed} の情報が用いられていない"),
    "feed-stale": (
        "the feed {feed} is of {date}: more than {limit} old",
        "{feed} の情報は {date} 現在のもので、{limit} を超えて古い",
    ),
    "feed-ahead": (
        "the feed {feed} is of {date}: newer than the clock of this decision",
        "{feed} の情報は {date} 現在のもので、判定時刻より新しい",
    ),
    "scan-undated": (
        "the scan that used the feed {feed} does not say when it began",
        "{feed} を用いた検査の開始日時が記録されていない",
    ),
    "waiver-unused": ("the waiver {waiver} covers nothing", "適用除外 {waiver} に該当する結果がない"),
    "waiver-expiring": ("the waiver {waiver} ends on {date}", "適用除外 {waiver} は {date} に期限を迎える"),
    "claim-added": (
        "{key}: new, and suppressed ({claim}) by this change",
        "{key}: 新規の結果が、この変更により抑止された({claim})",
    ),
    "claim-added-since": (
        "{key}: known to the baseline, and suppressed ({claim}) since",
        "{key}: 基準となる過去の結果にあり、その後に抑止された({claim})",
    ),
    "claims-untold": (
        "the baseline does not say whether {n} [result was|results were] suppressed before ({who}): write it anew",
        "{n} 件({who})が以前から抑止されていたか、基準となる過去の結果からは分からない。作成し直す必要がある",
    ),
    "policy-changed": ("this change touches {path}", "この変更は {path} を書き換える"),
    "slot-empty": (
        "nothing fills the slot {slot}: name its record under evidence in the settings",
        "{slot} の記録がない(設定の evidence に記載する)",
    ),
    "slot-old": (
        "the record in {slot} is of {date}, more than {n} [day|days] ago",
        "{slot} の記録は {date} のもので、{n} 日を超えて古い",
    ),
    "slot-future": (
        "the record in {slot} is of {date}, in the future",
        "{slot} の記録は {date} という将来の日付である",
    ),
    "slot-unhashed": ("the record in {slot} has no SHA-256", "{slot} の記録に SHA-256 がない"),
    "slot-incomplete": ("the scan in {slot} did not examine everything", "{slot} の検査は対象の全てを検査していない"),
    "slot-undated": ("the record in {slot} has no date", "{slot} の記録に日付がない"),
    "licence-unlisted": ("{component}: {licence} is not allowed", "{component}: {licence} は許容されていない"),
    "licence-unknown": ("{component}: no readable licence", "{component}: ライセンスを読み取れない"),
    "licences-unexamined": ("nobody looked for licences", "ライセンスが調べられていない"),
    "no-gate-at-stage": (
        "{profile} has no deciding gate at the stage {stage}: passing it would mean nothing",
        "{profile} には段階 {stage} で判定を左右する基準がなく、合格としても意味を成さない",
    ),
    "not-yet-in-force": ("{profile} is in force from {date}", "{profile} は {date} から効力を持つ"),
    "no-longer-in-force": ("the force of {profile} ended with {date}", "{profile} の効力は {date} までであった"),
    "parameter-unknown": (
        "the parameter {parameter} is declared, but no profile of this decision knows it",
        "パラメータ {parameter} が申告されているが、この判定に用いたプロファイルには存在しない",
    ),
    "parameter-assumed": (
        "{parameter} is not declared: the strictest value, {value}, is assumed",
        "{parameter} が申告されていないため、最も厳しい値 {value} とみなした",
    ),
    # why a claim has no effect, or a result is not certain
    "why-status": ("it is not accepted ({status})", "承認された状態にない({status})"),
    "why-origin": ("this profile does not admit claims of this kind", "この種の抑止は本プロファイルでは認められない"),
    "why-no-reason": ("it gives no reason", "理由がない"),
    "why-no-ids": ("it does not name what it suppresses", "抑止の対象を特定していない"),
    "why-no-waiver": ("there is no such waiver in the trusted file", "信頼された適用除外ファイルに該当がない"),
    "why-not-covered": ("the waiver does not cover this result", "適用除外の対象に該当しない"),
    "why-expired": ("it expired on {date}", "{date} に期限が切れた"),
    "why-not-yet": ("it holds only from {date}", "効力は {date} からである"),
    "why-too-long": (
        "it lasts {n} [day|days], longer than the {limit} allowed",
        "期間 {n} 日は、許容される {limit} 日を超える",
    ),
    "why-unapproved": ("nobody has approved it", "承認者がいない"),
    "why-self-approved": ("its approver is its owner", "承認者と所有者が同一である"),
    "why-no-ticket": ("it names no ticket", "管理票の番号がない"),
    "why-kev": ("known to be exploited (in KEV since {date})", "悪用が確認されている({date} に KEV へ掲載)"),
    "why-severity": (
        "this profile admits no waiver from {severity} up",
        "重大度 {severity} 以上の適用除外は認められない",
    ),
    "why-reopened-kev": (
        "re-opened: its vulnerability entered KEV on {date}",
        "再開: 当該脆弱性が {date} に KEV へ掲載された",
    ),
    "why-reopened-fix": (
        "re-opened: a fix ({fix}) exists, which the waiver does not know of",
        "再開: 適用除外の時点で把握されていない修正版({fix})がある",
    ),
    "why-reopened-epss": (
        "re-opened: EPSS is {epss}, at or above {limit}",
        "再開: EPSS が {epss} で、{limit} 以上である",
    ),
    "why-no-kev-data": ("no KEV data was used", "KEV の情報が用いられていない"),
    "why-no-epss-data": ("no EPSS figure is known", "EPSS の値が不明である"),
    "why-no-fix-data": (
        "its report does not tell whether there is a fix, and the waiver names none that it knows of",
        "修正版の有無が報告に示されておらず、適用除外にも把握済みの修正版の記載がない",
    ),
    "why-unknown": ("{what} unknown", "{what} が不明"),
}

SHOWN: Final = 3
"""So many of those that a text speaks of are named; the others are in the check's own lists."""


def few(names: Iterable[str]) -> str:
    """The first names, each once, in their order; ``…`` for the others, which the text counts."""
    known = list(dict.fromkeys(names))
    return ", ".join(known[:SHOWN]) + (", …" if len(known) > SHOWN else "")


_VALUE_OR_CHOICE = re.compile(r"\{(\w+)\}|\[([^|\]]*)\|([^\]]*)\]")
_ONE = re.compile(r"1(?![\d.,])")


def note(identifier: str, /, within: Note | None = None, **values: object) -> Note:
    """A note of that id; values become text. ``within`` is another note that stands in it as ``{why}``."""
    plain = {key: _plain(value) for key, value in values.items()}
    if within is not None:
        plain = {**within.values, **plain, "why": f"@{within.id}"}
    return Note(id=identifier, values=plain)


def _plain(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


class _Values(dict[str, str]):
    """What a text needs and a note of an older engine, in an archived verdict, does not have, is told as unsaid."""

    def __missing__(self, key: str) -> str:
        return "…"


def render(said: Note, lang: str = "en") -> str:
    """A note as text in ``lang`` (``en`` or ``ja``); a value ``@id`` stands for another text with the same values."""
    template = TEXTS[said.id][1 if lang == "ja" else 0]
    values = said.values
    if any(value.startswith("@") for value in values.values()):
        values = {key: _nested(value, said, lang) for key, value in values.items()}
    return agreeing(template, values).format_map(_Values(values))


def counted(n: int, one: str, many: str) -> str:
    """``1 file``, ``2 files``: a number with the word that agrees with it."""
    return f"{n} {one if n == 1 else many}"


def agreeing(template: str, values: Mapping[str, object]) -> str:
    """``template`` with each ``[one|many]`` made the word that agrees with the value named before it.

    A value may say more behind its number; one that is not there is taken as one.
    """
    if "[" not in template:
        return template
    one = True

    def chosen(match: re.Match[str]) -> str:
        nonlocal one
        if match[1] is None:
            return match[2] if one else match[3]
        one = _ONE.match(str(values.get(match[1], "1"))) is not None
        return match[0]

    return _VALUE_OR_CHOICE.sub(chosen, template)


def _nested(value: str, said: Note, lang: str) -> str:
    inner = value.removeprefix("@")
    if inner == value or inner not in TEXTS or inner == said.id:
        return value
    return render(Note(id=inner, values={k: v for k, v in said.values.items() if not v.startswith("@")}), lang)

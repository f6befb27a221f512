"""What ``govsec explain`` says, in English and Japanese, and the shape in which it says it."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from govsec_ci.app.say import Say, Texts

_TEXTS: Final[Texts] = {
    "clause": ("clause", "条項"),
    "limit": ("limit", "基準値"),
    "why": ("why it counts", "算入する理由"),
    "since": ("since when", "起算"),
    "until": ("until when", "期限"),
    "closes": ("what closes it", "是正方法"),
    "waives": ("who may waive it", "適用除外を認め得る者"),
    "gates": ("gates that look at it", "対象とする基準"),
    "counted": ("counted by", "算入した基準"),
    "pending": ("not counted yet: its time runs, or it could not be decided", "未算入: 期限前又は判断不能"),
    "where": ("where", "所在"),
    "known": ("known as", "別名"),
    "listed": ("listed in KEV on {date}, due there by {due}", "{date} に KEV へ掲載(同所の期限は {due})"),
    "clock": ("the clock of each row: see the limit", "基準値の各行に示す起算日から"),
    "judged": ("from the moment of the judgement on: no time is given to mend", "判定の時点から(修正の猶予はない)"),
    "at": ("at each judgement at the stages: {stages}", "次の段階における判定の都度: {stages}"),
    "force": ("the profile is in force from {date}", "本プロファイルは {date} から効力を持つ"),
    "ended": ("the force of the profile ended with {date}", "本プロファイルの効力は {date} まで"),
    "days": ("the time that its row gives", "該当する行の定める期間内"),
    "now": ("until it is closed, the gate is not met", "是正されるまで、基準を満たさない"),
    "warns": ("it only warns and never decides", "警告にとどまり、判定を左右しない"),
    "detected": ("detected on {date}", "{date} に検出"),
    "today": ("detected with this run: no earlier result is known", "今回の実行で検出(過去の結果はない)"),
    "published": ("published on {date}", "{date} に公表"),
    "due": ("{date} (by {gate})", "{date}({gate} による)"),
    "no-due": ("no date: it stands against its gate now", "期日はなく、現に基準を満たさない"),
    "free": ("no gate counts it", "算入する基準はない"),
    "suppressed": (
        "suppression claim: {origin} {id} ({status}): {why}",
        "抑止の申立て: {origin} {id}({status}): {why}",
    ),
    "update": ("update {name} {installed} to {fixed}", "{name} {installed} を {fixed} へ更新する"),
    "fill": (
        'by an entry [[evidence]] in the settings: slot = "{slot}", its path and date',
        '設定に [[evidence]] の項を設け、slot = "{slot}" 並びに path 及び date を記す',
    ),
    "no-fix": ("no fixed version of {name} is known: replace it", "{name} の修正版は知られていない。代替を検討する"),
    "nobody": ("nobody: the profile admits no waiver", "なし(本プロファイルは適用除外を認めない)"),
    "no-kev": ("none for a known-exploited vulnerability", "悪用が確認された脆弱性は不可"),
    "not-from": ("none from severity {severity} up", "重大度 {severity} 以上は不可"),
    "owner": ("an owner", "所有者"),
    "approver": ("with an approver", "承認者の承認を要する"),
    "other": ("who is another person", "承認者は所有者と別人であること"),
    "ticket": ("with a ticket", "管理票を要する"),
    "longest": ("for at most {n} [day|days]", "最長 {n} 日"),
    "nosec": ("a comment in the code also suppresses", "コード中のコメントによる抑止も可"),
    "nosec-ids": ("if it names the test", "検査番号を明記すること"),
    "nosec-reason": ("if it gives the reason", "理由を明記すること"),
    "vex": ("a VEX statement 'not affected' also suppresses", "VEX の not affected の申立ても可"),
    "evidence-only": (
        "nobody: what is missing can only be supplied (a profile of your own may drop the gate, with a reason)",
        "なし(不足しているものは補うほかない。独自のプロファイルでは、理由を付して基準を除くことができる)",
    ),
    "engine": (
        "govsec_ci itself, whatever the profile [a number or rule of our own]",
        "プロファイルによらず govsec_ci が定める[独自の基準]",
    ),
    "no-one": ("nobody: it cannot be left out", "なし(除くことはできない)"),
    "rule-gates": ("{gate}: {limit} [{clause}; {label}]", "{gate}: {limit}[{clause}、{label}]"),
}


class Section(Struct, frozen=True, kw_only=True):
    """One thing explained: a heading, and (question, answers) in the order in which they are asked."""

    heading: str
    answers: tuple[tuple[str, tuple[str, ...]], ...]


class Words:
    """Says things in one language."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self.say = Say(_TEXTS, lang)

    def section(self, heading: str, *answers: tuple[str, Sequence[str]]) -> Section:
        """A section of the questions that have an answer."""
        kept = tuple((self.say(key), tuple(told)) for key, told in answers if told)
        return Section(heading=heading, answers=kept)

    def enumerate(self, parts: Sequence[str]) -> str:
        """Several things as one text."""
        return ("、" if self.lang == "ja" else ", ").join(parts)

"""What ``govsec trace`` says, in English and Japanese."""

from typing import Final

from govsec_ci.app.say import Say, Texts
from govsec_ci.gate.words import label as label_words

_TEXTS: Final[Texts] = {
    "trace": ("Trace", "追跡表"),
    "score": (
        "{profile}: {score} % of the weight of its deciding gates met",
        "{profile}: 判定を左右する基準のうち重みで {score} % を満たす",
    ),
    "there": ("From clause to evidence", "条項から証跡へ"),
    "there-head": (
        "clause|label|gate|check|results|evidence",
        "条項|確度|基準|判定|検出結果|証跡",
    ),
    "back": ("Back from result to clause", "検出結果から条項へ"),
    "back-head": ("result|rule|place|gates|clauses|else", "検出結果|規則|所在|基準|条項|備考"),
    "documents": ("Documents", "文書"),
    "documents-head": ("id|title|publisher|edition|label", "略称|名称|発行者|版|確度"),
    "files": ("Files", "ファイル"),
    "files-head": ("file|sha256", "ファイル|sha256"),
    "local": ("{label}, number of our own", "{label}、数値は独自設定"),
    "check": ("{verdict}: {observed} (limit: {limit})", "{verdict}: {observed}(基準値: {limit})"),
    "warns": ("; warns only", "。警告のみ"),
    "because": (" Because: {reasons}", " 理由: {reasons}"),
    "more": ("and {n} more in verdict.json", "ほか {n} 件は verdict.json に記載"),
    "pending": ("due or undecided: {keys}", "期限前又は判断不能: {keys}"),
    "none": ("no gate counts it", "算入する基準はない"),
}


class Words(Say):
    """Says our own words in one language."""

    def __init__(self, lang: str) -> None:
        super().__init__(_TEXTS, lang)

    def label(self, sure: str, origin: str) -> str:
        """How sure a clause is, and whether its number is the document's."""
        told = label_words(sure, self.lang)
        return self("local", label=told) if origin == "local" != sure else told

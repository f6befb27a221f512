"""What ``govsec doctor`` says, in English and Japanese."""

from typing import Final

from govsec_ci.app.say import Say, Texts
from govsec_ci.errors import GovsecError
from govsec_ci.report import notices
from govsec_ci.report.inert import message

_TEXTS: Final[Texts] = {
    "to-do": ("to do", "対処"),
    "correct": ("correct it", "誤りを直す"),
    "tool": ("{name} {found}", "{name} {found}"),
    "tool-missing": ("{name} missing", "{name} が導入されていない"),
    "no-git": ("git is not installed", "git が導入されていない"),
    "get-git": ("install git", "git を導入する"),
    "no-checkout": ("{top} is no git checkout", "{top} は git のチェックアウトではない"),
    "begin": ("git init, and commit what you have", "git init を実行し、手元の内容をコミットする"),
    "no-commit": ("nothing is committed yet", "まだ何もコミットされていない"),
    "commit": ("git add, git commit", "git add、git commit を実行する"),
    "checkout": ("git checkout at {commit}", "git のチェックアウト({commit})"),
    "named": ("settings name the profiles {names}", "設定が指定するプロファイル: {names}"),
    "default": ("no settings name a profile: {name} judges", "設定にプロファイルの指定はなく、{name} により判定する"),
    "profile": ("profile {id} {version} ({status})", "プロファイル {id} {version}({status})"),
    "waivers": ("waivers: {n}", "適用除外: {n} 件"),
    "no-waivers": ("there is no {file}: nothing is accepted", "{file} はなく、受容したリスクはない"),
    "no-manifest": ("nothing says what this project depends on", "このプロジェクトの依存関係を示すものがない"),
    "lock": (
        "add a lock file, or a requirements.txt with exact versions and hashes",
        "ロックファイル、又は版とハッシュを定めた requirements.txt を置く",
    ),
    "one-component": ("{path}: 1 component", "{path}: コンポーネント 1 件"),
    "components": ("{path}: {n} [component|components]", "{path}: コンポーネント {n} 件"),
    "not-auditable": ("{what}, {n} not auditable", "{what}、うち監査できないもの {n} 件"),
    "with-step": ("{what} ({step})", "{what}({step})"),
    "next": ("; ", "。"),
    "no-data": ("no advisory data is stored", "脆弱性情報が保存されていない"),
    "sync": (
        "govsec advisories sync, or carry data in: govsec advisories import FILE",
        "govsec advisories sync を実行するか、データを持ち込む: govsec advisories import FILE",
    ),
    "no-feed": (
        "advisory data: no {feed}, which the profile asks for",
        "脆弱性情報: プロファイルが求める {feed} がない",
    ),
    "feed": ("advisory data: {feed} of {day}, {n} [day|days] old", "脆弱性情報: {feed}({day} 時点、{n} 日経過)"),
    "allowed": ("{what}, at most {n} allowed", "{what}、許容 {n} 日以内"),
    "lacks": ("{file} lacks {names}", "{file} に {names} がない"),
    "add-hooks": ("govsec init, or docs/pre-commit.md", "govsec init を実行するか、docs/pre-commit.md による"),
    "calls-hooks": ("{file} calls the hooks", "{file} はフックを呼び出している"),
    "prek": ("prek is there", "prek が導入されている"),
    "no-manager": ("pre-commit is not on PATH", "pre-commit が PATH にない"),
    "on-path": (
        "it came with govsec; put its folder on PATH: {command}",
        "govsec と共に導入済みである。そのフォルダーを PATH に加える: {command}",
    ),
    "no-version": ("{program} does not tell its version", "{program} が版を示さない"),
    "manager": ("pre-commit {version} ({program})", "pre-commit {version}({program})"),
    "not-installed": (
        "not installed in this checkout: the {names} hook",
        "このチェックアウトに導入されていないフック: {names}",
    ),
    "and": (" and ", "、"),
    "no-workflow": ("no workflow calls govsec", "govsec を呼び出すワークフローがない"),
    "add-workflow": (
        "govsec init, or docs/github-action.md",
        "govsec init を実行するか、docs/github-action.md による",
    ),
    "calls-govsec": ("{path} calls govsec", "{path} は govsec を呼び出している"),
    "placeholder": ("{path} holds a placeholder", "{path} に仮の記述が残っている"),
    "replace": (
        "in its line `uses: {name}` name the repository and the commit that you reviewed",
        "`uses: {name}` の行に、確認済みのリポジトリとコミットを記す",
    ),
}

# What the errors that doctor meets most say to do; of other errors the English stays.
REMEDIES: Final = {
    "correct the key or value; docs/usage.md lists every setting": (
        "キー又は値を直す。設定の一覧は docs/usage.md にある"
    ),
    "compare the two with `govsec profile diff`; correct [pins] once the change is approved": (
        "`govsec profile diff` により両者を比較し、変更が承認されてから [pins] を直す"
    ),
    "correct that line, then run govsec init again": "その行を直し、govsec init を再度実行する",
    "name a folder of OSV records or an OSV all.zip": ("OSV の記録を収めたフォルダー、又は OSV の all.zip を指定する"),
    "keep one of the two": "いずれか一方のみを残す",
}


class Words(Say):
    """Says our own words in one language."""

    def __init__(self, lang: str) -> None:
        super().__init__(_TEXTS, lang)

    def tell(self, english: str) -> str:
        """A sentence of a manifest's reader or of an error: in Japanese where it is one of ours."""
        return notices.plain(message(english)).pick(self.lang)

    def remedy(self, error: GovsecError) -> str:
        """What an error says to do."""
        step = error.next_step or error.cause
        known = REMEDIES.get(step, "") if self.lang == "ja" else ""
        return known or (self.tell(step) if step else self("correct"))

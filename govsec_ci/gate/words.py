"""The words that a profile's tables are made of, in English and Japanese."""

from collections.abc import Iterable, Mapping
from typing import Final

from govsec_ci.gate.schema import FromParameter, Number, Profile
from govsec_ci.gate.texts import agreeing

_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "commit": ("commit", "コミット"),
    "build": ("build", "ビルド"),
    "release": ("release", "リリース"),
    "block": ("decides", "判定"),
    "warn": ("warns", "警告"),
    "at": ("warns at {stages}", "{stages}では警告"),
    "verified": ("verified", "原文確認"),
    "transcribed": ("transcribed", "転記確認"),
    "reported": ("reported", "第三者情報"),
    "memory": ("from memory", "記憶による"),
    "local": ("own number", "独自設定"),
    "document": ("by the document", "文書の定め"),
    "sast": ("static analysis", "静的解析"),
    "sca": ("dependency audit", "依存関係の監査"),
    "sbom": ("SBOM", "SBOM"),
    "pipeline": ("pipeline audit", "パイプラインの監査"),
    "dast": ("dynamic analysis", "動的解析"),
    "secrets": ("secret scan", "秘密情報の検査"),
    "iac": ("infrastructure scan", "構成定義の検査"),
    "container": ("container scan", "コンテナの検査"),
    "other": ("other scan", "その他の検査"),
    "CRITICAL": ("critical", "緊急"),
    "HIGH": ("high", "高"),
    "MEDIUM": ("medium", "中"),
    "LOW": ("low", "低"),
    "NONE": ("none", "なし"),
    "UNKNOWN": ("unknown", "不明"),
    "results": ("at most {n} [result|results]: {what}", "検出結果 {n} 件以下({what})"),
    "any": ("any", "全ての検出結果"),
    "and-above": ("{severity} and above", "重大度「{severity}」以上"),
    "confidence": ("confidence {severity} and above", "確度「{severity}」以上"),
    "kev": ("known to be exploited", "悪用が確認されたもの"),
    "not-kev": ("not known to be exploited", "悪用が確認されていないもの"),
    "severity-from": ("severity taken from {values}", "重大度の根拠が次のもの: {values}"),
    "cvss-2": ("CVSS v2", "CVSS v2"),
    "cvss-3": ("CVSS v3", "CVSS v3"),
    "cvss-4": ("CVSS v4", "CVSS v4"),
    "word": ("a database's own word", "データベース独自の表記"),
    "none": ("nothing", "根拠なし"),
    "epss": ("EPSS from {n}", "EPSS {n} 以上"),
    "cvss": ("CVSS from {n}", "CVSS {n} 以上"),
    "malicious": ("malicious components", "悪意あるコンポーネント"),
    "not-malicious": ("not malicious in themselves", "悪意のないコンポーネント"),
    "fix": ("a fix exists", "修正版があるもの"),
    "no-fix": ("no fix exists", "修正版がないもの"),
    "direct": ("direct dependencies", "直接の依存"),
    "indirect": ("indirect dependencies", "間接の依存"),
    "older": ("detected more than {n} [day|days] ago", "検出から {n} 日超"),
    "only": ("{key}: {values}", "{key}: {values}"),
    "new-only": ("; a project may count new ones only", "。プロジェクトの選択により新規のみを算入可"),
    "supplier": ("supplier", "供給者名"),
    "name": ("name", "名称"),
    "version": ("version", "版"),
    "identifier": ("identifier", "識別子"),
    "dependencies": ("dependency relationship", "依存関係"),
    "author": ("author of the SBOM", "SBOM の作成者"),
    "timestamp": ("timestamp", "タイムスタンプ"),
    "no-vulnerabilities": ("no vulnerability data", "脆弱性情報を含まないこと"),
    "recursive": ("dependencies resolved recursively", "再帰的な依存関係"),
    "sbom-creator": ("creator of the SBOM (e-mail or URL)", "SBOM の作成者(電子メール又は URL)"),
    "sbom-timestamp": ("timestamp", "タイムスタンプ"),
    "creator": ("creator (e-mail or URL)", "作成者(電子メール又は URL)"),
    "filename": ("filename", "ファイル名"),
    "completeness": ("dependencies with their completeness", "完全性の表示を伴う依存関係"),
    "distribution-licences": ("distribution licence", "頒布ライセンス"),
    "sha-512": ("SHA-512 of the deployable file", "配備ファイルの SHA-512"),
    "executable": ("whether it is executable", "実行可能か否か"),
    "archive": ("whether it is an archive", "アーカイブか否か"),
    "structured": ("whether it is structured", "構造を保持するか否か"),
    "sbom-uri": ("SBOM URI", "SBOM の URI"),
    "source-uri": ("source code URI", "ソースコードの URI"),
    "distribution-uri": ("URI of the deployable form", "配布物の URI"),
    "purl-or-cpe": ("purl or CPE", "purl 又は CPE"),
    "original-licences": ("original licence", "原ライセンス"),
    "sbom-fields": ("with {values}, 100 %", "{values}を全て備える"),
    "applies-to": ("applies to: {what}", "対象: {what}"),
    "scans": ("examined wholly: {roles}", "完全な検査: {roles}"),
    "clean": ("nothing uncommitted", "未コミットの変更なし"),
    "age": ("at most {n} [day|days] old", "{n} 日以内"),
    "age-months": ("at most {n} calendar [month|months] old", "{n} か月以内"),
    "coverage": ("{n} % of the components looked up", "コンポーネントの {n} % を照合"),
    "sbom-of": ("an SBOM of this commit", "当該コミットの SBOM"),
    "sbom-format": ("{values}", "{values}"),
    "sbom-with": ("with {values} for every component", "全コンポーネントに {values} を備える"),
    "feed": ("{feed}: at most {span} old", "{feed}: {span}以内"),
    "feed-if-used": ("{feed}, where it is used: at most {span} old", "{feed}(用いる場合): {span}以内"),
    "days": ("{n} [day|days]", "{n} 日"),
    "hours": ("{n} [hour|hours]", "{n} 時間"),
    "before-scan": ("when the scan begins", "検査開始時点"),
    "unjustified": ("unjustified suppressions: at most {n}", "理由のない抑止 {n} 件以下"),
    "inadmissible": ("suppressions without effect: at most {n}", "効力のない抑止 {n} 件以下"),
    "expiring": (
        "waivers ending within {days} [day|days]: at most {n}",
        "{days} 日以内に期限を迎える適用除外 {n} 件以下",
    ),
    "added": (
        "suppressions and policy changes of this change: at most {n}",
        "当該変更による抑止及び方針変更 {n} 件以下",
    ),
    "slot": ("a record in {slot}", "「{slot}」の記録"),
    "unpinned-actions": ("unpinned actions: at most {n}", "固定されていないアクション {n} 件以下"),
    "permissions": ("excessive permissions: at most {n}", "過大な権限 {n} 件以下"),
    "pipeline-any": ("pipeline results: at most {n}", "パイプラインの検出結果 {n} 件以下"),
    "allowed": ("licences allowed: {values}", "許容するライセンス: {values}"),
    "denied": ("licences denied: {values}", "禁止するライセンス: {values}"),
    "stated": ("every licence stated", "全てのライセンスの明示"),
    "signature": ("a valid signature", "有効な署名"),
    "row": ("{when}: {time}", "{when}: {time}"),
    "within-days": ("within {n} [day|days]", "{n} 日以内"),
    "within-months": ("within {n} calendar [month|months]", "{n} か月以内"),
    "kev-due": ("by the due date of its entry in KEV", "KEV に定める期限まで"),
    "within-hours": ("within {n} [hour|hours]", "{n} 時間以内"),
    "next-upgrade": ("with the next system upgrade", "次回のシステム更新時"),
    "otherwise": ("otherwise", "その他"),
    "every": ("every result", "全ての検出結果"),
    "detected": ("from detection", "検出日から"),
    "published": ("from publication", "公表日から"),
    "fix-available": ("from the release of the fix", "修正版の公開日から"),
    "kev-added": ("from the listing in KEV", "KEV 掲載日から"),
    "earliest": ("from detection or listing in KEV, whichever is earlier", "検出日又は KEV 掲載日のいずれか早い日から"),
    "automatable": ("automatable: {values}", "自動化可能性: {values}"),
    "technical_impact": ("technical impact: {values}", "技術的影響: {values}"),
    "exploitation": ("exploitation: {values}", "悪用状況: {values}"),
    "must-know": ("undecided while unknown: {values}", "不明の間は判定不能: {values}"),
    "input-severity": ("severity", "重大度"),
    "input-kev": ("known exploitation", "悪用の確認"),
    "input-exploitation": ("exploitation", "悪用状況"),
    "input-automatable": ("automatable", "自動化可能性"),
    "input-technical-impact": ("technical impact", "技術的影響"),
    "input-fix-available": ("whether a fix exists", "修正版の有無"),
    "input-cvss": ("CVSS", "CVSS"),
    "input-epss": ("EPSS", "EPSS"),
    "parameter": ("{n} (default of the parameter {name})", "{n}(パラメータ {name} の既定値)"),
}
"""Key → (English, Japanese)."""


def label(word: str, lang: str) -> str:
    """How sure a clause is, in words: one of ``schema.LABELS`` in ``lang`` (``en`` or ``ja``)."""
    return _WORDS[word][lang == "ja"] if word in _WORDS else word


class Words:
    """Says things of a profile in one language."""

    def __init__(self, profile: Profile, lang: str) -> None:
        self.profile = profile
        self.lang = lang
        self.comma = "、" if lang == "ja" else ", "

    def say(self, word: str, **values: object) -> str:
        """A word of the table with its fields filled in; one that is not in it stands for itself."""
        return agreeing(_WORDS[word][self.lang == "ja"], values).format_map(values) if word in _WORDS else word

    def join(self, parts: Iterable[str]) -> str:
        """An enumeration."""
        return self.comma.join(parts)

    def number(self, value: Number | None) -> str:
        """A limit; one that a parameter gives, with the parameter's name and default."""
        if not isinstance(value, FromParameter):
            return str(value)
        own = self.profile.parameters[value.parameter]
        default = own.strictest if own.default is None else own.default
        return self.say("parameter", n=default, name=value.parameter)

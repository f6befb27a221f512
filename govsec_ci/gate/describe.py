"""A profile as a table for people, in English or Japanese: what ``govsec profile show`` prints."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec import Struct

from govsec_ci.gate.schema import (
    AdvisoriesGate,
    AnyGate,
    Conditions,
    CoverageGate,
    DeadlinesGate,
    EvidenceGate,
    Filter,
    FromParameter,
    LicensesGate,
    Number,
    Parameter,
    PipelineGate,
    Profile,
    ResultsGate,
    Row,
    SbomGate,
    ScansGate,
    SuppressionsGate,
    Text,
)

_BANNERS: Final = {
    "verified": Text(en="", ja=""),
    "transcribed": Text(
        en="The texts behind this profile were read in an authoritative transcription, not in the original.",
        ja="本プロファイルの根拠は、原文ではなく信頼できる転記により確認したものである。",
    ),
    "unverified": Text(
        en="Not all texts behind this profile were read in the original: see the label of each clause.",
        ja="本プロファイルの根拠には原文を確認していないものがある。各条項の確度を参照のこと。",
    ),
    "experimental": Text(
        en="Experimental: the texts behind this profile are known from third parties only.",
        ja="試行版: 本プロファイルの根拠は第三者の記述によるもののみである。",
    ),
    "superseded": Text(
        en="Superseded: the texts behind this profile are no longer in force.",
        ja="失効: 本プロファイルの根拠は既に効力を失っている。",
    ),
}

# (English, Japanese) of the words that tables are made of.
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
    "results": ("at most {n} results: {what}", "検出結果 {n} 件以下({what})"),
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
    "older": ("detected more than {n} days ago", "検出から {n} 日超"),
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
    "age": ("at most {n} days old", "{n} 日以内"),
    "age-months": ("at most {n} calendar months old", "{n} か月以内"),
    "coverage": ("{n} % of the components looked up", "コンポーネントの {n} % を照合"),
    "sbom-of": ("an SBOM of this commit", "当該コミットの SBOM"),
    "sbom-format": ("{values}", "{values}"),
    "sbom-with": ("with {values} for every component", "全コンポーネントに {values} を備える"),
    "feed": ("{feed}: at most {n} {unit} old", "{feed}: {n} {unit}以内"),
    "feed-if-used": ("{feed}, where it is used: at most {n} {unit} old", "{feed}(用いる場合): {n} {unit}以内"),
    "days": ("days", "日"),
    "hours": ("hours", "時間"),
    "before-scan": ("when the scan begins", "検査開始時点"),
    "unjustified": ("unjustified suppressions: at most {n}", "理由のない抑止 {n} 件以下"),
    "inadmissible": ("suppressions without effect: at most {n}", "効力のない抑止 {n} 件以下"),
    "expiring": ("waivers ending within {days} days: at most {n}", "{days} 日以内に期限を迎える適用除外 {n} 件以下"),
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
    "within-days": ("within {n} days", "{n} 日以内"),
    "within-months": ("within {n} calendar months", "{n} か月以内"),
    "kev-due": ("by the due date of its entry in KEV", "KEV に定める期限まで"),
    "within-hours": ("within {n} hours", "{n} 時間以内"),
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
    "parameter": ("{n} (default of the parameter {name})", "{n}(パラメータ {name} の既定値)"),
}


class GateRow(Struct, frozen=True, kw_only=True):
    """One gate as a row: all texts are in the language asked for.

    :param limits: one line for each thing that is demanded
    :param clause: document and clause id; :param label: how sure the text is, and whose number it is
    """

    id: str
    kind: str
    title: str
    text: str
    next: str
    limits: tuple[str, ...]
    stages: str
    mode: str
    clause: str
    label: str


class ParameterRow(Struct, frozen=True, kw_only=True):
    """One parameter: what may be declared, and what holds where nothing is."""

    name: str
    text: str
    values: str
    otherwise: str


class Description(Struct, frozen=True, kw_only=True):
    """A profile as tables.

    :param banner: what the reader must know of the profile's status; empty for a verified one
    :param unknown_severity: how results of unknown severity count
    """

    id: str
    version: str
    status: str
    title: str
    text: str
    banner: str
    jurisdiction: str
    unknown_severity: str
    gates: tuple[GateRow, ...]
    parameters: tuple[ParameterRow, ...]
    documents: tuple[tuple[str, str, str, str, str], ...]


def describe(profile: Profile, lang: str = "en") -> Description:
    """The profile in ``lang`` (``en`` or ``ja``).

    ``documents`` are rows of (id, title, publisher, edition, label).
    """
    words = _Words(profile, lang)
    return Description(
        id=profile.id,
        version=profile.version,
        status=profile.status,
        title=profile.title.get(lang),
        text=profile.text.get(lang),
        banner=_BANNERS[profile.status].get(lang),
        jurisdiction=profile.jurisdiction,
        unknown_severity=profile.unknown_severity,
        gates=tuple(words.gate(gate) for gate in profile.gates),
        parameters=tuple(words.parameter(name, own) for name, own in profile.parameters.items()),
        documents=tuple(
            (d.id, d.title.get(lang), d.publisher.get(lang), d.edition, words.say(d.label)) for d in profile.documents
        ),
    )


def label(word: str, lang: str) -> str:
    """How sure a clause is, in words: one of ``schema.LABELS`` in ``lang``."""
    return _WORDS[word][lang == "ja"] if word in _WORDS else word


class _Words:
    """Says things of a profile in one language."""

    def __init__(self, profile: Profile, lang: str) -> None:
        self.profile = profile
        self.lang = lang
        self.comma = "、" if lang == "ja" else ", "

    def say(self, word: str, **values: object) -> str:
        return _WORDS[word][self.lang == "ja"].format_map(values) if word in _WORDS else word

    def join(self, parts: Iterator[str] | list[str]) -> str:
        return self.comma.join(parts)

    def number(self, value: Number | None) -> str:
        if not isinstance(value, FromParameter):
            return str(value)
        own = self.profile.parameters[value.parameter]
        default = own.strictest if own.default is None else own.default
        return self.say("parameter", n=default, name=value.parameter)

    def gate(self, gate: AnyGate) -> GateRow:
        document = self.profile.document(gate.clause.document)
        label = self.say(gate.clause.label or document.label)
        return GateRow(
            id=gate.id,
            kind=gate.kind,
            title=gate.title.get(self.lang),
            text=gate.text.get(self.lang),
            next=gate.next.get(self.lang),
            limits=tuple(self.limits(gate)),
            stages=self.join([self.say(stage.value) for stage in gate.stages]),
            mode=self._mode(gate),
            clause=f"{document.id} {gate.clause.id}",
            label=self.join([label, self.say("local")]) if gate.clause.origin == "local" != document.label else label,
        )

    def _mode(self, gate: AnyGate) -> str:
        mode = self.say(gate.mode)
        if gate.mode == "warn" or not gate.warn_at:
            return mode
        return self.join([mode, self.say("at", stages=self.join([self.say(s.value) for s in gate.warn_at]))])

    def parameter(self, name: str, own: Parameter) -> ParameterRow:
        bounds = f"{own.minimum} – {own.maximum}" if own.type == "integer" else self.join(list(own.values))
        fallback = own.strictest if own.default is None else own.default
        return ParameterRow(name=name, text=own.text.get(self.lang), values=bounds, otherwise=str(fallback))

    def limits(self, gate: AnyGate) -> Iterator[str]:
        """What a gate demands, line by line."""
        yield from _LIMITS[type(gate)](self, gate)
        for name, values in gate.when.items():
            yield self.say("only", key=name, values=self.join(list(values)))

    def filter(self, own: Filter) -> str:
        return self.join(list(self._criteria(own))) or self.say("any")

    def _criteria(self, own: Filter) -> Iterator[str]:
        yield from (self.say(role.value) for role in own.role)
        if own.severity:
            yield self.say("and-above", severity=self.say(own.severity.value))
        if own.confidence:
            yield self.say("confidence", severity=self.say(own.confidence.value))
        yield from self._flags(own)
        if own.severity_from:
            yield self.say("severity-from", values=self.join([self.say(one) for one in own.severity_from]))
        if own.epss is not None:
            yield self.say("epss", n=own.epss)
        if own.ssvc:
            yield from self._points(own.ssvc)
        if own.older_than_days is not None:
            yield self.say("older", n=self.number(own.older_than_days))
        for key in ("tool", "rule", "cwe", "path", "component", "baseline", "kind"):
            values = [getattr(value, "value", value) for value in getattr(own, key)]
            if values:
                yield self.say("only", key=key, values=self.join(values))

    def _flags(self, own: Any) -> Iterator[str]:
        for key, yes, no in (
            ("kev", "kev", "not-kev"),
            ("fix_available", "fix", "no-fix"),
            ("direct", "direct", "indirect"),
            ("malicious", "malicious", "not-malicious"),
        ):
            value = getattr(own, key, None)
            if value is not None:
                yield self.say(yes if value else no)

    def _points(self, own: Any) -> Iterator[str]:
        for key in ("exploitation", "automatable", "technical_impact"):
            if getattr(own, key):
                yield self.say(key, values=self.join(list(getattr(own, key))))

    def results(self, gate: ResultsGate) -> Iterator[str]:
        told = self.say("results", n=self.number(gate.limit), what=self.filter(gate.filter))
        yield told + (self.say("new-only") if gate.ratchet else "")

    def deadlines(self, gate: DeadlinesGate) -> Iterator[str]:
        yield self.say("applies-to", what=self.filter(gate.filter))
        for row in gate.rows:
            yield self.say("row", when=self._when(row.when), time=self._time(gate, row))

    def _when(self, when: Conditions) -> str:
        parts = [self.say("and-above", severity=self.say(when.severity.value))] if when.severity else []
        parts += [*self._flags(when), *self._points(when)]
        parts += [self.say("cvss", n=when.cvss)] if when.cvss is not None else []
        parts += [self.say("epss", n=when.epss)] if when.epss is not None else []
        parts += [f"{name} = {'/'.join(values)}" for name, values in when.parameters.items()]
        return self.join(parts) or self.say("every")

    def _time(self, gate: DeadlinesGate, row: Row) -> str:
        if row.next_upgrade:
            return self.say("next-upgrade")
        if row.kev_due:
            return self.say("kev-due")
        times = {"within-days": row.days, "within-hours": row.hours, "within-months": row.months}
        told = next(self.say(word, n=self.number(value)) for word, value in times.items() if value is not None)
        duty = [row.duty.get(self.lang)] if row.duty else []
        return self.join([told, self.say(row.clock or gate.clock), *duty])

    def scans(self, gate: ScansGate) -> Iterator[str]:
        yield self.say("scans", roles=self.join([self.say(role.value) for role in gate.roles]))
        if gate.clean_tree:
            yield self.say("clean")
        if gate.max_age_days is not None:
            yield self.say("age", n=self.number(gate.max_age_days))
        if gate.max_age_months is not None:
            yield self.say("age-months", n=self.number(gate.max_age_months))

    def coverage(self, gate: CoverageGate) -> Iterator[str]:
        yield self.say("coverage", n=gate.percent)

    def sbom(self, gate: SbomGate) -> Iterator[str]:
        yield self.say("sbom-of")
        if gate.formats:
            yield self.say("sbom-format", values=self.join([f"{name} ≥ {v}" for name, v in gate.formats.items()]))
        if gate.elements:
            yield self.say("sbom-with", values=self.join([self.say(e) for e in gate.elements]))
        if gate.fields:
            yield self.say("sbom-fields", values=self.join([self.say(e) for e in gate.fields]))

    def advisories(self, gate: AdvisoriesGate) -> Iterator[str]:
        for feed in gate.feeds:
            days = feed.max_age_days is not None
            number = self.number(feed.max_age_days if days else feed.max_age_hours)
            key = "feed-if-used" if feed.if_used else "feed"
            yield self.say(key, feed=feed.feed, n=number, unit=self.say("days" if days else "hours"))
        if gate.relative_to == "scan":
            yield self.say("before-scan")

    def suppressions(self, gate: SuppressionsGate) -> Iterator[str]:
        for key in ("unjustified", "inadmissible", "expiring", "added"):
            if getattr(gate, key) is not None:
                yield self.say(key, n=getattr(gate, key), days=gate.expiring_within_days)

    def evidence(self, gate: EvidenceGate) -> Iterator[str]:
        for slot in gate.slots:
            told = self.say("slot", slot=slot.slot)
            age = None if slot.max_age_days is None else self.say("age", n=self.number(slot.max_age_days))
            yield self.join([told, age]) if age else told

    def pipeline(self, gate: PipelineGate) -> Iterator[str]:
        told = self.say("pipeline-any" if gate.topic == "any" else gate.topic, n=gate.limit)
        above = [self.say("and-above", severity=self.say(gate.severity.value))] if gate.severity else []
        yield self.join([told, *above])

    def licenses(self, gate: LicensesGate) -> Iterator[str]:
        for key in ("allowed", "denied"):
            if getattr(gate, key):
                yield self.say(key, values=self.join(list(getattr(gate, key))))
        if not gate.allowed and not gate.denied:
            yield self.say("stated")

    def signature(self, _gate: object) -> Iterator[str]:
        yield self.say("signature")


_LIMITS: Final[Mapping[type, Any]] = {arm: getattr(_Words, str(arm.__struct_config__.tag)) for arm in AnyGate.__args__}

"""A profile as a table for people, in English or Japanese: what ``govsec profile show`` prints."""

from typing import Final

from msgspec import Struct

from govsec_ci.gate.demands import Demands
from govsec_ci.gate.schema import AnyGate, Parameter, Profile, Text
from govsec_ci.gate.words import Words

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
    words = Demands(profile, lang)
    return Description(
        id=profile.id,
        version=profile.version,
        status=profile.status,
        title=profile.title.get(lang),
        text=profile.text.get(lang),
        banner=_BANNERS[profile.status].get(lang),
        jurisdiction=profile.jurisdiction,
        unknown_severity=profile.unknown_severity,
        gates=tuple(_gate(words, gate) for gate in profile.gates),
        parameters=tuple(_parameter(words, name, own) for name, own in profile.parameters.items()),
        documents=tuple(
            (d.id, d.title.get(lang), d.publisher.get(lang), d.edition, words.say(d.label)) for d in profile.documents
        ),
    )


def _gate(words: Demands, gate: AnyGate) -> GateRow:
    document = words.profile.document(gate.clause.document)
    sure = words.say(gate.clause.label or document.label)
    return GateRow(
        id=gate.id,
        kind=gate.kind,
        title=gate.title.get(words.lang),
        text=gate.text.get(words.lang),
        next=gate.next.get(words.lang),
        limits=tuple(words.limits(gate)),
        stages=words.join([words.say(stage.value) for stage in gate.stages]),
        mode=_mode(words, gate),
        clause=f"{document.id} {gate.clause.id}",
        label=words.join([sure, words.say("local")]) if gate.clause.origin == "local" != document.label else sure,
    )


def _mode(words: Demands, gate: AnyGate) -> str:
    mode = words.say(gate.mode)
    if gate.mode == "warn" or not gate.warn_at:
        return mode
    return words.join([mode, words.say("at", stages=words.join([words.say(s.value) for s in gate.warn_at]))])


def _parameter(words: Words, name: str, own: Parameter) -> ParameterRow:
    bounds = f"{own.minimum} – {own.maximum}" if own.type == "integer" else words.join(list(own.values))
    fallback = own.strictest if own.default is None else own.default
    return ParameterRow(name=name, text=own.text.get(words.lang), values=bounds, otherwise=str(fallback))

"""What gates say, with the words that stand in it in Japanese too.

A verdict holds each note's values as the engine wrote them, the same for every reader: names, numbers and dates, but
also words of our own (``clock``, ``added: 0``). Which is which, the two lists here say of every value; a test holds
them against :mod:`govsec_ci.gate.texts`, and the words against the places that write them.
"""

import functools
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from msgspec import structs

from govsec_ci.gate import texts
from govsec_ci.model import Note
from govsec_ci.report import own_words
from govsec_ci.report.i18n import Text, date, fill, japanese, mark, moment, same
from govsec_ci.report.inert import message

PLAIN: Final = frozenset(
    {
        "all", "claim", "commit", "component", "days", "en", "epss", "feed", "fix", "format", "ja", "key", "licence",
        "n", "parameter", "path", "percent", "profile", "run", "scope", "slot", "slots", "subject", "tool", "value",
        "waiver", "who", "why",
    }
)  # fmt: skip
"""Values that are names, numbers or texts in both languages already."""

ROLES: Final = {
    "sast": mark("static analysis"),
    "sca": mark("dependency audit"),
    "sbom": "SBOM",
    "pipeline": mark("pipeline audit"),
    "dast": mark("dynamic analysis"),
    "secrets": mark("secret scan"),
    "iac": mark("infrastructure scan"),
    "container": mark("container scan"),
    "other": mark("other scan"),
}
STATUSES: Final = {
    "accepted": mark("accepted"),
    "rejected": mark("rejected"),
    "underReview": mark("under review"),
}
STAGES: Final = {"commit": mark("commit"), "build": mark("build"), "release": mark("release")}
SEVERITIES: Final = {
    "CRITICAL": mark("critical"),
    "HIGH": mark("high"),
    "MEDIUM": mark("medium"),
    "LOW": mark("low"),
    "NONE": mark("no severity"),
    "UNKNOWN": mark("unknown"),
}
UNKNOWNS: Final = {
    "severity": mark("severity"),
    "baseline": mark("whether it is new"),
    "confidence": mark("confidence"),
    "SSVC": "SSVC",
    "fix": mark("whether a fix exists"),
    "fix available": mark("whether a fix exists"),
    "direct": mark("whether it is a direct dependency"),
    "kev": mark("whether it is listed in KEV"),
    "exploitation": mark("exploitation (SSVC)"),
    "automatable": mark("whether it can be automated (SSVC)"),
    "technical impact": mark("technical impact (SSVC)"),
    "cvss": "CVSS",
    "epss": "EPSS",
    "clock": mark("when its time began"),
    "filter": mark("whether the gate is about it"),
    "?": mark("the reason"),
}
COUNTS: Final = {
    "unjustified": mark("suppressions without a reason"),
    "inadmissible": mark("suppressions without effect"),
    "expiring": mark("waivers that end soon"),
    "added": mark("suppressions and changes of the rules by this change"),
}
ELEMENTS: Final = {
    "supplier": mark("supplier"),
    "name": mark("name"),
    "version": mark("version"),
    "identifier": mark("identifier"),
    "dependencies": mark("dependency relationship"),
    "author": mark("author of the SBOM"),
    "timestamp": mark("timestamp"),
    "no-vulnerabilities": mark("no vulnerability data"),
    "sbom-creator": mark("creator of the SBOM (e-mail or URL)"),
    "sbom-timestamp": mark("timestamp"),
    "recursive": mark("dependencies resolved recursively"),
    "completeness": mark("dependencies with their completeness"),
    "creator": mark("creator (e-mail or URL)"),
    "filename": mark("filename"),
    "distribution-licences": mark("distribution licence"),
    "sha-512": mark("SHA-512 of the deployable file"),
    "executable": mark("whether it is executable"),
    "archive": mark("whether it is an archive"),
    "structured": mark("whether it is structured"),
    "sbom-uri": mark("SBOM URI"),
    "source-uri": mark("source code URI"),
    "distribution-uri": mark("URI of the deployable form"),
    "purl-or-cpe": mark("purl or CPE"),
    "original-licences": mark("original licence"),
    "draft-hash": mark("hash of the component"),
    "draft-tool": mark("name of the tool that made the SBOM"),
    "draft-context": mark("when in the life cycle the SBOM was made"),
}

_JOINT: Final = "\0"
_BLANK: Final = re.compile(r"(?<=[^\x00-\x7f]) \0|\0 (?=[^\x00-\x7f])|\0")
_COUNT: Final = re.compile(r"(\w+)(: | ≤ )(\d+)")
_FEED: Final = re.compile(r"(\S+) (?:≤ (\d+) ([dh])|(\d{4}-\d\d-\d\d))")
_DAY_CHARACTERS: Final = len("2026-04-01")
_SPAN: Final = re.compile(r"(\d+) ([dh])")
_COUNT_TEXTS: Final = {": ": mark("{what}: {n}"), " ≤ ": mark("{what}: at most {n}")}
_SPAN_TEXTS: Final = {"d": mark("{n} days"), "h": mark("{n} hours")}
_FEED_TEXTS: Final = {"d": mark("{feed}: at most {n} days old"), "h": mark("{feed}: at most {n} hours old")}
_FEED_OF: Final = mark("{feed} of {day}")


def noted(note: Note | None, english: str) -> Text:
    """What a gate says, in both languages where it left a note for them; ``english`` is all that is known else."""
    if note is None or note.id not in texts.TEXTS:
        return same(message(english))
    return _told(note.id, tuple(note.values.items()))


@functools.lru_cache(maxsize=65_536)
def _told(identifier: str, values: tuple[tuple[str, str], ...]) -> Text:
    """Several gates, and several profiles, say the same of each of thousands of claims."""
    note = Note(id=identifier, values=dict(values))
    return Text(message(texts.render(note, "en")), message(_in_japanese(note)))


def said(note: Note, lang: str) -> str:
    """The same of a note that is there, in one language."""
    return noted(note, "").pick(lang)


def _in_japanese(note: Note) -> str:
    values = {name: _joined(WORDS[name](value)) if name in WORDS else value for name, value in note.values.items()}
    return _BLANK.sub("", texts.render(structs.replace(note, values=values), "ja"))


def _joined(value: str) -> str:
    """Words, marked where they begin or end in Japanese: the text around them parts values by blanks, for names."""
    if value.isascii():
        return value
    first, last = ("" if one.isascii() and one.isalnum() else _JOINT for one in (value[:1], value[-1:]))
    return f"{first}{value}{last}"


def _known(words: Mapping[str, str]) -> Callable[[str], str]:
    """A list of words, each looked up; one that is not known stays."""
    return lambda value: "、".join(japanese(words.get(one, one)) for one in value.split(", "))


def _sentence(english: str) -> str:
    return own_words.translated(message(english)) or english


def _counts(value: str) -> str:
    def told(match: re.Match[str]) -> str:
        what, sign, n = match.groups()
        return fill(japanese(_COUNT_TEXTS[sign]), "ja", {"what": japanese(COUNTS.get(what, what)), "n": n})

    return "、".join(_COUNT.sub(told, one) for one in value.split(", "))


def _feeds(value: str) -> str:
    return "、".join(_FEED.sub(_feed, one) for one in value.split(", "))


def _feed(match: re.Match[str]) -> str:
    feed, n, unit, day = match.groups()
    return fill(japanese(_FEED_TEXTS[unit] if unit else _FEED_OF), "ja", {"feed": feed, "n": n, "day": _day(day or "")})


def _limit(value: str) -> str:
    return _SPAN.sub(lambda match: fill(japanese(_SPAN_TEXTS[match[2]]), "ja", {"n": match[1]}), value)


def _day(value: str) -> str:
    """A day, or a moment in UTC."""
    try:
        given = datetime.fromisoformat(value)
    except ValueError:
        return value
    return date(given, "ja") if len(value) == _DAY_CHARACTERS else moment(given, "ja")


WORDS: Final[Mapping[str, Callable[[str], str]]] = {
    "role": _known(ROLES),
    "roles": _known(ROLES),
    "status": _known(STATUSES),
    "stage": _known(STAGES),
    "severity": _known(SEVERITIES),
    "what": _known(UNKNOWNS),
    "element": _known(ELEMENTS),
    "elements": _known(ELEMENTS),
    "claims": _counts,
    "feeds": _feeds,
    "limit": _limit,
    "date": _day,
    "now": _day,
    "text": _sentence,
    "proof": _sentence,
}
"""Values with words of ours, and how they are told in Japanese."""

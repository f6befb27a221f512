"""Severity: CVSS vectors scored by the ``cvss`` library, then the database's own word; never a guess.

Of several figures the first by this order decides: the newest CVSS version; then the source (GitHub's reviewed
advisory, the CVE's own record, PYSEC, any other); then the lowest id; then the highest score. All are kept.
"""

from functools import lru_cache

from govsec_ci.model import Cvss, Severity

_RATINGS = ((9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM), (0.1, Severity.LOW))
# CVSS v2 has no CRITICAL (its guide leaves ratings to NVD: 7.0 and above is High).
_RATINGS_V2 = ((7.0, Severity.HIGH), (4.0, Severity.MEDIUM), (0.0, Severity.LOW))
_WORDS = {
    "CRITICAL": Severity.CRITICAL,
    "HIGH": Severity.HIGH,
    "MODERATE": Severity.MEDIUM,
    "MEDIUM": Severity.MEDIUM,
    "LOW": Severity.LOW,
}
_LONGEST_VECTOR = 512


@lru_cache(maxsize=16_384)
def score(vector: str) -> tuple[str, float] | None:
    """(CVSS version, base score 0.0 to 10.0) of a vector, or None where it is none."""
    import cvss  # noqa: PLC0415 — only needed while an index is built

    if len(vector) > _LONGEST_VECTOR:
        return None
    try:
        if vector.startswith("CVSS:4.0/"):
            return "4.0", float(cvss.CVSS4(vector).base_score)
        if vector.startswith(("CVSS:3.1/", "CVSS:3.0/")):
            return vector[5:8], float(cvss.CVSS3(vector).scores()[0])
        return "2.0", float(cvss.CVSS2(vector.strip("()")).scores()[0])
    except cvss.CVSSError:
        return None


def cvss_of(vector: str, source: str) -> Cvss | None:
    """The vector with its score, or None where it cannot be scored; ``source`` is the id of the record it is from."""
    scored = score(vector)
    return None if scored is None else Cvss(version=scored[0], vector=vector, score=scored[1], source=source)


def rating(one: Cvss) -> Severity:
    """The qualitative severity of a score (CVSS v3.1 section 5, v4.0 section 6; for v2 NVD's)."""
    bands = _RATINGS_V2 if one.version == "2.0" else _RATINGS
    return next((severity for floor, severity in bands if one.score >= floor), Severity.NONE)


def in_order(scores: tuple[Cvss, ...]) -> tuple[Cvss, ...]:
    """Newest CVSS version first; within a version as given, and of one source the highest score."""
    sources = {one.source: place for place, one in reversed(list(enumerate(scores)))}
    return tuple(sorted(scores, key=lambda one: (-float(one.version), sources[one.source], -one.score)))


def from_word(word: str) -> Severity:
    """The severity that a database's own word means; UNKNOWN for any other word."""
    return _WORDS.get(word.upper(), Severity.UNKNOWN)

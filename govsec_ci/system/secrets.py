"""What looks like a secret in a text, and the text without it.

What counts as one is a judgement; rather one word too many than one too few: forms that their issuers document (a fixed
prefix), literals given to a name that says so, and long random-looking literals.
"""

import functools
import math
import re
from collections import Counter
from typing import Any, Final

REDACTED: Final = "[redacted]"

# CWE-259 hard-coded password, 321 hard-coded key, 522 and 798 credentials: whatever such a rule quotes is one.
CREDENTIAL_CWES: Final = frozenset({"CWE-259", "CWE-321", "CWE-522", "CWE-798"})

_PRIVATE_KEY: Final = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----.*?"
    r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z)",
    re.DOTALL,
)
# Prefixes as the issuers document them: AWS IAM identifiers, GitHub and GitLab token formats, Slack token types,
# Google API keys and OAuth, npm, PyPI, Stripe, SendGrid; RFC 7519 (a JWT starts with the base64 of '{"').
_ISSUED: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Z0-9])"
    r"|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,}|gl[a-z]{2,6}-[A-Za-z0-9_-]{20,}"
    r"|xox[a-z]-[A-Za-z0-9-]{8,}|xapp-[A-Za-z0-9-]{10,}|hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/_-]+"
    r"|AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,}|GOCSPX-[A-Za-z0-9_-]{20,}"
    r"|npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{30,}|[srp]k_(?:live|test)_[A-Za-z0-9]{16,}|sk-[A-Za-z0-9_-]{20,}"
    r"|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|dop_v1_[a-f0-9]{40,}|hf_[A-Za-z0-9]{30,}"
    # Within a word only so far, or each eyJ of one long word would look at all of its rest.
    r"|(?:(?<![_-])eyJ[A-Za-z0-9_-]{6,}+|eyJ[A-Za-z0-9_-]{6,500}+)\.[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*){0,3}"
    r")"
)
# RFC 6750 and 7617: the value of an Authorization header.
_BEARER: Final = re.compile(r"(?i)(\b(?:bearer|basic|token)[ \t]{1,4})(?=[^\s'\"]{0,400}[0-9])[A-Za-z0-9._~+/=-]{16,}")
# RFC 3986 section 3.2.1: what stands before the @. A user name alone (git@) is no secret unless it is long.
_URL: Final = re.compile(
    r"(://)(?:[^\s/@'\"<>?#:]{0,400}:[^\s/@'\"<>?#]{0,400}|[^\s/@'\"<>?#:]{16,400})@",
)

_WORDS: Final = ("pass", "pasw", "pwd", "secret", "token", "credential", "key", "kennwort", "パスワード")
_SAYS_SO: Final = (
    r"(?:pas+wo?r?d|passwort|pass(?:phrase|code)|pwd|secret|token|credential|kennwort|パスワード|\bpass\b"
    r"|(?:api|access|auth|private|encryption|signing|master|session|account|client|storage)[_-]?key)"
)
_LITERAL: Final = r"[rRbBuUfF]{0,2}(?:\"(?:\\.|[^\"\\])*(?:\"|\\?\Z)|'(?:\\.|[^'\\])*(?:'|\\?\Z))"
# name = "…", name: str = "…", "name": "…", x["name"] == "…", get("name", "…")
_NAMED: Final = re.compile(
    rf"(?i)({_SAYS_SO}[\w.-]{{0,40}}[\"']?\]?(?:\s{{0,3}}:\s{{0,3}}[\w.\[\]|]{{1,60}})?\s{{0,9}}(?:[:!=]?=>?|:|,)\s{{0,9}}\(?\s{{0,9}})"
    rf"{_LITERAL}(?:\s{{0,9}}{_LITERAL})*",
    re.DOTALL,
)
# PEP 440: the rest of `tokenizers==0.19.1` after its first sign. Packages are called as secrets are.
_PIN: Final = (
    r"={1,2}\s{0,3}(?:[0-9]{1,4}!)?[0-9]{1,9}(?:\.[0-9]{1,9}){1,8}(?:\.\*)?(?:(?:a|b|rc|\.post|\.dev)[0-9]{1,9}){0,3}"
    r"(?=[\s\"'`,;)\]]|\.?\Z|\.\s)"
)
# NAME=word: only where the word holds a digit or a sign, for `token=token` is code.
_BARE: Final = re.compile(
    rf"(?i)({_SAYS_SO}[\w.-]{{0,40}}\s{{0,3}}[:=](?!{_PIN})\s{{0,3}})"
    r"(?=[^\s\"'`,;()<>{}\[\]&]{0,400}[0-9!#$%^*+/?@])[^\s\"'`,;()<>{}\[\]&]{4,}"
)
_OPTION: Final = re.compile(rf"(?i)((?<!\S)--?[\w-]{{0,40}}?{_SAYS_SO}[\w-]{{0,40}}[ \t]{{1,9}})(?!-)[^\s\[]\S*")
_ASSIGNED: Final = re.compile(
    r"((?:[\w.-]{1,80}[\"']?\]?\s{0,9}(?:[:!=]?=|:)\s{0,9}[rbuRBU]{0,2})?[\"'])([A-Za-z0-9+/=_.~-]{20,})(?=[\"']|\Z)"
)
_LONG: Final = re.compile(r"[A-Za-z0-9_+/=.-]{16}")
_NOT_SECRET: Final = re.compile(
    r"(?i)sha|md5|hash|digest|integrity|checksum|fingerprint|commit|revision|uuid|version|url|path|file"
)
_QUOTED: Final = re.compile(r"\"(?:\\.|[^\"\\])*(?:\"|\\?\Z)|'(?:\\.|[^'\\])*(?:'|\\?\Z)", re.DOTALL)
_OUTER_QUOTED: Final = re.compile(r"([\"']).*(?:\1|\Z)", re.DOTALL)
# Bits a character: random base64 of 20 characters has about 4, random hexadecimal of 32 about 3.5, English 3 and less.
_HEX: Final = re.compile(r"[0-9a-fA-F]{32,}")
_MIXED: Final = re.compile(r"(?=.*[0-9])(?=.*[a-z])(?=.*[A-Z])")
_HEX_BITS: Final = 3.0
_BITS: Final = 3.9


def message_about_one(value: str) -> str:
    """A message of a rule about credentials: also without whatever it quotes, from the first quote to the last."""
    return text(_OUTER_QUOTED.sub(f'"{REDACTED}"', value))


def source_with_one(value: str) -> str:
    """Source code that such a rule found: also without any literal."""
    return text(_QUOTED.sub(f'"{REDACTED}"', value))


def values(value: Any) -> Any:
    """What JSON or TOML decodes to, each string in it as :func:`text` has it; keys stay as they are."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, list | tuple):
        return [values(one) for one in value]
    return {key: values(one) for key, one in value.items()} if isinstance(value, dict) else value


@functools.lru_cache(maxsize=16_384)
def text(value: str) -> str:
    """One text with ``[redacted]`` in place of whatever looks like a secret."""
    if "PRIVATE KEY" in value:
        value = _PRIVATE_KEY.sub(REDACTED, value)
    if "://" in value and "@" in value:
        value = _URL.sub(rf"\1{REDACTED}@", value)
    if _LONG.search(value):
        value = _ISSUED.sub(REDACTED, value)
        value = _BEARER.sub(rf"\1{REDACTED}", value)
        value = _ASSIGNED.sub(_unless_plain, value)
    lower = value.lower()
    if any(word in lower for word in _WORDS):
        value = _NAMED.sub(_literal, value)
        value = _BARE.sub(rf"\1{REDACTED}", value)
        value = _OPTION.sub(rf"\1{REDACTED}", value)
    return value


def _literal(match: "re.Match[str]") -> str:
    return f'{match[1]}"{REDACTED}"'


def _unless_plain(match: "re.Match[str]") -> str:
    """A literal that is long and looks random, unless its name says that it is no secret."""
    name, value = match[1], match[2]
    if _HEX.fullmatch(value):
        looks = len(name) > 1 and _bits(value) >= _HEX_BITS  # a bare one is a digest more often than not
    else:
        looks = bool(_MIXED.match(value)) and _bits(value) >= _BITS
    return f"{name}{REDACTED}" if looks and not _NOT_SECRET.search(name) else match[0]


def _bits(value: str) -> float:
    """Shannon entropy, in bits a character."""
    counts = Counter(value).values()
    return -sum(count / len(value) * math.log2(count / len(value)) for count in counts)

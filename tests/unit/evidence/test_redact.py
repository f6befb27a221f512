"""evidence/redact.py, system/secrets.py: what looks like a secret goes, all else stays; fingerprints do not move."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from govsec_ci.evidence.fingerprints import fingerprint
from govsec_ci.evidence.redact import redact
from govsec_ci.model import (
    FeedState,
    Invocation,
    Level,
    Location,
    Notification,
    Region,
    Result,
    Role,
    Rule,
    Run,
    ScanState,
    Suppression,
    SuppressionKind,
    SuppressionStatus,
)
from govsec_ci.system.secrets import REDACTED, text
from tests.support.patience import HANG_S
from tests.support.secrets import PLANTED

SECRETS = [secret for name, secret in PLANTED.items() if name not in {"word", "random"}]


@pytest.mark.parametrize("secret", SECRETS, ids=lambda secret: secret[:6])
@pytest.mark.parametrize("frame", ["{}", "call({!r})", "found {} in a file", "x={}", '"{}"', "({})", "https://h/{}"])
def test_what_an_issuer_marks_goes_wherever_it_stands(secret: str, frame: str) -> None:
    said = text(frame.format(secret))
    assert secret not in said
    assert REDACTED in said


@pytest.mark.parametrize(
    "frame",
    [
        'password = "{}"', "password='{}'", 'password: str = "{}"', 'password: Final[str] = "{}"', 'PASSWD := "{}"',
        '{{"password": "{}"}}', 'x["secret"] = "{}"', "if token == '{}':", "if token != '{}':", 'api_key = b"{}"',
        'get("TOKEN", "{}")', 'def f(user, password="{}"):', "Possible hardcoded password: '{}'", 'secret_key = ("{}"',
        'db.password = "{}" "{}"', 'password = "{}', "client-secret => '{}'", "DB_PASSWORD={}7", "password: {}!",
        "run --password {} --now", "run --api-key {}", "-token {}", "パスワード = '{}'",
        "postgres://admin:{}@db.example/app", "https://user%40x:{}@h", "amqp://:{}@h", 'p = {{"passphrase":"{}"}}',
    ],
)  # fmt: skip
def test_a_word_goes_where_its_name_says_so(frame: str) -> None:
    assert PLANTED["word"] not in text(frame.format(*[PLANTED["word"]] * 2))


@pytest.mark.parametrize(
    "frame", ['SALT_X = "{}"', "call('{}')", "{{'x': '{}'}}", "Authorization: Bearer {}", "https://{}@h/x.git"]
)
def test_what_looks_random_goes(frame: str) -> None:
    assert PLANTED["random"] not in text(frame.format(PLANTED["random"]))


@pytest.mark.parametrize(
    "harmless",
    [
        "", "password = get_password()", "f(token=token)",
        "subprocess call with shell=True identified, security issue.",
        "does not set persist-credentials: false", "idna 3.3: CVE-2024-3651 (7.5)", "git@github.com:x/y.git",
        "ssh://git@example.org/x", "https://example.org/a@b", 'sha256 = "' + "9f86d081884c7d65" * 4 + '"',
        'name = "a-long-name-of-a-thing-in-words"', "hard-coded passwords are a weakness", "pyproject.toml:12: token",
        "--hash=sha256:" + "9f86d081884c7d65" * 4, "The key: words of people.", 'key = "value"', "トークン",
    ],
)  # fmt: skip
def test_what_is_no_secret_stays(harmless: str) -> None:
    assert text(harmless) == harmless


@given(st.lists(st.sampled_from([*SECRETS, "password", "=", "'", "token: ", "://", "@", "\\", "x", "\n"])))
def test_in_any_company(parts: list[str]) -> None:
    said = text(" ".join(parts))
    assert not [secret for secret in SECRETS if secret in said]


@pytest.mark.parametrize(
    "evil",
    ["password" + " " * 50_000, "token:" * 10_000, "password='" * 10_000, "--" + "a-" * 20_000, "://" * 20_000 + "@",
     "a" * 50_000 + "='", "eyJaaaaaaa." * 5_000, "password\\" * 10_000, "pass" * 10_000,
     "PRIVATE KEY-----BEGIN " * 9_999],
)  # fmt: skip
def test_no_text_takes_long(evil: str) -> None:
    start = datetime.now(UTC)
    text(evil)
    assert (datetime.now(UTC) - start).total_seconds() < 5


def _result(message: str, snippet: str | None, rule_id: str = "R1") -> Result:
    region = Region(start_line=1, start_column=1, snippet=snippet)
    return Result(rule_id=rule_id, message=message, locations=(Location(path="a.py", region=region),))


def _run(*results: Result, role: Role = Role.SAST, rules: tuple[Rule, ...] = ()) -> Run:
    state = ScanState.COMPLETE
    return Run(id="t", tool="t", version="1", role=role, state=state, results=results, rules=rules)


def test_every_text_of_a_run_is_looked_at() -> None:
    secret = PLANTED["github"]
    claim = Suppression(
        kind=SuppressionKind.IN_SOURCE,
        status=SuppressionStatus.ACCEPTED,
        justification=f"use {secret}",
        origin="nosec",
        location=_result("", secret).locations[0],
    )
    told = Notification(
        id="x",
        level=Level.NOTE,
        text=secret,
        next_step=secret,
        location=_result("", secret).locations[0],
        properties={"a": secret},
    )
    result = structs.replace(_result(secret, secret), suppressions=(claim,), properties={"a": secret})
    run = structs.replace(
        _run(result),
        proof=secret,
        notifications=(told,),
        invocation=Invocation(arguments=(f"--x={secret}",)),
        advisories=(
            FeedState(feed="osv", as_of=datetime(2024, 1, 1, tzinfo=UTC), sha256="", records=1, source=secret),
        ),
        properties={"a": secret},
    )
    assert secret in repr(run)
    assert secret not in repr(redact(run))
    assert redact(redact(run)) == redact(run)


@pytest.mark.parametrize("cwe", ["CWE-259", "CWE-321", "CWE-522", "CWE-798"])
def test_of_a_rule_about_credentials_everything_quoted_goes(cwe: str) -> None:
    rules = (Rule(id="B105", cwes=(cwe,)), Rule(id="B602", cwes=("CWE-78",)))
    quoted = "Possible: 'it's \"this'"
    run = redact(
        _run(_result(quoted, 'login("root", \'it"s\')', "B105"), _result("the 'x'", 'f("y")', "B602"), rules=rules)
    )
    first, second = run.results
    assert first.message == f'Possible: "{REDACTED}"'
    assert first.locations[0].region is not None
    assert first.locations[0].region.snippet == f'login("{REDACTED}", "{REDACTED}")'
    assert (second.message, second.locations[0]) == ("the 'x'", _result("", 'f("y")').locations[0])


def test_of_a_secret_scanner_the_whole_snippet_goes() -> None:
    (result,) = redact(_run(_result("found", "anything at all"), role=Role.SECRETS)).results
    assert result.locations[0].region == Region(start_line=1, start_column=1, snippet=REDACTED)


def test_places_rules_and_fingerprints_stay() -> None:
    source = f'password = "{PLANTED["word"]}"\n'.encode()
    without = _result("m", None)
    bare = structs.replace(without, locations=(Location(path=f"{PLANTED['aws']}.py"),))
    run = fingerprint(_run(_result(source.decode(), source.decode().strip()), without, bare), lambda path: source)
    seen = redact(run)
    assert [one.fingerprints for one in seen.results] == [one.fingerprints for one in run.results]
    assert [[at.path for at in one.locations] for one in seen.results] == [
        [at.path for at in one.locations] for one in run.results
    ]
    assert PLANTED["word"] not in repr(seen)


def test_one_long_word_does_not_take_quadratic_time() -> None:
    start = time.process_time()
    text("-eyJaaaaaa" * 60_000)
    assert time.process_time() - start < HANG_S


@pytest.mark.parametrize("before", ["", "x-", "_", "a.b.", "longprefix."])
def test_a_token_is_found_behind_whatever(before: str) -> None:
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdefghij"
    assert text(before + token) == f"{before}[redacted]"

"""system/secrets.py: a package that is called as a secret is, and its version; all else is told in test_redact.py."""

import pytest

from govsec_ci.system.secrets import text


@pytest.mark.parametrize(
    "pin",
    [
        "tokenizers==0.19.1", "secretstorage == 3.3.3", "'django-token==1.0'", "(tokenize-rt==6.0.0rc1)", "token===1.0",
        "tokenizers==1!0.19.1.post2.dev3 (main) is declared", "install tokenizers==0.19.1.", "tokenizers==0.19.*, x",
    ],
)  # fmt: skip
def test_a_pinned_version_is_no_secret(pin: str) -> None:
    assert text(pin) == pin


@pytest.mark.parametrize(
    ("told", "secret"),
    [
        ("password==hunter2", "hunter2"),
        ("token==0.19.1-hunter", "0.19.1-hunter"),
        ("token==0.19.1hunter", "hunter"),
        ("token==12345678", "12345678"),
        ("token=0.19.1", "0.19.1"),
        ("tokenizers==0.19.1 password=hunter2", "hunter2"),
    ],
)
def test_what_only_begins_like_one_goes(told: str, secret: str) -> None:
    assert secret not in text(told)

"""How commands print."""

import pytest

from govsec_ci.cli import printing


@pytest.mark.parametrize(("variables", "language"), [
    ({"LC_ALL": "ja_JP.UTF-8"}, "ja"),
    ({"LC_ALL": "", "LC_MESSAGES": "", "LANG": "ja_JP.UTF-8"}, "ja"),
    ({"LC_ALL": "C", "LANG": "ja_JP.UTF-8"}, "en"),
    ({"LC_ALL": "", "LC_MESSAGES": "", "LANG": ""}, "en"),
])  # fmt: skip
def test_the_language_is_the_locales(variables: dict[str, str], language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert printing.locale_language() == language

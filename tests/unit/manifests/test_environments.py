"""For which environments a marker can be true."""

import pytest

from govsec_ci.manifests.environments import covered, pythons


def _version(operator: str, version: str) -> str:
    return f'python_version {operator} "{version}"'


@pytest.mark.parametrize(
    ("wanted", "by"),
    [
        ("", [""]),
        (_version(">=", "3.9"), [_version(">=", "3.9")]),
        ("", [_version("<", "3.9"), _version(">=", "3.9")]),
        (_version(">=", "3.9"), [_version(">", "3.8")]),
        ("", ['sys_platform == "win32"', 'sys_platform != "win32"']),
        ('sys_platform == "win32" and extra == "x"', ['sys_platform == "win32"']),
        ("", ['python_full_version < "3.11.5"', 'python_full_version >= "3.11.5"']),
        ("", [f'{_version("<", "3.9")} or os_name == "nt"', f'{_version(">=", "3.9")} and os_name != "nt"']),
    ],
)  # fmt: skip
def test_what_holds_everywhere_that_it_is_wanted(wanted: str, by: list[str]) -> None:
    assert covered(wanted, by)


@pytest.mark.parametrize(
    ("wanted", "by"),
    [
        ("", []),
        ("", ['sys_platform == "win32"']),
        ("", ['sys_platform == "win32"', 'sys_platform == "linux"']),
        ("", [_version("<", "3.9"), _version(">", "3.9")]),
        ("", ['python_full_version < "3.11.5"', 'python_full_version > "3.11.5"']),
        # Undecided is not covered.
        ("", ['platform_release >= "5"', 'platform_release < "5"']),
        ("", ['"3.9" <= python_version', _version("<", "3.9")]),
        ("", [_version("~=", "abc")]),
        ("", [_version("<", "1" * 5000), _version(">=", "1" * 5000)]),
        ("", [" and ".join(f'sys_platform != "p{n}"' for n in range(300))]),
        ("", [" or ".join(_version("==", f"3.{number}") for number in range(100))]),
    ],
)  # fmt: skip
def test_what_leaves_an_environment_open(wanted: str, by: list[str]) -> None:
    assert not covered(wanted, by)


def test_versions_between_the_first_and_the_last_of_a_line_are_tried_where_a_text_names_them() -> None:
    assert {"3.11.4", "3.11.5", "3.11.6"} <= set(pythons("==3.11.5"))
    assert "3.11.-1" not in pythons("==3.11.0")

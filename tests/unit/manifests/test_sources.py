"""Public or not, and what links tell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import is_normalized_name

from govsec_ci.manifests import sources


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("https://pypi.org/simple", True),
        ("https://pypi.org/simple/", True),
        ("https://pypi.org/", False),
        ("https://pypi.org/simple/../x", False),
        ("http://pypi.org/simple", False),
        ("https://pypi.org.example.org/simple", False),
        ("https://pypi.org@example.org/simple", False),
        ("https://test.pypi.org/simple", False),
        ("https://[::1/simple", False),
        ("", False),
        ("pypi.org/simple", False),
    ],
)
def test_public_index(url: str, public: bool) -> None:
    assert sources.is_public_index(url) is public


def test_public_files() -> None:
    assert sources.is_public_file("https://files.pythonhosted.org/packages/a/b.whl")
    assert not sources.is_public_file("https://files.pythonhosted.org.example.org/a.whl")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:secret@example.org/x?y#z", "https://example.org/x?y#z"),
        ("git+https://token@example.org/a.git@v1", "git+https://example.org/a.git@v1"),
        ("https://a@b@example.org/x", "https://example.org/x"),
        ("./path@1", "./path@1"),
        ("https://[broken", "(not a URL)"),
        ("", ""),
    ],
)
def test_logins_are_never_shown(url: str, shown: str) -> None:
    assert sources.without_login(url) == shown


@given(st.text(max_size=60))
def test_no_text_makes_links_raise(text: str) -> None:
    sources.without_login(text)
    sources.is_public_index(text)
    sources.is_link(text)
    sources.kind_of_link(text)
    name, _ = sources.name_of_link(text)
    assert is_normalized_name(name)


@pytest.mark.parametrize(
    ("link", "kind"),
    [
        ("git+ssh://h/x", "vcs"),
        ("GIT+https://h/x", "vcs"),
        ("bzr+https://h/x", "vcs"),
        ("git://h/x", "vcs"),
        ("https://h/x", "url"),
        ("file:///x", "path"),
        ("file:x", "path"),
        ("./x", "path"),
        ("C:\\x", "path"),
    ],
)
def test_kinds(link: str, kind: str) -> None:
    assert sources.kind_of_link(link) == kind


@pytest.mark.parametrize(
    ("link", "name", "version"),
    [
        ("https://h/x.git@abc#egg=A.B", "a-b", None),
        ("https://h/team/x.git@abc", "x", None),
        ("https://h/x#egg=../../etc", "etc", None),
        ("https://h/x.git?y=z", "x", None),
        ("https://h/not-a-wheel.whl", "not-a-wheel-whl", None),
        ("https://h/a-1.zip", "a", "1"),
        ("https://h/nodash.tar.gz", "nodash-tar-gz", None),
        ("https://h/", "h", None),
        ("///", "unnamed", None),
        ("https://h/%%%", "unnamed", None),
    ],
)
def test_names_of_links(link: str, name: str, version: str | None) -> None:
    assert sources.name_of_link(link) == (name, version)


def test_a_host_that_readers_take_for_two_is_no_url() -> None:
    # urllib3 and browsers fetch this from evil.example, urlsplit takes that for a login.
    url = "https://evil.example\\@files.pythonhosted.org/packages/a-1.tar.gz"
    assert sources.without_login(url) == "(not a URL)"
    assert not sources.is_public_file(sources.without_login(url))

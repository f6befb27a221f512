"""One commit of another repository: fetched without touching the checkout, with a token that only its host gets."""

import base64
from pathlib import Path

import pytest

from govsec_ci.errors import UsageError
from govsec_ci.system import git_fetch
from govsec_ci.system.git import run_git
from govsec_ci.system.git_fetch import Source, fetched
from tests.support.https import make_certificate, running
from tests.support.repositories import commit_all, git, new_repository


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    folder = new_repository(tmp_path / "origin")
    (folder / "a.txt").write_text("first\n")
    commit_all(folder, "first")
    (folder / "a.txt").write_text("second\n")
    commit_all(folder, "second")
    return folder


def test_a_commit_is_seen_from_a_checkout_that_does_not_hold_it(origin: Path, tmp_path: Path) -> None:
    first = git(origin, "rev-parse", "HEAD~1").strip()
    git(tmp_path, "clone", "-q", "--depth=1", origin.as_uri(), "shallow")
    shallow = tmp_path / "shallow"
    before = set(shallow.rglob("*"))
    with fetched(Source(url=origin.as_uri()), first) as found:
        assert found.commit == first
        seen = run_git(shallow, "cat-file", "blob", f"{first}:./a.txt", variables=found.variables)
        assert seen.stdout == b"first\n"
    assert set(shallow.rglob("*")) == before
    assert run_git(shallow, "cat-file", "-e", first).exit_code != 0


def test_a_branch_by_name(origin: Path) -> None:
    with fetched(Source(url=origin.as_uri()), "refs/heads/main") as found:
        assert found.commit == git(origin, "rev-parse", "main").strip()


@pytest.mark.parametrize("ref", ["refs/heads/nowhere", "0" * 40, "--upload-pack=touch pwned"])
def test_what_is_not_there(origin: Path, ref: str) -> None:
    with pytest.raises(UsageError, match="cannot be fetched"), fetched(Source(url=origin.as_uri()), ref):
        pass


def test_a_tree_is_no_commit(origin: Path) -> None:
    git(origin, "tag", "tree", "HEAD^{tree}")
    with pytest.raises(UsageError, match="cannot be fetched"), fetched(Source(url=origin.as_uri()), "refs/tags/tree"):
        pass


@pytest.mark.parametrize("url", ["ext::sh -c touch% pwned", "ssh://host.invalid/x", "http://host.invalid/x", "/tmp"])
def test_no_other_way_of_transport(url: str) -> None:
    with pytest.raises(UsageError) as caught, fetched(Source(url=url), "refs/heads/main"):
        pass
    assert "fetch-depth" in caught.value.next_step


def test_the_token_goes_to_its_host_by_the_environment_alone() -> None:
    told = git_fetch._variables(Source(url="https://host.example/o/n", token="secret-word", user="someone"))
    assert told["GIT_CONFIG_KEY_0"] == "http.https://host.example/o/n.extraHeader"
    word = told["GIT_CONFIG_VALUE_0"].removeprefix("Authorization: Basic ")
    assert base64.b64decode(word) == b"someone:secret-word"
    assert "GIT_CONFIG_COUNT" not in git_fetch._variables(Source(url="file:///x", token="secret-word"))
    assert "GIT_CONFIG_COUNT" not in git_fetch._variables(Source(url="https://host.example/o/n"))


def test_an_address_with_a_password_is_not_quoted() -> None:
    with pytest.raises(UsageError) as caught, fetched(Source(url="http://me:secret-word@host.invalid/x"), "0" * 40):
        pass
    assert "secret-word" not in caught.value.diagnostics()


def test_proxy_and_certificates_of_this_machine_are_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    assert git_fetch._variables(Source(url="https://host.example/x"))["HTTPS_PROXY"] == "http://proxy.example:3128"


def test_a_redirect_is_not_followed_so_that_no_other_host_sees_the_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = make_certificate(tmp_path)
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_SSL_CAINFO", str(certificate))
    with running(certificate, key) as there, running(certificate, key) as elsewhere:
        asked = "/o/n/info/refs?service=git-upload-pack"
        there.answers[asked] = lambda request: request.reply(302, Location=elsewhere.address(asked))
        source = Source(url=there.address("/o/n"), token="secret-word")
        with pytest.raises(UsageError), fetched(source, "0" * 40):
            pass
    ((path, headers),) = there.requests
    assert path == asked
    assert base64.b64decode(headers["Authorization"].removeprefix("Basic ")) == b"x-access-token:secret-word"
    assert elsewhere.requests == []

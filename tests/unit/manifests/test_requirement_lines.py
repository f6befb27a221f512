"""pip's grammar, line by line."""

import codecs
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govsec_ci.manifests.requirement_lines import Line, MalformedError, decode, logical_lines, parse_line
from govsec_ci.manifests.text import UnreadableError

DIGEST = "0123456789abcdef" * 4


def lines(text: str) -> list[tuple[int, str]]:
    return [(line.number, line.text) for line in logical_lines(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("\n# only a comment\n   \n", []),
        ("a\nb\n", [(1, "a"), (2, "b")]),
        ("a\r\n\r\nb\r\n", [(1, "a"), (3, "b")]),
        ("a\rb", [(1, "a"), (2, "b")]),
        ("a # why\nb#c", [(1, "a"), (2, "b#c")]),
        ("a==1 \\\n  --hash=x \\\n  --hash=y\nb", [(1, "a==1   --hash=x   --hash=y"), (4, "b")]),
        ("a \\\n# the comment ends it\nb", [(1, "a"), (3, "b")]),
        ("# a comment goes on no further \\\nb", [(2, "b")]),
        ("a \\", [(1, "a")]),
        ("a\fb", [(1, "a"), (1, "b")]),
        ("# hidden\u2028evil==1\nb", [(1, "evil==1"), (2, "b")]),
        ("\\\n\\\n\na", [(4, "a")]),
    ],
)
def test_logical_lines(text: str, expected: list[tuple[int, str]]) -> None:
    assert lines(text) == expected


@given(st.text(alphabet="ab=1#\\ \n\r\f\u2028;-", max_size=80))
def test_logical_lines_are_numbered_in_order_within_the_text(text: str) -> None:
    numbers = [line.number for line in logical_lines(text)]
    assert numbers == sorted(numbers)
    last = text.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1
    assert all(1 <= number <= last for number in numbers)
    assert all(line.text == line.text.strip() != "" for line in logical_lines(text))


def test_a_line_is_hashable_and_equal_by_value() -> None:
    assert Line(1, "a") == Line(1, "a")


@pytest.mark.parametrize(
    ("text", "name", "specifier", "marker"),
    [
        ("django==3.2", "django", "==3.2", ""),
        ("Django[argon2,bcrypt] >= 3 , < 4", "Django", "<4,>=3", ""),
        ("a==1;python_version<'3.8'", "a", "==1", 'python_version < "3.8"'),
        ("a==1 ; sys_platform == 'win32'", "a", "==1", 'sys_platform == "win32"'),
        ("a (==1)", "a", "==1", ""),
        ("a;", "a", "", ""),
    ],
)
def test_requirements(text: str, name: str, specifier: str, marker: str) -> None:
    parsed = parse_line(text)
    assert parsed.requirement is not None
    assert (parsed.requirement.name, str(parsed.requirement.specifier)) == (name, specifier)
    assert parsed.marker == marker


@pytest.mark.parametrize(
    ("text", "url", "marker"),
    [
        ("a @ https://example.org/a.zip", "https://example.org/a.zip", ""),
        ("a@https://example.org/a-1.whl", "https://example.org/a-1.whl", ""),
        (
            "a @ git+https://example.org/a.git@v1 ; os_name == 'nt'",
            "git+https://example.org/a.git@v1",
            'os_name == "nt"',
        ),
        ("a @ file:///wheels/a.whl", "file:///wheels/a.whl", ""),
    ],
)
def test_requirements_with_a_url(text: str, url: str, marker: str) -> None:
    parsed = parse_line(text)
    assert parsed.requirement is not None
    assert (parsed.requirement.url, parsed.marker) == (url, marker)


@pytest.mark.parametrize(
    ("text", "link", "marker"),
    [
        ("./local", "./local", ""),
        (".", ".", ""),
        ("../up", "../up", ""),
        ("/abs/path", "/abs/path", ""),
        ("wheels/a-1.0-py3-none-any.whl", "wheels/a-1.0-py3-none-any.whl", ""),
        ("a-1.0.tar.gz", "a-1.0.tar.gz", ""),
        ("windows\\path", "windows\\path", ""),
        ("https://example.org/a.zip;v=1", "https://example.org/a.zip;v=1", ""),
        ("https://example.org/a.zip ; os_name == 'nt'", "https://example.org/a.zip", 'os_name == "nt"'),
        ("https://example.org/a.zip; os_name == 'nt'", "https://example.org/a.zip", 'os_name == "nt"'),
        ("git+ssh://git@example.org/a.git", "git+ssh://git@example.org/a.git", ""),
        ("./dir@1", "./dir@1", ""),
    ],
)
def test_links(text: str, link: str, marker: str) -> None:
    parsed = parse_line(text)
    assert (parsed.requirement, parsed.link, parsed.marker) == (None, link, marker)


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("-r a.txt", "includes", ("a.txt",)),
        ("-ra.txt", "includes", ("a.txt",)),
        ("--requirement=a.txt", "includes", ("a.txt",)),
        ("--requirement 'with space.txt'", "includes", ("with space.txt",)),
        ("--requirem a.txt", "includes", ("a.txt",)),
        ("-c a.txt", "constraints", ("a.txt",)),
        ("-i https://x/simple", "indexes", ("https://x/simple",)),
        ("--index-url=https://x/simple --extra-index-url https://y", "indexes", ("https://x/simple", "https://y")),
        ("-f ./wheels", "find_links", ("./wheels",)),
        ("--no-index", "no_index", True),
        ("-e ./a", "editable", "./a"),
        ("--pre", "includes", ()),
        ("--no-binary :all:", "includes", ()),
        ("--require-hashes", "no_index", False),
    ],
)
def test_options(text: str, field: str, value: object) -> None:
    assert getattr(parse_line(text), field) == value


def test_options_of_one_line_do_not_stay_for_the_next() -> None:
    assert parse_line("--extra-index-url https://y").indexes == ("https://y",)
    assert parse_line("--pre").indexes == ()


def test_hashes() -> None:
    parsed = parse_line(f"a==1 --hash=sha256:{DIGEST.upper()} --hash sha512:{DIGEST * 2} --hash=sha256:{'1' * 64}")
    assert parsed.hashes == {"sha256": (DIGEST, "1" * 64), "sha512": (DIGEST * 2,)}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a = 1", "'=='"),
        ("a=1", "'=='"),
        ("a==", "version"),
        ("==1", ""),
        ("!!", ""),
        ("some words of prose", ""),
        ("a==1 ; no marker", "environment marker"),
        ("./a ; no marker", "environment marker"),
        ("./a b", "space"),
        ("a==1 --hash=md5:0123", "--hash"),
        ("a==1 --hash=sha256:0123", "--hash"),
        (f"a==1 --hash=sha256:{'g' * 64}", "--hash"),
        (f"--hash=sha256:{DIGEST}", "without a requirement"),
        ("a==1 -r b.txt", "line of its own"),
        ("a==1 --no-index", "line of its own"),
        ("--unknown-option", "no such option"),
        ("-r", "1 argument"),
        ("--pre leftover", "leftover"),
        ("-r 'open", "quotes"),
        ("-e ./a -e ./b", "more than one"),
        ("${NAME}==1", "${NAME}"),
        ("-r ${FOLDER}/a.txt", "${FOLDER}"),
        ("a @ https://${TOKEN}@example.org/a.zip", "${TOKEN}"),
    ],
)
def test_malformed(text: str, why: str) -> None:
    with pytest.raises(MalformedError) as caught:
        parse_line(text)
    assert why in str(caught.value)


@given(st.text(max_size=60))
def test_a_line_is_parsed_or_malformed_and_nothing_else(text: str) -> None:
    for line in logical_lines(text):
        with contextlib.suppress(MalformedError):
            parse_line(line.text)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"a==1", "a==1"),
        (codecs.BOM_UTF8 + "é".encode(), "é"),
        ("a==1".encode("utf-16"), "a==1"),
        (codecs.BOM_UTF16_BE + "a==1".encode("utf-16-be"), "a==1"),
        ("a==1".encode("utf-32"), "a==1"),
        (b"# -*- coding: utf-8 -*-\na", "# -*- coding: utf-8 -*-\na"),
        (b"a\nb\n# coding: latin-1\n", "a\nb\n# coding: latin-1\n"),
    ],
)
def test_encodings(data: bytes, text: str) -> None:
    decoded = decode(data)
    assert decoded.lstrip("\ufeff") == text


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ("naïve==1".encode("latin-1"), 1),
        (b"a==1\n# \xe9t\xe9", 2),
        (b"a==1\nb\x00==1", 2),
        ("a==1\n-r b\0c".encode("utf-16"), 2),
        (b"# coding: utf-7\na==1", 1),
        (b"#!\n# vim: set fileencoding=latin-1\na", 2),
        (codecs.BOM_UTF16_LE + b"\x00\xd8\x00", None),
    ],
)
def test_what_cannot_be_decoded(data: bytes, line: int | None) -> None:
    with pytest.raises(UnreadableError) as caught:
        decode(data)
    assert caught.value.line == line
    assert caught.value.next_step

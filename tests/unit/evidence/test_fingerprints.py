"""GitHub's line hash against a slow reading of its definition; our own fingerprint against moved and changed text."""

import re
import time
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from govsec_ci.evidence.fingerprints import base_of, fingerprint, line_hashes
from govsec_ci.formats.sarif import FINGERPRINT, LINE_HASH
from govsec_ci.model import ComponentRef, Location, Result, Role, Rule, Run, Vulnerability
from tests.support.evidence_runs import a_result, a_run, at
from tests.support.patience import HANG_S


def by_definition(text: str) -> list[str]:
    """Unit by unit with a window of 100, as ``fingerprints.ts`` of codeql-action does: line number - 1 → hash."""
    raw = text.encode("utf-16-le", "surrogatepass")
    incoming = [int.from_bytes(raw[place : place + 2], "little") for place in range(0, len(raw), 2)]
    kept: list[int] = []
    after_cr = False
    for unit in incoming:
        if unit in {0x20, 0x09} or (after_cr and unit == 0x0A):
            after_cr = False
            continue
        after_cr = unit == 0x0D
        kept.append(0x0A if after_cr else unit)
    kept.append(65535)
    begins = [0] + [place + 1 for place, unit in enumerate(kept[:-1]) if unit == 0x0A]
    value, hashes = 0, []
    for place, unit in enumerate([*kept, *[0] * 100]):
        dropped = kept[place - 100] if 0 <= place - 100 < len(kept) else 0
        value = (37 * value + unit - 37**100 * dropped) % 2**64
        if place - 99 in begins:
            hashes.append(value)
    return [f"{one:x}:{hashes[: number + 1].count(one)}" for number, one in enumerate(hashes)]


VECTORS = {
    "lf": "import os\nos.system(x)\n",
    "crlf": "import os\r\nos.system(x)\r\n",
    "cr": "import os\ros.system(x)\r",
    "mixed": "a\r\nb\rc\nd\r\r\ne\n\rf",
    "blank between cr and lf": "a\r \nb\r\t\nc",
    "tabs": "\tif x:\n\t\ty\t=\t1\n",
    "non-BMP": "x = '𝄞𝄞'\n𝄞\n" * 3,
    "empty": "",
    "only a line end": "\n",
    "last line without end": "a\nb",
    "equal lines": "pass\n" * 300,
    "long lines": ("x" * 250 + "\n") * 3,
    "blank lines": "\n\n \n\t\n",
    "byte order mark": "\ufeffimport os\n",
}


@pytest.mark.parametrize("text", VECTORS.values(), ids=VECTORS.keys())
def test_line_hash_vectors(text: str) -> None:
    expected = by_definition(text)
    assert line_hashes(text.encode(), range(1, len(expected) + 2)) == dict(enumerate(expected, 1))


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("ab \t\r\n𝄞é\uffff"), max_size=400))
@example("a" * 99 + "\n")
def test_line_hash_of_any_text(text: str) -> None:
    expected = by_definition(text)
    assert list(line_hashes(text.encode(), range(1, len(expected) + 1)).values()) == expected


PUBLISHED = {
    "": ["c129715d7a2bc9a3:1"],
    " a\nb\n  \t\tc\n d": ["271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"],
    " hello; \t\nworld!!!\r\n\n\r  \t\tGreetings\r End\r\n": [
        "e9496ae3ebfced30:1", "fb7c023a8b9ccb3f:1", "ce8ba1a563dcdaca:1", "e20e36e16fcb0cc8:1", "b3edc88f2938467e:1",
        "c8e28b0b4002a3a0:1", "c129715d7a2bc9a3:1",
    ],
}  # fmt: skip


@pytest.mark.parametrize("text", PUBLISHED)
def test_values_that_github_publishes(text: str) -> None:
    """Facts: what codeql-action's own tests expect of these texts (``fingerprints.test.ts``)."""
    assert list(line_hashes(text.encode(), range(1, 20)).values()) == PUBLISHED[text]


def test_bytes_that_are_no_utf8_become_replacement_characters() -> None:
    assert list(line_hashes(b"a\xff\nb", [1, 2]).values()) == by_definition("a\ufffd\nb")


def test_a_line_of_ten_megabytes() -> None:
    text = "x" * 10_000_000
    started = time.perf_counter()
    hashes = line_hashes(f"{text}\ny".encode(), [1, 2])
    assert time.perf_counter() - started < HANG_S
    assert hashes == dict(enumerate(by_definition("x" * 150 + "\ny"), 1))


def reader(**files: str) -> Callable[[str], bytes | None]:
    return lambda path: files[path].encode() if path in files else None


def prints(run: Run, read: Callable[[str], bytes | None]) -> list[str]:
    return [result.fingerprints[FINGERPRINT] for result in fingerprint(run, read).results]


SOURCE = "import os\n\nos.system(x)\n"


def first_print(text: str, line: int, path: str = "a.py", rule: str = "B602") -> str:
    return prints(a_run(a_result(rule, path, line)), lambda _: text.encode())[0]


@pytest.mark.parametrize(
    ("text", "line", "path"),
    [
        ("\n\n" + SOURCE, 5, "a.py"),
        (SOURCE, 3, "new/folder/a.py"),
        (SOURCE.replace("import os", "import   os  # first"), 3, "a.py"),
        (SOURCE.replace("os.system(x)", "    os.system( x )"), 3, "a.py"),
        (SOURCE.replace("\n", "\r\n"), 3, "a.py"),
        (SOURCE + "y = 1\n", 3, "a.py"),
    ],
    ids=["moved", "folder", "other line", "indented", "line ends", "line after"],
)
def test_fingerprint_stays(text: str, line: int, path: str) -> None:
    assert first_print(text, line, path) == first_print(SOURCE, 3)


@pytest.mark.parametrize(
    ("text", "line", "path", "rule"),
    [
        (SOURCE.replace("(x)", "(y)"), 3, "a.py", "B602"),
        (SOURCE, 3, "b.py", "B602"),
        (SOURCE, 3, "a.py", "B605"),
        (SOURCE, 1, "a.py", "B602"),
    ],
    ids=["text", "file name", "rule", "another line"],
)
def test_fingerprint_tells_apart(text: str, line: int, path: str, rule: str) -> None:
    assert first_print(text, line, path, rule) != first_print(SOURCE, 3)


def test_equal_lines_are_numbered_by_place() -> None:
    run = a_run(a_result(line=5), a_result(line=1), a_result(line=3, path="z/a.py"), a_result(line=3))
    found = prints(run, lambda _: b"f(x)\n" * 9)
    base = base_of(found[0])
    assert found == [f"{base}:3", base, f"{base}:4", f"{base}:2"]


def test_line_hash_is_set_where_a_line_is_known_and_never_overwritten() -> None:
    run = a_run(
        a_result(line=3),
        a_result(line=99),
        Result(rule_id="B602", message="m", locations=(Location(path="a.py"),)),
        Result(rule_id="B602", message="m"),
        a_result(line=3, fingerprints={LINE_HASH: "theirs:1"}),
        a_result(path="missing.py"),
    )
    done = fingerprint(run, reader(**{"a.py": SOURCE}))
    hashes = [result.fingerprints.get(LINE_HASH) for result in done.results]
    assert hashes == [by_definition(SOURCE)[2], None, None, None, "theirs:1", None]
    assert len({result.fingerprints[FINGERPRINT] for result in done.results}) == len(done.results)


def dependency(version: str = "2.10", line: int = 1, path: str = "requirements.txt", name: str = "jinja2") -> Result:
    component = ComponentRef(name=name, version=version, purl=f"pkg:pypi/{name}@{version}")
    return Result(rule_id="PYSEC-1", message=f"{name} {version}", locations=(at(path, line),), component=component)


def dependency_print(result: Result, **more: object) -> str:
    rule = Rule(id="PYSEC-1", vulnerability=Vulnerability(id="CVE-1"))
    run = Run(id="sca", tool="t", version="", role=Role.SCA, state=a_run().state, rules=(rule,), results=(result,))
    return prints(run, lambda _: b"jinja2==2.10\n")[0]


def test_a_dependency_is_keyed_by_vulnerability_and_component() -> None:
    known = dependency_print(dependency())
    assert dependency_print(dependency("2.11", 7, "sub/uv.lock")) == known
    assert dependency_print(dependency(name="flask")) != known


def test_keys_suit_defectdojo() -> None:
    """It splits a key with ``/`` at the last one and reads an integer after the ``v``."""
    (result,) = fingerprint(a_run(a_result()), lambda _: b"x\n").results
    for key in result.fingerprints:
        assert "/" not in key or re.fullmatch(r"v\d+", key.rpartition("/")[2])


def test_many_results_on_one_line() -> None:
    def run(number: int) -> Run:
        places = (at("a.py", 1, place + 1) for place in range(number))
        return a_run(*(a_result(message=str(number), locations=(place,)) for number, place in enumerate(places)))

    text = b"assert a;" * 20_000
    started = time.process_time()
    done = fingerprint(run(20_000), {"a.py": text}.get)
    assert time.process_time() - started < HANG_S  # each result read the line anew: minutes
    first, second = done.results[:2]
    assert second.fingerprints[FINGERPRINT] == first.fingerprints[FINGERPRINT] + ":2"
    assert fingerprint(run(1), {"a.py": text}.get).results[0].fingerprints == first.fingerprints


def test_the_same_line_number_of_another_file_or_rule_is_another() -> None:
    places = (("B101", "a.py", 1), ("B102", "a.py", 1), ("B101", "a.py", 2), ("B101", "b.py", 1), ("B101", "b.py", 2))
    done = fingerprint(a_run(*(a_result(*place) for place in places)), {"a.py": b"one\ntwo", "b.py": b"two\none"}.get)
    assert len({result.fingerprints[FINGERPRINT] for result in done.results}) == 5

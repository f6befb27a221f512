"""``govsec profile``: look at profiles, check, compare and test them, start one."""

from collections.abc import Iterator
from pathlib import Path

from govsec_ci.errors import UsageError
from govsec_ci.gate import cases
from govsec_ci.gate import profile as profiles
from govsec_ci.gate.compare import compare
from govsec_ci.gate.describe import describe
from govsec_ci.gate.skeleton import skeleton
from govsec_ci.gate.texts import counted
from govsec_ci.system.files import write_atomic


def list_rows(lang: str) -> list[tuple[str, ...]]:
    """Every shipped profile: id, version, status, gates, title."""
    rows: list[tuple[str, ...]] = [("id", "version", "status", "gates", "title")]
    for name in profiles.shipped():
        one = describe(profiles.load(name), lang)
        rows.append((one.id, one.version, one.status, str(len(one.gates)), one.title))
    return rows


def show_lines(name: str, lang: str) -> Iterator[str]:
    """A profile as people read it: what it is, its gates with limit and clause, its parameters and documents."""
    one = describe(profiles.load(name), lang)
    yield f"{one.id} {one.version} ({one.status}): {one.title}"
    yield from (line for line in (one.banner, one.text) if line)
    for gate in one.gates:
        yield ""
        yield f"{gate.id}  [{gate.stages}; {gate.mode}]"
        yield f"  {gate.title}"
        yield from (f"  {limit}" for limit in gate.limits)
        yield f"  {gate.clause} ({gate.label})"
    if one.parameters:
        yield ""
    for own in one.parameters:
        yield f"{own.name}: {own.values}; {own.otherwise}. {own.text}"
    yield ""
    for identifier, title, publisher, edition, label in one.documents:
        yield f"[{identifier}] {title}, {publisher}, {edition} ({label})"


def check_line(name: str) -> str:
    """What the file is, when it is a profile; :raises InputError: it is none, with file, line and a suggestion."""
    one = profiles.load(name)
    return (
        f"{one.id} {one.version}: {counted(len(one.gates), 'gate', 'gates')}; sha256 {profiles.reference(one).sha256}"
    )


def diff_lines(old: str, new_: str) -> Iterator[str]:
    """What becomes stricter or looser from ``old`` to ``new_``."""
    for change in compare(profiles.load(old), profiles.load(new_)):
        where = f"{change.gate}: " if change.gate else ""
        yield f"{change.direction:<8} {where}{change.what}: {change.old or 'none'} -> {change.new or 'none'}"


def case_lines(name: str) -> tuple[bool, list[str]]:
    """Whether every case of a profile comes out as it says, and a line for each.

    :raises InputError: the profile or its cases are invalid
    """
    profile = profiles.load(name)
    own = cases.load(cases.beside(Path(name))) if name.endswith(".toml") else cases.shipped(profile.id)
    outcomes = cases.run(profile, own)
    lines = []
    for one in outcomes:
        lines.append(f"{'wrong' if one.wrong else 'ok   '} {one.case}")
        lines += [f"      {reason}" for reason in one.wrong]
    return not any(one.wrong for one in outcomes), lines


def start(identifier: str, base: str, folder: Path) -> tuple[Path, ...]:
    """Write a profile and its cases to start from; nothing is replaced.

    :raises UsageError: a file is there already
    """
    profiles.load(base)
    profile = folder / f"{identifier}.toml"
    files = dict(zip((profile, cases.beside(profile)), skeleton(identifier, base=base), strict=True))
    for path in files:
        if path.exists():
            raise UsageError(f"{path}: is there already")
    for path, text in files.items():
        write_atomic(path, text.encode())
    return tuple(files)

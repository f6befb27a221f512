"""cyclonedx-bom as a child process: what it says of the components of a manifest.

It gets no file of the judged tree by its path and no option from it: requirements are written anew from what our own
reader found, lock files are copied into an empty private folder.
"""

import re
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from govsec_ci.errors import InputError, ToolError
from govsec_ci.formats.cyclonedx import SPEC, Said, decode
from govsec_ci.model import Component
from govsec_ci.scanners import answers
from govsec_ci.system import process

OPTIONS = ("--sv", SPEC, "--of", "JSON", "--output-reproducible", "--no-validate")
"""Not validated by the tool: that takes it seconds, and the whole is validated before it is written."""
_MODULE = "cyclonedx_py"
_REQUIREMENTS = ("requirements", "-", *OPTIONS)
_PLAIN_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?")
_PLAIN_VERSION = re.compile(r"[A-Za-z0-9.!+_-]+")
_PLAIN_GROUP = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_LINE_REF = "requirements-L"
# Twice as many take the tool twice as long up to here, and longer beyond.
_A_CALL = 1_000
# Whose code decides what the tool says of a component.
_ANSWERING = (
    "cyclonedx-bom", "cyclonedx-python-lib", "packageurl-python", "pip-requirements-parser", "packaging",
    "py-serializable", "sortedcontainers", "license-expression", "boolean.py", "chardet",
)  # fmt: skip
_SEPARATORS = re.compile(r"[-_.]+")


def requirements(
    components: Sequence[Component], *, jobs: int = 1, timeout_s: float, cache: Path | None = None
) -> tuple[Said | None, ...]:
    """``cyclonedx-py requirements`` over the components; None where the tool passed over one.

    The tool's time grows with the square of what one call is given, so it gets them in parts, ``jobs`` at a time.

    :param cache: where its answers are kept, or None
    :raises ToolError: it failed, hung, or answered nonsense
    """
    deadline = time.monotonic() + timeout_s
    parts = [components[start : start + _A_CALL] for start in range(0, len(components), _A_CALL)]
    with ThreadPoolExecutor(max(1, jobs)) as pool:
        told = list(pool.map(lambda part: _requirements(part, deadline, cache), parts))
    return tuple(said for part in told for said in part)


def _requirements(components: Sequence[Component], deadline: float, cache: Path | None) -> list[Said | None]:
    text = requirements_text(components)

    def ask() -> bytes:
        left_s = max(0.0, deadline - time.monotonic())
        return _told(process.run_module(_MODULE, _REQUIREMENTS, timeout_s=left_s, stdin=text))

    answer = answers.kept(cache, lambda: _key(_REQUIREMENTS, {"": text}), ask, _read)
    by_line = {said.bom_ref.removeprefix(_LINE_REF): said for said in answer}
    return [by_line.get(str(line)) for line in range(1, len(components) + 1)]


def requirements_text(components: Sequence[Component]) -> bytes:
    """One line a component: its name and exact version; a comment where either could be read as more than that.

    Without hashes: they are ours already, and would double the time that the tool takes.
    """
    return "".join(_line(component) + "\n" for component in components).encode()


def _line(component: Component) -> str:
    if not _PLAIN_NAME.fullmatch(component.name):
        return "# no plain name"
    if component.version is None:
        return component.name
    plain = _PLAIN_VERSION.fullmatch(component.version)
    return f"{component.name}=={component.version}" if plain else "# no plain version"


def pipenv(
    lock: bytes, components: Sequence[Component], *, timeout_s: float, cache: Path | None = None
) -> tuple[Said | None, ...]:
    """``cyclonedx-py pipenv`` over a ``Pipfile.lock``; raises and returns as :func:`requirements` does."""
    categories = sorted({"default", "develop", *_groups(components)})
    arguments = ("pipenv", *OPTIONS, f"--categories={','.join(categories)}")
    return _over_files(arguments, {"Pipfile.lock": lock}, components, timeout_s, cache)


def poetry(
    lock: bytes, components: Sequence[Component], *, timeout_s: float, cache: Path | None = None
) -> tuple[Said | None, ...]:
    """``cyclonedx-py poetry`` over a ``poetry.lock``; raises and returns as :func:`requirements` does."""
    files = {"poetry.lock": lock, "pyproject.toml": poetry_project(components)}
    return _over_files(("poetry", *OPTIONS), files, components, timeout_s, cache)


def poetry_project(components: Sequence[Component]) -> bytes:
    """A project that asks for every locked component.

    The tool reads Poetry's own tables only, and of a project that declares its dependencies in the standard one
    (PEP 621) it would take none at all. So it is asked for all that is locked.
    """
    names = {component.name for component in components if _PLAIN_NAME.fullmatch(component.name)}
    own = next(
        f"judged-project-{number}" for number in range(len(names) + 1) if f"judged-project-{number}" not in names
    )
    lines = ["[tool.poetry]", f'name = "{own}"', "[tool.poetry.dependencies]", *(f'"{n}" = "*"' for n in sorted(names))]
    return ("\n".join(lines) + "\n").encode()


def _groups(components: Iterable[Component]) -> set[str]:
    return {group for component in components for group in component.groups if _PLAIN_GROUP.fullmatch(group)}


def _over_files(
    arguments: tuple[str, ...],
    files: Mapping[str, bytes],
    components: Sequence[Component],
    timeout_s: float,
    cache: Path | None,
) -> tuple[Said | None, ...]:
    def ask() -> bytes:
        with process.neutral_folder() as folder:
            for name, data in files.items():
                (folder / name).write_bytes(data)
            done = process.run_module(_MODULE, (*arguments, str(folder)), timeout_s=timeout_s)
            return _told(done, folder)

    return _matched(answers.kept(cache, lambda: _key(arguments, files), ask, _read), components)


def _matched(answer: Iterable[Said], components: Sequence[Component]) -> tuple[Said | None, ...]:
    found: dict[tuple[str, str], Said] = {}
    by_name: dict[str, list[Said]] = defaultdict(list)
    for said in answer:
        name = _SEPARATORS.sub("-", said.name).lower()
        found[name, said.version] = said
        by_name[name].append(said)
    return tuple(_match(component, found, by_name) for component in components)


def _match(
    component: Component, found: Mapping[tuple[str, str], Said], by_name: Mapping[str, list[Said]]
) -> Said | None:
    exact = found.get((component.name, component.version or ""))
    named = by_name.get(component.name, [])
    # One and the same may be written in two ways (1.0 and 1.0.0); of several nobody knows which.
    return exact or (named[0] if len(named) == 1 else None)


def _key(arguments: Sequence[str], files: Mapping[str, bytes]) -> bytes:
    parts = (part for name, data in sorted(files.items()) for part in (name.encode(), data))
    return answers.key_of(answers.engine(_ANSWERING, ()), *(one.encode() for one in arguments), *parts)


def _told(done: process.Completed, folder: Path | None = None) -> bytes:
    if done.exit_code == 0:
        return done.stdout
    told = done.stderr.strip()[-500:]
    raise ToolError(f"cyclonedx-bom ended with exit code {done.exit_code}: {_without(told, folder)}")


def _read(told: bytes) -> tuple[Said, ...]:
    try:
        return decode(told, name="the answer of cyclonedx-bom").components
    except InputError as error:
        raise ToolError(error.what) from error


def _without(text: str, folder: Path | None) -> str:
    # The private folder has another name every time, and two runs are to say the same.
    return text.replace(str(folder), "…") if folder else text

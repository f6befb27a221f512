"""Records what the real tools make of six small projects: their lock, and their own list of what is in it.

    python tests/recorded/manifests/record.py [PROJECT …]

Each tool is installed from PyPI into a private environment below the temporary folder. The hand-written inputs
(``pyproject.toml``, ``Pipfile``, ``requirements.in``) stay; locks and ``tool.out`` are replaced. ``tools.json`` says
which versions of the tools made them.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Each in an environment of its own, because their dependencies do not agree. pdm's newest dependencies break it.
TOOLS = {
    "pip": ("pip", "pip-tools"),
    "uv": ("uv",),
    "poetry": ("poetry", "poetry-plugin-export"),
    "pdm": ("pdm[locked]",),
    "pipenv": ("pipenv",),
}
# Settings of this machine must not leak into the locks: only the public index, no extra links, no caches of others.
DROPPED = ("PIP_", "UV_", "PDM_", "POETRY_", "PIPENV_", "VIRTUAL_ENV", "PYTHON")


class Toolbox:
    """The tools, installed once, and a way to run one in a folder."""

    def __init__(self, home: Path) -> None:
        self.home = home
        environment = {key: value for key, value in os.environ.items() if not key.startswith(DROPPED)}
        certificates = os.environ.get("PIP_CERT")
        self.environment = {
            **environment,
            **({"PIP_CERT": certificates} if certificates else {}),
            "HOME": str(home),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_INDEX_URL": "https://pypi.org/simple",
            "PIPENV_IGNORE_VIRTUALENVS": "1",
            "PIPENV_VENV_IN_PROJECT": "1",
            "PIPENV_NOSPIN": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PDM_CHECK_UPDATE": "0",
            "NO_COLOR": "1",
        }

    def install(self, name: str) -> Path:
        """The environment of a tool, made on first use."""
        environment = self.home / "tools" / name
        if not environment.exists():
            subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
            install = [str(environment / "bin" / "pip"), "install", "--quiet", "--upgrade", *TOOLS[name]]
            subprocess.run(install, check=True, env=self.environment)
        return environment

    def run(self, folder: Path, *command: str) -> str:
        home = self.install("pip" if command[0] == "pip-compile" else command[0])
        argv = [str(home / "bin" / command[0]), *command[1:]]
        done = subprocess.run(argv, cwd=folder, env=self.environment, check=False, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def versions(self) -> dict[str, str]:
        found = {}
        for name, packages in TOOLS.items():
            argv = [str(self.install(name) / "bin" / "pip"), "list", "--format=json"]
            listed = json.loads(subprocess.run(argv, check=True, capture_output=True, env=self.environment).stdout)
            wanted = {package.partition("[")[0] for package in packages}
            found.update({one["name"]: one["version"] for one in listed if one["name"] in wanted})
        return found

    def frozen(self, folder: Path, *install: str) -> str:
        """What pip finds in a fresh environment after an installation."""
        environment = folder / "environment"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
        self.run(folder, "pip", "--python", str(environment), "install", "--quiet", *install)
        return self.run(folder, "pip", "--python", str(environment), "freeze", "--all")


def requirements(tools: Toolbox, folder: Path) -> str:
    quiet = ("--quiet", "--strip-extras", "--allow-unsafe", "--no-emit-index-url")
    tools.run(folder, "pip-compile", *quiet, "--generate-hashes", "requirements.in")
    return tools.frozen(folder, "--require-hashes", "-r", "requirements.txt")


def pylock(tools: Toolbox, folder: Path) -> str:
    tools.run(folder, "pip", "lock", "--quiet", "-r", "requirements.in", "-o", "pylock.toml")
    return tools.frozen(folder, "-r", "pylock.toml")


def uv(tools: Toolbox, folder: Path) -> str:
    tools.run(folder, "uv", "lock", "--quiet", "--no-config")
    everything = ("--all-extras", "--all-groups", "--no-emit-project", "--format", "requirements-txt")
    return tools.run(folder, "uv", "export", "--quiet", "--no-config", "--frozen", "--no-header", *everything)


def poetry(tools: Toolbox, folder: Path) -> str:
    tools.run(folder, "poetry", "lock", "--no-interaction")
    return tools.run(folder, "poetry", "export", "--all-groups", "--all-extras", "--format", "requirements.txt")


def pdm(tools: Toolbox, folder: Path) -> str:
    tools.run(folder, "pdm", "lock", "--quiet", "-G", ":all")
    return tools.run(folder, "pdm", "export", "--quiet", "-G", ":all", "--format", "requirements")


def pipenv(tools: Toolbox, folder: Path) -> str:
    tools.run(folder, "pipenv", "lock", "--quiet", "--python", sys.executable)
    return tools.run(folder, "pipenv", "requirements", "--dev", "--hash")


PROJECTS: dict[str, tuple[str, Callable[[Toolbox, Path], str]]] = {
    "requirements": ("requirements.txt", requirements),
    "pylock": ("pylock.toml", pylock),
    "uv": ("uv.lock", uv),
    "poetry": ("poetry.lock", poetry),
    "pdm": ("pdm.lock", pdm),
    "pipenv": ("Pipfile.lock", pipenv),
}
INPUTS = ("pyproject.toml", "requirements.in", "Pipfile")


def record(tools: Toolbox, name: str) -> None:
    """Make one project's lock and list in a temporary folder; bring both home."""
    lock, make = PROJECTS[name]
    folder = tools.home / name
    folder.mkdir()
    for file in INPUTS:
        if (HERE / name / file).exists():
            shutil.copy(HERE / name / file, folder)
    listed = make(tools, folder)
    for text in (listed, (folder / lock).read_text("utf-8")):
        assert str(tools.home) not in text, f"{name}: a path of this machine is in the recording"
    shutil.copy(folder / lock, HERE / name)
    (HERE / name / "tool.out").write_text(listed, "utf-8")


def main(names: list[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="govsec-record-") as home:
        tools = Toolbox(Path(home))
        for name in names or list(PROJECTS):
            record(tools, name)
            sys.stderr.write(f"recorded {name}\n")
        text = json.dumps(tools.versions(), indent=2, sort_keys=True)
        (HERE / "tools.json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])

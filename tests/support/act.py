"""What act needs to run our action where nothing can be fetched: stand-ins for the actions that ours uses."""

from pathlib import Path
from typing import NamedTuple

import yaml

from tests.conftest import ROOT
from tests.support.repositories import commit_all, new_repository


class Other(NamedTuple):
    """An action that ours hands something on to, which cannot be fetched here.

    :param inputs: those that we give it; :param does: what the stand-in does besides noting them
    """

    inputs: tuple[str, ...]
    does: str = ""


OTHERS = {
    "actions/cache/restore": Other(("path", "key", "restore-keys")),
    "actions/cache/save": Other(("path", "key")),
    # As the real one: hidden files only where they are asked for.
    "actions/upload-artifact": Other(
        ("name", "path", "include-hidden-files", "if-no-files-found"),
        'cp -R "$IN_1" "$FACTS/artifact-$IN_0"; '
        '[ "$IN_2" = true ] || find "$FACTS/artifact-$IN_0" -name ".?*" -prune -exec rm -rf {} +',
    ),
    "actions/attest": Other(
        ("subject-path", "predicate-type", "predicate-path"),
        'cp "$IN_2" "$FACTS/predicate-$$.json"',
    ),
    "github/codeql-action/upload-sarif": Other(("sarif_file",), 'cp "$IN_0" "$FACTS/uploaded-$$.sarif"'),
}


def stand_ins(folder: Path, facts: Path) -> list[str]:
    """Stand-ins below ``folder`` for all that our action uses; the words that make act take them.

    :param facts: the folder in which each keeps the inputs that it gets
    """
    words = []
    for name, commit in _pins().items():
        repository = "/".join(name.split("/")[:2])
        _stand_in(folder / name, name, facts)
        words += ["--local-repository", f"{repository}@{commit}={folder / repository}"]
    for home in {word.rpartition("=")[2] for word in words[1::2]}:
        commit_all(new_repository(Path(home)), "Stand in")
    return words


def _stand_in(home: Path, name: str, facts: Path) -> None:
    inputs = "".join(f"  {one}: {{required: false}}\n" for one in OTHERS[name].inputs)
    given = "".join(f"        IN_{n}: ${{{{ inputs.{one} }}}}\n" for n, one in enumerate(OTHERS[name].inputs))
    noted = ";".join(f'printf "%s\\n" "{one}=$IN_{n}"' for n, one in enumerate(OTHERS[name].inputs))
    home.mkdir(parents=True)
    (home / "action.yml").write_text(
        f"name: {name}\ndescription: a stand-in\ninputs:\n{inputs}runs:\n  using: composite\n  steps:\n"
        f"    - shell: bash\n      env:\n        FACTS: {facts}\n{given}      run: |\n"
        f"        ({noted}) >> {facts}/{name.replace('/', '-')}\n        {OTHERS[name].does}\n"
    )


def _pins() -> dict[str, str]:
    """Each action that ours uses, and the commit it is pinned at."""
    steps = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))["runs"]["steps"]
    return dict(step["uses"].split("@") for step in steps if "uses" in step)


SETUP_PYTHON = "actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97"


def nothing(folder: Path) -> Path:
    """An action that does nothing: what it would set up is there."""
    text = "name: nothing\ndescription: a stand-in\nruns:\n  using: composite\n  steps:\n"
    text += "    - shell: bash\n      run: 'true'\n"
    new_repository(folder)
    (folder / "action.yml").write_text(text)
    commit_all(folder, "Stand in")
    return folder

"""Which files of a tree are Python: by their names, by their first line, and those that hold it in no readable form."""

import os
import re
from pathlib import Path

SOURCE = (".py", ".pyw")
"""What bandit takes when it walks a folder."""
UNREADABLE = (".pyc", ".pyo", ".pyz", ".pyzw", ".egg")
"""Python imports or runs these; their source, if they hold any, is not what is executed or not what is looked at."""
_SHEBANG = re.compile(rb"#![^\n]*(?:\bpython|\bpypy|\buv run\b)")
_SHEBANG_BYTES = 256


def is_python(path: str) -> bool:
    """Whether bandit would take the file by its name: its ``include`` default is ``*.py`` and ``*.pyw``."""
    return path.endswith(SOURCE)


def is_unreadable(path: str) -> bool:
    """Whether the file is byte code or an archive of modules."""
    return path.endswith(UNREADABLE)


def is_notebook(path: str) -> bool:
    """Whether the file is a Jupyter notebook."""
    return path.endswith(".ipynb")


def is_plain(path: str) -> bool:
    """Whether the name has no suffix, and so says nothing of what the file holds."""
    return "." not in path.rpartition("/")[2].lstrip(".")


def begins_as_script(content: bytes) -> bool:
    """Whether the first line says that Python runs the file."""
    return _SHEBANG.match(content[:_SHEBANG_BYTES]) is not None


def is_script(root: Path, path: str) -> bool:
    """Whether the file is run by Python though its name does not say so: ``bin/tool`` that begins ``#!…python``.

    Files with a suffix are opened only where they may be executed: a tree holds thousands that are only data.
    """
    if is_python(path) or is_unreadable(path):
        return False
    place = os.path.join(root, path)
    try:
        if not is_plain(path) and not os.stat(place).st_mode & 0o111:
            return False
        with open(place, "rb") as file:
            return begins_as_script(file.read(_SHEBANG_BYTES))
    except OSError:  # nobody can tell that it is none: who is to scan it says that it cannot be read
        return True

"""Write the pages of this folder from the profiles that ship: ``make docs``."""  # noqa: INP001 — a script

import sys
from pathlib import Path

from govsec_ci.app.profile_page import index, page
from govsec_ci.gate.profile import shipped


def pages() -> dict[str, str]:
    """File name → text, for every page that this folder must hold."""
    return {"README.md": index()} | {f"{name}.md": page(name) for name in shipped()}


def write(folder: Path) -> None:
    """Write every page; one of a profile that is gone goes, too."""
    made = pages()
    for path in folder.glob("*.md"):
        if path.name not in made:
            path.unlink()
    for name, text in made.items():
        (folder / name).write_text(text, "utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)

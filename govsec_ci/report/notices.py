"""What scanners say when they could not check something, in Japanese too.

Notifications are English (SARIF holds one language). A Japanese reader gets what the kind of notification means, with
the tool's own words after it, and the next step, where it is one of ours. What is not known here stays English.
"""

import functools
from collections.abc import Callable, Mapping

from govsec_ci.report.i18n import Text, both, same

# Notification id → what it means. Functions, because catalogues are read when a report is made.
_MEANINGS: Mapping[str, Callable[[], Text]] = {
    "dependency-not-audited": lambda: both("a component could not be audited"),
    "file-not-parsed": lambda: both("a file does not parse and was not examined"),
    "file-not-read": lambda: both("a file could not be read"),
    "file-not-scanned": lambda: both("a file was not examined"),
    "file-too-large": lambda: both("a file is larger than the limit and was not examined"),
    "import-missing": lambda: both("the report of another tool is missing"),
    "import-too-old": lambda: both("the report of another tool is too old"),
    "import-tracked": lambda: both("the report of another tool comes from the repository itself"),
    "import-undated": lambda: both("the report of another tool has no date"),
    "folder-linked": lambda: both("a link leads to a folder outside of the tree"),
    "left-out-unknown": lambda: both("git could not say what it tracks"),
    "lock-not-compared": lambda: both("a lock could not be compared with the declaration"),
    "lock-out-of-step": lambda: both("a lock does not hold what the project declares"),
    "manifest-include": lambda: both("an included manifest cannot be used"),
    "manifest-unlocked": lambda: both("dependencies are declared, and nothing locks them"),
    "manifest-unreadable": lambda: both("a manifest cannot be read"),
    "no-advisories": lambda: both("there is no advisory data"),
    "no-manifest": lambda: both("there is no dependency manifest"),
    "nothing-to-scan": lambda: both("there is nothing to examine"),
    "out-of-scope-missing": lambda: both("a file that is declared out of scope does not exist"),
    "requirement-conflict": lambda: both("two entries ask for different versions of one component"),
    "requirement-malformed": lambda: both("a requirement is malformed"),
    "requirement-not-on-index": lambda: both("a component does not come from the public index"),
    "requirement-unpinned": lambda: both("a requirement does not name one exact version"),
    "sbom-invalid": lambda: both("the SBOM is not valid"),
    "scanner-crashed": lambda: both("a scanner crashed"),
    "scanner-failed": lambda: both("a scanner failed"),
    "test-crashed": lambda: both("a test of the scanner crashed on a file"),
    "tool-failed": lambda: both("a tool failed"),
    "tracked-but-left-out": lambda: both("a folder that was left out holds tracked files"),
}


@functools.cache
def _steps() -> Mapping[str, str]:
    """Next step in English, as scanners and manifests write it → Japanese."""
    known = (
        both(
            "lock it, audit an installed environment with --environment, or declare in the configuration who audits it"
        ),
        both(
            "lock it (uv lock, poetry lock, pdm lock, or pip-compile --generate-hashes), or audit an installed "
            "environment with --environment, or say in govsec.toml [[declared]] how it is audited"
        ),
        both(
            "take a release from the public index, or say in govsec.toml [[declared]] who audits it and how "
            "(name, owner, reason)"
        ),
        both("mend the file, or declare it out of scope (with owner and reason) in the trusted configuration"),
        both("correct the file, or declare it out of scope (with owner and reason) in the trusted configuration"),
        both("scan with a Python that can parse it, mend the file, or declare it out of scope"),
        both("run `govsec advisories sync`, or name a folder or zip of OSV records with --advisories PATH"),
        both("add a lock file or a requirements.txt with exact versions"),
        both("add a pyproject.toml that lists the dependencies (an empty list, if none), or a lock file"),
        both("check that PATH is the project's folder"),
        both("remove the folder from the repository, or exclude it in the trusted configuration"),
        both("remove the entry from the configuration, or correct its path"),
        both("run the tool that writes it before govsec"),
        both("run the tool that writes it again"),
    )
    return {text.en: text.ja for text in known}


def said(identifier: str, english: str) -> Text:
    """What a notification says; ``english`` are its own words, inert already."""
    meaning = _MEANINGS.get(identifier)
    return Text(english, f"{meaning().ja}({english})") if meaning else same(english)


def step(english: str) -> Text:
    """What to do about it."""
    return Text(english, _steps().get(english, english))

"""What scanners say when they could not check something, in Japanese too.

Notifications are English (SARIF holds one language). A Japanese reader gets our own sentences in Japanese
(:mod:`.own_words`); of other tools' the meaning of its kind, where that is known, with the tool's own words after it.
"""

from collections.abc import Callable, Mapping

from govsec_ci.report import own_words
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


def said(identifier: str, english: str) -> Text:
    """What a notification says; ``english`` are its own words, inert already."""
    ours = own_words.translated(english)
    if ours:
        return Text(english, ours)
    meaning = _MEANINGS.get(identifier)
    return Text(english, f"{meaning().ja}({english})") if meaning else same(english)


def plain(english: str) -> Text:
    """A sentence of which nothing else is known, such as why a run does not apply."""
    return Text(english, own_words.translated(english) or english)

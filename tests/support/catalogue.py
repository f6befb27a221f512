"""The messages of the reports: extract them, and bring the Japanese catalogue up to date.

``python -m tests.support.catalogue`` rewrites ``govsec.po`` after messages have changed: new ones come without a
translation, unused ones go, and the completeness test names what is to be translated.
"""

from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from govsec_ci import __version__
from govsec_ci.report import i18n

REPORT = Path(i18n.__file__).parent
PO = i18n.LOCALE / "ja" / "LC_MESSAGES" / "govsec.po"
# Our own functions beside gettext's: translate (1) or choose by number (singular, plural).
_KEYWORDS = {
    "both": None, "say": None, "t": None, "attr": None, "mark": None, "both_n": (1, 2), "say_n": (1, 2), "tn": (1, 2),
}  # fmt: skip
_METHODS = [("**/templates/**.html", "jinja2.ext:babel_extract"), ("**.py", "python")]


def extracted() -> Catalog:
    """Every message in the sources."""
    catalogue = Catalog(project="govsec_ci", version=__version__, charset="utf-8", fuzzy=False)
    found = extract_from_dir(REPORT, _METHODS, keywords=_KEYWORDS)
    for file, _line, message, comments, context in found:
        catalogue.add(message, locations=[(file, 0)], auto_comments=comments, context=context)
    return catalogue


def translated() -> Catalog:
    """What is committed."""
    with PO.open("rb") as file:
        return read_po(file, locale="ja")


def main() -> None:
    """Rewrite the catalogue."""
    catalogue = translated()
    catalogue.update(extracted(), no_fuzzy_matching=True, update_header_comment=False)
    catalogue.obsolete.clear()
    catalogue.last_translator = "govsec_ci maintainers"
    catalogue.msgid_bugs_address = "see SECURITY.md and CONTRIBUTING.md"
    with PO.open("wb") as file:
        write_po(file, catalogue, width=120, sort_output=True, include_lineno=False, omit_header=False)


if __name__ == "__main__":
    main()

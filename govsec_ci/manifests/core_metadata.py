"""What core metadata says of a component besides its name and version: licence, supplier, authors, requirements.

Source: PyPA specification "Core metadata specifications"; PEP 639 for licences.
"""

from collections.abc import Iterator

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.metadata import RawMetadata
from packaging.requirements import InvalidRequirement, Requirement

from govsec_ci.manifests.pins import requirement

_LONGEST_LICENCE_NAME = 80


def requirements(metadata: RawMetadata) -> Iterator[Requirement]:
    """Every ``Requires-Dist`` that is a requirement."""
    for text in metadata.get("requires_dist", []):
        try:
            yield requirement(text)
        except InvalidRequirement:
            continue  # Only the graph loses an edge: what is installed is read on its own.


def licence(metadata: RawMetadata) -> str:
    """An SPDX expression where the metadata holds one, else the licence's name, else empty."""
    stated = metadata.get("license_expression") or metadata.get("license", "")
    try:
        return str(canonicalize_license_expression(stated)) if stated else _classified(metadata)
    except InvalidLicenseExpression:
        return _classified(metadata) or (stated if "\n" not in stated and len(stated) <= _LONGEST_LICENCE_NAME else "")


# Classifiers that name exactly one licence (PyPI's list of trove classifiers; SPDX licence list).
_CLASSIFIED = {
    "Apache Software License": "Apache-2.0",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "ISC License (ISCL)": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
    "Zope Public License": "ZPL-2.1",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.0-or-later",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
    "GNU Affero General Public License v3": "AGPL-3.0-only",
    "GNU Affero General Public License v3 or later (AGPLv3+)": "AGPL-3.0-or-later",
}


def _classified(metadata: RawMetadata) -> str:
    names = [text.rpartition(" :: ")[2] for text in metadata.get("classifiers", []) if text.startswith("License :: ")]
    known = sorted({_CLASSIFIED[name] for name in names if name in _CLASSIFIED})
    # Two classifiers do not say whether both hold or one may be chosen.
    return known[0] if len(known) == 1 and len(names) == 1 else ""


def authors(metadata: RawMetadata) -> tuple[str, ...]:
    """``Author`` and ``Author-email`` as they stand."""
    return tuple(text for text in (metadata.get("author", ""), metadata.get("author_email", "")) if text.strip())


def supplier(metadata: RawMetadata) -> str:
    """Who supplies it: the maintainer where one is named, else the author; a name rather than an address."""
    for field in ("maintainer", "maintainer_email", "author", "author_email"):
        text = str(metadata.get(field, "")).strip()
        if text and text.upper() != "UNKNOWN":
            return text.partition("<")[0].strip(' "') or text
    return ""

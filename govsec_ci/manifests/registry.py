"""Every manifest format. A new one is a new file and one line here."""

from govsec_ci.manifests.base import ManifestFormat
from govsec_ci.manifests.pyproject import Pyproject
from govsec_ci.manifests.requirements import Requirements

FORMATS: dict[str, ManifestFormat] = {
    format_.name: format_
    for format_ in (
        Requirements(),
        Pyproject(),
    )
}  # fmt: skip

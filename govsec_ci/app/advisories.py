"""Which advisory data a scan uses."""

import os
from pathlib import Path

from govsec_ci.advisories.prepare import default_cache, prepare

VARIABLE = "GOVSEC_ADVISORIES"


def resolve_advisories(source: Path | None) -> tuple[Path | None, str]:
    """The index to audit against, or None and why there is none.

    ``source`` (a folder of OSV JSON or an OSV ``all.zip``) outranks the variable ``GOVSEC_ADVISORIES``.

    :raises InputError: the data named are missing or broken
    """
    named = source or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    if named is not None:
        return prepare(named, default_cache()), ""
    return None, f"no advisory data were given: neither --advisories nor {VARIABLE}"

"""The operator's own files as the bundle keeps them: what looks like a secret is taken out before they decide anything.

A file in which nothing looks like one is kept byte for byte. Else the run itself uses the file as it is kept, so that
the bundle replays to the same bytes.
"""

import json
from typing import Final

from msgspec.structs import replace

from govsec_ci.errors import InputError
from govsec_ci.evidence.redact import redact
from govsec_ci.formats import sarif
from govsec_ci.gate import waivers
from govsec_ci.gate.waive import to_toml
from govsec_ci.model import Waiver
from govsec_ci.system import secrets

_HEAD: Final = "# Written anew by govsec: the file held what looks like a secret.\n"
_WORDS: Final = ("reason", "owner", "approver", "ticket", "plan")


def waivers_file(data: bytes, name: str) -> bytes:
    """A waivers file without secrets in its words and comments; :raises InputError: it is not what waivers must be."""
    found = waivers.parse(data, name)
    clean = tuple(map(_without, found))
    plain = data.decode("utf-8")
    if clean == found and secrets.text(plain) == plain:
        return data
    return (_HEAD + "".join(f"\n{to_toml(one)}" for one in clean)).encode()


def _without(waiver: Waiver) -> Waiver:
    return replace(waiver, **{name: secrets.text(getattr(waiver, name)) for name in _WORDS})


def vex_file(data: bytes, name: str) -> bytes:
    """A VEX document (JSON) without secrets in any of its values; :raises InputError: it is nested too deeply."""
    try:
        document = json.loads(data)
        clean = secrets.values(document)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name}: is no JSON, or nested too deeply: {error}") from error
    return data if clean == document else json.dumps(clean, indent=2).encode() + b"\n"


def baseline_file(data: bytes, name: str) -> bytes:
    """An earlier log without secrets in its results; :raises InputError: it is no log of ours."""
    try:
        runs = sarif.load(data)
    except InputError as error:
        raise InputError(
            f"{name}: {error.what}",
            next_step="give a results.sarif of an earlier run, or what `govsec baseline` wrote",
        ) from error
    clean = tuple(map(redact, runs))
    return data if clean == runs else sarif.write(clean)

"""What the advisory data says of newer versions of a component, as text among a run's properties.

Kept with the evidence, so that the plan of a bundle is the same years later and without advisory data.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from govsec_ci.errors import InputError
from govsec_ci.model import Candidate, Run

PREFIX: Final = "upgrades of "
"""Before the component's purl: the key in ``Run.properties``."""

_decode = msgspec.json.Decoder(tuple[tuple[str, tuple[str, ...]], ...]).decode


def write(found: Mapping[str, Iterable[Candidate]]) -> dict[str, str]:
    """Properties for a run: purl of the installed version → candidates."""
    return {
        f"{PREFIX}{purl}": msgspec.json.encode([(one.version, one.rest) for one in candidates]).decode()
        for purl, candidates in found.items()
    }


def read(run: Run) -> dict[str, tuple[Candidate, ...]]:
    """Purl → candidates, in their order; empty for a run that asked no advisory data of ours.

    :raises InputError: a property of that name is not what :func:`write` writes
    """
    own = {key.removeprefix(PREFIX): text for key, text in run.properties.items() if key.startswith(PREFIX)}
    return {purl: _candidates(purl, text) for purl, text in own.items()}


def _candidates(purl: str, text: str) -> tuple[Candidate, ...]:
    try:
        return tuple(Candidate(version=version, rest=rest) for version, rest in _decode(text))
    except msgspec.MsgspecError as error:
        raise InputError(f"{PREFIX}{purl}: {error}") from error

"""``[pins]`` of the settings: a profile that is not the one that was approved, byte for byte, does not judge."""

from govsec_ci.config import Config
from govsec_ci.errors import InputError
from govsec_ci.gate import profile as profile_files
from govsec_ci.gate.profile import Profile


def pinned(profiles: tuple[Profile, ...], config: Config) -> tuple[Profile, ...]:
    """``profiles``, when each that the configuration pins has the pinned sha256.

    :raises InputError: one has another, or bears an id that nothing pins where a pin binds nobody
    """
    if not config.pins:
        return profiles
    _check_pins(profiles, config)
    for profile in profiles:
        reference = profile_files.reference(profile)
        wanted = config.pins.get(profile.id, reference.sha256)
        if wanted != reference.sha256:
            raise InputError(
                f"profile {profile.id}: its sha256 is {reference.sha256}, but {wanted} is pinned",
                next_step="compare the two with `govsec profile diff`; correct [pins] once the change is approved",
            )
    return profiles


def _check_pins(profiles: tuple[Profile, ...], config: Config) -> None:
    """A pin is found by the profile's id, which the profile's file states: under another id it would bind nobody."""
    shipped = frozenset(profile_files.shipped())
    unused = sorted(config.pins.keys() - shipped - {one.id for one in profiles})
    if not unused:
        return
    # A file may also bear the id of a shipped profile.
    others = (one for one in profiles if one.id not in shipped or one != profile_files.load(one.id))
    free = sorted({one.id for one in others} - config.pins.keys())
    if free:
        raise InputError(
            f"[pins] pins {', '.join(unused)}, but not {', '.join(free)}, which judges",
            cause="a profile file bears another id than the one that is pinned, or the pin is misspelt",
            next_step="compare the profile with the approved one; pin it by the id that it states",
        )

"""A new waiver: drafted from the result that it is for, and added to ``govsec-waivers.toml``."""

import json
from datetime import datetime

from msgspec import structs

from govsec_ci.errors import UsageError
from govsec_ci.gate import waivers
from govsec_ci.gate.context import key_of
from govsec_ci.model import Result, Rule, Waiver


def draft(result: Result, rule: Rule, waiver: Waiver) -> Waiver:
    """``waiver``'s words, covering just this result, with what is known today.

    A vulnerability is covered in this one version of its component; other results by rule and path, or by their
    fingerprint where the path would read as a pattern.

    :raises UsageError: the result has neither a component nor a place
    """
    blank = structs.replace(waiver, fingerprint="", rule="", path="", vulnerability="", component="", versions="")
    if rule.vulnerability is not None and result.component is not None:
        return structs.replace(
            blank,
            vulnerability=rule.vulnerability.id,
            component=result.component.name,
            versions=f"=={result.component.version}",
            known=_known(result, rule),
        )
    if not result.locations:
        raise UsageError("this result has no place in a file, and cannot be waived by one")
    path = result.locations[0].path
    if waivers.WILD & set(path):
        return structs.replace(blank, fingerprint=key_of(result), known={})
    return structs.replace(blank, rule=result.rule_id, path=path, known={})


def _known(result: Result, rule: Rule) -> dict[str, str]:
    known = {
        "kev": "yes" if rule.vulnerability and rule.vulnerability.kev else "",
        "fix": (result.fix.nearest or "") if result.fix else "",
        "epss": repr(rule.vulnerability.epss.score) if rule.vulnerability and rule.vulnerability.epss else "",
    }
    return {key: value for key, value in known.items() if value}


def add(data: bytes, waiver: Waiver, name: str) -> bytes:
    """The file's bytes with the waiver at its end; what stands there stays as it is.

    :raises InputError: the file, or the waiver, is not what waivers must be
    """
    before = data.decode().rstrip()
    after = f"{before}\n\n{to_toml(waiver)}" if before else to_toml(waiver)
    waivers.parse(after.encode(), name)
    return after.encode()


def to_toml(waiver: Waiver) -> str:
    """One ``[[waivers]]`` table."""
    covers = ("fingerprint", "rule", "path", "vulnerability", "component", "versions")
    lines = ["[[waivers]]", f"id = {_text(waiver.id)}"]
    lines += [f"{key} = {_text(getattr(waiver, key))}" for key in covers if getattr(waiver, key)]
    lines += [f"{key} = {_text(getattr(waiver, key))}" for key in ("reason", "owner", "approver", "ticket")]
    lines += [f"{key} = {_day(getattr(waiver, key))}" for key in ("created", "expires")]
    lines += [f"plan = {_text(waiver.plan)}"]
    lines += [] if waiver.reopen_epss is None else [f"reopen-epss = {waiver.reopen_epss!r}"]
    known = [f"{key} = {_known_value(key, value)}" for key, value in sorted(waiver.known.items())]
    lines += [f"known = {{ {', '.join(known)} }}"] if known else []
    return "\n".join(lines) + "\n"


def _text(value: str) -> str:
    # A JSON string is a TOML basic string, but for DEL, which TOML wants escaped too.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def _known_value(key: str, value: str) -> str:
    return {"kev": "true", "epss": value}.get(key, _text(value))

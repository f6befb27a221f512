"""sarif-om objects → JSON bytes, by a plan made once a class.

The library's own serialiser drops values equal to their defaults, so that ``level: warning`` vanishes (and means
something else to a reader who looks into the rule), writes times wrongly, and is thirty times slower.
"""

from typing import Any

import attr
import msgspec

# Always written, even when equal to the default: what they default to depends on where they stand.
_ALWAYS = frozenset({"level", "kind"})
_ENCODER = msgspec.json.Encoder()
_SCALARS = frozenset({str, int, float, bool})
_NOTHING_DROPPED = object()
# Per class: attribute → (SARIF's name, the default that is left out). Empty for what msgspec writes by itself.
_Plan = dict[str, tuple[str, Any]]
_plans: dict[type, _Plan] = {}


def to_json(value: Any) -> bytes:
    """JSON of a sarif-om object, or of dicts, lists, msgspec structs and scalars; keys in the class's own order.

    A character that has no UTF-8 form (an undecodable byte of a file name held by ``surrogateescape``) is written as
    U+FFFD.
    """
    return encode(to_plain(value))


def encode(plain: Any) -> bytes:
    """The same of dicts, lists, msgspec structs and scalars alone."""
    try:
        return _ENCODER.encode(plain)
    except UnicodeEncodeError:
        return _ENCODER.encode(_encodable(msgspec.to_builtins(plain)))


def to_plain(value: Any) -> Any:
    """The same as dicts and lists with SARIF's names; None and defaults left out."""
    kind = value.__class__
    if kind is list:
        return [to_plain(item) for item in value]
    plan = _plans.get(kind)
    if plan is None:
        plan = _plans[kind] = _make_plan(kind)
    if not plan:
        return value
    plain = {}
    for name, item in value.__dict__.items():
        if item is not None:
            key, default = plan[name]
            # Only scalars and one list have defaults; comparing sarif-om objects would be slow.
            if item.__class__ in _SCALARS:
                if item != default:
                    plain[key] = item
            elif item.__class__ is not list or item != default:
                plain[key] = to_plain(item)
    return plain


def _make_plan(kind: type) -> _Plan:
    if not attr.has(kind):
        return {}
    return {field.name: (field.metadata["schema_property_name"], _default_of(field)) for field in attr.fields(kind)}


def _default_of(field: Any) -> Any:
    if field.name in _ALWAYS:
        return _NOTHING_DROPPED
    if isinstance(field.default, attr.Factory):  # type: ignore[arg-type]  # in attrs' types it is a function
        return field.default.factory()
    return _NOTHING_DROPPED if field.default is attr.NOTHING else field.default


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_encodable(item) for item in value]
    if isinstance(value, dict):
        return {_encodable(key): _encodable(item) for key, item in value.items()}
    return value

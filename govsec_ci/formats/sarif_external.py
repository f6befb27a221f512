"""Parts of a foreign run that stand elsewhere (SARIF 2.1.0 sections 3.13.5, 3.15 and 4): put back into the run."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from govsec_ci.errors import InputError
from govsec_ci.formats.sarif_decode import decode, refuse_duplicate_keys, to_utf8
from govsec_ci.formats.sarif_wire import WireExternalFile, WireExternalProperties, WireLog, WireRun

_LISTS = ("results", "artifacts", "invocations", "taxonomies", "logical_locations")
_Read = Callable[[str], bytes]


def gather(run: WireRun, log: WireLog, path: str, origin: str, read: _Read | None) -> WireRun:
    """The run with everything that is external to it.

    :param path: the run's JSON path, for messages
    :raises InputError: a file may not be read, is broken, is not the one meant, or holds another number of items
    """
    for part in log.inline_external_properties:
        if _is_of(part, run):
            run = _joined(run, part)
    for kind, number, reference in _references(run):
        where = f"{origin}: {path}.externalPropertyFileReferences.{kind}[{number}]"
        run = _joined(run, _fetch(reference, kind, where, read))
    return run


def refuse_orphans(log: WireLog, origin: str) -> None:
    """Every inline part must belong to a run: what it tells would otherwise be lost without a word.

    :raises InputError: one with results or invocations names no run of the log
    """
    for number, part in enumerate(log.inline_external_properties):
        if (part.results or part.invocations) and not any(_is_of(part, run) for run in log.runs or ()):
            raise InputError(f"{origin}: $.inlineExternalProperties[{number}].runGuid: names no run of this log")


def _is_of(part: WireExternalProperties, run: WireRun) -> bool:
    """By GUID, whose letters may be of either case (section 3.5.3)."""
    guid = run.automation_details.guid
    return bool(part.run_guid and guid) and (part.run_guid or "").lower() == (guid or "").lower()


def _references(run: WireRun) -> Iterator[tuple[str, int, WireExternalFile]]:
    """Each file once: one file may hold several kinds, and then stands under each of them."""
    files = run.external_property_file_references
    seen: set[str | None] = set()
    for kind in (*_LISTS, "extensions", "driver"):
        listed = getattr(files, kind)
        for number, reference in enumerate(listed if isinstance(listed, list) else [listed] if listed else []):
            uri = reference.location.uri if reference.location else None
            if uri is None or uri not in seen:
                seen.add(uri)
                yield kind, number, reference


def _fetch(reference: WireExternalFile, kind: str, where: str, read: _Read | None) -> WireExternalProperties:
    uri = reference.location.uri if reference.location else None
    if not uri:
        raise InputError(f"{where}: names no file")
    if read is None:
        raise InputError(f"{where}: {uri} may not be read", next_step="give the log in a folder with its files")
    name = f"{where} ({uri})"
    text = to_utf8(read(uri), name)
    refuse_duplicate_keys(text, name)
    part = decode(text, WireExternalProperties, name)
    if reference.guid and part.guid and reference.guid.lower() != part.guid.lower():
        raise InputError(f"{name}: is another file than the one meant: its guid is {part.guid}")
    found: Any = getattr(part, kind)
    if reference.item_count >= 0 and isinstance(found, list) and len(found) != reference.item_count:
        raise InputError(f"{name}: the number of {kind} is {len(found)}, not {reference.item_count}")
    return part


def _joined(run: WireRun, part: WireExternalProperties) -> WireRun:
    lists: dict[str, Any] = {name: [*(getattr(run, name) or []), *(getattr(part, name) or [])] for name in _LISTS}
    if run.results is None and part.results is None:
        lists["results"] = None
    tool = msgspec.structs.replace(
        run.tool,
        driver=part.driver or run.tool.driver,
        extensions=[*run.tool.extensions, *part.extensions],
    )
    return msgspec.structs.replace(run, tool=tool, **lists)

"""Which fields public documents ask of an SBOM, and which of them a CycloneDX file holds: field by field.

Documents: NTIA, The Minimum Elements For a Software Bill of Materials (2021-07-12); CISA, 2025 Minimum Elements for a
Software Bill of Materials (public comment draft, 2025-08-22); BSI TR-03183-2 v2.1.0 (2025-08-20), with the property
names of BSI's CycloneDX property taxonomy.
"""

from collections.abc import Callable, Iterator, Mapping

from msgspec import UNSET, Struct, structs

from govsec_ci.formats import cyclonedx_xml
from govsec_ci.formats.cyclonedx_read import (
    AUTHOR,
    DOCUMENT,
    IDENTIFIERS,
    NAME,
    RELATIONSHIP,
    SUPPLIER,
    TIMESTAMP,
    VERSION,
    called,
    has_identifier,
    has_supplier,
    licence_text,
    missing,
    named,
    parse_purl,
    related_refs,
    sbom_of,
    timestamp,
    tools,
    with_root,
)
from govsec_ci.formats.cyclonedx_wire import Bom, Contact, Entity, WireComponent, decode, decode_raw, validate
from govsec_ci.model import Sbom

MUST = "must"
SHOULD = "should"
_NTIA = ("NTIA minimum elements", "2021-07-12")
_CISA = ("CISA minimum elements", "2025 draft")
_BSI = ("BSI TR-03183-2", "2.1.0")
BSI_FIELDS = (
    "CycloneDX 1.6 or later",
    "no vulnerability information",
    "creator of the SBOM",
    "timestamp",
    "dependencies resolved recursively",
    "dependencies with completeness",
    "component creator",
    "component name",
    "component version",
    "filename",
    "distribution licences",
    "SHA-512 of the deployable component",
    "executable",
    "archive",
    "structured",
    "SBOM URI",
    "source code URI",
    "URI of the deployable form",
    "purl or CPE",
    "original licences",
)
"""Every field that is looked at for BSI TR-03183-2, in the order of :func:`check`."""
CISA_FIELDS = ("component hash", "tool name", "generation context")
"""What the CISA draft of 2025 adds to the fields of 2021, the licence aside; see :func:`drafted`."""
_BSI_FROM = (1, 6)
_DISTRIBUTION = frozenset({"distribution", "distribution-intake"})

Test = Callable[[WireComponent], bool]


class SbomField(Struct, frozen=True, kw_only=True):
    """One field that one document asks for.

    :param clause: section of the document; :param demand: ``must``, or ``should`` (also: "if it exists", and drafts)
    :param place: where it was looked for, in CycloneDX's own names
    :param present: how many of ``total`` have it; a field of the whole document has a total of 1
    :param missing: purls (or bom-refs, names) of components without it, or ``document``
    """

    standard: str
    edition: str
    clause: str
    field: str
    demand: str
    place: str
    present: int
    total: int
    missing: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing


class SbomReport(Struct, frozen=True, kw_only=True):
    """What ``govsec sbom check`` says of a file.

    :param components: how many, the root aside
    :param problems: what is wrong by the schema of its own version, with JSON pointer or line; empty for a valid file
    """

    spec_version: str
    serial_number: str
    components: int
    problems: tuple[str, ...]
    fields: tuple[SbomField, ...]


def check(data: bytes, *, name: str = "SBOM") -> SbomReport:
    """Look at every field of a CycloneDX file (1.2 to 1.7, JSON or XML).

    :raises InputError: it is no such file
    """
    bom = decode(data, name=name)
    return SbomReport(
        spec_version=bom.spec_version,
        serial_number=bom.serial_number,
        components=sum(1 for _ in bom.every_component()),
        problems=_problems(data, bom.spec_version, name),
        fields=(*_ntia(bom), *_cisa(bom), *_bsi(bom)),
    )


def read_sbom(data: bytes, *, name: str = "SBOM") -> Sbom:
    """As :func:`govsec_ci.formats.cyclonedx_read.read_sbom`, with the fields of BSI and of the CISA draft, too.

    :raises InputError: it is no such file
    """
    bom = decode(data, name=name)
    lacking = {field.field: field.missing for field in _bsi(bom) if field.missing}
    lacking |= {drafted(field.field): field.missing for field in _cisa(bom) if field.missing}
    return structs.replace(sbom_of(bom), fields=lacking)


def drafted(field: str) -> str:
    """The name of a field of the CISA draft beside those of BSI, which may be called alike."""
    return f"{field} (CISA draft)"


def _problems(data: bytes, spec: str, name: str) -> tuple[str, ...]:
    if cyclonedx_xml.is_xml(data):
        return cyclonedx_xml.validate(data, spec)
    return validate(decode_raw(data, name=name), spec)


class _Table:
    """Rows of one document over one file."""

    def __init__(self, bom: Bom, standard: tuple[str, str]) -> None:
        self.everything = with_root(bom)
        self.standard, self.edition = standard

    def each(self, clause: str, field: str, place: str, test: Test, *, demand: str = MUST) -> SbomField:
        """A field of every component, the root included."""
        lacking = [called(component) for component in self.everything if not test(component)]
        return self._row(clause, field, place, demand, total=len(self.everything), lacking=lacking)

    def document(self, clause: str, field: str, place: str, *, present: bool, demand: str = MUST) -> SbomField:
        """A field of the file as a whole."""
        return self._row(clause, field, place, demand, total=1, lacking=[] if present else [DOCUMENT])

    def lacking(self, clause: str, field: str, place: str, lacking: tuple[str, ...]) -> SbomField:
        """A field that :func:`govsec_ci.formats.cyclonedx_read.missing` has looked at."""
        whole = field in (AUTHOR, TIMESTAMP)
        total = 1 if whole else len(self.everything) + lacking.count(DOCUMENT)
        return self._row(clause, field, place, MUST, total=total, lacking=list(lacking))

    def _row(self, clause: str, field: str, place: str, demand: str, *, total: int, lacking: list[str]) -> SbomField:
        return SbomField(
            standard=self.standard,
            edition=self.edition,
            clause=clause,
            field=field,
            demand=demand,
            place=place,
            present=max(0, total - len(lacking)),
            total=total,
            missing=tuple(sorted(set(lacking))),
        )


def _ntia(bom: Bom) -> Iterator[SbomField]:
    table, lacking = _Table(bom, _NTIA), missing(bom)
    for field, place in (
        (SUPPLIER, "supplier.name, manufacturer.name or publisher"),
        (NAME, "name"),
        (VERSION, "version"),
        (IDENTIFIERS, "purl, cpe, swid, omniborId or swhid"),
        (RELATIONSHIP, "dependencies[].dependsOn"),
        (AUTHOR, "metadata.authors, manufacturer, supplier or tools"),
        (TIMESTAMP, "metadata.timestamp"),
    ):
        yield table.lacking("Data Fields", field, place, lacking.get(field, ()))
    told = bool(bom.compositions)
    yield table.document("Practices", "known unknowns", "compositions", present=told, demand=SHOULD)


def _cisa(bom: Bom) -> Iterator[SbomField]:
    table, related, root = _Table(bom, _CISA), related_refs(bom), bom.metadata.component
    metadata = bom.metadata
    author = _any_named(metadata.authors) or named(metadata.manufacturer) or named(metadata.manufacture)
    yield _draft(table, "SBOM author", "metadata.authors or manufacturer", present=author)
    yield _draft(table, "tool name", "metadata.tools", present=any(tool.name for tool in tools(bom)))
    yield _draft(table, "timestamp", "metadata.timestamp", present=timestamp(bom) is not None)
    context = any(stage.phase or stage.name for stage in metadata.lifecycles)
    yield _draft(table, "generation context", "metadata.lifecycles", present=context)
    each: tuple[tuple[str, str, Test], ...] = (
        ("software producer", "manufacturer, supplier, authors or publisher", _has_producer),
        ("component name", "name", lambda component: bool(component.name.strip())),
        ("component version", "version", lambda component: bool(component.version.strip())),
        ("software identifiers", "purl, cpe, swid, omniborId or swhid", has_identifier),
        ("component hash", "hashes, or those of a distribution reference", lambda c: _has_hash(c, None)),
        ("license", "licenses", lambda component: bool(licence_text(component))),
        ("dependency relationship", "dependencies[].dependsOn", lambda c: c is root or c.bom_ref in related),
    )
    for field, place, test in each:
        yield table.each("Data Fields", field, place, test, demand=SHOULD)


def _draft(table: _Table, field: str, place: str, *, present: bool) -> SbomField:
    return table.document("Data Fields", field, place, present=present, demand=SHOULD)


def _any_named(contacts: tuple[Contact, ...]) -> bool:
    return any(contact.name.strip() or contact.email.strip() for contact in contacts)


def _has_producer(component: WireComponent) -> bool:
    return has_supplier(component) or _any_named(component.authors) or bool(component.author.strip())


def _has_hash(component: WireComponent, algorithm: str | None) -> bool:
    own = () if algorithm else component.hashes
    referred = (h for r in component.external_references if r.type in _DISTRIBUTION for h in r.hashes)
    return any(algorithm in (None, digest.alg) for digest in (*own, *referred))


def _bsi(bom: Bom) -> Iterator[SbomField]:
    table = _Table(bom, _BSI)
    yield from _bsi_document(bom, table)
    yield from _bsi_graph(bom, table)
    yield from _bsi_components(table)
    yield from _bsi_if_it_exists(bom, table)


def _bsi_document(bom: Bom, table: _Table) -> Iterator[SbomField]:
    version = tuple(int(part) for part in bom.spec_version.split("."))
    metadata = bom.metadata
    yield table.document("4", "CycloneDX 1.6 or later", "specVersion", present=version >= _BSI_FROM)
    clean = bom.vulnerabilities is UNSET or not bom.vulnerabilities
    yield table.document("3.1", "no vulnerability information", "vulnerabilities", present=clean)
    creator = _reachable(metadata.manufacturer) or _reachable(metadata.manufacture)
    yield table.document("5.2.1", "creator of the SBOM", "metadata.manufacturer: url or contact.email", present=creator)
    yield table.document("5.2.1", "timestamp", "metadata.timestamp", present=timestamp(bom) is not None)


def _reachable(entity: Entity | None) -> bool:
    return entity is not None and (any(entity.url) or any(contact.email for contact in entity.contact))


def _bsi_graph(bom: Bom, table: _Table) -> Iterator[SbomField]:
    nodes = () if bom.dependencies is UNSET else bom.dependencies
    listed = {node.ref for node in nodes}
    complete = {ref for group in bom.compositions if group.aggregate == "complete" for ref in group.dependencies}
    told = {ref for group in bom.compositions for ref in group.dependencies if group.aggregate != "not_specified"}
    recursive = listed & complete
    yield table.each(
        "5.1",
        "dependencies resolved recursively",
        "a node whose composition is complete",
        lambda c: c.bom_ref in recursive,
    )
    yield table.each(
        "5.2.2", "dependencies with completeness", "dependencies and compositions", lambda c: c.bom_ref in told & listed
    )


def _bsi_components(table: _Table) -> Iterator[SbomField]:
    each: tuple[tuple[str, str, Test], ...] = (
        ("component creator", "manufacturer: url or contact.email", lambda c: _reachable(c.manufacturer)),
        ("component name", "name", lambda c: bool(c.name.strip())),
        ("component version", "version", lambda c: bool(c.version.strip())),
        ("filename", "property bsi:component:filename", lambda c: _property(c, "filename")),
        ("distribution licences", "licenses, acknowledgement concluded", lambda c: _acknowledged(c, "concluded")),
        ("SHA-512 of the deployable component", "distribution reference, hashes", lambda c: _has_hash(c, "SHA-512")),
        ("executable", "property bsi:component:executable", lambda c: _flag(c, "executable")),
        ("archive", "property bsi:component:archive", lambda c: _flag(c, "archive")),
        ("structured", "property bsi:component:structured", lambda c: _flag(c, "structured")),
    )
    for field, place, test in each:
        yield table.each("5.2.2", field, place, test)


def _bsi_if_it_exists(bom: Bom, table: _Table) -> Iterator[SbomField]:
    yield table.document("5.2.4", "SBOM URI", "serialNumber", present=bool(bom.serial_number), demand=SHOULD)
    each: tuple[tuple[str, str, Test], ...] = (
        (
            "source code URI",
            "reference source-distribution or vcs",
            lambda c: _refers(c, {"source-distribution", "vcs"}),
        ),
        ("URI of the deployable form", "reference distribution", lambda c: _refers(c, _DISTRIBUTION)),
        ("purl or CPE", "purl, cpe or swid", lambda c: bool(parse_purl(c.purl) or c.cpe or c.swid)),
        ("original licences", "licenses, acknowledgement declared", lambda c: _acknowledged(c, "declared")),
    )
    for field, place, test in each:
        yield table.each("5.2.4", field, place, test, demand=SHOULD)


_FLAGS: Mapping[str, frozenset[str]] = {
    "executable": frozenset({"executable", "non-executable"}),
    "archive": frozenset({"archive", "no archive"}),
    "structured": frozenset({"structured", "unstructured"}),
}


def _values(component: WireComponent, name: str) -> list[str]:
    return [item.value for item in component.properties if item.name == f"bsi:component:{name}"]


def _property(component: WireComponent, name: str) -> bool:
    return [bool(value.strip()) for value in _values(component, name)] == [True]


def _flag(component: WireComponent, name: str) -> bool:
    # BSI's taxonomy: exactly once, and one of two values.
    values = _values(component, name)
    return len(values) == 1 and values[0] in _FLAGS[name]


def _acknowledged(component: WireComponent, how: str) -> bool:
    for choice in component.licenses:
        if choice.expression and choice.acknowledgement == how:
            return True
        if choice.license is not None and choice.license.id and choice.license.acknowledgement == how:
            return True
    return False


def _refers(component: WireComponent, kinds: set[str] | frozenset[str]) -> bool:
    return any(reference.type in kinds and reference.url for reference in component.external_references)

"""What stands in any SARIF log: constants, and the structs that a log is decoded into.

Standard: SARIF 2.1.0 errata 01; "section" in a docstring is a section of it.
"""

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta, Raw, Struct

from govsec_ci.model import (
    Kind,
    Level,
    SuppressionKind,
    SuppressionStatus,
)

SCHEMA_URI = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
VERSION = "2.1.0"
SOURCE_ROOT = "SRCROOT"
COLUMN_KIND = "utf16CodeUnits"
LINE_HASH = "primaryLocationLineHash"
FINGERPRINT = "govsec/v1"

# 2^31-1 is the largest line that every consumer we know of holds; a larger number is an attack or a defect.
_LARGEST = 2**31 - 1
Ordinal = Annotated[int, Meta(ge=1, le=_LARGEST)]
Index = Annotated[int, Meta(ge=-1, le=_LARGEST)]
Count = Annotated[int, Meta(ge=-1, le=2**53)]


class Wire(Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of everything read from a log: unknown keys are allowed, wrong types are not."""


class Text(Wire, frozen=True, kw_only=True, gc=False):
    """``message`` and ``multiformatMessageString`` (sections 3.11, 3.12)."""

    text: str | None = None
    markdown: str | None = None
    id: str | None = None
    arguments: tuple[str, ...] = ()


class WireArtifactLocation(Wire, frozen=True, kw_only=True, gc=False):
    """Section 3.4."""

    uri: str | None = None
    uri_base_id: str | None = None
    index: Index = -1
    description: Text | None = None


class WireRegion(Wire, frozen=True, kw_only=True, gc=False):
    """Section 3.30; only text regions are used, so ``startLine`` may be missing."""

    start_line: Ordinal | None = None
    start_column: Ordinal | None = None
    end_line: Ordinal | None = None
    end_column: Ordinal | None = None
    snippet: Text | None = None


class WirePhysicalLocation(Wire, frozen=True, kw_only=True, gc=False):
    """Section 3.29."""

    artifact_location: WireArtifactLocation | None = None
    region: WireRegion | None = None


class WireLogicalLocation(Wire, frozen=True, kw_only=True, gc=False):
    """Section 3.33."""

    name: str | None = None
    fully_qualified_name: str | None = None
    index: Index = -1


class WireLocation(Wire, frozen=True, kw_only=True, gc=False):
    """Section 3.28."""

    physical_location: WirePhysicalLocation | None = None
    logical_locations: tuple[WireLogicalLocation, ...] = ()


class WireSuppression(Wire, frozen=True, kw_only=True):
    """Section 3.35; without ``status`` a suppression counts as accepted."""

    kind: SuppressionKind
    status: SuppressionStatus = SuppressionStatus.ACCEPTED
    justification: str = ""
    location: WireLocation | None = None
    guid: str = ""
    properties: Raw = Raw(b"{}")


class WireProvenance(Wire, frozen=True, kw_only=True):
    """Section 3.48; the time is parsed by the reader, which knows where it stands."""

    first_detection_time_utc: str | None = None
    invocation_index: Index = -1


class WireReference(Wire, frozen=True, kw_only=True):
    """``toolComponentReference`` (section 3.54)."""

    name: str | None = None
    index: Index = -1
    guid: str | None = None


class WireDescriptorReference(Wire, frozen=True, kw_only=True):
    """``reportingDescriptorReference`` (section 3.52)."""

    id: str | None = None
    index: Index = -1
    guid: str | None = None
    tool_component: WireReference | None = None


class WireConfiguration(Wire, frozen=True, kw_only=True):
    """``reportingConfiguration`` (section 3.50); a missing ``level`` is ``warning``."""

    enabled: bool = True
    level: Level | None = None
    rank: float = -1.0


class WireOverride(Wire, frozen=True, kw_only=True):
    """``configurationOverride`` (section 3.51)."""

    configuration: WireConfiguration
    descriptor: WireDescriptorReference


class WireRelationship(Wire, frozen=True, kw_only=True):
    """``reportingDescriptorRelationship`` (section 3.53)."""

    target: WireDescriptorReference


class WireRule(Wire, frozen=True, kw_only=True):
    """``reportingDescriptor`` (section 3.49)."""

    id: str
    guid: str | None = None
    name: str = ""
    short_description: Text = Text()
    full_description: Text = Text()
    help: Text = Text()
    help_uri: str = ""
    message_strings: Mapping[str, Text] = {}
    default_configuration: WireConfiguration = WireConfiguration()
    relationships: list[WireRelationship] = []
    deprecated_ids: list[str] = []
    properties: Raw = Raw(b"{}")


class WireComponent(Wire, frozen=True, kw_only=True):
    """``toolComponent`` (section 3.19): the driver, an extension or a taxonomy."""

    name: str = ""
    guid: str | None = None
    version: str = ""
    semantic_version: str = ""
    information_uri: str = ""
    rules: list[WireRule] = []
    taxa: list[WireRule] = []
    global_message_strings: Mapping[str, Text] = {}
    properties: Raw = Raw(b"{}")


class WireTool(Wire, frozen=True, kw_only=True):
    """Section 3.18."""

    driver: WireComponent
    extensions: list[WireComponent] = []


class WireNotification(Wire, frozen=True, kw_only=True):
    """Section 3.58."""

    message: Text
    level: Level = Level.WARNING
    descriptor: WireDescriptorReference = WireDescriptorReference()
    locations: list[WireLocation] = []
    properties: Raw = Raw(b"{}")


class WireInvocation(Wire, frozen=True, kw_only=True):
    """Section 3.20."""

    execution_successful: bool
    start_time_utc: str | None = None
    end_time_utc: str | None = None
    arguments: list[str] = []
    exit_code: Annotated[int, Meta(ge=-(2**31), le=2**32)] | None = None
    tool_execution_notifications: list[WireNotification] = []
    tool_configuration_notifications: list[WireNotification] = []
    rule_configuration_overrides: list[WireOverride] = []


class WireArtifact(Wire, frozen=True, kw_only=True):
    """Section 3.24."""

    location: WireArtifactLocation = WireArtifactLocation()
    length: Count = -1
    hashes: Mapping[str, str] = {}


class WireAutomation(Wire, frozen=True, kw_only=True):
    """``runAutomationDetails`` (section 3.17)."""

    id: str = ""
    guid: str | None = None


class WireVersionControl(Wire, frozen=True, kw_only=True):
    """``versionControlDetails`` (section 3.23)."""

    repository_uri: str = ""
    revision_id: str = ""


class WireExternalFile(Wire, frozen=True, kw_only=True):
    """``externalPropertyFileReference`` (section 3.16)."""

    location: WireArtifactLocation | None = None
    guid: str | None = None
    item_count: Count = -1


class WireExternalFiles(Wire, frozen=True, kw_only=True):
    """``externalPropertyFileReferences`` (section 3.15); only the kinds that we use."""

    artifacts: list[WireExternalFile] = []
    invocations: list[WireExternalFile] = []
    results: list[WireExternalFile] = []
    taxonomies: list[WireExternalFile] = []
    extensions: list[WireExternalFile] = []
    logical_locations: list[WireExternalFile] = []
    driver: WireExternalFile | None = None


class WireResult(Wire, frozen=True, kw_only=True):
    """Section 3.27; ``level`` and ``kind`` are None where the log leaves them out, for the reader to resolve."""

    message: Text
    rule_id: str | None = None
    rule_index: Index = -1
    rule: WireDescriptorReference | None = None
    kind: Kind | None = None
    level: Level | None = None
    locations: list[WireLocation] = []
    analysis_target: WireArtifactLocation | None = None
    suppressions: list[WireSuppression] | None = None
    fingerprints: Mapping[str, str] = {}
    partial_fingerprints: Mapping[str, str] = {}
    correlation_guid: str = ""
    guid: str = ""
    baseline_state: str | None = None
    rank: float = -1.0
    taxa: list[WireDescriptorReference] = []
    provenance: WireProvenance = WireProvenance()
    properties: Raw = Raw(b"{}")


class WireRunHead(Wire, frozen=True, kw_only=True):
    """Section 3.14, all but the results."""

    tool: WireTool
    invocations: list[WireInvocation] = []
    artifacts: list[WireArtifact] = []
    logical_locations: list[WireLogicalLocation] = []
    taxonomies: list[WireComponent] = []
    policies: list[WireComponent] = []
    original_uri_base_ids: Mapping[str, WireArtifactLocation] = {}
    automation_details: WireAutomation = WireAutomation()
    version_control_provenance: list[WireVersionControl] = []
    external_property_file_references: WireExternalFiles = WireExternalFiles()
    column_kind: str | None = None
    properties: Raw = Raw(b"{}")


class WireRun(WireRunHead, frozen=True, kw_only=True):
    """Section 3.14; ``results`` is None where the scan did not get as far as looking (section 3.14.23)."""

    results: list[WireResult] | None = None


class WireExternalProperties(Wire, frozen=True, kw_only=True):
    """``externalProperties`` (section 4.3): a part of a run that stands in another file, or inline in the log."""

    guid: str | None = None
    run_guid: str | None = None
    driver: WireComponent | None = None
    extensions: list[WireComponent] = []
    taxonomies: list[WireComponent] = []
    artifacts: list[WireArtifact] = []
    invocations: list[WireInvocation] = []
    logical_locations: list[WireLogicalLocation] = []
    results: list[WireResult] | None = None


class WireLog(Wire, frozen=True, kw_only=True):
    """Section 3.13; ``runs`` is null where the log's maker could not tell (section 3.13.4)."""

    version: str
    runs: list[WireRun] | None
    inline_external_properties: list[WireExternalProperties] = []

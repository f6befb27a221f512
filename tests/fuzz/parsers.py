"""Every parser of what somebody else wrote: its name, its call, real files to start from, how these are broken."""

import io
import json
import sqlite3
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from govsec_ci import config
from govsec_ci.advisories import archive, epss, feeds, kev, osv, schema, store, vulnrichment
from govsec_ci.advisories.base import Feed
from govsec_ci.advisories.sources import open_source
from govsec_ci.app import bundle, init, keys, operator_files, pull_request, signature, snapshot, target
from govsec_ci.app.init_files import HookSource
from govsec_ci.app.vex import read_statements
from govsec_ci.evidence import redact
from govsec_ci.formats import cyclonedx, intoto, manifest, openvex, sarif, sarif_foreign, verdict
from govsec_ci.formats import osv as osv_format
from govsec_ci.formats.cyclonedx_same import same
from govsec_ci.gate import cases, profile, waivers
from govsec_ci.manifests.base import ManifestFormat
from govsec_ci.manifests.environment import read_environment
from govsec_ci.manifests.project import read_project
from govsec_ci.manifests.registry import BY_CONTENT, FORMATS
from govsec_ci.model import FeedState
from govsec_ci.report import inert
from govsec_ci.scanners import bandit_settings
from govsec_ci.system import files, git_diff, secrets
from tests.conftest import ROOT
from tests.fuzz import children
from tests.fuzz.mutations import Mutate, clipped, head, on_bytes, on_json, on_json_lines, on_lines, on_toml, on_xml
from tests.support import advisories

RECORDED: Final = ROOT / "tests/recorded"
MANIFESTS: Final[Mapping[str, tuple[str, ...]]] = {
    "requirements.txt": ("requirements/requirements.txt",),
    "pylock.toml": ("pylock/pylock.toml",),
    "uv.lock": ("uv/uv.lock",),
    "poetry.lock": ("poetry/poetry.lock",),
    "tool.py.lock": ("uv/uv.lock",),
    "pdm.lock": ("pdm/pdm.lock",),
    "pdm.dev.lock": ("pdm/pdm.lock",),
    "Pipfile.lock": ("pipenv/Pipfile.lock",),
    "pyproject.toml": ("poetry/pyproject.toml", "pdm/pyproject.toml", "uv/pyproject.toml"),
    "Pipfile": ("pipenv/Pipfile",),
    "requirements.in": ("requirements/requirements.in", "pylock/requirements.in"),
}
_SETUP_CFG: Final = b"""[metadata]
name = demo
version = 1.0
[options]
install_requires =
    requests[security]>=2.0; python_version < "3.13"
    idna==3.3
[options.extras_require]
test =
    pytest~=8.0
"""
_SCRIPT: Final = b"""#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "requests[socks]<3; python_version < '3.13'",
#   "idna==3.3",
# ]
# [tool.uv.sources]
# idna = { git = "https://example.org/idna" }
# ///
print("hello")
"""
_CONDA: Final = b"""name: demo
channels: [conda-forge]
dependencies:
  - python=3.11
  - conda-forge::numpy>=1.26
  - pip
  - pip:
      - idna==3.3
      - -r requirements.txt
      - "requests[socks]<3"
"""
_SETUP_PY: Final = b"""from setuptools import setup
NAMES = ["idna==3.3"]
setup(name="demo", version="1.0", install_requires=["requests>=2,<3", *NAMES], extras_require={"x": ["six"]})
"""
_METADATA: Final = b"""Metadata-Version: 2.4
Name: idna
Version: 3.3
License-Expression: BSD-3-Clause
Author-email: Someone <someone@example.org>
Classifier: License :: OSI Approved :: BSD License
Requires-Dist: six>=1.0; extra == "x"
Project-URL: Home, https://example.org

Text
"""
_WAIVERS: Final = b"""[[waivers]]
id = "W-1"
vulnerability = "CVE-2024-0001"
component = "Jinja2"
versions = ">=3.1,<3.2"
reason = "templates are ours alone"
owner = "owner@example.go.jp"
approver = "approver@example.go.jp"
ticket = "T-1"
created = 2026-03-01
expires = 2026-06-01
plan = "update in May"
reopen-epss = 0.5
known = { kev = true, fix = "3.1.5", epss = 0.1 }
[[waivers]]
id = "W-2"
rule = "B602"
path = "src/x.py"
reason = "r"
owner = "o"
approver = "a"
ticket = "t"
created = 2026-03-01
expires = 2026-06-01
plan = "p"
"""
_CONFIG: Final = b"""name = "x"
version = "1"
profiles = ["jp-gov"]
exclude = ["docs"]
[[out-of-scope]]
path = "a.py"
owner = "o"
reason = "r"
[[declared]]
name = "a"
owner = "o"
reason = "r"
[[evidence]]
slot = "s"
path = "d.pdf"
date = 2026-03-01
[[import]]
path = "x.sarif"
role = "dast"
max-age-days = 3.5
[parameters]
scope = "all"
[timeouts]
bandit_s = 1800
[limits]
source_file_bytes = 20000000
[sbom]
author = { name = "n", email = "a@b.example", url = "https://x.example" }
[advisories]
feeds = ["osv"]
addresses = { osv = "https://x.example/all.zip" }
[pins]
jp-gov = "00"
"""
_TRUSTED: Final = b"""[[key]]
id = "aa"
public = "bb"
owner = "o"
valid-from = 2024-01-01
valid-until = 2024-12-31
"""
_OPENVEX: Final = json.dumps(
    {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "https://example.org/vex/1",
        "author": "A",
        "timestamp": "2024-01-01T00:00:00Z",
        "version": 1,
        "statements": [
            {
                "vulnerability": {"name": "CVE-2024-1", "aliases": ["GHSA-aaaa-bbbb-cccc"]},
                "products": [{"@id": "pkg:pypi/x", "subcomponents": [{"@id": "pkg:pypi/idna@3.3"}]}],
                "status": "not_affected",
                "justification": "component_not_present",
                "impact_statement": "none",
            }
        ],
    }
).encode()
_FOREIGN: Final = json.dumps(
    {
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "t",
                        "version": "1",
                        "rules": [
                            {
                                "id": "r",
                                "messageStrings": {"m": {"text": "{0} and {1}"}},
                                "defaultConfiguration": {"level": "error"},
                                "properties": {"security-severity": "9.8", "tags": ["external/cwe/cwe-79"]},
                                "relationships": [{"target": {"id": "CWE-79", "toolComponent": {"index": 0}}}],
                            }
                        ],
                    },
                    "extensions": [{"name": "e", "rules": [{"id": "s"}]}],
                },
                "taxonomies": [{"name": "CWE", "taxa": [{"id": "79"}]}],
                "originalUriBaseIds": {"SRC": {"uri": "file:///x/"}, "SUB": {"uri": "y/", "uriBaseId": "SRC"}},
                "artifacts": [
                    {"location": {"uri": "a.py", "uriBaseId": "SUB"}, "hashes": {"sha-256": "00"}, "length": 3}
                ],
                "invocations": [
                    {
                        "executionSuccessful": True,
                        "endTimeUtc": "2024-01-01T00:00:00Z",
                        "ruleConfigurationOverrides": [
                            {"descriptor": {"index": 0}, "configuration": {"level": "warning"}}
                        ],
                        "toolExecutionNotifications": [{"level": "note", "message": {"text": "x"}}],
                    }
                ],
                "results": [
                    {
                        "ruleId": "r",
                        "rule": {"index": 0, "toolComponent": {"index": -1}},
                        "kind": "fail",
                        "level": "error",
                        "message": {"id": "m", "arguments": ["a", "b"]},
                        "locations": [
                            {
                                "physicalLocation": {
                                    "artifactLocation": {"index": 0},
                                    "region": {
                                        "startLine": 1,
                                        "startColumn": 2,
                                        "endLine": 3,
                                        "snippet": {"text": "x"},
                                    },
                                }
                            }
                        ],
                        "suppressions": [{"kind": "external", "status": "accepted", "justification": "j"}],
                        "partialFingerprints": {"primaryLocationLineHash": "aa:1"},
                        "baselineState": "new",
                        "rank": 50.0,
                        "properties": {"x": [1, {"y": 2}]},
                    }
                ],
            }
        ],
    }
).encode()
_CYCLONEDX_XML: Final = b"""<?xml version="1.0"?>
<bom xmlns="http://cyclonedx.org/schema/bom/1.6" version="1"><metadata><timestamp>2024-01-01T00:00:00Z</timestamp>
<component type="application" bom-ref="r"><name>x</name></component></metadata>
<components><component type="library" bom-ref="a"><name>idna</name><version>3.3</version>
<purl>pkg:pypi/idna@3.3</purl>
<hashes><hash alg="SHA-256">00</hash></hashes>
<licenses><license><id>MIT</id></license></licenses></component></components>
<dependencies><dependency ref="r"><dependency ref="a"/></dependency></dependencies>
<vulnerabilities><vulnerability><id>CVE-2024-1</id><analysis><state>not_affected</state></analysis>
<affects><target><ref>a</ref></target></affects></vulnerability></vulnerabilities></bom>
"""
_DIFF: Final = (
    b":100644 100644 1 2 M\0x.py\0:000000 100644 0 1 A\0\xe3\x81\x82.py\0"
    b":100644 120000 1 2 T\0l\0:100644 100644 1 2 M\0x\0\0"
    b"diff --git a/x.py b/x.py\nindex 1..2 100644\n--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,3 @@ def f():\n-a\n+b\n"
    b"+++ c\n--- d\n"
    b'diff --git "a/\\343\\201\\202.py" "b/\\343\\201\\202.py"\nnew file mode 100644\n--- /dev/null\n'
    b'+++ "b/\\343\\201\\202.py"\n@@ -0,0 +1 @@\n+x\n'
    b"diff --git a/l b/l\ndeleted file mode 100644\n--- a/l\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n"
    b"diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+y\n"
    b"diff --git a/x b/x\nindex 1..2 100644\nBinary files a/x and b/x differ\n"
)
_EPSS: Final = (
    b"#model_version:v2023.03.01,score_date:2024-10-10T00:00:00+0000\ncve,epss,percentile\nCVE-2024-0001,0.5,0.9\n"
)
_STATE: Final = b'{"version": 1, "index": "a.db", "feeds": {}}'
_OSV_YAML: Final = b"""id: PYSEC-2024-1
modified: 2024-09-01T00:00:00Z
aliases: [CVE-2024-0001]
affected:
- package: {ecosystem: PyPI, name: demo}
  ranges:
  - type: ECOSYSTEM
    events: [{introduced: "0"}, {fixed: "2.0"}]
  versions: ["1.0"]
"""


class Parser(Struct, frozen=True, kw_only=True):
    """One parser.

    :param call: parses bytes; ``folder`` is its own to write to
    :param needs_bundle: names of the bundle's files to start from, besides ``seeds``
    :param clip: how long lists of those may be
    :param refuses_seeds: the seeds are refused too (nobody can sign at this place)
    """

    name: str
    call: Callable[[bytes, Path], object]
    mutate: Mutate
    seeds: tuple[bytes, ...] = ()
    needs_bundle: tuple[str, ...] = ()
    clip: int = 4
    refuses_seeds: bool = False

    def started(self, folder: Path) -> Sequence[bytes]:
        """Every seed, those of the bundle in ``folder`` too."""
        found = (path.read_bytes() for name in self.needs_bundle for path in sorted(folder.glob(name)))
        return [*self.seeds, *(clipped(one, self.clip) for one in found)]


def _manifest(name: str) -> Callable[[bytes, Path], object]:
    formats: dict[str, ManifestFormat] = {**BY_CONTENT, **FORMATS}
    form = formats.get(name) or next(form for form in FORMATS.values() if form.matches(name))

    def read(data: bytes, folder: Path) -> object:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
        return form.read(folder, name)

    return read


def _manifests() -> Iterable[Parser]:
    for name, recorded in MANIFESTS.items():
        seeds = tuple((RECORDED / "manifests" / one).read_bytes() for one in recorded)
        mutate = (
            on_json if name == "Pipfile.lock" else on_toml if name.endswith((".toml", "lock", "file")) else on_lines
        )
        short = tuple(clipped(seed, 6) if mutate is on_json else head(seed) for seed in seeds)
        yield Parser(name=name, call=_manifest(name), mutate=mutate, seeds=short)
    yield Parser(name="setup.cfg", call=_manifest("setup.cfg"), mutate=on_lines, seeds=(_SETUP_CFG,))
    yield Parser(name="setup.py", call=_manifest("setup.py"), mutate=on_lines, seeds=(_SETUP_PY,))
    yield Parser(name="inline-script", call=_manifest("inline-script"), mutate=on_lines, seeds=(_SCRIPT,))
    yield Parser(name="environment.yml", call=_manifest("environment.yml"), mutate=on_lines, seeds=(_CONDA,))
    metadata = "idna-3.3.dist-info/METADATA"
    yield Parser(name=metadata, call=_manifest(metadata), mutate=on_lines, seeds=(_METADATA,))


def _feed(feed: Feed, name: str) -> Callable[[bytes, Path], object]:
    def load(data: bytes, folder: Path) -> object:
        (folder / name).write_bytes(data)
        database = sqlite3.connect(":memory:")
        try:
            database.executescript(schema.TABLES)
            return feed.load(open_source(folder / name), database)
        finally:
            database.close()

    return load


def _file(name: str, read: Callable[[Path], object]) -> Callable[[bytes, Path], object]:
    def call(data: bytes, folder: Path) -> object:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
        return read(folder / name)

    return call


def _tables(data: bytes, folder: Path) -> object:
    (folder / "pyproject.toml").write_bytes(b"[tool.govsec]\n" + data.replace(b"\n[", b"\n[tool.govsec."))
    return target.load_config(folder, None)


def _project(data: bytes, folder: Path) -> object:
    (folder / "pyproject.toml").write_bytes(data)
    return read_project(files.walk(folder))


def _environment(path: Path) -> object:
    (path.parent.parent.parent.parent.parent / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.11\n")
    return read_environment(path.parent.parent.parent.parent.parent)


def _signature(path: Path) -> object:
    key = keys.TrustedKey(id="aa", public="00" * 32, owner="o", valid_from=date.min, valid_until=date.max)
    return signature._verified(path.parent, (key,))


def _manifest_resealed(data: bytes, _folder: Path) -> object:
    try:
        body = json.loads(data)
        body.pop("digest")
        body["digest"] = manifest._digest(body)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return manifest.read(data)
    return manifest.read(manifest.canonical(body))


def _taken_in(data: bytes, _folder: Path) -> object:
    """A foreign log the whole way into ours: what was read must be writable, and readable again."""
    runs = tuple(redact.redact(run) for run in sarif_foreign.load_foreign(data, "log"))
    return sarif.load(sarif.write([replace(run, id=f"r{number}") for number, run in enumerate(runs)]))


def _shown(data: bytes, _folder: Path) -> object:
    text = data.decode("utf-8", "surrogateescape")
    shown = inert.message(secrets.text(text)) + inert.word(text)
    assert shown.isprintable() or " " in shown
    return shown.encode("utf-8")


def _kept_waivers(data: bytes, _folder: Path) -> object:
    kept = operator_files.waivers_file(data, "w")
    assert operator_files.waivers_file(kept, "w") == kept
    return waivers.parse(kept, "w")


def _base(path: Path) -> object:
    told = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(path)}
    return pull_request.base(told)


def _entries(path: Path) -> object:
    return list(open_source(path).entries())


def _carried(path: Path) -> object:
    with archive.unpacked(path) as parts:
        return parts


def _hooked(data: bytes, _folder: Path) -> object:
    return init.with_hooks(data.decode("utf-8", "replace"), ["govsec-audit"], HookSource())


def _zipped() -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in ("GHSA-h5c8-rqwp-cp95", "PYSEC-2024-60"):
            packed.writestr(zipfile.ZipInfo(f"{name}.json"), (ROOT / f"examples/advisories/{name}.json").read_bytes())
    return raw.getvalue()


def _archived() -> bytes:
    """An archive of one feed, as ``govsec advisories export`` writes it."""
    state = FeedState(feed="kev", as_of=datetime(2024, 9, 5, tzinfo=UTC), sha256="00" * 32, records=1)
    with tempfile.TemporaryDirectory() as folder:
        feed, packed = Path(folder) / "kev.json", Path(folder) / "feeds.zip"
        feed.write_bytes(_KEV)
        archive.write(packed, [(state, feed)])
        return packed.read_bytes()


def _profile(data: bytes, _folder: Path) -> object:
    return profile.loads(data, "p.toml")


_CYCLONEDX: Final = tuple(clipped(path.read_bytes(), 3) for path in sorted((RECORDED / "cyclonedx").glob("*.json")))
_OSV_JSON: Final = tuple(
    clipped((ROOT / f"examples/advisories/{name}.json").read_bytes(), 3)
    for name in ("GHSA-h5c8-rqwp-cp95", "PYSEC-2024-60")
)
_KEV: Final = json.dumps(
    {
        "title": "Catalog",
        "dateReleased": "2024-09-05T10:00:00Z",
        "count": 1,
        "vulnerabilities": [advisories.kev_entry()],
    }
).encode()
_CVE: Final = json.dumps(advisories.cve_record("CVE-2024-0001")).encode()
_DSSE: Final = json.dumps(
    {"payload": "e30=", "payloadType": intoto.PAYLOAD_TYPE, "signatures": [{"keyid": "aa", "sig": "00" * 64}]}
).encode()
# Made for this test; nobody trusts it.
_PEM: Final = (
    b"-----BEGIN PRIVATE " + b"KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
    b"-----END PRIVATE " + b"KEY-----\n"
)
_STATEMENT: Final = json.dumps(
    {
        "_type": "https://in-toto.io/Statement/v1",
        "predicateType": "https://slsa.dev/verification_summary/v1",
        "subject": [{"name": "manifest.json", "digest": {"sha256": "00"}}],
        "predicate": {"timeVerified": "2024-10-12T00:00:00Z", "govsec": {"verdict": "PASS"}},
    }
).encode()
_CASES: Final = b"[[cases]]".join(profile.shipped_file("essentials.cases.toml").split(b"[[cases]]", 3)[:3])
_PROFILES: Final = tuple(profile.shipped_file(f"{name}.toml") for name in ("essentials", "us-bod-26-04"))

_LEAKY_WAIVERS: Final = _WAIVERS.replace(b'"r"', b"\"password = 'hunter2'\"")
_EVENT: Final = json.dumps({"pull_request": {"base": {"sha": "a" * 40, "ref": "main"}, "head": {"x": [1]}}}).encode()
_INDEX: Final = b"".join(
    b"%s %s 0\t%s\0" % (mode, b"0" * 40, name)
    for mode, name in ((b"100644", b"a.py"), (b"100644", b"\xe3\x81\x82 b"), (b"100644", b"line\nbreak"))
)
_PRE_COMMIT: Final = b"""# ours
default_stages: [pre-commit]
repos:
  - repo: https://x.example/y
    rev: v1
    hooks:
      - id: a
        args: [--x, 'y']

  # the last
  - repo: local
    hooks: [{id: b, name: b, entry: b, language: system}]
ci:
  skip: [b]
"""

PARSERS: Final[Mapping[str, Parser]] = {
    one.name: one
    for one in (
        *_manifests(),
        Parser(
            name="metadata",
            call=_file("v/lib/python3.11/site-packages/idna-3.3.dist-info/METADATA", _environment),
            mutate=on_lines,
            seeds=(_METADATA,),
        ),
        Parser(
            name="project",
            call=_project,
            mutate=on_toml,
            seeds=tuple(p.read_bytes() for p in ROOT.glob("pyproject.toml")),
        ),
        Parser(name="sarif", call=lambda data, _: sarif.load(data), mutate=on_json, needs_bundle=("results.sarif",)),
        Parser(name="sarif-foreign", call=_taken_in, mutate=on_json, seeds=(_FOREIGN,)),
        Parser(
            name="sbom",
            call=lambda data, _: cyclonedx.read_sbom(data),
            mutate=on_json,
            seeds=_CYCLONEDX[:1],
            needs_bundle=("sbom.cdx.json",),
        ),
        Parser(
            name="vex-cyclonedx",
            call=lambda data, _: cyclonedx.read_vex(data),
            mutate=on_json,
            needs_bundle=("vex.cdx.json",),
        ),
        Parser(
            name="vulnerabilities",
            call=lambda data, _: cyclonedx.read_vulnerabilities(data),
            mutate=on_json,
            needs_bundle=("vex.cdx.json",),
        ),
        Parser(
            name="cyclonedx-xml",
            call=lambda data, _: cyclonedx.read_sbom(data),
            mutate=on_xml,
            seeds=(_CYCLONEDX_XML,),
        ),
        Parser(name="openvex", call=lambda data, _: openvex.read_openvex(data), mutate=on_json, seeds=(_OPENVEX,)),
        Parser(
            name="vex",
            call=lambda data, _: read_statements(data, name="v"),
            mutate=on_json,
            seeds=(_OPENVEX,),
            needs_bundle=("vex.cdx.json",),
        ),
        Parser(name="osv", call=lambda data, _: osv_format.decode(data, "x/a.json"), mutate=on_json, seeds=_OSV_JSON),
        Parser(
            name="osv-yaml",
            call=lambda data, _: osv_format.decode(data, "x/a.yaml"),
            mutate=on_lines,
            seeds=(_OSV_YAML,),
        ),
        Parser(name="osv-feed", call=_feed(osv, "a.json"), mutate=on_json, seeds=_OSV_JSON),
        Parser(name="kev", call=_feed(kev, "k.json"), mutate=on_json, seeds=(_KEV,)),
        Parser(name="epss", call=_feed(epss, "e.csv"), mutate=on_lines, seeds=(_EPSS,)),
        Parser(name="vulnrichment", call=_feed(vulnrichment, "CVE-2024-0001.json"), mutate=on_json, seeds=(_CVE,)),
        Parser(
            name="feed-file",
            call=_file("a.json", feeds.parts_of),
            mutate=on_json,
            seeds=(_KEV, _CVE, *_OSV_JSON),
        ),
        Parser(
            name="store",
            call=_file("advisories/state.json", lambda path: store.read(path.parent.parent)),
            mutate=on_json,
            seeds=(_STATE,),
        ),
        Parser(name="profile", call=_profile, mutate=on_toml, seeds=_PROFILES),
        Parser(
            name="profile-resolved",
            call=lambda data, _: profile.from_resolved(data),
            mutate=on_json,
            needs_bundle=("inputs/profiles/*.json",),
            clip=1_000,
        ),
        Parser(name="waivers", call=lambda data, _: waivers.parse(data, "w"), mutate=on_toml, seeds=(_WAIVERS,)),
        Parser(
            name="cases",
            call=lambda data, _: cases.parse(data, "c"),
            mutate=on_toml,
            seeds=(_CASES,),
        ),
        Parser(name="config", call=_file("govsec.toml", config.load), mutate=on_toml, seeds=(_CONFIG,)),
        Parser(name="config-pyproject", call=_tables, mutate=on_toml, seeds=(_CONFIG,)),
        Parser(name="verdict", call=lambda data, _: verdict.read(data), mutate=on_json, needs_bundle=("verdict.json",)),
        Parser(name="manifest", call=_manifest_resealed, mutate=on_json, needs_bundle=("manifest.json",)),
        Parser(
            name="scan-inputs",
            call=_file("inputs/scan.json", lambda path: bundle.read_inputs(path.parent.parent)),
            mutate=on_json,
            needs_bundle=("inputs/scan.json",),
        ),
        Parser(
            name="config-inputs",
            call=_file("inputs/config.json", lambda path: bundle.read_config(path.parent.parent)),
            mutate=on_json,
            needs_bundle=("inputs/config.json",),
        ),
        Parser(name="trusted-keys", call=_file("t.toml", keys.load_trusted), mutate=on_toml, seeds=(_TRUSTED,)),
        Parser(
            name="private-key", call=lambda data, _: keys.load_signer(data, "", "k"), mutate=on_bytes, seeds=(_PEM,)
        ),
        Parser(
            name="dsse", call=_file("verdict.dsse.json", _signature), mutate=on_json, seeds=(_DSSE,), refuses_seeds=True
        ),
        Parser(name="statement", call=lambda data, _: intoto.read_statement(data), mutate=on_json, seeds=(_STATEMENT,)),
        *(
            Parser(
                name=name,
                call=call,
                mutate=on_json_lines if name == "bandit-worker" else on_json,
                seeds=(seed,),
            )
            for name, (call, seed) in children.SCANNERS.items()
        ),
        Parser(
            name="bandit-settings",
            call=lambda data, _: list(bandit_settings.asked(".bandit", data)),
            mutate=on_lines,
            seeds=(b"[bandit]\nexclude: a,b\nskips: B101,B602\n",),
        ),
        Parser(
            name="bandit-settings-toml",
            call=lambda data, _: list(bandit_settings.asked("pyproject.toml", data)),
            mutate=on_toml,
            seeds=(b'[tool.bandit]\nskips = ["B101"]\nexclude_dirs = ["a"]\n[tool.bandit.assert_used]\nskips = "x"\n',),
        ),
        Parser(name="waivers-kept", call=_kept_waivers, mutate=on_toml, seeds=(_WAIVERS, _LEAKY_WAIVERS)),
        Parser(
            name="vex-kept",
            call=lambda data, _: operator_files.vex_file(data, "v"),
            mutate=on_json,
            seeds=(_OPENVEX,),
        ),
        Parser(
            name="baseline-kept",
            call=lambda data, _: operator_files.baseline_file(data, "b"),
            mutate=on_json,
            needs_bundle=("results.sarif",),
        ),
        Parser(name="github-event", call=_file("event.json", _base), mutate=on_json, seeds=(_EVENT,)),
        Parser(
            name="git-index",
            call=lambda data, _: list(snapshot._index_entries(data)),
            mutate=on_bytes,
            seeds=(_INDEX,),
        ),
        Parser(
            name="git-tree",
            call=lambda data, _: list(snapshot._tree_entries(data)),
            mutate=on_bytes,
            seeds=(_INDEX.replace(b" 0\t", b"\t").replace(b"644 ", b"644 blob "),),
        ),
        Parser(name="advisory-zip", call=_file("all.zip", _entries), mutate=on_bytes, seeds=(_zipped(),)),
        Parser(name="advisory-archive", call=_file("carried.zip", _carried), mutate=on_bytes, seeds=(_archived(),)),
        Parser(name="pre-commit", call=_hooked, mutate=on_lines, seeds=(_PRE_COMMIT,)),
        Parser(name="sbom-same", call=lambda data, _: same(data, data), mutate=on_json, seeds=_CYCLONEDX[:1]),
        Parser(name="git-diff", call=lambda data, _: git_diff.parse(data), mutate=on_bytes, seeds=(_DIFF,)),
        Parser(name="shown-text", call=_shown, mutate=on_bytes, seeds=(_WAIVERS, _SETUP_PY)),
    )
}

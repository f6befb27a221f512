"""The files that ``govsec init`` writes. The workflow is the one of docs/workflows/pull-request.yml, word for word."""

import json
from collections.abc import Iterable
from typing import Final

import yaml
from msgspec import Struct

PLACEHOLDER: Final = "OWNER/govsec_ci@0000000000000000000000000000000000000000"

SETTINGS: Final = """\
# Settings of govsec_ci; docs/usage.md lists every key.
profiles = [{profiles}]
"""

WAIVERS: Final = """\
# Waivers: who accepts which result, why, until when and with whose approval. None yet. One looks like this:
#
# [[waivers]]
# id = "W-2026-001"
# rule = "B602"                      # or vulnerability + component + versions, or fingerprint
# path = "tools/backup.py"
# reason = "Only fixed commands reach it."
# owner = "who answers for it"
# approver = "who has accepted the risk; not the owner"
# ticket = "where it was discussed"
# created = 2026-04-01               # first and last day it holds
# expires = 2026-06-30
# plan = "How and when it will be mended."
"""

WORKFLOW: Final = """\
# Judges every pull request and every push to main. Written by `govsec init`; docs/github-action.md explains each input.
name: govsec

on:
  push:
    branches: [main]
  pull_request:

permissions: {}

concurrency:
  group: ${{ github.workflow }}-${{ github.ref }}
  cancel-in-progress: ${{ github.event_name == 'pull_request' }}

jobs:
  govsec:
    name: govsec
    runs-on: ubuntu-latest
    timeout-minutes: 30
    permissions:
      contents: read # to check the sources out
      security-events: write # to upload to code scanning; leave it out together with upload-sarif
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with:
          persist-credentials: false
      - uses: actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97 # v7.0.0
        with:
          python-version: "3.11"
      - uses: OWNER/govsec_ci@0000000000000000000000000000000000000000 # the release that you reviewed
        with:
          cache: "true"
          # A change cannot weaken its own judge: the rules of a pull request come from its base, without being asked.
          upload-sarif: "true"
          artifact: govsec-evidence
"""

_PUSHED: Final = "stages: [pre-push]"


class HookSource(Struct, frozen=True, kw_only=True):
    """Where pre-commit gets the hooks: a repository and a revision, or (both empty) the installed command."""

    url: str = ""
    rev: str = ""


def hooks(ids: Iterable[str], source: HookSource, indent: str = "") -> str:
    """One item of ``repos:`` in .pre-commit-config.yaml."""
    lines = _from_repository(ids, source) if source.url else _installed(ids)
    return "".join(f"{indent}{line}\n" for line in lines)


def _from_repository(ids: Iterable[str], source: HookSource) -> list[str]:
    head = [f"- repo: {_scalar(source.url)}", f"  rev: {_scalar(source.rev)}", "  hooks:"]
    return [*head, *(f"    - id: {name}" for name in ids)]


def _scalar(text: str) -> str:
    """A text as YAML; a tag such as 1.0 would be a number, which pre-commit refuses."""
    try:
        return text if yaml.safe_load(text) == text else json.dumps(text)
    except (yaml.YAMLError, ValueError):
        return json.dumps(text)


def _installed(ids: Iterable[str]) -> list[str]:
    lines = ["- repo: local # the installed govsec; with `repo: URL` and `rev:` pre-commit installs it for everybody"]
    lines.append("  hooks:")
    for name in ids:
        lines += [f"    - id: {name}", f"      name: {name}", f"      entry: {name.replace('govsec-', 'govsec-hook-')}"]
        lines += ["      language: system", "      require_serial: true", *(f"      {more}" for more in _CALLED[name])]
    return lines


# As .pre-commit-hooks.yaml has it, which is not part of the package; a test holds the two against one another.
_MANIFESTS: Final = (
    r"files: (?i)(^|/)(pyproject\.toml|setup\.(py|cfg)|[^/]*requirements[^/]*\.(txt|in|lock|pip)|"
    r"requirements/([^/]+/)*[^/]+\.(txt|in)|constraints[^/]*\.txt|"
    r"(_?vendor|vendored|third_party)/vendor(ed)?\.txt|"
    r"(environment|conda)([-_.][^/]*)?\.ya?ml|[^/]+\.dist-info/METADATA|"
    r"uv\.lock|[^/]+\.pyw?\.lock|poetry\.lock|pdm(\.[^/]+)?\.lock|Pipfile|Pipfile\.lock|pylock(\.[^./]+)?\.toml|govsec\.toml)$"
)
_WHOLE: Final = "pass_filenames: false"
_CALLED: Final[dict[str, tuple[str, ...]]] = {
    "govsec-bandit": (r"files: \.pyw?$", "types: [file]"),
    "govsec-audit": (_MANIFESTS, _WHOLE),
    "govsec-sbom": (_MANIFESTS, _WHOLE),
    "govsec-pipeline": (r"files: (^\.github/(workflows/[^/]+|dependabot)|(^|/)action)\.ya?ml$", _WHOLE),
    "govsec-waivers": (r"files: ^govsec-waivers\.toml$",),
    "govsec-gate": (_WHOLE, "always_run: true", _PUSHED),
}

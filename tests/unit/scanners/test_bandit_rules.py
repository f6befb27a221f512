"""The rule metadata for bandit, compared with the bandit that is installed."""

import re
import tomllib
import warnings
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest


def untyped_bandit() -> Any:
    with warnings.catch_warnings():  # bandit 1.9.4 hands stevedore a deprecated argument when it is imported
        warnings.simplefilter("ignore", DeprecationWarning)
        return import_module("bandit")


BANDIT = untyped_bandit()
MANAGER = BANDIT.core.extension_loader.MANAGER
RULES_FILE = Path(__file__).parents[3] / "govsec_ci" / "scanners" / "bandit_rules.toml"
RULES: dict[str, dict[str, Any]] = tomllib.loads(RULES_FILE.read_text(encoding="utf-8"))

KEYS = ["name", "cwe", "security_severity", "precision", "short", "full", "remedy"]
MOST_CHARACTERS = {"short": 120, "full": 600, "remedy": 600}
FULL_STOP = {"en": ".", "ja": "。"}
JAPANESE = re.compile(r"[\u3041-\u30ff\u4e00-\u9fff]")
BANDS = {
    "LOW": (Decimal("0.1"), Decimal("3.9")),
    "MEDIUM": (Decimal("4.0"), Decimal("6.9")),
    "HIGH": (Decimal("7.0"), Decimal("8.9")),
}

# For each plugin, code that draws the highest severity it can report.
SAMPLES = {
    "B101": "assert ready\n",
    "B102": "exec(code)\n",
    "B103": "import os\nos.chmod('a', 0o777)\n",
    "B104": "host = '0.0.0.0'\n",
    "B105": "password = 'abc'\n",
    "B106": "connect(password='abc')\n",
    "B107": "def connect(password='abc'):\n    return 1\n",
    "B108": "path = '/tmp/a'\n",
    "B110": "try:\n    work()\nexcept Exception:\n    pass\n",
    "B112": "for a in b:\n    try:\n        work()\n    except Exception:\n        continue\n",
    "B113": "import requests\nrequests.get(url)\n",
    "B201": "import flask\napp = flask.Flask('a')\napp.run(debug=True)\n",
    "B202": "import tarfile\ntarfile.open('a').extractall()\n",
    "B324": "import hashlib\nhashlib.md5(data)\n",
    "B501": "import requests\nrequests.get(url, verify=False)\n",
    "B502": "import ssl\nssl.wrap_socket(ssl_version=ssl.PROTOCOL_SSLv3)\n",
    "B503": "import ssl\ndef connect(version=ssl.PROTOCOL_SSLv3):\n    return 1\n",
    "B504": "import ssl\nssl.wrap_socket()\n",
    "B505": "from cryptography.hazmat.primitives.asymmetric import rsa\nrsa.generate_private_key(key_size=512)\n",
    "B506": "import yaml\nyaml.load(text)\n",
    "B507": "import paramiko\nclient.set_missing_host_key_policy(paramiko.AutoAddPolicy)\n",
    "B508": "from pysnmp.hlapi import CommunityData\nCommunityData('a', mpModel=0)\n",
    "B509": "from pysnmp.hlapi import UsmUserData\nUsmUserData('a')\n",
    "B601": "import paramiko\nclient.exec_command(text)\n",
    "B602": "import subprocess\nsubprocess.run(text, shell=True)\n",
    "B603": "import subprocess\nsubprocess.run(text)\n",
    "B604": "launch(text, shell=True)\n",
    "B605": "import os\nos.system(text)\n",
    "B606": "import os\nos.execl(path)\n",
    "B607": "import subprocess\nsubprocess.run(['git'])\n",
    "B608": "query = 'select a from b where c = ' + value\n",
    "B609": "import os\nos.system('tar cf a *')\n",
    "B610": "User.objects.extra(where=[text])\n",
    "B611": "from django.db.models.expressions import RawSQL\nRawSQL(text, [])\n",
    "B612": "import logging.config\nlogging.config.listen(9030)\n",
    "B613": "a = '\u202e'\n",
    "B614": "import torch\ntorch.load(path)\n",
    "B615": "from transformers import AutoModel\nAutoModel.from_pretrained('a/b')\n",
    "B701": "import jinja2\njinja2.Environment()\n",
    "B702": "from mako.template import Template\nTemplate(text)\n",
    "B703": "from django.utils.safestring import mark_safe\nmark_safe(text)\n",
    "B704": "from markupsafe import Markup\nMarkup(text)\n",
}


def bandit_names() -> dict[str, str]:
    plugins = {test_id: plugin.name for test_id, plugin in MANAGER.plugins_by_id.items()}
    return plugins | {test_id: entry["name"] for test_id, entry in MANAGER.blacklist_by_id.items()}


def texts() -> list[Any]:
    return [
        pytest.param(rule[part], part, language, id=f"{test_id}-{part}.{language}")
        for test_id, rule in RULES.items()
        for part in MOST_CHARACTERS
        for language in FULL_STOP
    ]


def results_of(test_id: str, code: str, folder: Path) -> list[Any]:
    sample = folder / "sample.py"
    sample.write_text(code, encoding="utf-8")
    profile = {"include": [test_id], "exclude": []}
    manager = BANDIT.core.manager.BanditManager(BANDIT.core.config.BanditConfig(), "file", profile=profile)
    manager.discover_files([str(sample)])
    manager.run_tests()
    return [result for result in manager.get_issue_list() if result.test_id == test_id]


def assert_in_band(test_id: str, severity: str) -> None:
    lowest, highest = BANDS[severity]
    assert lowest <= Decimal(RULES[test_id]["security_severity"]) <= highest


def test_rules_are_exactly_those_of_the_installed_bandit() -> None:
    assert {test_id: rule["name"] for test_id, rule in RULES.items()} == bandit_names()


def test_rules_are_sorted_by_id() -> None:
    assert list(RULES) == sorted(RULES)


def test_header_names_the_installed_version() -> None:
    assert f"bandit {BANDIT.__version__}:" in RULES_FILE.read_text(encoding="utf-8").splitlines()[0]


def test_every_plugin_has_a_sample() -> None:
    assert set(SAMPLES) == set(MANAGER.plugins_by_id)


@pytest.mark.parametrize("test_id", RULES)
def test_rule_has_exactly_the_known_keys(test_id: str) -> None:
    assert list(RULES[test_id]) == KEYS


@pytest.mark.parametrize(("by_language", "part", "language"), texts())
def test_text_is_a_sentence_in_its_language(by_language: dict[str, str], part: str, language: str) -> None:
    text = by_language[language]
    assert set(by_language) == set(FULL_STOP)
    assert text == text.strip()
    assert len(text) <= MOST_CHARACTERS[part]
    assert text.endswith(FULL_STOP[language])
    assert bool(JAPANESE.search(text)) == (language == "ja")


@pytest.mark.parametrize("test_id", RULES)
def test_security_severity_stays_below_critical(test_id: str) -> None:
    assert 0 < Decimal(RULES[test_id]["security_severity"]) <= Decimal("8.9")


@pytest.mark.parametrize("test_id", MANAGER.blacklist_by_id)
def test_blacklist_rule_agrees_with_its_data(test_id: str) -> None:
    entry = MANAGER.blacklist_by_id[test_id]
    assert RULES[test_id]["cwe"] == entry["cwe"]
    assert RULES[test_id]["precision"] == "high"  # bandit.core.blacklisting.report_issue fixes the confidence
    assert_in_band(test_id, entry["level"])


@pytest.mark.parametrize("test_id", SAMPLES)
def test_plugin_rule_agrees_with_a_real_result(test_id: str, tmp_path: Path) -> None:
    result = results_of(test_id, SAMPLES[test_id], tmp_path)[0]
    assert RULES[test_id]["cwe"] == result.cwe.id
    assert RULES[test_id]["precision"] == result.confidence.lower()
    assert_in_band(test_id, result.severity)

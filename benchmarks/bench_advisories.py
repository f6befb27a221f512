"""Time, peak memory and size on disk of the advisory index, and the time of an audit against it.

    python benchmarks/bench_advisories.py

Every line is measured in a process of its own; times are wall clock from the start of that process, imports included.
On a busy machine the CPU time is the better figure.
The 2,661 records are the public set in ``../shared`` (left out where that is absent); the 25,000 are synthetic: half
GHSA and half PYSEC about the same CVEs, 50 versions, CVSS 3.1 and 4.0 vectors, a kilobyte of text each.
"""

import argparse
import gzip
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

SHARED = Path(os.environ.get("GOVSEC_TEST_SHARED", Path(__file__).resolve().parents[2] / "shared"))
PUBLIC = SHARED / "data" / "osv-pypi-2024-10-10.zip"
SYNTHETIC, SCORES, COMPONENTS, PACKAGES = 25_000, 280_000, 1_000, 6_000

_V4 = "AC:L/AT:N/PR:N/UI:N/VC:H/VI:L/VA:H/SC:N/SI:N/SA:N"

PREPARE = """
from pathlib import Path
from govsec_ci.advisories.prepare import prepare
print(prepare(Path(sys.argv[1]), Path(sys.argv[2])).stat().st_size)
"""
IMPORT = """
from pathlib import Path
from govsec_ci.advisories import importing, store
importing.import_files([Path(sys.argv[1]), Path(sys.argv[3])], Path(sys.argv[2]))
print(store.current(Path(sys.argv[2])).stat().st_size)
"""
AUDIT = """
import json
from pathlib import Path
from govsec_ci.advisories.index import open_index
from govsec_ci.advisories.prepare import prepare
with open_index(prepare(Path(sys.argv[1]), Path(sys.argv[2]))) as index:
    pairs = [tuple(pair) for pair in json.loads(Path(sys.argv[3]).read_text())]
    print(sum(map(len, index.match_many(pairs).values())))
"""


def synthetic(path: Path) -> None:
    """25,000 records as OSV's zip holds them; the same in every run."""
    dice = random.Random(25_000)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(SYNTHETIC):
            record = _record(number, dice)
            archive.writestr(f"{record['id']}.json", json.dumps(record))


def _record(number: int, dice: random.Random) -> dict[str, Any]:
    pair, is_ghsa = divmod(number, 2)
    metrics = "/".join(f"{name}:{dice.choice('NLH')}" for name in "CIA")
    major = dice.randint(1, 9)
    return {
        "id": f"GHSA-{pair:04x}-bbbb-cccc" if is_ghsa else f"PYSEC-2024-{pair}",
        "modified": f"2024-{dice.randint(1, 12):02}-01T00:00:00Z",
        "published": "2024-01-01T00:00:00Z",
        "aliases": [f"CVE-2024-{10_000 + pair}"],
        "summary": f"Weakness {pair}",
        "details": "what happens and why " * 50,
        "severity": [
            {"type": "CVSS_V3", "score": f"CVSS:3.1/AV:{dice.choice('NALP')}/AC:L/PR:N/UI:N/S:U/{metrics}"},
            {"type": "CVSS_V4", "score": f"CVSS:4.0/AV:{dice.choice('NALP')}/{_V4}"},
        ],
        "references": [{"type": "WEB", "url": f"https://advisories.example/{number}/{n}"} for n in range(5)],
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": f"package-{pair % PACKAGES}"},
                "ranges": [
                    {
                        "type": "ECOSYSTEM",
                        "events": [
                            {"introduced": "0"},
                            {"fixed": f"{major}.5"},
                            {"introduced": f"{major + 1}.0"},
                            {"fixed": f"{major + 1}.3"},
                        ],
                    }
                ],
                "versions": [f"{a}.{b}.{c}" for a, b, c in itertools.product(range(1, 6), range(5), range(2))],
            }
        ],
        "database_specific": {"severity": "HIGH", "cwe_ids": ["CWE-79"]},
    }


def scores(path: Path) -> None:
    """As many EPSS scores as the publisher has."""
    lines = (
        f"CVE-{2000 + n % 25}-{10_000 + n // 25},{n % 997 / 1000:.5f},{n % 991 / 1000:.5f}\n" for n in range(SCORES)
    )
    head = "#model_version:v2023.03.01,score_date:2024-09-04T00:00:00+0000\ncve,epss,percentile\n"
    path.write_bytes(gzip.compress((head + "".join(lines)).encode(), 6))


def _measure(title: str, limit_s: float | None, code: str, *arguments: Path) -> None:
    command = [sys.executable, "-c", f"import sys\n{code}", *map(str, arguments)]
    before = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    said = child.stdout.read().strip()
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - before
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{title}: failed")
    limit = f"≤ {limit_s:g} s" if limit_s else ""
    peak_mb = usage.ru_maxrss / 1024
    cpu_s = usage.ru_utime + usage.ru_stime
    print(f"{title:<48}{seconds:7.2f} s  {limit:<8}{cpu_s:7.2f} s  {peak_mb:7.0f} MB  {int(said):>12,}")


def _audit(title: str, source: Path, cache: Path, names: list[str], folder: Path) -> None:
    pairs = list(itertools.islice(itertools.product(("1.0", "2.0"), names), COMPONENTS))
    question = folder / "components.json"
    question.write_text(json.dumps([(name, version) for version, name in pairs]))
    _measure(title, 0.5, AUDIT, source, cache, question)


def main() -> None:
    """Print the table."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    print(f"{'what':<48}{'time':>9}  {'budget':<8}{'CPU':>9}  {'peak':>10}  {'bytes / found':>12}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made, epss = folder / "all.zip", folder / "epss.csv.gz"
        synthetic(made)
        scores(epss)
        if PUBLIC.exists():
            _measure("index from 2,661 records", 2, PREPARE, PUBLIC, folder / "a")
            with zipfile.ZipFile(PUBLIC) as archive:
                records = [json.loads(archive.read(entry)) for entry in archive.namelist()]
            names = sorted({record["affected"][0]["package"]["name"] for record in records})
            _audit("audit of 1,000 components against it", PUBLIC, folder / "a", names, folder)
        _measure("index from 25,000 synthetic records", 12, PREPARE, made, folder / "b")
        names = [f"package-{number}" for number in range(COMPONENTS)]
        _audit("audit of 1,000 components against it", made, folder / "b", names, folder)
        _measure("import of the same with 280,000 EPSS scores", None, IMPORT, made, folder / "c", epss)


if __name__ == "__main__":
    main()

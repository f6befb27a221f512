"""All scanners, on one screen. A new one is a file in this folder and a line here (docs/adding-a-scanner.md)."""

from govsec_ci.scanners.bandit import BanditScanner
from govsec_ci.scanners.base import Scanner
from govsec_ci.scanners.cyclonedx import CycloneDxScanner
from govsec_ci.scanners.pip_audit import PipAuditScanner
from govsec_ci.scanners.zizmor import ZizmorScanner

SCANNERS: dict[str, Scanner] = {
    "bandit": BanditScanner(),
    "pip-audit": PipAuditScanner(),
    "cyclonedx": CycloneDxScanner(),
    "zizmor": ZizmorScanner(),
}

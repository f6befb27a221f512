"""All scanners, on one screen. A new one is a file in this folder and a line here (docs/adding-a-scanner.md)."""

from govsec_ci.scanners.bandit import BanditScanner
from govsec_ci.scanners.base import Scanner

SCANNERS: dict[str, Scanner] = {
    "bandit": BanditScanner(),
}

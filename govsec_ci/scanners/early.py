"""The child that a hook starts before it has read what it will ask: its imports take as long as the hook's own.

Light on purpose: who starts it early has not yet imported what will ask it.
"""

from typing import Final

BANDIT: Final = "govsec_ci.scanners.bandit_worker"

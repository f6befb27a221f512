"""Waiting times between two tries to reach the mail gateway."""

import random


def delays_s(tries, first_s=1.0):
    """Yield `tries` waiting times, each about twice the one before."""
    for attempt in range(tries):
        spread = random.uniform(0.8, 1.2)  # nosec B311: spreads the load over time, protects no secret
        yield first_s * 2**attempt * spread

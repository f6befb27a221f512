"""Asks the open-data service, and remembers its answers in Redis."""

import json
from urllib.parse import quote

import redis
import requests

from permit_lookup.permits import Permit, from_wire

BASE = "https://permits.example.org/api/v2/permits"
KEEP_S = 600
TIMEOUT_S = 10


def fetch(number: str) -> dict:
    """Return the service's record of the permit `number`."""
    answer = requests.get(f"{BASE}/{quote(number, safe='')}", timeout=TIMEOUT_S)
    answer.raise_for_status()
    return answer.json()


def look_up(number: str, cache: redis.Redis) -> Permit:
    """Return the permit `number`, from the cache if it is there."""
    key = f"permit:{number}"
    known = cache.get(key)
    if known:
        return from_wire(json.loads(known))
    record = fetch(number)
    cache.set(key, json.dumps(record), ex=KEEP_S)
    return from_wire(record)

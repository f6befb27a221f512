"""Half-filled booking forms, kept in Redis until they are sent."""

import pickle

import redis

KEEP_S = 3600


def store(cache: redis.Redis, session, form):
    """Keep `form` for an hour."""
    cache.set(f"draft:{session}", pickle.dumps(form), ex=KEEP_S)


def restore(cache: redis.Redis, session):
    """Return the form of this session, or None."""
    data = cache.get(f"draft:{session}")
    return pickle.loads(data) if data else None

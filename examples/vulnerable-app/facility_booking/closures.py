"""Days on which a facility stays closed, kept in a YAML file."""

from datetime import date

import yaml


def load(path):
    """Return the closing days by facility name."""
    with open(path, encoding="utf-8") as stream:
        return yaml.load(stream, Loader=yaml.FullLoader)


def is_closed(closures, facility, day: date):
    """Whether `facility` is closed on `day`."""
    return day in closures.get(facility, [])

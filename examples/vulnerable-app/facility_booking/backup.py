"""The nightly copy of the booking database."""

import subprocess
from datetime import date


def dump(database, folder):
    """Write today's dump of `database` into `folder` and return its path."""
    target = f"{folder}/{database}-{date.today():%Y%m%d}.sql.gz"
    subprocess.run(f"pg_dump {database} | gzip > {target}", shell=True, check=True)
    return target

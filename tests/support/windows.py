"""A Python that lacks what Windows lacks: ``python windows.py MODULE ARGUMENT…`` runs ``MODULE.main``.

No simulation of Windows: what can be seen is a module, function or signal that our code takes for granted.
"""

import importlib
import os
import shutil
import signal
import sys
from typing import Any, cast

# The libraries choose by platform when they are imported: they shall choose for the system that they run on.
_FIRST = (
    *(
        "asyncio",
        "babel.dates",
        "click",
        "concurrent.futures",
        "ctypes",
        "filelock",
        "jinja2",
        "msgspec",
        "multiprocessing",
    ),
    *("pathlib", "pip_audit", "platformdirs", "requests", "rich.console", "shutil", "sqlite3", "ssl", "subprocess"),
    *("tarfile", "tempfile", "webbrowser", "yaml", "zoneinfo"),
)
MODULES = ("fcntl", "resource", "pwd", "grp", "termios", "pty", "tty", "curses", "readline")
# Flags of open() stay, and SIGKILL: the libraries of this system need them.
FUNCTIONS = (
    *("killpg", "geteuid", "getuid", "getgid", "getegid", "getgroups", "fork", "setsid", "getpgid", "mkfifo", "chown"),
    *("sched_getaffinity", "getloadavg", "uname", "statvfs", "pread", "O_DIRECTORY"),
)
SIGNALS = ("SIGHUP", "SIGUSR1", "SIGALRM", "alarm", "setitimer", "SIGPIPE")


def forget() -> None:
    """Take away what Windows lacks, from this process."""
    for name in _FIRST:
        importlib.import_module(name)
    for name in MODULES:
        cast("dict[str, Any]", sys.modules)[name] = None  # an import of it fails then
    for place, names in ((os, FUNCTIONS), (signal, SIGNALS)):
        for name in names:
            if hasattr(place, name):
                delattr(place, name)
    here, which = sys.platform, shutil.which

    def found(*asked: Any, **more: Any) -> Any:
        # Programs have the names of this system.
        sys.platform = here
        try:
            return which(*asked, **more)
        finally:
            sys.platform = "win32"

    vars(shutil)["which"] = found
    sys.platform = "win32"


if __name__ == "__main__":
    forget()
    sys.exit(importlib.import_module(sys.argv[1]).main(sys.argv[2:]))

"""Shell-style patterns, compiled once."""

import functools
import re
from collections.abc import Callable
from fnmatch import translate


@functools.lru_cache(maxsize=4096)
def matcher(shell_style: str) -> Callable[[str], object]:
    """A matcher for a shell-style pattern (``*``, ``?``, ``[…]``); case counts, and ``*`` crosses folders."""
    return re.compile(translate(shell_style), re.DOTALL).match

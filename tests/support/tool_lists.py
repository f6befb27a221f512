"""Lists of pinned packages as the tools print them (pip freeze, exports to the requirements format)."""

import re

_PINNED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(?P<version>[^\s;\\]+)", re.MULTILINE)


def tools_list(text: str) -> dict[tuple[str, str], set[str]]:
    """Name and version → hashes, read without any code of ours."""
    found: dict[tuple[str, str], set[str]] = {}
    starts = list(_PINNED.finditer(text))
    for match, following in zip(starts, [*starts[1:], None], strict=True):
        part = text[match.start() : following.start() if following else None]
        name = re.sub(r"[-_.]+", "-", match["name"]).lower()
        found[name, match["version"]] = set(re.findall(r"--hash=(\S+)", part))
    return found

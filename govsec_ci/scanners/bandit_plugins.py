"""Lets bandit see only the plugins that come with bandit.

bandit finds its tests through stevedore, which loads every plugin of every package of the environment (another
package's plugin would make another judge), reads all their metadata, and keeps a cache in the user's home. This stands
for it, and also leaves out bandit's report formats, whose libraries take a third of its start-up and are not used here.
"""

import sys
import types
from collections.abc import Iterator
from importlib import metadata
from typing import Any

from msgspec import Struct

_UNUSED = "bandit.formatters"


class Extension(Struct, frozen=True, kw_only=True):
    """One plugin, with the two attributes of stevedore's class that bandit reads."""

    name: str
    plugin: Any


class ExtensionManager:
    """The plugins of one namespace (entry point group), with what bandit uses of stevedore's class."""

    def __init__(self, namespace: str, **_: object) -> None:
        points = metadata.distribution("bandit").entry_points.select(group=namespace)
        wanted = () if namespace == _UNUSED else points
        self.extensions = [Extension(name=point.name, plugin=point.load()) for point in wanted]

    def __iter__(self) -> Iterator[Extension]:
        return iter(self.extensions)

    def names(self) -> list[str]:
        """The plugins' names."""
        return [one.name for one in self.extensions]


def load_only_bandits_own() -> None:
    """Stand in for stevedore; to be called before bandit is imported, and without effect after that."""
    if "stevedore" in sys.modules:
        return
    package, module = types.ModuleType("stevedore"), types.ModuleType("stevedore.extension")
    module.ExtensionManager = ExtensionManager  # type: ignore[attr-defined]  # a module made here has what it is given
    package.extension = module  # type: ignore[attr-defined]  # likewise
    sys.modules |= {"stevedore": package, "stevedore.extension": module}

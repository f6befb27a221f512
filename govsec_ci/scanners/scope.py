"""What of the tree a scanner looks at: everything, but for what the trusted configuration leaves out by name."""

from collections.abc import Callable

from msgspec import Struct

from govsec_ci.config import Config
from govsec_ci.model import Level, Location, Notification
from govsec_ci.system.files import Skipped, Tree


class Selection(Struct, frozen=True, kw_only=True):
    """The files of one scanner.

    :param files: to be scanned, sorted POSIX paths
    :param refused: should be scanned, but the walk could not take them safely
    :param notifications: what was left out, by which rule, each counted
    """

    files: tuple[str, ...]
    refused: tuple[Skipped, ...]
    notifications: tuple[Notification, ...]


def select(tree: Tree, config: Config, wanted: Callable[[str], bool]) -> Selection:
    """Choose the files for which ``wanted`` is true, less ``exclude`` and ``out_of_scope`` of the configuration."""
    scope = Scope(config)
    files = [path for path in tree.files if wanted(path)]
    refused = [entry for entry in tree.refused if wanted(entry.path) or entry.reason.startswith("folder")]
    return Selection(
        files=tuple(path for path in files if scope.holds(path)),
        refused=tuple(entry for entry in refused if scope.holds(entry.path)),
        notifications=(
            *scope.excluded([*files, *(entry.path for entry in refused)]),
            *scope.out_of_scope({*files, *(entry.path for entry in refused)}, frozenset(tree.files), wanted),
        ),
    )


class Scope:
    """What the trusted configuration takes out: folders it excludes, and files it declares out of scope."""

    def __init__(self, config: Config) -> None:
        self.folders = tuple(entry.strip("/") for entry in config.exclude)
        self.entries = config.out_of_scope
        self.names = frozenset(entry.path for entry in config.out_of_scope)

    def holds(self, path: str) -> bool:
        """Whether a path is to be looked at."""
        return path not in self.names and not any(_below(path, folder) for folder in self.folders)

    def why(self, path: str) -> str:
        """Why :meth:`holds` is false for a path, or empty."""
        declared = next((f"{one.reason} (owner: {one.owner})" for one in self.entries if one.path == path), "")
        folder = next((folder for folder in self.folders if _below(path, folder)), "")
        return declared or (f"{folder} is excluded by the configuration" if folder else "")

    def excluded(self, paths: list[str]) -> list[Notification]:
        """A note for each excluded folder that holds some of ``paths``, with their number."""
        counts = {folder: sum(_below(path, folder) for path in paths) for folder in self.folders}
        return [_excluded(folder, count) for folder, count in counts.items() if count]

    def out_of_scope(
        self, paths: set[str], existing: frozenset[str], wanted: Callable[[str], bool]
    ) -> list[Notification]:
        """Each file that is declared out of scope, told with owner and reason; a warning for one that is not there.

        :param paths: files that would be looked at; :param existing: all files of the tree
        :param wanted: whether a path is one for the scanner that asks
        """
        found = []
        for entry in self.entries:
            properties = {"owner": entry.owner, "reason": entry.reason}
            location = Location(path=entry.path)
            if entry.path in paths:
                text = f"{entry.path} is out of scope: {entry.reason} (owner: {entry.owner})"
                found.append(
                    Notification(
                        id="out-of-scope", level=Level.NOTE, text=text, location=location, properties=properties
                    )
                )
            elif entry.path not in existing and wanted(entry.path):
                found.append(_missing(entry.path, properties))
        return found


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + "/")


def _excluded(folder: str, count: int) -> Notification:
    many = f"{folder}: {count} files are excluded by the configuration"
    return Notification(
        id="excluded",
        level=Level.NOTE,
        text=f"{folder}: 1 file is excluded by the configuration" if count == 1 else many,
        location=Location(path=folder),
        properties={"count": str(count)},
    )


def _missing(path: str, properties: dict[str, str]) -> Notification:
    return Notification(
        id="out-of-scope-missing",
        level=Level.WARNING,
        text=f"{path} is declared out of scope, but there is no such file",
        next_step="remove the entry from the configuration, or correct its path",
        properties=properties,
    )

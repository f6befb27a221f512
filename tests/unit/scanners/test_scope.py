from pathlib import Path

from govsec_ci.config import Config, OutOfScope
from govsec_ci.scanners.scope import select
from govsec_ci.system.files import Skipped, Tree


def tree(*files: str, refused: tuple[Skipped, ...] = ()) -> Tree:
    return Tree(root=Path("/tree"), files=files, refused=refused)


def is_python(path: str) -> bool:
    return path.endswith(".py")


def test_only_wanted_files_are_selected() -> None:
    assert select(tree("a.py", "b.txt"), Config(), is_python).files == ("a.py",)


def test_a_folder_that_cannot_be_listed_may_hold_anything() -> None:
    closed = Skipped(path="src", reason="folder cannot be listed: Permission denied")
    fifo = Skipped(path="pipe.txt", reason="not a regular file")
    assert select(tree(refused=(closed, fifo)), Config(), is_python).refused == (closed,)


def test_what_is_refused_can_be_excluded_or_declared_too() -> None:
    entries = (Skipped(path="src/p.py", reason="x"), Skipped(path="q.py", reason="x"))
    config = Config(exclude=("src",), out_of_scope=(OutOfScope(path="q.py", owner="o", reason="r"),))
    selection = select(tree(refused=entries), config, is_python)
    assert selection.refused == ()
    assert [one.id for one in selection.notifications] == ["excluded", "out-of-scope"]


def test_how_many_files_are_excluded_is_told() -> None:
    files = tree("one/a.py", "two/a.py", "two/b.py")
    notes = select(files, Config(exclude=("one", "two")), is_python).notifications
    assert [note.text for note in notes] == [
        "one: 1 file is excluded by the configuration",
        "two: 2 files are excluded by the configuration",
    ]


def test_an_excluded_folder_without_files_of_this_kind_is_not_told() -> None:
    assert select(tree("docs/a.txt"), Config(exclude=("docs", "gone")), is_python).notifications == ()


def test_a_folder_is_excluded_by_its_whole_path() -> None:
    config = Config(exclude=("src/gen",))
    assert select(tree("gen/a.py", "src/gen/b.py", "src/gene.py"), config, is_python).files == (
        "gen/a.py",
        "src/gene.py",
    )

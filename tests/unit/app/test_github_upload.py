"""The log to upload for a folder of a repository, and for one of several jobs."""

from msgspec.structs import replace

from govsec_ci.app.github_upload import category_of, upload_copy
from govsec_ci.formats import sarif
from govsec_ci.model import Artifact, Level, Location, Notification
from tests.support import report_cases as cases

RUN = replace(
    cases.bandit_run(cases.static("a" * 16)),
    notifications=(
        Notification(id="x", level=Level.NOTE, text="told", location=Location(path="b.py")),
        Notification(id="y", level=Level.NOTE, text="told"),
    ),
    artifacts=(Artifact(path="app/backup.py", sha256="0" * 64, length=1),),
)


def test_paths_count_from_the_top_of_the_repository() -> None:
    (copy,) = sarif.load(upload_copy(sarif.write([RUN]), folder="services/web", category=""))
    assert copy.results[0].locations[0].path == "services/web/app/backup.py"
    assert copy.results[0].locations[0].region == RUN.results[0].locations[0].region
    assert [one.location.path for one in copy.notifications if one.location] == ["services/web/b.py"]
    assert copy.artifacts[0].path == "services/web/app/backup.py"


def test_each_job_has_its_category() -> None:
    data = upload_copy(sarif.write([RUN]), folder="", category="python-3.13")
    assert b'"govsec/python-3.13/bandit/"' in data
    assert sarif.load(data)[0].results[0].locations[0].path == "app/backup.py"


def test_a_category_is_plain() -> None:
    assert category_of("", "services/web") == "services-web"
    assert category_of("a b/::c", "x") == "a-b-c"
    assert category_of("", "") == ""
    assert category_of("../..", "") == ""

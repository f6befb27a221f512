"""The error tree.

Every error that a person may see is one of these; each kind has one exit code (``cli/exits.py`` is the only
place that turns a code into a process exit)::

    GovsecError
    ├── OperatorError      2   what the caller supplied is wrong (a flag, profile, waiver, config, advisory file)
    │   ├── UsageError         a flag or path on the command line
    │   └── InputError         a supplied file does not hold what it must
    ├── BundleError        5   an evidence bundle does not hold (digest, signature, replay)
    ├── ToolError          3   a scanner could not do its work: never raised out of ``scan``, kept as a notification
    └── DefectError        4   a defect of govsec_ci itself

What is broken *inside the judged tree* is no error at all: it is a notification on a run, and makes the verdict
INCOMPLETE (exit 3) with the verdict still written.
"""

from typing import ClassVar, Final

VERDICT_CODES: Final = {"PASS": 0, "FAIL": 1, "INCOMPLETE": 3}
"""The exit code of a command that has reached a verdict."""


class GovsecError(Exception):
    """Base of all errors that are told to a person.

    :param what: one sentence that says what happened, naming the file (and line, where there is one)
    :param cause: the likely cause, or empty
    :param next_step: what the person can do now, or empty
    """

    exit_code: ClassVar[int] = 4
    lang: str = "en"
    """The language that its texts are in (``en`` or ``ja``)."""

    def __init__(self, what: str, *, cause: str = "", next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.cause = cause
        self.next_step = next_step

    def diagnostics(self) -> str:
        """The error as up to three lines: what, likely cause, next step."""
        lines = [self.what]
        cause, step = ("  原因: ", "  対処: ") if self.lang == "ja" else ("  cause: ", "  next:  ")
        if self.cause:
            lines.append(f"{cause}{self.cause}")
        if self.next_step:
            lines.append(f"{step}{self.next_step}")
        return "\n".join(lines)


class OperatorError(GovsecError):
    """Something that the operator supplied is invalid."""

    exit_code = 2


class UsageError(OperatorError):
    """A flag, argument or path on the command line is wrong."""


class InputError(OperatorError):
    """A supplied file (profile, waiver, configuration, import, advisory data) does not hold what it must."""


class BundleError(GovsecError):
    """An evidence bundle does not hold: a digest, a signature or the replayed decision differs."""

    exit_code = 5


class ToolError(GovsecError):
    """A tool that we start failed, hung or answered nonsense; scanners turn it into a notification."""

    exit_code = 3


class DefectError(GovsecError):
    """A defect of govsec_ci itself."""

    exit_code = 4

"""Exit codes, and the one place where an error becomes one.

Light on purpose: every hook loads this at its start.
"""

import io
import os
import platform
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Final, TextIO

import click

from govsec_ci import __version__
from govsec_ci.errors import DefectError, GovsecError

USAGE: Final = 2
INTERRUPTED: Final = 130


def guarded(work: Callable[[], int]) -> int:
    """Do the work; :returns: its exit code, or that of the error it ended with, which is told on standard error."""
    _take_every_character(sys.stdout)
    try:
        return work()
    except GovsecError as error:
        click.echo(_harmless(f"govsec: {error.diagnostics()}"), err=True)
        if isinstance(error, DefectError):
            click.echo(_defect(), err=True)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("govsec: interrupted; nothing was written", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        return _reader_went_away()
    except Exception:  # noqa: BLE001 — the last handler: a traceback must not be taken for a verdict
        click.echo(_defect(), err=True)
        return DefectError.exit_code


def _take_every_character(stream: TextIO) -> None:
    """Have what the output's encoding lacks come out as ``?``: Japanese in a code page of the West is no defect."""
    if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
        stream.reconfigure(errors="replace")


def _reader_went_away() -> int:
    # Whoever read stdout has closed it: the verdict was not delivered, so this is no success.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return INTERRUPTED


def _defect() -> str:
    return "\n".join(
        (
            "govsec: this is a defect in govsec_ci, and no verdict was reached. Please report what follows:",
            "----",
            f"govsec_ci {__version__}, Python {platform.python_version()}, {platform.platform()}",
            _harmless(traceback.format_exc().replace(str(Path.home()), "~").rstrip()),
            "----",
        )
    )


def _harmless(text: str) -> str:
    # An error quotes what it is about: an address with a password, a name with an escape sequence.
    from govsec_ci.report import inert
    from govsec_ci.system import secrets

    return inert.lines(secrets.text(text))

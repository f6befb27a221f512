"""Run a program that may open no internet socket: ``python no_sockets.py PROGRAM ARGUMENT…`` (Linux only).

A seccomp filter answers EACCES to ``socket(2)`` for every family but AF_UNIX, in the program and all that it starts.
No right is needed for it, unlike for a network namespace, and loopback is forbidden too.
"""

import ctypes
import os
import platform
import struct
import sys

# linux/audit.h and the kernels' tables of system calls
_MACHINES = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _MODE_FILTER = 38, 22, 2
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | 13  # SECCOMP_RET_ERRNO, EACCES
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_AF_UNIX = 1


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]


def possible() -> bool:
    """Whether this machine is one that the filter is written for."""
    return sys.platform == "linux" and platform.machine() in _MACHINES


def forbid() -> None:
    """From here on this process and its children open no internet socket."""
    arch, call = _MACHINES[platform.machine()]
    steps = (
        (_LOAD, 0, 0, 4),  # seccomp_data.arch
        (_EQUAL, 0, 4, arch),
        (_LOAD, 0, 0, 0),  # .nr
        (_EQUAL, 0, 3, call),
        (_LOAD, 0, 0, 16),  # .args[0], lower half
        (_EQUAL, 1, 0, _AF_UNIX),
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _ALLOW),
    )
    code = b"".join(struct.pack("=HBBI", *step) for step in steps)
    libc = ctypes.CDLL(None, use_errno=True)
    program = _Program(len(steps), code)
    for arguments in ((_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0)):
        if libc.prctl(*arguments):
            raise OSError(ctypes.get_errno(), "prctl")


if __name__ == "__main__":
    forbid()
    os.execvp(sys.argv[1], sys.argv[1:])

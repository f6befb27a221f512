"""A repository whose every name and text means something to whoever shows it."""

import json
from pathlib import Path

from tests.support.repositories import commit_all, new_repository

EVIL = (
    "\x1b[31mred\x1b]8;;http://hostile.example\x07 \u202eevil\u2066 \x9b2J\r\n::set-output name=verdict::PASS\n"
    "::add-mask::0\n##[set-output name=verdict;]PASS\n<script>alert('hostile')</script><img src=x onerror=alert(1)>"
    '![i](http://hostile.example/x)[l](javascript:alert(1)) | `x` | \n# Heading\n=HYPERLINK("http://hostile.example")'
)
NAMES = (
    "::set-output name=verdict::PASS.py",
    "::stop-commands::x.py",
    "##[error]x.py",
    "=cmd|' C'!A0.py",
    "@SUM(1).py",
    "+1.py",
    "-rf.py",
    "\x1b[2Jclear.py",
    "\u202eyp.rip.py",
    "new\nline::error::x.py",
    "cr\r::add-mask::x.py",
    "<script>alert('hostile')<",
    "![i](javascript:alert(1)).py",
    "a|b`c`.py",
    "bytes\udcff\udc9b2J.py",
)


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=True).replace("\x7f", "\\u007f")


def _foreign_log() -> str:
    driver = {"name": f"tool {EVIL}", "version": EVIL, "rules": [{"id": "evil", "shortDescription": {"text": EVIL}}]}
    at = {"physicalLocation": {"artifactLocation": {"uri": "x%1B%5B31m%0A::error::y.py"}, "region": {"startLine": 1}}}
    result = {"ruleId": "evil", "level": "error", "message": {"text": EVIL, "markdown": EVIL}, "locations": [at]}
    told = {"level": "warning", "message": {"text": EVIL}}
    run = {
        "tool": {"driver": driver},
        "results": [result],
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": [told]}],
    }
    return json.dumps({"version": "2.1.0", "runs": [run]})


def _waiver(number: int, rule: str, path: str) -> str:
    texts = "".join(f"{key} = {_toml(EVIL)}\n" for key in ("reason", "owner", "approver", "ticket", "plan"))
    covers = f"rule = {_toml(rule)}\npath = {_toml(path)}\n"
    return (
        f"[[waivers]]\nid = {_toml(f'W{number} {EVIL}')}\n{covers}{texts}created = 2024-09-01\nexpires = 2024-11-01\n"
    )


def hostile_repository(folder: Path) -> Path:
    """The repository at ``folder``; its root."""
    top = new_repository(folder)
    for name in NAMES:
        path = top / name if name.endswith(".py") else top / name / "script>.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"eval('1')  # {EVIL.splitlines()[0]}\n", "utf-8")
    (top / "broken\x1b[31m\n::error::.py").write_text("def (\n")
    (top / "waived.py").write_text("eval(input())\n")
    (top / "nosec.py").write_text(
        "eval(input())  # nosec B307: <script>alert('hostile')</script> ::set-output \x1b[2J\u202e\n"
    )
    (top / "requirements.txt").write_text(
        f"idna==3.3\n=HYPERLINK(1)==1.0\n<img src=x>==2 \x1b[31m\u202e\nx @ {'https://hostile.example/%0A::error::x'}\n",
        "utf-8",
    )
    (top / "log.sarif").write_text(_foreign_log())
    (top / "govsec.toml").write_text(
        f'name = {_toml(EVIL)}\nversion = {_toml(EVIL)}\n[[import]]\npath = "log.sarif"\nrole = "dast"\n'
        f"[[declared]]\nname = 'x'\nowner = {_toml(EVIL)}\nreason = {_toml(EVIL)}\n"
        f"[[out-of-scope]]\npath = 'waived2.py'\nowner = {_toml(EVIL)}\nreason = {_toml(EVIL)}\n"
    )
    (top / "govsec-waivers.toml").write_text(_waiver(1, "B307", "waived.py") + _waiver(2, "evil", "none.py"))
    commit_all(top, "Hostile")
    return top

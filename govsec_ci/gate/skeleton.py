"""A profile to start from: what ``govsec profile new`` writes."""

from govsec_ci.errors import UsageError

_ALLOWED = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-.")

_PROFILE = """\
# A profile: gates as data, each with the clause it comes from. Check it: govsec profile check {id}.toml
# Its cases stand in {id}.cases.toml. Run them: govsec profile test {id}.toml
schema = 1
id = "{id}"
version = "0.1.0"
status = "unverified"          # verified | transcribed | unverified | experimental | superseded
extends = "{base}"             # everything of it holds, but for what stands here

[title]
en = "{id}"
ja = "{id}"

[text]
en = "What {base} demands, with the limits of our own organisation."
ja = "{base} の基準に、当組織の定める上限を加えたもの。"

[[documents]]
id = "Our rules"
title = {{ en = "Rules of our organisation", ja = "当組織の規程" }}
publisher = {{ en = "Our organisation", ja = "当組織" }}
edition = "1"
label = "local"                # verified | transcribed | reported | memory | local: how sure the text is

# A gate of our own. One with the id of a gate of {base} would replace that gate key by key.
[[gates]]
id = "our-static-medium"
kind = "results"
stages = ["build", "release"]  # commit | build | release
limit = 0
filter = {{ role = ["sast"], severity = "MEDIUM" }}     # this severity and above
clause = {{ id = "1", document = "Our rules", origin = "local" }}
title.en = "No static analysis result of medium severity"
title.ja = "静的解析による重大度「中」以上の検出結果がないこと"
text = {{ en = "Say here why.", ja = "ここに理由を記載する。" }}
next = {{ en = "Say here what closes it.", ja = "ここに是正方法を記載する。" }}

# Gates of {base} that do not apply here, each with the reason:
# [drop]
# signature = "our evidence does not leave the building"
"""

_CASES = """\
# What the profile must say of small evidence.
[[cases]]
name = "all in order"
verdict = "PASS"
others = "PASS"

[[cases]]
name = "one result of medium severity is one too many"
verdict = "FAIL"
results = [{ role = "sast", severity = "MEDIUM" }]
checks = { our-static-medium = "FAIL" }

[[cases]]
name = "code that was not analysed wholly"
verdict = "INCOMPLETE"
runs = [{ role = "sast", state = "incomplete" }]
checks = { our-static-medium = "INCOMPLETE" }
"""


def skeleton(profile_id: str, *, base: str = "jp-gov") -> tuple[str, str]:
    """The text of a profile and of its cases; both are valid as they stand.

    :raises UsageError: the id is none
    """
    if not profile_id or not set(profile_id) <= _ALLOWED:
        raise UsageError(
            f"{profile_id!r} is no profile id", next_step="use lower-case letters, digits, dots and hyphens"
        )
    return _PROFILE.format(id=profile_id, base=base), _CASES

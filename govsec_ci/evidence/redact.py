"""What looks like a secret is taken out of a run before anything is written of it.

This is the one place: every file, console line and annotation is made from runs that went through here (caches of what
a scanner said take the same texts out by themselves). Fingerprints are computed before, from the untouched source, so
they stay what they were. A path is never changed: a result must be found again. Rules are not looked at: they are the
tool's own words.
"""

from collections.abc import Mapping

from msgspec.structs import replace

from govsec_ci.model import FeedState, Invocation, Location, Notification, Result, Role, Run, Suppression
from govsec_ci.system.secrets import CREDENTIAL_CWES, REDACTED, message_about_one, source_with_one, text


def redact(run: Run) -> Run:
    """``run`` without what looks like a secret; fingerprints, paths, regions and rules stay as they are.

    Messages, snippets, properties, justifications, notifications, arguments and addresses of feeds are looked at. Of a
    rule about hard-coded credentials, and of a run whose role is SECRETS, everything in quotes counts as one, and of
    the latter the whole snippet.
    """
    quoting = frozenset(rule.id for rule in run.rules if CREDENTIAL_CWES & set(rule.cwes))
    secrets = run.role is Role.SECRETS
    return replace(
        run,
        proof=text(run.proof),
        results=tuple(_result(one, quotes=secrets or one.rule_id in quoting, whole=secrets) for one in run.results),
        notifications=tuple(map(_notification, run.notifications)),
        invocation=_invocation(run.invocation),
        advisories=tuple(map(_feed, run.advisories)),
        properties=_values(run.properties),
    )


def _result(result: Result, *, quotes: bool, whole: bool) -> Result:
    message = message_about_one(result.message) if quotes else text(result.message)
    return replace(
        result,
        message=message,
        locations=tuple(_location(one, quotes=quotes, whole=whole) for one in result.locations),
        suppressions=tuple(map(_suppression, result.suppressions)),
        properties=_values(result.properties),
    )


def _location(location: Location, *, quotes: bool = False, whole: bool = False) -> Location:
    region = location.region
    if region is None or region.snippet is None:
        return location
    shown = REDACTED if whole else source_with_one(region.snippet) if quotes else text(region.snippet)
    return location if shown == region.snippet else replace(location, region=replace(region, snippet=shown))


def _suppression(suppression: Suppression) -> Suppression:
    location = suppression.location and _location(suppression.location)
    return replace(suppression, justification=text(suppression.justification), location=location)


def _notification(notification: Notification) -> Notification:
    return replace(
        notification,
        text=text(notification.text),
        next_step=text(notification.next_step),
        location=notification.location and _location(notification.location),
        properties=_values(notification.properties),
    )


def _invocation(invocation: Invocation) -> Invocation:
    return replace(invocation, arguments=tuple(map(text, invocation.arguments)))


def _feed(feed: FeedState) -> FeedState:
    return replace(feed, source=text(feed.source))


def _values(properties: Mapping[str, str]) -> Mapping[str, str]:
    return {name: text(value) for name, value in properties.items()}

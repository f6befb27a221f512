"""The HTML page with a table of permits."""

from collections.abc import Iterable

from jinja2 import Environment

from permit_lookup.permits import Permit

TABLE = Environment(autoescape=True).from_string(
    """<!doctype html>
<html lang="en">
<title>Permits</title>
<table>
  <tr><th>Number</th><th>State</th><th>Decided</th></tr>
{%- for permit in permits %}
  <tr><td>{{ permit.number }}</td><td>{{ permit.state }}</td><td>{{ permit.decided or "" }}</td></tr>
{%- endfor %}
</table>
</html>
"""
)


def render(permits: Iterable[Permit]) -> str:
    """Return the page for `permits`."""
    return TABLE.render(permits=list(permits))

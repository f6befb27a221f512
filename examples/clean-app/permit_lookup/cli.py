"""The two commands."""

import click
import redis

from permit_lookup import page
from permit_lookup.service import look_up


@click.group()
@click.option("--cache", default="redis://localhost:6379/0", show_default=True, help="Where answers are kept.")
@click.pass_context
def main(context: click.Context, cache: str) -> None:
    """Look up building permits."""
    context.obj = redis.Redis.from_url(cache)


@main.command()
@click.argument("number")
@click.pass_obj
def show(cache: redis.Redis, number: str) -> None:
    """Print the state of one permit."""
    click.echo(look_up(number, cache).line())


@main.command(name="page")
@click.argument("numbers", nargs=-1, required=True)
@click.pass_obj
def write_page(cache: redis.Redis, numbers: tuple[str, ...]) -> None:
    """Write an HTML page about several permits."""
    click.echo(page.render(look_up(number, cache) for number in numbers), nl=False)

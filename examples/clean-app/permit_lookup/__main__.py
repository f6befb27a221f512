"""Starts the command: `python -m permit_lookup`."""

from permit_lookup.cli import main

main()

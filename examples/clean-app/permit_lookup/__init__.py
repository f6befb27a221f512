"""Looks up the state of building permits."""

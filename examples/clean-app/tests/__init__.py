"""Tests of permit-lookup."""

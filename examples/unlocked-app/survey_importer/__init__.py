"""Reads survey workbooks into one database."""

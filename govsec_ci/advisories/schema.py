"""The layout of the index file: one SQLite database, written once, then only read.

Bodies are MessagePack of the types named beside them. Raise :data:`VERSION` with every change of layout, of what a
body holds, or of the rules that decide a stored value (grouping, severity): indexes of another version are not read
but built anew from the feed files.
"""

VERSION = 1
APPLICATION_ID = 0x676F7673  # "govs"

TABLES = """
CREATE TABLE feed (feed TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;          -- model.FeedState
CREATE TABLE vulnerability (id INTEGER PRIMARY KEY, name TEXT NOT NULL, body BLOB NOT NULL);  -- model.Vulnerability
CREATE TABLE alias (name TEXT, vulnerability INTEGER, PRIMARY KEY (name, vulnerability)) WITHOUT ROWID;
CREATE TABLE affected (                                                               -- tuple of matching.Entry
  package TEXT, vulnerability INTEGER, body BLOB NOT NULL, PRIMARY KEY (package, vulnerability)) WITHOUT ROWID;
CREATE TABLE ecosystem (name TEXT PRIMARY KEY, records INTEGER NOT NULL, matched INTEGER NOT NULL) WITHOUT ROWID;
"""

"""The layout of the index file: one SQLite database, written once, then only read.

Bodies are MessagePack of the types named beside them. Raise :data:`VERSION` with every change of layout, of what a
body holds, or of the rules that decide a stored value (grouping, severity): indexes of another version are not read
but built anew from the feed files.
"""

VERSION = 5
APPLICATION_ID = 0x676F7673  # "govs"

TABLES = """
-- model.FeedState
CREATE TABLE feed (feed TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
-- model.Vulnerability, enriched by the tables below
CREATE TABLE vulnerability (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE alias (name TEXT, vulnerability INTEGER, PRIMARY KEY (name, vulnerability)) WITHOUT ROWID;
-- tuple of matching.Entry
CREATE TABLE affected (
  package TEXT, vulnerability INTEGER, body BLOB NOT NULL, PRIMARY KEY (package, vulnerability)) WITHOUT ROWID;
CREATE TABLE ecosystem (name TEXT PRIMARY KEY, records INTEGER NOT NULL, matched INTEGER NOT NULL) WITHOUT ROWID;
-- base.Exploited, base.Enrichment
CREATE TABLE kev (cve TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE vulnrichment (cve TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE epss (cve TEXT PRIMARY KEY, score REAL NOT NULL, percentile REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE epss_model (model TEXT NOT NULL, date TEXT NOT NULL);
-- What loading leaves for assembling: osv records without the withdrawn, as assemble.Facts
CREATE TEMP TABLE record (id TEXT PRIMARY KEY, aliases BLOB NOT NULL, body BLOB NOT NULL);
"""

"""The tables of an index file, format 4."""

from __future__ import annotations

VERSION = 4

TABLES = """
CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE roots (path BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE directories (id INTEGER PRIMARY KEY, path BLOB NOT NULL UNIQUE, device INTEGER NOT NULL) STRICT;
-- One row an image, by content. AUTOINCREMENT: an id is never given twice, so a link to it cannot change its meaning.
CREATE TABLE images (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    digest BLOB NOT NULL UNIQUE,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    taken TEXT,
    confidence REAL NOT NULL,
    monochrome INTEGER NOT NULL,
    -- Difference hash, as a signed number; NULL where an index of format 1 was brought forward.
    hash INTEGER
) STRICT;
-- One row a file. Without image and failure it is no image at all.
CREATE TABLE files (
    directory INTEGER NOT NULL REFERENCES directories (id),
    name BLOB NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    image INTEGER REFERENCES images (id),
    failure TEXT,
    -- What may make a failed file readable though it stays the same, and the limit that it failed under.
    lifted_by TEXT,
    limit_then REAL,
    PRIMARY KEY (directory, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX files_image ON files (image) WHERE image IS NOT NULL;
-- What a moved file may turn out to be.
CREATE INDEX files_stat ON files (size, mtime_ns) WHERE image IS NOT NULL;
CREATE INDEX files_failure ON files (directory) WHERE failure IS NOT NULL;
"""

# Row vectors: ids as int64, columns of the affect and of the appearance as float16, all little-endian. A row whose
# image is gone is dead. SQLite does not check the content of blobs: the checksum does. What is read most comes first.
SEGMENTS = (
    "CREATE TABLE segments (id INTEGER PRIMARY KEY, ids BLOB NOT NULL, checksum INTEGER NOT NULL, "
    "feelings BLOB NOT NULL, looks BLOB NOT NULL) STRICT"
)

# Tables that format 3 added: an index that is new, and one that is brought forward, make them by the same words.
ADDED = (
    # At most one catalogue a folder; its records by the end of the path that each states, as JSON.
    "CREATE TABLE catalogues (id INTEGER PRIMARY KEY, root BLOB NOT NULL UNIQUE, source BLOB NOT NULL) STRICT",
    "CREATE TABLE records (catalogue INTEGER NOT NULL REFERENCES catalogues (id), key BLOB NOT NULL, "
    "record TEXT NOT NULL, PRIMARY KEY (catalogue, key)) STRICT, WITHOUT ROWID",
    # What people say of images, by the digest of the content.
    "CREATE TABLE ratings (id INTEGER PRIMARY KEY AUTOINCREMENT, digest BLOB NOT NULL, rater TEXT NOT NULL, "
    "emotion TEXT, valence REAL, arousal REAL, moment TEXT NOT NULL, UNIQUE (digest, rater)) STRICT",
)

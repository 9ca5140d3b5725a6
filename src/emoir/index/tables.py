"""The tables of an index file, format 6."""

from __future__ import annotations

VERSION = 6

# SQLite does not check the content of rows: their checksums do (see ``checksums``). Each covers the columns before it.
TABLES_OF_5 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL, checksum INTEGER NOT NULL) STRICT, WITHOUT ROWID;
-- One row: how often the index was written.
CREATE TABLE revision (number INTEGER NOT NULL) STRICT;
INSERT INTO revision VALUES (0);
CREATE TABLE roots (path BLOB PRIMARY KEY, checksum INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE directories (
    id INTEGER PRIMARY KEY,
    path BLOB NOT NULL UNIQUE,
    device INTEGER NOT NULL,
    checksum INTEGER NOT NULL
) STRICT;
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
    hash INTEGER,
    -- Whether a part of the picture is missing from its file.
    incomplete INTEGER NOT NULL,
    checksum INTEGER NOT NULL
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
    retry_when TEXT,
    limit_then REAL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (directory, name)
) STRICT, WITHOUT ROWID;
-- Row vectors: ids as int64, columns of the affect and of the appearance as float16, all little-endian. A row whose
-- image is gone is dead. What is read most comes first, so the checksums are of the blobs after them.
CREATE TABLE segments (
    id INTEGER PRIMARY KEY,
    affect_checksum INTEGER NOT NULL,
    appearance_checksum INTEGER NOT NULL,
    ids BLOB NOT NULL,
    affect BLOB NOT NULL,
    appearance BLOB NOT NULL
) STRICT;
-- At most one catalogue a folder; its records by the end of the path that each states, as JSON.
CREATE TABLE catalogues (
    id INTEGER PRIMARY KEY,
    root BLOB NOT NULL UNIQUE,
    source BLOB NOT NULL,
    checksum INTEGER NOT NULL
) STRICT;
CREATE TABLE records (
    catalogue INTEGER NOT NULL REFERENCES catalogues (id),
    key BLOB NOT NULL,
    record TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (catalogue, key)
) STRICT, WITHOUT ROWID;
-- What people say of images, by the digest of the content.
CREATE TABLE ratings (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    digest BLOB NOT NULL,
    rater TEXT NOT NULL,
    emotion TEXT,
    valence REAL,
    arousal REAL,
    moment TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    UNIQUE (digest, rater)
) STRICT;
-- The change log: at which revision the row, the files or the record of an image changed.
CREATE TABLE changes (
    revision INTEGER NOT NULL,
    image INTEGER NOT NULL,
    PRIMARY KEY (revision, image)
) STRICT, WITHOUT ROWID;
"""
ADDED_IN_6 = """
-- Images put together by a person: their digests one after another, in their order. The cover is one of them.
CREATE TABLE boards (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    notes TEXT NOT NULL,
    cover BLOB,
    digests BLOB NOT NULL,
    checksum INTEGER NOT NULL
) STRICT;
CREATE TABLE searches (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    address TEXT NOT NULL,
    checksum INTEGER NOT NULL
) STRICT;
-- Whether an image is disturbing, by hand.
CREATE TABLE marks (
    digest BLOB PRIMARY KEY,
    disturbing INTEGER NOT NULL,
    checksum INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""
TABLES = TABLES_OF_5 + ADDED_IN_6

INDEXES = """
CREATE INDEX files_image ON files (image) WHERE image IS NOT NULL;
-- What a moved file may turn out to be.
CREATE INDEX files_stat ON files (size, mtime_ns) WHERE image IS NOT NULL;
CREATE INDEX files_failure ON files (directory) WHERE failure IS NOT NULL;
"""

# "INSERT OR IGNORE" would not do: in a trigger, the policy of the statement outside it counts.
_LOG = (
    "INSERT INTO changes SELECT number, {0} FROM revision WHERE {0} IS NOT NULL "
    "AND NOT EXISTS (SELECT 1 FROM changes WHERE revision = number AND image = {0});"
)
_MARKED = _LOG.replace("{0}", "(SELECT id FROM images WHERE digest = {0})")
TRIGGERS_OF_5 = f"""
CREATE TRIGGER file_added AFTER INSERT ON files BEGIN {_LOG.format("new.image")} END;
CREATE TRIGGER file_removed AFTER DELETE ON files BEGIN {_LOG.format("old.image")} END;
CREATE TRIGGER file_changed AFTER UPDATE ON files BEGIN {_LOG.format("old.image")} {_LOG.format("new.image")} END;
CREATE TRIGGER image_removed AFTER DELETE ON images BEGIN {_LOG.format("old.id")} END;
"""
MARK_TRIGGERS = f"""
CREATE TRIGGER mark_added AFTER INSERT ON marks BEGIN {_MARKED.format("new.digest")} END;
CREATE TRIGGER mark_removed AFTER DELETE ON marks BEGIN {_MARKED.format("old.digest")} END;
"""
TRIGGERS = TRIGGERS_OF_5 + MARK_TRIGGERS

# The columns that each table's checksum covers, and the rest of what a row is.
COLUMNS = {
    "meta": "key, value",
    "roots": "path",
    "directories": "id, path, device",
    "images": "id, digest, width, height, taken, confidence, monochrome, hash, incomplete",
    "files": "directory, name, size, mtime_ns, image, failure, retry_when, limit_then",
    "catalogues": "id, root, source",
    "records": "catalogue, key, record",
    "ratings": "id, digest, rater, emotion, valence, arousal, moment",
    "boards": "id, name, notes, cover, digests",
    "searches": "id, name, address",
    "marks": "digest, disturbing",
}

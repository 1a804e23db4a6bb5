-- Published tables (dictionary, code lists) that were installed into this registry, newest last: the newest one that is
-- not undone is in use, and without any the program's own are. `content` is a zstd tar of the built tables.
CREATE TABLE standards_pack (
    pack_id BIGINT PRIMARY KEY, version VARCHAR NOT NULL, digest VARCHAR NOT NULL, content BLOB NOT NULL,
    detail VARCHAR, state VARCHAR NOT NULL CHECK (state IN ('installed', 'undone')),
    installed_at TIMESTAMP NOT NULL, installed_by VARCHAR NOT NULL, undone_at TIMESTAMP, undone_by VARCHAR);
-- Every stored value that an installation changed, so that it can be taken back. `entity` is a table.
CREATE TABLE standards_change (
    pack_id BIGINT NOT NULL, entity VARCHAR NOT NULL, entity_id BIGINT NOT NULL, item VARCHAR NOT NULL,
    "before" VARCHAR, "after" VARCHAR);

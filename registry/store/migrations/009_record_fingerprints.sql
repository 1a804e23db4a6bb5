-- What is known of records' fingerprints without reading them: `quick` and `quick2` are DuckDB's hashes of a record's
-- columns, record_hash and record_hash2 what these columns gave when they were last read as `plan` says (a digest of all
-- that the fingerprint depends on beside the columns). `form`: profile, record type and version. Made anew when lost.
CREATE TABLE record_fingerprint (
    form VARCHAR NOT NULL, plan VARCHAR NOT NULL, record_id BIGINT NOT NULL, quick UBIGINT NOT NULL,
    quick2 UBIGINT NOT NULL, record_hash UBIGINT NOT NULL, record_hash2 UBIGINT NOT NULL);

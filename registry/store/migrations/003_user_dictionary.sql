-- User-defined NAACCR dictionaries that files came with: exports name and use them again.
CREATE TABLE user_dictionary (
    uri VARCHAR PRIMARY KEY, file_name VARCHAR, sha256 VARCHAR NOT NULL, content BLOB NOT NULL, added_at TIMESTAMP);

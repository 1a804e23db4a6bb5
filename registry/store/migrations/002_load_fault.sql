-- Every fault that reading a file found, with its place: nothing is dropped in silence.
CREATE TABLE load_fault (
    load_id BIGINT NOT NULL, line BIGINT, patient_index BIGINT, tumor_index BIGINT, item VARCHAR, value VARCHAR,
    code VARCHAR, severity VARCHAR, message VARCHAR);

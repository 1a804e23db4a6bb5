-- The first floor: reference tables, received files, the four levels, work queues, accounts and the audit chain.
-- Timestamps are UTC without zone. patient, tumor, abstract and pathology_report grow one VARCHAR column per
-- NAACCR item that has occurred (registry.store.schema.add_columns). There are no FOREIGN KEYs, because they
-- break COPY FROM DATABASE: registry.store.references checks references instead. No sequences, no triggers,
-- no secondary indexes (zone maps on ascending ids are enough and cost nothing).

CREATE TABLE schema_version (version INTEGER PRIMARY KEY, name VARCHAR NOT NULL, applied_at TIMESTAMP NOT NULL);
CREATE TABLE meta (name VARCHAR PRIMARY KEY, value VARCHAR);
CREATE TABLE id_counter (kind VARCHAR PRIMARY KEY, next_id BIGINT NOT NULL);

-- reference tables, effective-dated: a row counts from effective_from until the day before effective_to
CREATE TABLE facility (
    facility_id VARCHAR NOT NULL, effective_from DATE NOT NULL DEFAULT DATE '1900-01-01', effective_to DATE,
    version INTEGER NOT NULL DEFAULT 1, npi VARCHAR, name VARCHAR, network VARCHAR, reference_date DATE,
    opened DATE, closed DATE, merged_into VARCHAR, contact_name VARCHAR, contact_phone VARCHAR,
    contact_email VARCHAR, address VARCHAR, city VARCHAR, state VARCHAR, postal_code VARCHAR,
    expected_cases INTEGER, created_at TIMESTAMP, changed_at TIMESTAMP, changed_by VARCHAR,
    PRIMARY KEY (facility_id, effective_from));
CREATE TABLE physician (
    physician_id VARCHAR NOT NULL, effective_from DATE NOT NULL DEFAULT DATE '1900-01-01', effective_to DATE,
    version INTEGER NOT NULL DEFAULT 1, npi VARCHAR, name VARCHAR, specialty VARCHAR, address VARCHAR,
    city VARCHAR, state VARCHAR, postal_code VARCHAR, phone VARCHAR, active BOOLEAN NOT NULL DEFAULT true,
    letter_preference VARCHAR, created_at TIMESTAMP, changed_at TIMESTAMP, changed_by VARCHAR,
    PRIMARY KEY (physician_id, effective_from));

-- what was received, exactly
CREATE TABLE load (
    load_id BIGINT PRIMARY KEY, file_name VARCHAR, sha256 VARCHAR NOT NULL, kind VARCHAR, bytes BIGINT,
    actor VARCHAR, started_at TIMESTAMP, finished_at TIMESTAMP, status VARCHAR NOT NULL, patients BIGINT,
    tumors BIGINT, items BIGINT, accepted BIGINT, duplicates BIGINT, quarantined BIGINT, faults BIGINT,
    file_id BIGINT, detail VARCHAR);
CREATE TABLE source_file (
    file_id BIGINT PRIMARY KEY, file_name VARCHAR, kind VARCHAR, sha256 VARCHAR NOT NULL UNIQUE,
    bytes BIGINT NOT NULL, stored_bytes BIGINT NOT NULL, chunks INTEGER NOT NULL, created_at TIMESTAMP NOT NULL);
CREATE TABLE source_chunk (
    file_id BIGINT NOT NULL, chunk INTEGER NOT NULL, byte_start BIGINT NOT NULL, byte_length BIGINT NOT NULL,
    content BLOB NOT NULL);
CREATE TABLE source_record (
    source_id BIGINT NOT NULL, load_id BIGINT, file_id BIGINT, kind VARCHAR, byte_start BIGINT,
    byte_length BIGINT, patient_index BIGINT, tumor_index BIGINT, sender VARCHAR, facility_id VARCHAR,
    record_type VARCHAR, naaccr_version VARCHAR, content_hash VARCHAR);
CREATE TABLE source_item (source_id BIGINT NOT NULL, item VARCHAR NOT NULL, value VARCHAR);

-- the levels
CREATE TABLE patient (
    patient_id BIGINT PRIMARY KEY, version INTEGER NOT NULL DEFAULT 1, created_at TIMESTAMP,
    changed_at TIMESTAMP, changed_by VARCHAR, tombstone_reason VARCHAR);
CREATE TABLE tumor (
    tumor_id BIGINT PRIMARY KEY, patient_id BIGINT NOT NULL, version INTEGER NOT NULL DEFAULT 1,
    created_at TIMESTAMP, changed_at TIMESTAMP, changed_by VARCHAR, tombstone_reason VARCHAR);
CREATE TABLE abstract (
    abstract_id BIGINT PRIMARY KEY, tumor_id BIGINT, patient_id BIGINT, facility_id VARCHAR, sender VARCHAR,
    source_id BIGINT, record_type VARCHAR, naaccr_version VARCHAR,
    status VARCHAR NOT NULL DEFAULT 'suspense'
        CHECK (status IN ('suspense', 'in_progress', 'complete', 'exported', 'reopened', 'void')),
    version INTEGER NOT NULL DEFAULT 1, created_at TIMESTAMP, changed_at TIMESTAMP, changed_by VARCHAR,
    void_reason VARCHAR);
CREATE TABLE abstract_change (
    abstract_id BIGINT NOT NULL, version INTEGER NOT NULL, item VARCHAR NOT NULL, "before" VARCHAR,
    "after" VARCHAR, source_id BIGINT, changed_by VARCHAR, changed_at TIMESTAMP, reason VARCHAR);
CREATE TABLE pathology_report (
    report_id BIGINT PRIMARY KEY, source_id BIGINT, patient_id BIGINT, abstract_id BIGINT, facility_id VARCHAR,
    sender VARCHAR, control_id VARCHAR, obr_set_id VARCHAR, result_status VARCHAR, status VARCHAR,
    received_at TIMESTAMP, version INTEGER NOT NULL DEFAULT 1, created_at TIMESTAMP, changed_at TIMESTAMP,
    changed_by VARCHAR, final_diagnosis VARCHAR, clinical_history VARCHAR, gross VARCHAR, microscopic VARCHAR,
    nature_of_specimen VARCHAR, comment VARCHAR, report_text VARCHAR, sections VARCHAR);
CREATE TABLE treatment (
    treatment_id BIGINT PRIMARY KEY, source_id BIGINT, patient_id BIGINT, tumor_id BIGINT, abstract_id BIGINT,
    facility_id VARCHAR, treatment_type VARCHAR, start_date VARCHAR, end_date VARCHAR, code VARCHAR,
    code_system VARCHAR, description VARCHAR, dose_cgy DOUBLE, fractions INTEGER,
    version INTEGER NOT NULL DEFAULT 1, created_at TIMESTAMP, changed_at TIMESTAMP, changed_by VARCHAR,
    tombstone_reason VARCHAR);
CREATE TABLE follow_up_contact (
    contact_id BIGINT PRIMARY KEY, patient_id BIGINT, abstract_id BIGINT, facility_id VARCHAR,
    contacted_at TIMESTAMP, method VARCHAR, contact_type VARCHAR, outcome VARCHAR, date_of_last_contact VARCHAR,
    vital_status VARCHAR, cancer_status VARCHAR, next_action VARCHAR, next_date DATE, letter VARCHAR,
    note VARCHAR, source_id BIGINT, version INTEGER NOT NULL DEFAULT 1, created_at TIMESTAMP,
    changed_at TIMESTAMP, changed_by VARCHAR, tombstone_reason VARCHAR);

-- knowledge applied
CREATE TABLE edit_failure (
    failure_id BIGINT PRIMARY KEY, run_id BIGINT, patient_id BIGINT, tumor_id BIGINT, abstract_id BIGINT,
    facility_id VARCHAR, edit VARCHAR, edit_version VARCHAR, severity VARCHAR, items VARCHAR,
    item_values VARCHAR, message VARCHAR,
    state VARCHAR NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'fixed', 'overridden')), found_at TIMESTAMP);
CREATE TABLE edit_override (
    override_id BIGINT PRIMARY KEY, abstract_id BIGINT, tumor_id BIGINT, edit VARCHAR, items VARCHAR,
    item_values VARCHAR, reason VARCHAR, account VARCHAR, created_at TIMESTAMP, withdrawn_at TIMESTAMP);
CREATE TABLE derived (
    tumor_id BIGINT NOT NULL, item VARCHAR NOT NULL, value VARCHAR, algorithm VARCHAR, version VARCHAR,
    derived_at TIMESTAMP);
CREATE TABLE staging_trace (
    tumor_id BIGINT NOT NULL, schema_id VARCHAR, algorithm VARCHAR, version VARCHAR, step INTEGER, trace VARCHAR,
    created_at TIMESTAMP);

-- work
CREATE TABLE link_event (
    event_id BIGINT NOT NULL, happened_at TIMESTAMP, kind VARCHAR, patient_id BIGINT, abstract_id BIGINT,
    source_id BIGINT, rule VARCHAR, detail VARCHAR, other_patient_id BIGINT, tumor_id BIGINT, actor VARCHAR);
CREATE TABLE review_task (
    task_id BIGINT PRIMARY KEY, kind VARCHAR, patient_id BIGINT, abstract_id BIGINT, source_id BIGINT,
    facility_id VARCHAR, detail VARCHAR, state VARCHAR NOT NULL DEFAULT 'open', version INTEGER NOT NULL DEFAULT 1,
    created_at TIMESTAMP, closed_at TIMESTAMP, closed_by VARCHAR, outcome VARCHAR);
CREATE TABLE quarantine (
    quarantine_id BIGINT PRIMARY KEY, load_id BIGINT, file_name VARCHAR, kind VARCHAR, place VARCHAR,
    reason VARCHAR, expected VARCHAR, content BLOB, state VARCHAR NOT NULL DEFAULT 'open',
    created_at TIMESTAMP, closed_at TIMESTAMP, closed_by VARCHAR, outcome VARCHAR);
CREATE TABLE job_run (
    run_id BIGINT PRIMARY KEY, job VARCHAR NOT NULL, period VARCHAR NOT NULL, state VARCHAR NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 1, actor VARCHAR, started_at TIMESTAMP, finished_at TIMESTAMP,
    result VARCHAR, error VARCHAR, UNIQUE (job, period));
CREATE TABLE submission (
    submission_id BIGINT PRIMARY KEY, kind VARCHAR, recipient VARCHAR, period VARCHAR, record_type VARCHAR,
    naaccr_version VARCHAR, file_name VARCHAR, sha256 VARCHAR, tumors BIGINT, state VARCHAR,
    version INTEGER NOT NULL DEFAULT 1, created_at TIMESTAMP, created_by VARCHAR, detail VARCHAR);
CREATE TABLE snapshot (
    snapshot_id BIGINT PRIMARY KEY, name VARCHAR, path VARCHAR, profile VARCHAR, patients BIGINT,
    tumors BIGINT, sha256 VARCHAR, created_at TIMESTAMP, created_by VARCHAR, detail VARCHAR);

-- people
CREATE TABLE account (
    account_id BIGINT PRIMARY KEY, name VARCHAR NOT NULL UNIQUE, password_hash VARCHAR, role VARCHAR NOT NULL,
    facilities VARCHAR, active BOOLEAN NOT NULL DEFAULT true, failed INTEGER NOT NULL DEFAULT 0,
    locked_until TIMESTAMP, created_at TIMESTAMP);
CREATE TABLE session (
    token_hash VARCHAR PRIMARY KEY, account_id BIGINT NOT NULL, created_at TIMESTAMP, last_seen TIMESTAMP,
    expires_at TIMESTAMP, ended_at TIMESTAMP);
CREATE TABLE draft (
    account VARCHAR NOT NULL, entity VARCHAR NOT NULL, entity_id VARCHAR NOT NULL, content VARCHAR NOT NULL,
    based_on INTEGER, changed_at TIMESTAMP NOT NULL, PRIMARY KEY (account, entity, entity_id));

-- evidence
CREATE TABLE audit_event (
    seq BIGINT PRIMARY KEY, happened_at TIMESTAMP NOT NULL, actor VARCHAR NOT NULL, action VARCHAR NOT NULL,
    entity VARCHAR, entity_id VARCHAR, facility_id VARCHAR, reason VARCHAR, before_value VARCHAR,
    after_value VARCHAR, digest VARCHAR, previous_hash VARCHAR NOT NULL, hash VARCHAR NOT NULL);
CREATE TABLE idempotency (
    key VARCHAR PRIMARY KEY, actor VARCHAR NOT NULL, action VARCHAR NOT NULL, steps VARCHAR NOT NULL,
    result VARCHAR, seq BIGINT NOT NULL, created_at TIMESTAMP NOT NULL);

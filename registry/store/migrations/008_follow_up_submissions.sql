-- Follow-up work, scheduled jobs, submissions, disclosures, extracts for research, geocoding.

-- A contact or reply: what was asked of whom by which letter, what was answered, and which items it changed (JSON:
-- item -> [before, after], an abstract each).
ALTER TABLE follow_up_contact ADD COLUMN letter_id BIGINT;
ALTER TABLE follow_up_contact ADD COLUMN addressee VARCHAR;
ALTER TABLE follow_up_contact ADD COLUMN physician_id VARCHAR;
ALTER TABLE follow_up_contact ADD COLUMN stated_date VARCHAR;
ALTER TABLE follow_up_contact ADD COLUMN postmark VARCHAR;
ALTER TABLE follow_up_contact ADD COLUMN follow_up_source VARCHAR;
ALTER TABLE follow_up_contact ADD COLUMN reason VARCHAR;
ALTER TABLE follow_up_contact ADD COLUMN changes VARCHAR;
ALTER TABLE follow_up_contact ADD COLUMN task_id BIGINT;
ALTER TABLE follow_up_contact ADD COLUMN contacted_by VARCHAR;
-- The registry's own bar on follow-up contact of a patient: who, when, why; lifted likewise.
CREATE TABLE contact_bar (
    bar_id BIGINT PRIMARY KEY, patient_id BIGINT NOT NULL, facility_id VARCHAR, reason VARCHAR NOT NULL,
    requested_by VARCHAR, set_by VARCHAR NOT NULL, set_at TIMESTAMP NOT NULL, lifted_by VARCHAR, lifted_at TIMESTAMP,
    lifted_reason VARCHAR, version INTEGER NOT NULL DEFAULT 1, created_at TIMESTAMP, changed_at TIMESTAMP,
    changed_by VARCHAR);
-- A physician's consent (or refusal) that the registry writes to the patient.
CREATE TABLE letter_consent (
    consent_id BIGINT PRIMARY KEY, patient_id BIGINT, physician_id VARCHAR NOT NULL, given BOOLEAN NOT NULL,
    given_on DATE NOT NULL, valid_until DATE, note VARCHAR, recorded_by VARCHAR NOT NULL, withdrawn_at TIMESTAMP,
    withdrawn_by VARCHAR, withdrawn_reason VARCHAR, version INTEGER NOT NULL DEFAULT 1, created_at TIMESTAMP,
    changed_at TIMESTAMP, changed_by VARCHAR);
-- A registry's own letter templates; the package's own stand in registry/followup/letters.
CREATE TABLE letter_template (
    template VARCHAR NOT NULL, language VARCHAR NOT NULL, content VARCHAR NOT NULL, version INTEGER NOT NULL DEFAULT 1,
    created_at TIMESTAMP, changed_at TIMESTAMP, changed_by VARCHAR, PRIMARY KEY (template, language));
-- One PDF: the letters to one physician or institution, or a language's letters to patients or contacts.
CREATE TABLE letter_batch (
    batch_id BIGINT PRIMARY KEY, run VARCHAR NOT NULL, as_of DATE NOT NULL, addressee VARCHAR NOT NULL,
    recipient VARCHAR, recipient_name VARCHAR, language VARCHAR, template VARCHAR, template_digest VARCHAR,
    letters INTEGER NOT NULL, pages INTEGER, send_by VARCHAR, file_name VARCHAR, file_id BIGINT, sha256 VARCHAR,
    state VARCHAR NOT NULL DEFAULT 'made' CHECK (state IN ('made', 'sent', 'cancelled')), sent_on DATE, sent_by VARCHAR,
    facility_id VARCHAR, made_by VARCHAR, cancelled_reason VARCHAR, version INTEGER NOT NULL DEFAULT 1,
    created_at TIMESTAMP, changed_at TIMESTAMP, changed_by VARCHAR);
-- One letter; `reference` is printed in it, so that a reply finds it again.
CREATE TABLE letter (
    letter_id BIGINT PRIMARY KEY, batch_id BIGINT NOT NULL, patient_id BIGINT NOT NULL, addressee VARCHAR NOT NULL,
    recipient VARCHAR, reference VARCHAR, page INTEGER, facility_id VARCHAR, state VARCHAR NOT NULL DEFAULT 'made'
        CHECK (state IN ('made', 'sent', 'cancelled', 'answered', 'returned')),
    answered_at TIMESTAMP, contact_id BIGINT, created_at TIMESTAMP, UNIQUE (batch_id, patient_id, addressee, recipient));
-- The language in which a patient wants letters.
CREATE TABLE letter_language (
    patient_id BIGINT PRIMARY KEY, language VARCHAR NOT NULL, created_at TIMESTAMP, changed_at TIMESTAMP,
    changed_by VARCHAR);
-- What a passive source (visits, another registry's file, pathology reports) said, line by line, and what came of it.
CREATE TABLE follow_up_import (
    import_id BIGINT PRIMARY KEY, kind VARCHAR NOT NULL, file_name VARCHAR, file_id BIGINT, sha256 VARCHAR, rows BIGINT,
    moved BIGINT, not_later BIGINT, unmatched BIGINT, unreadable BIGINT, reviews BIGINT, facility_id VARCHAR,
    imported_by VARCHAR, created_at TIMESTAMP);
CREATE TABLE follow_up_import_line (
    import_id BIGINT NOT NULL, line BIGINT NOT NULL, patient_id BIGINT, contact_id BIGINT, source_id BIGINT,
    outcome VARCHAR NOT NULL, detail VARCHAR, content VARCHAR);
-- Follow-up rates as they were known on a day, of the whole registry ('') and of each facility: the trend reads them.
CREATE TABLE follow_up_rate_kept (
    as_of DATE NOT NULL, facility_id VARCHAR NOT NULL, unit VARCHAR NOT NULL, window_name VARCHAR NOT NULL,
    counted_from DATE, eligible BIGINT NOT NULL, dead BIGINT NOT NULL, living BIGINT NOT NULL, current BIGINT NOT NULL,
    lost BIGINT NOT NULL, rate_pct DOUBLE, living_rate_pct DOUBLE, target DOUBLE, met BOOLEAN, reference_date DATE,
    kept_at TIMESTAMP, kept_by VARCHAR, PRIMARY KEY (as_of, facility_id, unit, window_name));

-- Jobs: who has a run now and until when, and each attempt.
ALTER TABLE job_run ADD COLUMN cause VARCHAR;
ALTER TABLE job_run ADD COLUMN owner VARCHAR;
ALTER TABLE job_run ADD COLUMN heartbeat_at TIMESTAMP;
ALTER TABLE job_run ADD COLUMN next_attempt_at TIMESTAMP;
ALTER TABLE job_run ADD COLUMN as_of DATE;
ALTER TABLE job_run ADD COLUMN input_hash VARCHAR;
ALTER TABLE job_run ADD COLUMN output_hash VARCHAR;
ALTER TABLE job_run ADD COLUMN seconds DOUBLE;
ALTER TABLE job_run ADD COLUMN log VARCHAR;
ALTER TABLE job_run ADD COLUMN notified_at TIMESTAMP;
ALTER TABLE job_run ADD COLUMN notify_error VARCHAR;
CREATE TABLE job_attempt (
    run_id BIGINT NOT NULL, attempt INTEGER NOT NULL, owner VARCHAR, cause VARCHAR, state VARCHAR NOT NULL,
    started_at TIMESTAMP, finished_at TIMESTAMP, seconds DOUBLE, input_hash VARCHAR, output_hash VARCHAR, error VARCHAR,
    log VARCHAR, PRIMARY KEY (run_id, attempt));
-- Since when a registry has a job: periods before that are not missed.
CREATE TABLE job_known (job VARCHAR PRIMARY KEY, since TIMESTAMP NOT NULL);
-- What the quality suites said; older programs kept it among the runs of jobs, whose numbers it shares.
CREATE TABLE suite_result (
    run_id BIGINT PRIMARY KEY, result VARCHAR NOT NULL, recorded_at TIMESTAMP, recorded_by VARCHAR);
INSERT INTO suite_result
    SELECT run_id, result, finished_at, actor FROM job_run WHERE job = 'quality-suites' AND result IS NOT NULL;
DELETE FROM job_run WHERE job = 'quality-suites';

-- Submissions: profiles of a registry's own beside the package's, the immutable run, its tumors, the receiver's answer.
CREATE TABLE submission_profile (
    profile VARCHAR NOT NULL, profile_version INTEGER NOT NULL, definition VARCHAR NOT NULL, created_at TIMESTAMP,
    created_by VARCHAR, PRIMARY KEY (profile, profile_version));
CREATE TABLE required_status (
    item VARCHAR NOT NULL, naaccr_version VARCHAR NOT NULL, agency VARCHAR NOT NULL, code VARCHAR NOT NULL,
    source VARCHAR, PRIMARY KEY (item, naaccr_version, agency));
CREATE TABLE restriction_rule (
    recipient VARCHAR NOT NULL, code VARCHAR NOT NULL, allowed BOOLEAN NOT NULL, reason VARCHAR, source VARCHAR,
    changed_at TIMESTAMP, changed_by VARCHAR, PRIMARY KEY (recipient, code));
-- `region`: state asked for; `request`: what was asked (JSON); `problems`: why it cannot be sealed (JSON list).
ALTER TABLE submission ADD COLUMN profile VARCHAR;
ALTER TABLE submission ADD COLUMN profile_version INTEGER;
ALTER TABLE submission ADD COLUMN title VARCHAR;
ALTER TABLE submission ADD COLUMN region VARCHAR;
ALTER TABLE submission ADD COLUMN facility_id VARCHAR;
ALTER TABLE submission ADD COLUMN year_from INTEGER;
ALTER TABLE submission ADD COLUMN year_to INTEGER;
ALTER TABLE submission ADD COLUMN as_of TIMESTAMP;
ALTER TABLE submission ADD COLUMN request VARCHAR;
ALTER TABLE submission ADD COLUMN manifest VARCHAR;
ALTER TABLE submission ADD COLUMN data_digest VARCHAR;
ALTER TABLE submission ADD COLUMN first_submission_id BIGINT;
ALTER TABLE submission ADD COLUMN previous_submission_id BIGINT;
ALTER TABLE submission ADD COLUMN delta BOOLEAN;
ALTER TABLE submission ADD COLUMN deleted BIGINT;
ALTER TABLE submission ADD COLUMN held BIGINT;
ALTER TABLE submission ADD COLUMN problems VARCHAR;
ALTER TABLE submission ADD COLUMN folder VARCHAR;
ALTER TABLE submission ADD COLUMN files VARCHAR;
ALTER TABLE submission ADD COLUMN purpose VARCHAR;
ALTER TABLE submission ADD COLUMN due_on DATE;
ALTER TABLE submission ADD COLUMN sealed_at TIMESTAMP;
ALTER TABLE submission ADD COLUMN sent_at TIMESTAMP;
ALTER TABLE submission ADD COLUMN sent_by VARCHAR;
ALTER TABLE submission ADD COLUMN acknowledged_at TIMESTAMP;
ALTER TABLE submission ADD COLUMN receipt VARCHAR;
ALTER TABLE submission ADD COLUMN changed_at TIMESTAMP;
ALTER TABLE submission ADD COLUMN changed_by VARCHAR;
-- One record of a submission, a tumor's or (where the profile sends abstracts) an abstract's: `record_id` is its tumor_id
-- or abstract_id, `change` stands against the last accepted one, the hashes are over the profile's items.
CREATE TABLE submission_record (
    submission_id BIGINT NOT NULL, record_id BIGINT NOT NULL, tumor_id BIGINT, patient_id BIGINT NOT NULL,
    abstract_id BIGINT, facility_id VARCHAR, diagnosis_year INTEGER, tumor_number VARCHAR, record_hash UBIGINT NOT NULL,
    record_hash2 UBIGINT NOT NULL, change VARCHAR NOT NULL CHECK (change IN ('new', 'changed', 'same', 'deleted')),
    answer VARCHAR CHECK (answer IN ('accepted', 'rejected')), reason VARCHAR, task_id BIGINT);
-- What was held back, and why (an edit's id, a code of item 1856, an item): one row a record and reason.
CREATE TABLE submission_held (
    submission_id BIGINT NOT NULL, record_id BIGINT NOT NULL, tumor_id BIGINT, patient_id BIGINT NOT NULL,
    abstract_id BIGINT, facility_id VARCHAR, reason VARCHAR NOT NULL, detail VARCHAR);
CREATE TABLE submission_event (
    submission_id BIGINT NOT NULL, happened_at TIMESTAMP NOT NULL, state VARCHAR NOT NULL, actor VARCHAR NOT NULL,
    note VARCHAR);
-- Accounting of disclosures (45 CFR 164.528): one row a patient and disclosure.
CREATE TABLE disclosure_event (
    disclosure_id BIGINT PRIMARY KEY, disclosed_on DATE NOT NULL, recipient VARCHAR NOT NULL, recipient_address VARCHAR,
    purpose VARCHAR NOT NULL, content VARCHAR NOT NULL, legal_basis VARCHAR, kind VARCHAR NOT NULL, subject_id BIGINT,
    patients BIGINT NOT NULL, disclosed_by VARCHAR NOT NULL, created_at TIMESTAMP);
CREATE TABLE disclosure_patient (disclosure_id BIGINT NOT NULL, patient_id BIGINT NOT NULL);
-- Agreements on limited data sets, and each extract that left.
CREATE TABLE data_agreement (
    agreement_id VARCHAR PRIMARY KEY, recipient VARCHAR NOT NULL, title VARCHAR, profile VARCHAR NOT NULL,
    columns VARCHAR, purpose VARCHAR, approved_by VARCHAR, valid_from DATE, expires_on DATE, ended_at TIMESTAMP,
    version INTEGER NOT NULL DEFAULT 1, created_at TIMESTAMP, changed_at TIMESTAMP, changed_by VARCHAR);
ALTER TABLE snapshot ADD COLUMN agreement_id VARCHAR;

-- Geocoding: which address of a tumor went out and came back; `address_digest` tells a stale result.
CREATE TABLE geocode (
    tumor_id BIGINT PRIMARY KEY, patient_id BIGINT NOT NULL, address_digest VARCHAR NOT NULL,
    state VARCHAR NOT NULL CHECK (state IN ('queued', 'exported', 'done', 'stale', 'failed', 'review')),
    batch VARCHAR, result VARCHAR, task_id BIGINT, exported_at TIMESTAMP, imported_at TIMESTAMP,
    version INTEGER NOT NULL DEFAULT 1, created_at TIMESTAMP, changed_at TIMESTAMP, changed_by VARCHAR);

-- The board of edit failures: own ones and those of an official EDITS run, assigned, overridden, closed, reopened.
-- `closed_as` says why a failure is no longer there: fixed, void (its record), retired (its edit is not asked any more),
-- not reported (a newer official run does not name it).
ALTER TABLE edit_failure ADD COLUMN source VARCHAR DEFAULT 'own';
ALTER TABLE edit_failure ADD COLUMN source_name VARCHAR;
ALTER TABLE edit_failure ADD COLUMN tag VARCHAR;
ALTER TABLE edit_failure ADD COLUMN own_edit VARCHAR;
ALTER TABLE edit_failure ADD COLUMN override_item VARCHAR;
ALTER TABLE edit_failure ADD COLUMN changed_at TIMESTAMP;
ALTER TABLE edit_failure ADD COLUMN fixed_at TIMESTAMP;
ALTER TABLE edit_failure ADD COLUMN fixed_run_id BIGINT;
ALTER TABLE edit_failure ADD COLUMN closed_as VARCHAR;
ALTER TABLE edit_failure ADD COLUMN reopened_at TIMESTAMP;
ALTER TABLE edit_failure ADD COLUMN assigned_to VARCHAR;
ALTER TABLE edit_failure ADD COLUMN assigned_by VARCHAR;
ALTER TABLE edit_failure ADD COLUMN assigned_at TIMESTAMP;
ALTER TABLE edit_failure ADD COLUMN note VARCHAR;
-- An override of a failure: on which values, and which flag of the abstract it set (null: the platform's alone).
ALTER TABLE edit_override ADD COLUMN failure_id BIGINT;
ALTER TABLE edit_override ADD COLUMN patient_id BIGINT;
ALTER TABLE edit_override ADD COLUMN edit_version VARCHAR;
ALTER TABLE edit_override ADD COLUMN override_item VARCHAR;
ALTER TABLE edit_override ADD COLUMN override_code VARCHAR;
ALTER TABLE edit_override ADD COLUMN withdrawn_by VARCHAR;
ALTER TABLE edit_override ADD COLUMN withdrawn_reason VARCHAR;

-- Every run over the registry (kind 'own'), and every official report that was taken in ('official').
CREATE TABLE edit_run (
    run_id BIGINT PRIMARY KEY, kind VARCHAR NOT NULL CHECK (kind IN ('own', 'official')), edit_set VARCHAR,
    source_name VARCHAR, as_of DATE, everybody BOOLEAN, tables VARCHAR, edits INTEGER, started_at TIMESTAMP,
    finished_at TIMESTAMP, actor VARCHAR, patients BIGINT, judged BIGINT, abstracts BIGINT, failures BIGINT,
    overridden BIGINT, new BIGINT, fixed BIGINT, reopened BIGINT, errors BIGINT, reviews BIGINT, warnings BIGINT,
    unmatched BIGINT, unreadable BIGINT, covered VARCHAR);
-- The board as each run left it, for trends: failures, and the records that were judged.
CREATE TABLE edit_run_count (
    run_id BIGINT NOT NULL, source VARCHAR NOT NULL, facility_id VARCHAR, abstractor VARCHAR, diagnosis_year INTEGER,
    edit VARCHAR NOT NULL, severity VARCHAR, open BIGINT NOT NULL, overridden BIGINT NOT NULL);
CREATE TABLE edit_run_record (
    run_id BIGINT NOT NULL, facility_id VARCHAR, abstractor VARCHAR, diagnosis_year INTEGER,
    records BIGINT NOT NULL, failing BIGINT NOT NULL);
-- What the board holds true: each edit's version and day of judgement, and each patient's records as they were judged
-- (`digest` is null when they are to be judged again).
CREATE TABLE edit_in_force (
    edit VARCHAR PRIMARY KEY, edit_version VARCHAR NOT NULL, edit_set VARCHAR, as_of DATE NOT NULL, tables VARCHAR NOT NULL);
CREATE TABLE edit_judged (patient_id BIGINT PRIMARY KEY, digest VARCHAR, run_id BIGINT NOT NULL);
-- Each line of an official report as it was read, with the record and failure that it belongs to.
CREATE TABLE official_result (
    result_id BIGINT PRIMARY KEY, run_id BIGINT NOT NULL, line BIGINT, facility VARCHAR, accession VARCHAR,
    sequence VARCHAR, patient VARCHAR, tumor VARCHAR, tag VARCHAR, edit VARCHAR, message VARCHAR, severity VARCHAR,
    abstract_id BIGINT, failure_id BIGINT, problem VARCHAR);

-- Audits of coding quality: a sample is drawn once (definition and seed say how), coded again without sight of the
-- original codes, compared; a casefinding audit keeps the audited list instead.
CREATE TABLE quality_audit (
    audit_id BIGINT PRIMARY KEY,
    kind VARCHAR NOT NULL CHECK (kind IN ('reabstraction', 'recoding', 'casefinding')),
    title VARCHAR, year INTEGER, facility_id VARCHAR, definition VARCHAR NOT NULL, seed BIGINT, population BIGINT,
    state VARCHAR NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed')), created_by VARCHAR,
    closed_by VARCHAR, closed_at TIMESTAMP, version INTEGER NOT NULL DEFAULT 1, created_at TIMESTAMP,
    changed_at TIMESTAMP, changed_by VARCHAR);
-- One sampled abstract; `original` are its values of the audited items (JSON) as they stood when it was drawn.
CREATE TABLE quality_audit_case (
    case_id BIGINT PRIMARY KEY, audit_id BIGINT NOT NULL, draw INTEGER NOT NULL, stratum VARCHAR,
    facility_id VARCHAR, patient_id BIGINT, tumor_id BIGINT, abstract_id BIGINT NOT NULL, abstractor VARCHAR,
    original VARCHAR NOT NULL, created_at TIMESTAMP, UNIQUE (audit_id, abstract_id));
-- One person's second coding of a sampled abstract (`recoded`: JSON). More than one coder a case is possible.
CREATE TABLE quality_audit_coding (
    coding_id BIGINT PRIMARY KEY, audit_id BIGINT NOT NULL, case_id BIGINT NOT NULL, auditor VARCHAR NOT NULL,
    state VARCHAR NOT NULL DEFAULT 'assigned' CHECK (state IN ('assigned', 'begun', 'finished')),
    recoded VARCHAR, note VARCHAR, assigned_by VARCHAR, finished_at TIMESTAMP, version INTEGER NOT NULL DEFAULT 1,
    created_at TIMESTAMP, changed_at TIMESTAMP, changed_by VARCHAR, UNIQUE (case_id, auditor));
-- Each item that was coded otherwise, and who decided which value is right.
CREATE TABLE quality_audit_finding (
    finding_id BIGINT PRIMARY KEY, audit_id BIGINT NOT NULL, case_id BIGINT NOT NULL, coding_id BIGINT NOT NULL,
    facility_id VARCHAR, abstract_id BIGINT NOT NULL, item VARCHAR NOT NULL, original VARCHAR, recoded VARCHAR,
    task_id BIGINT, resolution VARCHAR CHECK (resolution IN ('original', 'recoded', 'neither', 'both')),
    resolution_reason VARCHAR, resolved_by VARCHAR, resolved_at TIMESTAMP, version INTEGER NOT NULL DEFAULT 1,
    created_at TIMESTAMP, changed_at TIMESTAMP, changed_by VARCHAR, UNIQUE (coding_id, item));
-- Each row of the list of a casefinding audit, whole; rows that cannot be read stay too, with the reason.
CREATE TABLE quality_audit_listed (
    entry_id BIGINT PRIMARY KEY, audit_id BIGINT NOT NULL, line INTEGER NOT NULL, facility_id VARCHAR, source VARCHAR,
    content VARCHAR NOT NULL,
    state VARCHAR NOT NULL CHECK (state IN ('found', 'missed', 'unclear', 'unreadable', 'repeated')),
    agreed_on VARCHAR, reason VARCHAR, patient_id BIGINT, abstract_id BIGINT, task_id BIGINT,
    outcome VARCHAR CHECK (outcome IN ('found', 'missed', 'not_eligible')), outcome_reason VARCHAR,
    settled_by VARCHAR, settled_at TIMESTAMP, version INTEGER NOT NULL DEFAULT 1, created_at TIMESTAMP,
    changed_at TIMESTAMP, changed_by VARCHAR, UNIQUE (audit_id, line));
-- Casefinding sources (pathology, disease index, radiation log ...) reviewed at a facility, month by month.
CREATE TABLE casefinding_review (
    review_id BIGINT PRIMARY KEY, facility_id VARCHAR NOT NULL, year INTEGER NOT NULL,
    month INTEGER NOT NULL CHECK (month BETWEEN 1 AND 12), source VARCHAR NOT NULL, reviewed INTEGER, eligible INTEGER,
    open_items INTEGER NOT NULL DEFAULT 0, note VARCHAR, reviewed_by VARCHAR, reviewed_on DATE,
    version INTEGER NOT NULL DEFAULT 1, created_at TIMESTAMP, changed_at TIMESTAMP, changed_by VARCHAR,
    UNIQUE (facility_id, year, month, source));
-- Cases a facility is expected to report in a year, and where the figure comes from.
CREATE TABLE facility_expectation (
    facility_id VARCHAR NOT NULL, year INTEGER NOT NULL, expected INTEGER NOT NULL CHECK (expected >= 0),
    source VARCHAR, version INTEGER NOT NULL DEFAULT 1, created_at TIMESTAMP, changed_at TIMESTAMP, changed_by VARCHAR,
    PRIMARY KEY (facility_id, year));
-- Reminders sent to facilities that report late or not at all.
CREATE TABLE facility_reminder (
    reminder_id BIGINT PRIMARY KEY, facility_id VARCHAR NOT NULL, reminded_on DATE NOT NULL, method VARCHAR,
    reason VARCHAR, note VARCHAR, reminded_by VARCHAR, created_at TIMESTAMP);

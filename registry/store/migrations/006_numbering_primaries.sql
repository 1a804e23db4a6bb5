-- Accession numbers that were given out here: kept for ever, also when every record of the patient is void.
CREATE TABLE accession_number (
    facility_id VARCHAR NOT NULL, number VARCHAR NOT NULL, patient_id BIGINT NOT NULL, issued_at TIMESTAMP NOT NULL,
    issued_by VARCHAR NOT NULL, PRIMARY KEY (facility_id, number));
-- What the multiple-primary rules say of two tumors of a patient (kind 'tumors'), or of two abstracts of one tumor
-- (kind 'abstracts'), and what a registrar decided. `inputs` and `decided_inputs` are the compared values as JSON;
-- they differ when the records changed after the decision.
CREATE TABLE primary_pair (
    pair_id BIGINT PRIMARY KEY, kind VARCHAR NOT NULL CHECK (kind IN ('tumors', 'abstracts')),
    patient_id BIGINT NOT NULL, first_id BIGINT NOT NULL, second_id BIGINT NOT NULL, result VARCHAR, group_id VARCHAR,
    step VARCHAR, reason VARCHAR, algorithm VARCHAR, algorithm_version VARCHAR, inputs VARCHAR, compared_at TIMESTAMP,
    decision VARCHAR CHECK (decision IN ('single', 'multiple')), decision_reason VARCHAR, decided_by VARCHAR,
    decided_at TIMESTAMP, decided_inputs VARCHAR, gone BOOLEAN NOT NULL DEFAULT false,
    version INTEGER NOT NULL DEFAULT 1, created_at TIMESTAMP, changed_at TIMESTAMP, changed_by VARCHAR,
    UNIQUE (kind, first_id, second_id));

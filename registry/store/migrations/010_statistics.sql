-- Statistics: who lives where, how long people live, deaths of the population, saved cohorts, a registry's own measures.

-- What was loaded as denominators: kind is population, life_table or mortality; `source` is its name in all figures.
CREATE TABLE population_table (
    kind VARCHAR NOT NULL CHECK (kind IN ('population', 'life_table', 'mortality')), source VARCHAR NOT NULL,
    title VARCHAR, file_name VARCHAR, sha256 VARCHAR, rows BIGINT NOT NULL, first_year INTEGER, last_year INTEGER,
    current BOOLEAN NOT NULL DEFAULT TRUE, loaded_by VARCHAR NOT NULL, loaded_at TIMESTAMP NOT NULL,
    PRIMARY KEY (kind, source));
-- State as postal abbreviation, county as three digits ('' = the whole state), sex 1 or 2, race '' = all races,
-- age groups 00, 01-04, 05-09 ... 85+.
CREATE TABLE population (
    source VARCHAR NOT NULL, state VARCHAR NOT NULL, county VARCHAR NOT NULL, year INTEGER NOT NULL, sex VARCHAR NOT NULL,
    race VARCHAR NOT NULL, age_group VARCHAR NOT NULL, population DOUBLE NOT NULL);
-- Hazard of death a day in single years of age and calendar; region '' = the whole table.
CREATE TABLE life_table (
    source VARCHAR NOT NULL, region VARCHAR NOT NULL, sex VARCHAR NOT NULL, year INTEGER NOT NULL, age INTEGER NOT NULL,
    age_start_days DOUBLE, daily_hazard DOUBLE NOT NULL);
CREATE TABLE mortality (
    source VARCHAR NOT NULL, site_group VARCHAR NOT NULL, state VARCHAR NOT NULL, county VARCHAR NOT NULL,
    year INTEGER NOT NULL, sex VARCHAR NOT NULL, age_group VARCHAR NOT NULL, deaths BIGINT NOT NULL);
-- A saved cohort: its definition as JSON (registry.analytics.cohorts), by name; removed ones stay for the record.
CREATE TABLE cohort (
    cohort_id BIGINT PRIMARY KEY, name VARCHAR NOT NULL, definition VARCHAR NOT NULL, note VARCHAR,
    facility_id VARCHAR, owner VARCHAR NOT NULL, shared BOOLEAN NOT NULL DEFAULT TRUE, removed_at TIMESTAMP,
    version INTEGER NOT NULL DEFAULT 1, created_at TIMESTAMP, changed_at TIMESTAMP, changed_by VARCHAR);
-- A registry's own quality measures; the package's own stand in registry/analytics/outcomes.
CREATE TABLE measure (
    measure_id VARCHAR NOT NULL, measure_version VARCHAR NOT NULL, definition VARCHAR NOT NULL,
    current BOOLEAN NOT NULL DEFAULT TRUE, added_by VARCHAR NOT NULL, added_at TIMESTAMP NOT NULL,
    PRIMARY KEY (measure_id, measure_version));

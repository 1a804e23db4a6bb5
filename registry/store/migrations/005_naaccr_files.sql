-- Faults say where they were found: File, NaaccrData, Patient or Tumor.
ALTER TABLE load_fault ADD COLUMN level VARCHAR;
-- Which item (id and number) a column of patient, tumor and abstract holds, for user-defined items: state dictionaries
-- use one id for several numbers, and ids that differ only in case.
CREATE TABLE item_column (column_name VARCHAR PRIMARY KEY, id VARCHAR NOT NULL, number INTEGER);

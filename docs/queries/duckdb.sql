-- The two functions of the queries that DuckDB calls by another name.
CREATE OR REPLACE TEMPORARY MACRO unix_micros(instant) AS epoch_us(instant);
CREATE OR REPLACE TEMPORARY MACRO get_json_object(document, path) AS json_extract_string(document, path);

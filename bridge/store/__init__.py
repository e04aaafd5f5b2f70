"""All the SQL. Rows in, domain values out; no decisions."""

-- Who has looked at a finding, and what they say of it.
ALTER TABLE {p}aipkit_bridge_findings
  ADD COLUMN resolved_by VARCHAR(100) NOT NULL DEFAULT '';

ALTER TABLE {p}aipkit_bridge_findings
  ADD COLUMN resolved_reason VARCHAR(500) NOT NULL DEFAULT '';

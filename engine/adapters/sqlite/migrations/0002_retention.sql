-- Until when an instance that is over is kept, and what stays of it after that.

ALTER TABLE instances ADD COLUMN kept_until INTEGER;
CREATE INDEX instances_by_retention ON instances (kept_until) WHERE kept_until IS NOT NULL;

CREATE TABLE tombstones (
  tenant     TEXT    NOT NULL,
  id         TEXT    NOT NULL,
  version    INTEGER NOT NULL,
  process    TEXT,
  body       TEXT    NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX tombstones_by_process ON tombstones (tenant, process);

-- What ended before this was known is kept as long again as is usual (P30D).
UPDATE instances SET kept_until = (unixepoch() + 2592000) * 1000000 WHERE status LIKE 'COMPLETED%';

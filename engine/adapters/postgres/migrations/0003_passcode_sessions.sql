-- Attempts that application servers have begun; each goes with its one completion, or with its end.

CREATE TABLE passcode_sessions (
  tenant  text COLLATE "C" NOT NULL,
  id      text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  ends    bigint NOT NULL,
  body    text   NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX passcode_sessions_by_end ON passcode_sessions (ends);

-- How programs come in, and what their creation calls were answered.

CREATE TABLE api_keys (
  tenant      text COLLATE "C" NOT NULL,
  id          text COLLATE "C" NOT NULL,
  version     bigint NOT NULL,
  name        text COLLATE "C",
  secret_hash text COLLATE "C",
  body        text   NOT NULL,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, name),
  UNIQUE (tenant, secret_hash)
);

CREATE TABLE given_answers (
  tenant  text COLLATE "C" NOT NULL,
  id      text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  ends    bigint NOT NULL,
  body    text   NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX given_answers_by_end ON given_answers (ends);

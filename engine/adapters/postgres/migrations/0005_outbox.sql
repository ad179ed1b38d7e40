-- What external activities have handed over, to be done once it is committed.

CREATE TABLE outbox (
  tenant   text COLLATE "C" NOT NULL,
  id       text COLLATE "C" NOT NULL,
  version  bigint NOT NULL,
  instance text COLLATE "C",
  status   text COLLATE "C",
  due      bigint,             -- NULL: nothing is to be done about it, somebody has to look at it
  body     text   NOT NULL,
  PRIMARY KEY (tenant, id)
) WITH (fillfactor = 50);
CREATE INDEX outbox_by_time     ON outbox (due, tenant, id) WHERE due IS NOT NULL;
CREATE INDEX outbox_by_instance ON outbox (tenant, instance, id);
CREATE INDEX outbox_by_status   ON outbox (tenant, status, id);

-- Where programs are told what became of journeys, and what they are sure of it by.
CREATE TABLE webhooks (
  tenant  text COLLATE "C" NOT NULL,
  id      text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  name    text COLLATE "C",
  body    text   NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX webhooks_by_name ON webhooks (tenant, name, id);

CREATE TABLE webhook_secrets (
  tenant  text COLLATE "C" NOT NULL,
  id      text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  body    text   NOT NULL,
  PRIMARY KEY (tenant, id)
);

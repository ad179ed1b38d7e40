-- Customers of one installation besides `main`, which is always there and keeps this list.

CREATE TABLE tenants (
  tenant  text COLLATE "C" NOT NULL,
  id      text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  body    text   NOT NULL,
  PRIMARY KEY (tenant, id)
);

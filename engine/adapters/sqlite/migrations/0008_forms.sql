-- Forms that are kept by themselves, for definitions to come.

CREATE TABLE custom_data_forms (
  tenant  TEXT    NOT NULL,
  id      TEXT    NOT NULL,
  version INTEGER NOT NULL,
  name    TEXT,
  body    TEXT    NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX custom_data_forms_by_name ON custom_data_forms (tenant, name);

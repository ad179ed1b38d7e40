-- Forms that are kept by themselves, for definitions to come.

CREATE TABLE custom_data_forms (
  tenant  text COLLATE "C" NOT NULL,
  id      text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  name    text COLLATE "C",
  body    text   NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX custom_data_forms_by_name ON custom_data_forms (tenant, name, id);

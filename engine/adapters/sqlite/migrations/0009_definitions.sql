-- Which version of a definition an instance goes by.

ALTER TABLE instances ADD COLUMN bundle TEXT; -- NULL: made before this was kept, and over by now
UPDATE instances SET  -- a state lacks its first brace, behind which tenant and id would stand
  bundle = json_extract('{' || CAST(state AS TEXT), '$.bundle')
WHERE substr(state, 1, 2) <> x'1f8b';

-- Which version of a definition an instance goes by.

-- Created NULL: made before this was kept, and over by now.
ALTER TABLE instances ADD COLUMN bundle text COLLATE "C";
UPDATE instances SET  -- a state lacks its first brace, behind which tenant and id would stand
  bundle = ('{' || convert_from(state, 'UTF8'))::json ->> 'bundle'
WHERE substring(state FROM 1 FOR 2) <> '\x1f8b'::bytea;

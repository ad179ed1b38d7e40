-- Seats: how many devices a user may have, and how many transactions may wait for one.

ALTER TABLE tf_contracts ADD COLUMN by_seat text COLLATE "C";
CREATE UNIQUE INDEX tf_contracts_by_seat ON tf_contracts (tenant, by_seat);
ALTER TABLE tf_transactions ADD COLUMN by_seat text COLLATE "C";
CREATE UNIQUE INDEX tf_transactions_by_seat ON tf_transactions (tenant, by_seat);

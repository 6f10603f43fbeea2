-- Payout accounts that were approved, and limits that were raised, wait before money can use them.

-- From when money goes there, as its approval in the audit log says; null: since it was approved.
alter table accounts add column payable_from text;

-- What a limit is from next_from on, once two people raised it; where next_units is null it ends then.
alter table limits add column next_units bigint;
alter table limits add column next_from text;

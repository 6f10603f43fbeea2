-- What the console's lists and detail pages read: each filter alone is one index, newest first, so that a page of fifty rows costs the same
-- among a hundred invoices and among a million.

drop index invoices_by_state;
create index invoices_by_state on invoices (state, added_at, id);
create index invoices_by_rail on invoices (rail, added_at, id);
create index invoices_by_account on invoices (account_id, added_at, id);
create index invoices_by_payer on invoices (payer_tax_id, added_at, id);
create index invoices_by_amount on invoices (units, added_at, id);

create index payouts_by_state_time on payouts (state, added_at, id);
create index payouts_by_asset on payouts (asset, added_at, id);
create index payouts_by_account on payouts (account_id, added_at, id);
create index payouts_by_amount on payouts (units, added_at, id);

-- What is written at the door keeps to one index more, which only grows at its end; the others are filled when an event is settled.
create index inbox_by_time on inbox (received_at, id);
create index inbox_by_kind on inbox (kind, received_at, id) where kind is not null;
create index inbox_ignored on inbox (received_at, id) where state = 'ignored';
create index inbox_polled on inbox (received_at, id) where via = 'poll';

drop index runs_by_time;
create index runs_by_time on runs (started_at, id);
create index runs_by_job on runs (job, started_at, id);
create index runs_by_outcome on runs (outcome, started_at, id);

-- From a line to its cause and back: what an event moved, what an order posted, which transaction pays it.
create index transitions_by_ref on transitions (ref) where ref is not null;
create index ledger_by_source on ledger_transactions (source);
create index coins_by_payout on coins (payout_id) where payout_id is not null;
create index bundle_outputs_by_attempt on bundle_outputs (attempt_id);

-- What needs a person is looked for at every look at the overview, and there is little of it.
create index coins_gone on coins (id) where state <> 'mined';
create index coins_not_counted on coins (height) where state = 'mined' and credits % 2 = 0 and invoice_id is not null;

-- Statement lines that bear our tags and belong to nothing these books know, as after a restore: in suspense until a person says what they are.
create table suspense_lines (
  -- The line's own id at the bank.
  id text primary key,
  store_id text not null references stores (id),
  rail text not null,
  about text not null check (about in ('invoice', 'payout', 'other')),
  -- Of the invoice or transfer it is about; the line's own id where the bank does not say.
  provider_id text not null,
  -- Ours, as it bears them among its tags.
  invoice_tag text,
  order_key text,
  units bigint not null check (units <> 0),
  added_at text not null,
  cleared_at text,
  cleared_why text,
  check (invoice_tag is not null or order_key is not null),
  check (cleared_at is null or cleared_why is not null)
);
create index suspense_open on suspense_lines (provider_id) where cleared_at is null;

-- Transfers at the bank that bear the tag of an invoice of ours and are no order of these books, or are not as they were ordered; and
-- what two people said about each.
create table strange_transfers (
  rail text not null,
  provider_id text not null,
  store_id text not null references stores (id),
  invoice_tag text,
  order_key text,
  payout_id text references payouts (id),
  verdict text check (verdict in ('ours', 'not-ours')),
  decided_by text,
  decided_why text,
  decided_at text,
  seen_at text not null,
  primary key (rail, provider_id),
  check (verdict is null or (decided_by is not null and decided_at is not null))
);
create index strange_transfers_by_invoice on strange_transfers (invoice_tag) where verdict is null;

-- Where an order was sent, once its payout goes to another account; until then that is the payout's own.
alter table attempts add column account_id text references accounts (id);
-- How often in a row a payout found no balance, or the bank could not be asked: what its next try waits for grows with it.
alter table payouts add column waits bigint not null default 0;

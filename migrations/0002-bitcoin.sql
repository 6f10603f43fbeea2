-- The second rail: accounts that are addresses, invoices in satoshis with the rate they were priced at, and what was seen on the
-- chain. SQLite cannot change a check, so there three tables are made anew (foreign keys rest while a script runs, and are checked
-- before it is committed); PostgreSQL changes them in place.

-- @sqlite
create table accounts_anew (
  id text primary key,
  store_id text not null references stores (id),
  name text not null,
  kind text not null check (kind in ('bank', 'bitcoin')),
  holder text not null,
  tax_id text,
  bank text,
  branch text,
  number text,
  type text check (type in ('checking', 'payment', 'savings', 'salary')),
  state text not null check (state in ('awaiting', 'approved', 'closed')),
  added_by text not null,
  added_at text not null,
  changed_at text not null,
  approved_by text,
  destination text,
  next_index bigint not null default 0,
  unique (store_id, name),
  check (approved_by is null or lower(trim(approved_by)) <> lower(trim(added_by))),
  check (state <> 'approved' or approved_by is not null),
  check (kind <> 'bank' or (tax_id is not null and bank is not null and branch is not null and number is not null and type is not null)),
  check (kind <> 'bitcoin' or destination is not null)
);
insert into accounts_anew (id, store_id, name, kind, holder, tax_id, bank, branch, number, type, state, added_by, added_at, changed_at, approved_by)
  select id, store_id, name, kind, holder, tax_id, bank, branch, number, type, state, added_by, added_at, changed_at, approved_by from accounts;
drop table accounts;
alter table accounts_anew rename to accounts;

create table invoices_anew (
  id text primary key,
  store_id text not null references stores (id),
  slot_id text not null references slots (id),
  ordinal bigint not null,
  rail text not null,
  asset text not null check (asset in ('BRL', 'BTC')),
  units bigint not null check (units > 0),
  payer_name text not null,
  payer_tax_id text not null,
  description text not null,
  due_at text not null,
  account_id text not null references accounts (id),
  commission_bp bigint not null check (commission_bp between 0 and 10000),
  min_payout_units bigint not null,
  state text not null check (state in
    ('draft', 'issuing', 'unsure', 'issued', 'overdue', 'seen', 'underpaid', 'confirming', 'late', 'paid', 'credited', 'expired', 'canceled',
     'reversed', 'refused')),
  batch_tag text not null,
  provider_id text,
  paid_units bigint check (paid_units >= 0),
  fee_units bigint check (fee_units >= 0),
  brcode text,
  link text,
  absences bigint not null default 0,
  asked_at text,
  next_at text,
  added_at text not null,
  changed_at text not null,
  quote_units bigint check (quote_units > 0),
  rate_units bigint check (rate_units > 0),
  rate_at text,
  rate_sources text,
  address_index bigint,
  confirmations bigint check (confirmations > 0),
  watch_until text,
  late_by text,
  unique (slot_id, ordinal),
  unique (rail, provider_id)
);
insert into invoices_anew (id, store_id, slot_id, ordinal, rail, asset, units, payer_name, payer_tax_id, description, due_at, account_id,
    commission_bp, min_payout_units, state, batch_tag, provider_id, paid_units, fee_units, brcode, link, absences, asked_at, next_at, added_at, changed_at)
  select id, store_id, slot_id, ordinal, rail, asset, units, payer_name, payer_tax_id, description, due_at, account_id,
    commission_bp, min_payout_units, state, batch_tag, provider_id, paid_units, fee_units, brcode, link, absences, asked_at, next_at, added_at, changed_at
  from invoices;
drop table invoices;
alter table invoices_anew rename to invoices;
create index invoices_open on invoices (next_at) where state in ('draft', 'issuing', 'unsure');
create index invoices_by_time on invoices (added_at, id);
create index invoices_by_state on invoices (state);

create table payouts_anew (
  id text primary key,
  store_id text not null references stores (id),
  invoice_id text not null references invoices (id),
  rule text not null,
  account_id text not null references accounts (id),
  asset text not null check (asset in ('BRL', 'BTC')),
  units bigint not null,
  withheld_units bigint not null check (withheld_units >= 0),
  state text not null check (state in ('owed', 'sending', 'unsure', 'sent', 'waiting', 'held', 'paid', 'returned', 'canceled')),
  why text,
  tries bigint not null default 0,
  lease_until text,
  fence bigint not null default 0,
  next_at text not null,
  added_at text not null,
  changed_at text not null,
  unique (invoice_id, rule)
);
insert into payouts_anew select id, store_id, invoice_id, rule, account_id, asset, units, withheld_units, state, why, tries, lease_until, fence,
  next_at, added_at, changed_at from payouts;
drop table payouts;
alter table payouts_anew rename to payouts;
create index payouts_open on payouts (next_at) where state in ('owed', 'sending', 'unsure', 'sent', 'waiting');
create index payouts_by_state on payouts (state);
create index payouts_by_time on payouts (added_at, id);
-- @postgres
alter table accounts drop constraint accounts_kind_check, add constraint accounts_kind_check check (kind in ('bank', 'bitcoin'));
alter table accounts alter column tax_id drop not null, alter column bank drop not null, alter column branch drop not null,
  alter column number drop not null, alter column type drop not null,
  add column destination text, add column next_index bigint not null default 0,
  add check (kind <> 'bank' or (tax_id is not null and bank is not null and branch is not null and number is not null and type is not null)),
  add check (kind <> 'bitcoin' or destination is not null);
alter table invoices drop constraint invoices_asset_check, add constraint invoices_asset_check check (asset in ('BRL', 'BTC'));
alter table invoices drop constraint invoices_state_check, add constraint invoices_state_check check (state in
    ('draft', 'issuing', 'unsure', 'issued', 'overdue', 'seen', 'underpaid', 'confirming', 'late', 'paid', 'credited', 'expired', 'canceled',
     'reversed', 'refused'));
alter table invoices
  add column quote_units bigint check (quote_units > 0),
  add column rate_units bigint check (rate_units > 0),
  add column rate_at text,
  add column rate_sources text,
  add column address_index bigint,
  add column confirmations bigint check (confirmations > 0),
  add column watch_until text,
  add column late_by text;
alter table payouts drop constraint payouts_asset_check, add constraint payouts_asset_check check (asset in ('BRL', 'BTC'));
-- @end

-- What the amounts of a schedule are in: BRL cents (on the bitcoin rail priced when they are asked for), or satoshis.
alter table schedules add column currency text not null default 'BRL' check (currency in ('BRL', 'BTC'));
-- How long after its due time a request's address is still watched for its payer.
alter table schedules add column watch_ms bigint not null default 2592000000 check (watch_ms >= 0);

-- What one BTC cost, as each source told it.
create table rates (
  id bigint generated always as identity primary key,
  pair text not null,
  source text not null,
  price_units bigint not null check (price_units > 0),
  at text not null,
  fetched_at text not null
);
create index rates_by_pair on rates (pair, fetched_at);

-- The next unused number of each branch of our account. Whoever takes one holds its row, so numbers are committed in their order.
create table chain_branches (
  branch text primary key check (branch in ('receive', 'change')),
  next_index bigint not null
);
insert into chain_branches (branch, next_index) values ('receive', 0), ('change', 0);

-- Scripts of ours: each output of a block is looked up here once. An address is of one invoice for ever.
create table chain_scripts (
  script bytea primary key,
  address text not null unique,
  branch text not null check (branch in ('receive', 'change')),
  number bigint not null,
  invoice_id text unique references invoices (id),
  added_at text not null,
  unique (branch, number)
);

-- Blocks we have read, from the first on. At most one active of each height.
create table chain_blocks (
  hash text primary key,
  height bigint not null,
  previous text not null,
  at text not null,
  active bigint not null check (active in (0, 1))
);
create unique index chain_blocks_active on chain_blocks (height) where active = 1;

-- Outputs to scripts of ours, as the chain shows them. `id` is txid:vout.
create table coins (
  id text primary key,
  txid text not null,
  units bigint not null check (units >= 0),
  branch text not null,
  number bigint not null,
  invoice_id text references invoices (id),
  state text not null check (state in ('seen', 'mined', 'orphaned', 'dropped', 'replaced', 'conflicted')),
  first_seen_at text not null,
  rate_units bigint,
  block_hash text,
  height bigint,
  spent_by text,
  spent_height bigint,
  -- How often it was booked in or out, credited or not, and its foreign spending booked: odd means it stands so now.
  bookings bigint not null default 0,
  credits bigint not null default 0,
  spendings bigint not null default 0,
  -- Which payout passes its money on.
  payout_id text references payouts (id),
  changed_at text not null
);
create index coins_by_txid on coins (txid);
create index coins_by_address on coins (branch, number);
create index coins_by_invoice on coins (invoice_id);
create index coins_by_height on coins (height);
create index coins_unspent on coins (height) where spent_height is null;
create index coins_by_spender on coins (spent_by);

-- What the transactions of others that pay us spend: another that spends the same cannot be in the chain beside them.
create table coin_inputs (
  outpoint text not null,
  txid text not null,
  primary key (outpoint, txid)
);
create index coin_inputs_by_txid on coin_inputs (txid);

-- Payouts that go out together: one group of transactions that spend the same coins, so that one of them at most is ever mined.
create table bundles (
  id text primary key,
  store_id text not null references stores (id),
  state text not null check (state in ('planned', 'signed', 'sent', 'mined', 'paid', 'void')),
  -- Which of its candidates the books hold as mined, and how often that was booked or taken back.
  booked text,
  bookings bigint not null default 0,
  why text,
  next_at text not null,
  added_at text not null,
  changed_at text not null
);
create index bundles_open on bundles (next_at) where state not in ('paid', 'void');

create table bundle_coins (
  outpoint text primary key references coins (id),
  bundle_id text not null references bundles (id)
);
create index bundle_coins_by_bundle on bundle_coins (bundle_id);

-- `id` is the txid, which is final before anyone signs. `raw` is kept before it is sent, and only ever sent again.
create table bundle_candidates (
  id text primary key,
  bundle_id text not null references bundles (id),
  number bigint not null,
  plan text not null,
  fee_units bigint not null check (fee_units > 0),
  house_units bigint not null check (house_units >= 0),
  size bigint not null,
  state text not null check (state in ('planned', 'signed', 'sent', 'mined', 'replaced')),
  raw bytea,
  signed_at text,
  -- Our tip then: how many blocks came without it is counted from here.
  signed_height bigint,
  added_at text not null,
  changed_at text not null,
  height bigint,
  unique (bundle_id, number)
);

create table bundle_outputs (
  candidate_id text not null references bundle_candidates (id),
  attempt_id text not null references attempts (id),
  units bigint not null check (units > 0),
  fee_units bigint not null check (fee_units >= 0),
  address text not null,
  primary key (candidate_id, attempt_id)
);

alter table attempts add column bundle_id text references bundles (id);
create index attempts_by_bundle on attempts (bundle_id);

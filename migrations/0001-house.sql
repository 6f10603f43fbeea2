-- The house's first schema, in PostgreSQL's words; the store reads bigint as integer, bytea as blob and closes tables
-- with `strict` for SQLite. Times are UTC text (2026-11-21T03:00:00.000Z), money is smallest units, state lists equal
-- the machines in src (test/store.test.ts compares them).

create table settings (
  name text primary key,
  value text not null
);

create table stores (
  id text primary key,
  name text not null unique
);
insert into stores (id, name) values ('sto_default', 'default');

create table accounts (
  id text primary key,
  store_id text not null references stores (id),
  name text not null,
  kind text not null check (kind in ('bank')),
  holder text not null,
  tax_id text not null,
  bank text not null,
  branch text not null,
  number text not null,
  type text not null check (type in ('checking', 'payment', 'savings', 'salary')),
  state text not null check (state in ('awaiting', 'approved', 'closed')),
  added_by text not null,
  added_at text not null,
  changed_at text not null,
  approved_by text,
  unique (store_id, name),
  check (approved_by is null or lower(trim(approved_by)) <> lower(trim(added_by))),
  check (state <> 'approved' or approved_by is not null)
);

create table schedules (
  id text primary key,
  store_id text not null references stores (id),
  name text not null,
  version bigint not null,
  rail text not null,
  cron text not null,
  time_zone text not null,
  starts_at text,
  ends_at text,
  count_low bigint not null check (count_low >= 1),
  count_high bigint not null check (count_high >= count_low),
  units_low bigint not null check (units_low >= 1),
  units_high bigint not null check (units_high >= units_low),
  roster text,
  due_in_ms bigint not null check (due_in_ms > 0),
  account_id text not null references accounts (id),
  commission_bp bigint not null check (commission_bp between 0 and 10000),
  min_payout_units bigint not null check (min_payout_units >= 0),
  catch_up text not null check (catch_up in ('all', 'latest', 'none')),
  state text not null check (state in ('active', 'paused')),
  materialised_until text not null,
  next_at text,
  added_by text not null,
  added_at text not null,
  changed_at text not null,
  unique (store_id, name)
);
create index schedules_due on schedules (next_at) where state = 'active';

create table slots (
  id text primary key,
  schedule_id text not null references schedules (id),
  schedule_version bigint not null,
  due_at text not null,
  cause text not null check (cause in ('cron', 'manual')),
  state text not null check (state in ('due', 'running', 'done', 'failed', 'missed')),
  lease_until text,
  fence bigint not null default 0,
  tries bigint not null default 0,
  next_at text not null,
  changed_at text not null,
  unique (schedule_id, due_at)
);
create index slots_open on slots (next_at) where state in ('due', 'running');

create table runs (
  id text primary key,
  job text not null,
  slot_id text references slots (id),
  worker text not null,
  started_at text not null,
  ended_at text,
  outcome text check (outcome in ('done', 'failed', 'lost')),
  summary text
);
create index runs_by_time on runs (started_at);
create index runs_by_slot on runs (slot_id);

create table run_lines (
  run_id text not null references runs (id),
  seq bigint not null,
  line text not null,
  primary key (run_id, seq)
);

create table invoices (
  id text primary key,
  store_id text not null references stores (id),
  slot_id text not null references slots (id),
  ordinal bigint not null,
  rail text not null,
  asset text not null check (asset in ('BRL')),
  units bigint not null check (units > 0),
  payer_name text not null,
  payer_tax_id text not null,
  description text not null,
  due_at text not null,
  account_id text not null references accounts (id),
  commission_bp bigint not null check (commission_bp between 0 and 10000),
  min_payout_units bigint not null,
  state text not null check (state in
    ('draft', 'issuing', 'unsure', 'issued', 'overdue', 'paid', 'credited', 'expired', 'canceled', 'reversed', 'refused')),
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
  unique (slot_id, ordinal),
  unique (rail, provider_id)
);
create index invoices_open on invoices (next_at) where state in ('draft', 'issuing', 'unsure');
create index invoices_by_time on invoices (added_at, id);
create index invoices_by_state on invoices (state);

create table inbox (
  id bigint generated always as identity primary key,
  rail text not null,
  event_id text not null,
  raw bytea not null,
  signature text,
  key_id text,
  via text not null check (via in ('push', 'poll')),
  received_at text not null,
  state text not null check (state in ('new', 'waiting', 'done', 'ignored', 'quarantined')),
  kind text,
  why text,
  tries bigint not null default 0,
  next_at text not null,
  changed_at text not null,
  unique (rail, event_id)
);
create index inbox_open on inbox (next_at, id) where state in ('new', 'waiting');

-- The same event id with another body: kept whole, for a person.
create table inbox_conflicts (
  rail text not null,
  event_id text not null,
  digest text not null,
  raw bytea not null,
  signature text,
  received_at text not null,
  primary key (rail, event_id, digest)
);

create table payouts (
  id text primary key,
  store_id text not null references stores (id),
  invoice_id text not null references invoices (id),
  rule text not null,
  account_id text not null references accounts (id),
  asset text not null check (asset in ('BRL')),
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
create index payouts_open on payouts (next_at) where state in ('owed', 'sending', 'unsure', 'sent', 'waiting');
create index payouts_by_state on payouts (state);
create index payouts_by_time on payouts (added_at, id);

create table attempts (
  id text primary key,
  payout_id text not null references payouts (id),
  number bigint not null,
  external_id text not null unique,
  units bigint not null check (units > 0),
  fee_units bigint check (fee_units >= 0),
  state text not null check (state in ('sending', 'unsure', 'sent', 'success', 'failed', 'canceled', 'refused', 'refunded')),
  provider_id text unique,
  why text,
  absences bigint not null default 0,
  asked_at text not null,
  changed_at text not null,
  unique (payout_id, number)
);
-- At most one live attempt per payout, whatever any process believes.
create unique index attempts_live on attempts (payout_id) where state in ('sending', 'unsure', 'sent', 'success');

create table ledger_transactions (
  id text primary key,
  movement text not null,
  source text not null,
  at text not null,
  memo text not null,
  unique (movement, source)
);
create index ledger_by_time on ledger_transactions (at, id);

create table ledger_entries (
  transaction_id text not null references ledger_transactions (id),
  line bigint not null,
  account text not null,
  asset text not null check (asset in ('BRL', 'BTC')),
  units bigint not null check (units <> 0),
  invoice_id text references invoices (id),
  primary key (transaction_id, line)
);
create index entries_by_account on ledger_entries (account, asset);
create index entries_by_invoice on ledger_entries (invoice_id);

create table transitions (
  seq bigint generated always as identity primary key,
  subject text not null,
  about text not null,
  from_state text not null,
  to_state text not null,
  at text not null,
  why text not null,
  ref text
);
create index transitions_by_subject on transitions (subject, seq);

-- Every act of a person, as a hash chain: each row's hash covers the one before it.
create table audit (
  seq bigint primary key,
  at text not null,
  actor text not null,
  act text not null,
  subject text not null,
  detail text not null,
  previous text not null,
  hash text not null unique
);

create table leases (
  name text primary key,
  holder text not null,
  lease_until text not null,
  fence bigint not null
);

create table cursors (
  name text primary key,
  value text not null
);

create table bank_keys (
  environment text not null,
  key_id text not null,
  pem text not null,
  first_seen_at text not null,
  primary key (environment, key_id)
);

-- @sqlite
create trigger ledger_transactions_kept before update on ledger_transactions begin select raise(abort, 'the ledger is append-only'); end;
create trigger ledger_transactions_stay before delete on ledger_transactions begin select raise(abort, 'the ledger is append-only'); end;
create trigger ledger_entries_kept before update on ledger_entries begin select raise(abort, 'the ledger is append-only'); end;
create trigger ledger_entries_stay before delete on ledger_entries begin select raise(abort, 'the ledger is append-only'); end;
create trigger transitions_kept before update on transitions begin select raise(abort, 'history is append-only'); end;
create trigger transitions_stay before delete on transitions begin select raise(abort, 'history is append-only'); end;
create trigger audit_kept before update on audit begin select raise(abort, 'the audit log is append-only'); end;
create trigger audit_stay before delete on audit begin select raise(abort, 'the audit log is append-only'); end;
-- @postgres
create function append_only() returns trigger language plpgsql as $$ begin raise exception '% is append-only', tg_table_name; end $$;
create trigger ledger_transactions_kept before update or delete or truncate on ledger_transactions for each statement execute function append_only();
create trigger ledger_entries_kept before update or delete or truncate on ledger_entries for each statement execute function append_only();
create trigger transitions_kept before update or delete or truncate on transitions for each statement execute function append_only();
create trigger audit_kept before update or delete or truncate on audit for each statement execute function append_only();
-- @end

-- Money that goes back to payers: what of an invoice went back, refunds that people ask for, what payees owe us for it, and invoices
-- that are canceled or asked for again.

alter table accounts add column recover text not null default 'never' check (recover in ('never', 'next-payouts'));

-- One row an invoice of which money went back, or may be going back now.
create table invoice_reversals (
  invoice_id text primary key references invoices (id),
  -- How much of what was paid went back to the payer by now, as the books have it.
  returned_units bigint not null default 0 check (returned_units >= 0),
  -- How often the bank had more again than had gone back.
  undone bigint not null default 0,
  -- How many logs the bank had of the invoice when it was last read: what was read before that is old.
  logs_seen bigint not null default 0,
  -- Since when money may be going back; its payout waits meanwhile.
  under_way_since text,
  -- Whether the payout is held for that, and goes on by itself.
  holds_payout bigint not null default 0 check (holds_payout in (0, 1)),
  -- When the bank's logs of the invoice are read again.
  next_at text
);
create index invoice_reversals_due on invoice_reversals (next_at) where next_at is not null;

-- What went back before this version: the bank is read again, so that payouts are of what is owed and debts are booked.
insert into invoice_reversals (invoice_id, returned_units, next_at)
  select e.invoice_id, cast(sum(e.units) as bigint), '2026-11-21T00:00:00.000Z' from ledger_transactions t
    join ledger_entries e on e.transaction_id = t.id and e.line = 1 where t.movement = 'invoice reversed' group by e.invoice_id;

create table invoice_refunds (
  id text primary key,
  store_id text not null references stores (id),
  rail text not null,
  invoice_id text not null references invoices (id),
  provider_id text not null,
  state text not null check (state in ('approved', 'refunding', 'unsure', 'sent', 'refunded', 'failed')),
  units bigint not null check (units > 0),
  -- What the bank shows of the invoice once it is done.
  left_units bigint not null check (left_units >= 0),
  made_by text not null,
  decided_by text not null,
  decided_why text not null,
  decided_at text not null,
  absences bigint not null default 0,
  asked_at text,
  next_at text,
  added_at text not null,
  changed_at text not null
);
-- One at a time: the bank changes one amount at a time.
create unique index invoice_refunds_live on invoice_refunds (invoice_id) where state in ('approved', 'refunding', 'unsure', 'sent');
create index invoice_refunds_by_invoice on invoice_refunds (invoice_id);
create index invoice_refunds_open on invoice_refunds (next_at) where next_at is not null;

-- Which payout account a movement of the ledger account "receivable" is about.
create table receivable_moves (
  transaction_id text primary key references ledger_transactions (id),
  account_id text not null references accounts (id)
);
create index receivable_moves_by_account on receivable_moves (account_id);

-- Invoices that a person wants canceled at the bank, until it has said what became of that.
create table invoice_cancels (
  invoice_id text primary key references invoices (id),
  asked_by text not null,
  asked_why text not null,
  -- What the bank said against it.
  why text,
  next_at text,
  added_at text not null,
  changed_at text not null
);
create index invoice_cancels_open on invoice_cancels (next_at) where next_at is not null;

-- An invoice asked for again, once: a new one that names the old.
create table invoice_reissues (
  invoice_id text primary key references invoices (id),
  reissue_of text not null unique references invoices (id),
  asked_by text not null,
  asked_why text not null,
  added_at text not null
);

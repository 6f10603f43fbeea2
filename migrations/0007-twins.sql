-- Duplicate invoices: a second invoice at the bank under the tag of one of ours. What one brought in is the payer's, and is given back.
create table invoice_twins (
  id text primary key,
  store_id text not null references stores (id),
  rail text not null,
  provider_id text not null,
  invoice_id text not null references invoices (id),
  state text not null check (state in
    ('open', 'canceled', 'paid', 'credited', 'approved', 'refunding', 'unsure', 'sent', 'refunded', 'kept')),
  units bigint not null check (units >= 0),
  -- Known once the bank has credited it.
  paid_units bigint check (paid_units >= 0),
  fee_units bigint check (fee_units >= 0),
  -- How much of it went back to the payer by now.
  returned_units bigint not null default 0 check (returned_units >= 0),
  -- Who decided what becomes of its money, and why.
  decided_by text,
  decided_why text,
  decided_at text,
  -- How often the bank had more again than it had given back.
  undone bigint not null default 0,
  absences bigint not null default 0,
  -- When the refund under way was claimed: what was claimed again since is another worker's.
  asked_at text,
  next_at text,
  added_at text not null,
  changed_at text not null,
  unique (rail, provider_id),
  check (state in ('open', 'canceled', 'paid') or paid_units is not null),
  check (state not in ('approved', 'refunding', 'unsure', 'sent', 'kept') or decided_by is not null)
);
create index invoice_twins_by_invoice on invoice_twins (invoice_id);
create index invoice_twins_open on invoice_twins (next_at) where next_at is not null;
create index invoice_twins_by_state on invoice_twins (state);

-- Batches of which an invoice was asked for a second time, because the bank showed no trace of the first: looked up a few times more.
create table twin_watches (
  rail text not null,
  batch_tag text not null,
  since text not null,
  looks bigint not null,
  next_at text not null,
  primary key (rail, batch_tag)
);
create index twin_watches_due on twin_watches (next_at);

-- Invoices at the bank that bear our tags and that a database which was restored has forgotten: listed, and asked about before a slot is run by hand.
create table forgotten_invoices (
  rail text not null,
  -- The provider's id of it.
  provider_id text not null,
  store_id text not null references stores (id),
  -- Our own ids, as they are among its tags: of the invoice, and of the slot or order it was of.
  invoice_tag text not null,
  batch_tag text,
  units bigint not null,
  status text not null,
  made_at text not null,
  seen_at text not null,
  -- Who looked at it, and said that slots may be run.
  decided_by text,
  decided_why text,
  decided_at text,
  primary key (rail, provider_id)
);
create index forgotten_invoices_open on forgotten_invoices (invoice_tag) where decided_at is null;

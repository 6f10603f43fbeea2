-- The shop: what is sold, what was ordered, where its money goes, and the letters that say so. An invoice belongs to a slot or to an
-- order, to exactly one of them. SQLite cannot drop a `not null`, so there the table is made anew; PostgreSQL changes it in place.

create table products (
  id text primary key,
  store_id text not null references stores (id),
  slug text not null,
  name text not null,
  description text not null,
  units bigint not null check (units > 0),
  stock bigint not null check (stock >= 0),
  state text not null check (state in ('listed', 'removed')),
  -- Which of product_photos is shown.
  photo text,
  added_by text not null,
  added_at text not null,
  changed_at text not null,
  unique (store_id, slug)
);
create index products_listed on products (store_id, name, id) where state = 'listed';

-- By their SHA-256, so that an address names one picture for ever and may be kept by browsers as long.
create table product_photos (
  digest text primary key,
  media_type text not null check (media_type in ('image/jpeg', 'image/png', 'image/webp')),
  width bigint not null,
  height bigint not null,
  bytes bytea not null,
  added_at text not null
);

-- Where the shop's money goes. A rail without a rule is not offered.
create table store_rules (
  store_id text not null references stores (id),
  rail text not null check (rail in ('starkbank', 'bitcoin')),
  account_id text not null references accounts (id),
  commission_bp bigint not null check (commission_bp between 0 and 10000),
  min_payout_units bigint not null check (min_payout_units >= 0),
  changed_by text not null,
  changed_at text not null,
  primary key (store_id, rail)
);

create table orders (
  id text primary key,
  store_id text not null references stores (id),
  -- Unguessable: who has it sees the order.
  token text not null unique,
  -- Of the form that was sent: sent twice it is one order.
  basket_key text not null unique,
  name text not null,
  email text not null,
  tax_id text not null,
  language text not null check (language in ('pt-BR', 'en')),
  rail text not null,
  units bigint not null check (units > 0),
  state text not null check (state in ('awaiting', 'paid', 'expired')),
  -- Which of its invoices paid it, and whether that was after it had expired.
  paid_by text references invoices (id),
  paid_late bigint not null default 0 check (paid_late in (0, 1)),
  paid_at text,
  -- Why a person has to look.
  attention text,
  added_at text not null,
  changed_at text not null
);
create index orders_by_time on orders (added_at, id);
create index orders_attention on orders (id) where attention is not null;

-- Names and prices as they were when it was ordered.
create table order_lines (
  order_id text not null references orders (id),
  line bigint not null,
  product_id text not null references products (id),
  name text not null,
  units bigint not null check (units > 0),
  quantity bigint not null check (quantity > 0),
  primary key (order_id, line)
);

create table mails (
  id text primary key,
  order_id text not null references orders (id),
  kind text not null check (kind in ('placed', 'paid', 'late')),
  state text not null check (state in ('queued', 'sent', 'failed')),
  tries bigint not null default 0,
  why text,
  next_at text not null,
  added_at text not null,
  changed_at text not null,
  unique (order_id, kind)
);
create index mails_open on mails (next_at) where state = 'queued';
create index mails_failed on mails (id) where state = 'failed';

-- @sqlite
create table invoices_anew (
  id text primary key,
  store_id text not null references stores (id),
  slot_id text references slots (id),
  order_id text references orders (id),
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
  told_state text not null default '',
  unique (slot_id, ordinal),
  unique (order_id, ordinal),
  unique (rail, provider_id),
  check ((slot_id is null) <> (order_id is null))
);
insert into invoices_anew (id, store_id, slot_id, ordinal, rail, asset, units, payer_name, payer_tax_id, description, due_at, account_id,
    commission_bp, min_payout_units, state, batch_tag, provider_id, paid_units, fee_units, brcode, link, absences, asked_at, next_at, added_at,
    changed_at, quote_units, rate_units, rate_at, rate_sources, address_index, confirmations, watch_until, late_by)
  select id, store_id, slot_id, ordinal, rail, asset, units, payer_name, payer_tax_id, description, due_at, account_id,
    commission_bp, min_payout_units, state, batch_tag, provider_id, paid_units, fee_units, brcode, link, absences, asked_at, next_at, added_at,
    changed_at, quote_units, rate_units, rate_at, rate_sources, address_index, confirmations, watch_until, late_by
  from invoices;
drop table invoices;
alter table invoices_anew rename to invoices;
create index invoices_open on invoices (next_at) where state in ('draft', 'issuing', 'unsure');
create index invoices_by_time on invoices (added_at, id);
create index invoices_by_state on invoices (state);
-- @postgres
alter table invoices alter column slot_id drop not null;
alter table invoices add column order_id text references orders (id), add column told_state text not null default '';
alter table invoices add unique (order_id, ordinal), add check ((slot_id is null) <> (order_id is null));
-- @end
-- Invoices of orders that moved since their order was told of it (told_state): none, most of the time.
create index invoices_untold on invoices (order_id) where order_id is not null and told_state <> state;

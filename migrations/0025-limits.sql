-- A key of the bank ends: when it was first missing from what the bank publishes, and when a person retired it.
alter table bank_keys add column missing_since text;
alter table bank_keys add column retired_at text;

-- Who asked for codes and letters in the shop, kept for two days to limit how many: e-mails, tax ids and addresses as digests.
-- A row of shop_askers is what two processes take turns at.
create table shop_askers (
  subject text primary key,
  asked_at text not null
);
create index shop_askers_by_time on shop_askers (asked_at);

create table shop_asks (
  subject text not null,
  order_id text not null references orders (id),
  asked_at text not null,
  primary key (subject, order_id, asked_at)
);
create index shop_asks_by_time on shop_asks (subject, asked_at);
create index shop_asks_by_age on shop_asks (asked_at);

-- Whether an address has ever paid, and what unpaid orders hold.
create index orders_by_email on orders (email);
create index orders_awaiting on orders (id) where state = 'awaiting';

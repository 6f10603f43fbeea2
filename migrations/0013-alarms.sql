-- What keeps work from being done until it heals by itself: credentials that the bank does not take, clocks that disagree. One row each,
-- raised and lowered by whoever sees it, and shown to people as long as it is there.
create table alarms (
  name text primary key,
  why text not null,
  since text not null,
  seen_at text not null
);
-- A provider's own word for when a payer paid, which no absence of ours makes later.
alter table invoices add column paid_at text;
-- Why a slot waits for a person's yes: it is one of many that fell due while nobody was at work.
alter table slots add column held text;

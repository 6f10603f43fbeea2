-- Limits of payouts: how much may leave at once, within an hour, and within a day, without two people saying so.
create table limits (
  store_id text not null references stores (id),
  -- `installation BRL`, `installation BTC`, or the id of the payout account it is for.
  scope text not null,
  asset text not null check (asset in ('BRL', 'BTC')),
  per text not null check (per in ('payout', 'hour', 'day')),
  units bigint not null check (units >= 0),
  set_by text not null,
  -- Nobody where it was lowered, which one person may do.
  approved_by text,
  set_at text not null,
  primary key (store_id, scope, per)
);

-- Which payouts wait for a limit, one row each however often they are looked at.
create table limit_waits (
  payout_id text primary key references payouts (id),
  scope text not null,
  per text not null check (per in ('payout', 'hour', 'day')),
  cap_units bigint not null,
  -- `person`: it is above the limit by itself; `room`: it goes when enough of what left is older than the window.
  needs text not null check (needs in ('person', 'room')),
  -- Of the payout: the oldest goes first.
  owed_at text not null,
  added_at text not null
);
create index limit_waits_in_turn on limit_waits (scope, owed_at, payout_id);

-- Payouts that two people let go beyond the limits, once.
create table limit_approvals (
  payout_id text primary key references payouts (id),
  units bigint not null check (units > 0),
  -- The number of the order that went beyond them.
  number bigint,
  proposal_id text not null references proposals (id),
  added_at text not null
);

-- What counts is found along these: orders under way, and those that left lately.
create index attempts_open on attempts (payout_id) where state in ('sending', 'unsure');
create index attempts_left on attempts (changed_at) where state in ('sent', 'success');

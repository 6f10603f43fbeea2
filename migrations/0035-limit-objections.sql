-- Objections to limits; and whoever objects to what somebody else objects to already is heard as well.

create table limit_objections (
  id text primary key,
  store_id text not null references stores (id),
  -- As in limits: an account's id, or all payouts of an asset.
  scope text not null,
  made_by text not null,
  why text not null,
  added_at text not null,
  cleared_at text,
  -- Both people, and why.
  cleared_by text
);
create unique index limit_objections_open on limit_objections (scope, made_by) where cleared_at is null;

drop index account_objections_open;
create unique index account_objections_open on account_objections (account_id, made_by) where cleared_at is null;
drop index objections_open;
create unique index objections_open on objections (user_id, made_by) where cleared_at is null;

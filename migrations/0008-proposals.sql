-- Acts that need two people: one proposes, another approves, and the act is done in the transaction of the approval.
create table proposals (
  id text primary key,
  store_id text not null references stores (id),
  act text not null,
  subject text not null,
  -- JSON: what is to be done, as whoever approves is shown it.
  detail text not null,
  state text not null check (state in ('open', 'approved', 'refused', 'withdrawn')),
  why text not null,
  made_by text not null,
  decided_by text,
  decided_why text,
  added_at text not null,
  changed_at text not null,
  check (state = 'open' or decided_by is not null),
  check (state <> 'approved' or lower(trim(decided_by)) <> lower(trim(made_by)))
);
-- One at a time for one thing: a second one would be approved by somebody who has not seen the first.
create unique index proposals_open on proposals (act, subject) where state = 'open';
create index proposals_by_time on proposals (added_at, id);

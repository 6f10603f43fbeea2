-- What does not move, and who is silent: retries are counted instead of repeated in the history, each rail's last answer is kept, a long list
-- of the bank's is walked in portions, its lines that are not ours are kept, and how long the two have differed.

-- Retries of one step, counted on the row that says it the first time; that row itself stays as it was written.
alter table transitions add column again bigint not null default 0;
create table transition_repeats (
  seq bigint primary key references transitions (seq),
  times bigint not null,
  last_at text not null,
  last_why text not null,
  last_ref text
);

-- When each rail last answered. `failing_since`: the first of the calls in a row that brought no answer.
create table rails_heard (
  rail text primary key,
  answered_at text,
  failing_since text,
  why text
);

-- What a run left undone, or null: it is over, and not all of it was done.
alter table runs add column lacks text;

-- A list of the bank's that is being read in portions: where to go on. It is over when the row is gone.
create table walks (
  name text primary key,
  -- What is older is not wanted.
  since text not null,
  -- When this walk began: the next one begins some time before that.
  started_at text not null,
  place text not null,
  rows bigint not null
);

-- How far the bank and the books lie apart, and since when: outside of what is in flight, outside of what is explained to the cent, and
-- explained again.
create table drifts (
  rail text primary key,
  units bigint not null,
  outside_since text,
  unexplained_since text,
  explained_since text,
  stopped_since text,
  finding text,
  looked_at text not null
);

-- Lines of the bank's statement that are about nothing of ours. What left stops payouts until it is covered by a rule or looked at.
create table strangers (
  -- The line's own id at the bank.
  id text primary key,
  store_id text not null references stores (id),
  rail text not null,
  state text not null check (state in ('open', 'opening', 'ruled', 'accepted')),
  units bigint not null check (units <> 0),
  description text not null,
  source text not null,
  at text not null,
  rule_id text,
  why text,
  decided_by text,
  added_at text not null,
  changed_at text not null,
  check (state <> 'ruled' or rule_id is not null),
  check (state <> 'accepted' or decided_by is not null)
);
create index strangers_open on strangers (at, id) where state = 'open';
create index strangers_by_rule on strangers (rule_id, at) where rule_id is not null;
create index strangers_by_time on strangers (at, id);

-- What may move money at the bank without being ours, such as the bank's own monthly fee.
create table external_rules (
  id text primary key,
  store_id text not null references stores (id),
  name text not null,
  state text not null check (state in ('active', 'closed')),
  direction text not null check (direction in ('in', 'out')),
  field text not null check (field in ('description', 'source')),
  match text not null check (match in ('equals', 'starts')),
  text text not null check (text <> ''),
  -- Of one line, and of all that the rule covers within one period.
  max_units bigint not null check (max_units > 0),
  period text not null check (period in ('day', 'month')),
  period_units bigint not null check (period_units >= max_units),
  why text not null,
  added_by text not null,
  approved_by text not null,
  added_at text not null,
  changed_at text not null,
  check (lower(trim(approved_by)) <> lower(trim(added_by)))
);
create unique index external_rules_active on external_rules (store_id, name) where state = 'active';

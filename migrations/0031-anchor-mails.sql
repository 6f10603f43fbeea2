-- Mails that take the head of the audit log to mailboxes elsewhere: to whom, what they say, and how it went.
create table anchor_mails (
  id text primary key,
  store_id text not null references stores (id),
  address text not null,
  -- The newest record then, its hash, and how many ledger transactions there were.
  seq bigint not null,
  hash text not null,
  transactions bigint not null,
  at text not null,
  state text not null check (state in ('queued', 'sent', 'failed')),
  tries bigint not null default 0,
  why text,
  next_at text not null,
  added_at text not null,
  changed_at text not null
);
create index anchor_mails_open on anchor_mails (next_at) where state = 'queued';
create index anchor_mails_newest on anchor_mails (added_at);

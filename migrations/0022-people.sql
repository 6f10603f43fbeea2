-- Who stands behind a person, from when they may approve, who objects; and whose browser an invitation is bound to.

-- Where they are written to; where it is not set, their name, if that is an e-mail address.
alter table users add column email text;
-- Who made the link by which they came in last: they could have been that person.
alter table users add column given_by text;
-- Before it they approve nothing; null for people from before it was kept.
alter table users add column approves_from text;
update users set given_by = coalesce(
  (select a.actor from audit a where a.seq = (select max(b.seq) from audit b where b.subject = users.id and b.act = 'user reset')), added_by);

-- The digest of what the browser bears that began it; the authenticator's secret is made then, and shown there once.
alter table invitations add column browser_hash text;
alter table invitations add column opened_at text;
-- When another browser came with the same link, which withdrew it.
alter table invitations add column twice_at text;
-- What anybody who saw an open link has seen is worth nothing from now on.
update invitations set totp_secret = '' where closed_at is null;

-- Objections to people: while one is open its person neither approves nor proposes.
create table objections (
  id text primary key,
  store_id text not null references stores (id),
  user_id text not null references users (id),
  made_by text not null,
  why text not null,
  added_at text not null,
  cleared_at text,
  -- Both people, and why.
  cleared_by text
);
create unique index objections_open on objections (user_id) where cleared_at is null;

-- Letters to people of the console about one another, in the outbox as those to buyers are.
create table person_mails (
  id text primary key,
  store_id text not null references stores (id),
  address text not null,
  language text not null check (language in ('pt-BR', 'en')),
  kind text not null,
  about text not null references users (id),
  -- JSON of strings: what the letter says.
  detail text not null,
  state text not null check (state in ('queued', 'sent', 'failed')),
  tries bigint not null default 0,
  why text,
  next_at text not null,
  added_at text not null,
  changed_at text not null
);
create index person_mails_open on person_mails (next_at) where state = 'queued';
create index person_mails_failed on person_mails (id) where state = 'failed';

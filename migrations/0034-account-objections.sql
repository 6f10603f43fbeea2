-- Objections to payout accounts: while one is open nothing is paid there. Mails about accounts beside those about people.

create table account_objections (
  id text primary key,
  store_id text not null references stores (id),
  account_id text not null references accounts (id),
  made_by text not null,
  why text not null,
  added_at text not null,
  cleared_at text,
  -- Both people, and why.
  cleared_by text
);
create unique index account_objections_open on account_objections (account_id) where cleared_at is null;

-- The same table, in which a mail is about a person or an account.
create table person_mails_anew (
  id text primary key,
  store_id text not null references stores (id),
  address text not null,
  language text not null check (language in ('pt-BR', 'en')),
  kind text not null,
  about text not null,
  -- JSON of strings: what the mail says.
  detail text not null,
  state text not null check (state in ('queued', 'sent', 'failed')),
  tries bigint not null default 0,
  why text,
  next_at text not null,
  added_at text not null,
  changed_at text not null
);
insert into person_mails_anew (id, store_id, address, language, kind, about, detail, state, tries, why, next_at, added_at, changed_at)
  select id, store_id, address, language, kind, about, detail, state, tries, why, next_at, added_at, changed_at from person_mails;
drop table person_mails;
alter table person_mails_anew rename to person_mails;
create index person_mails_open on person_mails (next_at) where state = 'queued';
create index person_mails_failed on person_mails (id) where state = 'failed';

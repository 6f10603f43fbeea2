-- Who may do what: people, how they are invited, their sessions, and how often somebody tried to be one of them.

create table users (
  id text primary key,
  store_id text not null references stores (id),
  name text not null,
  -- The name as names are compared; it stays taken when its person is removed, because the audit log speaks of them by it.
  folded text not null,
  role text not null check (role in ('viewer', 'maker', 'checker', 'admin')),
  language text not null check (language in ('pt-BR', 'en')),
  state text not null check (state in ('invited', 'active', 'locked', 'removed')),
  -- argon2id with its parameters, as a PHC string.
  password text,
  totp_secret text,
  -- The last time step a code was taken for: a code works once.
  totp_step bigint not null default 0,
  added_by text not null,
  added_at text not null,
  changed_at text not null,
  unique (store_id, folded),
  check (state not in ('active', 'locked') or (password is not null and totp_secret is not null))
);

create table invitations (
  token_hash text primary key,
  user_id text not null references users (id),
  totp_secret text not null,
  added_by text not null,
  added_at text not null,
  ends_at text not null,
  -- Set once it was used, or withdrawn by a newer one or by removing the person.
  closed_at text
);
create index invitations_by_user on invitations (user_id);

create table sessions (
  id text primary key,
  user_id text not null references users (id),
  token_hash text not null unique,
  csrf text not null,
  added_at text not null,
  seen_at text not null,
  -- When the person last showed a code.
  stepped_up_at text not null,
  address text not null,
  agent text not null,
  revoked_at text,
  revoked_by text
);
create index sessions_by_user on sessions (user_id, added_at);

-- One row for a name or an address that failed to sign in lately; the name is kept as a digest, for people type passwords there.
create table sign_in_failures (
  subject text primary key,
  failures bigint not null,
  last_at text not null,
  wait_until text not null
);
create index sign_in_failures_by_time on sign_in_failures (last_at);

-- What the console's page of the audit log filters by.
create index audit_by_actor on audit (actor, seq);
create index audit_by_act on audit (act, seq);
create index audit_by_subject on audit (subject, seq);

-- Approvals are statements, with how each was proven. The audit record of the act names its statement, and the audit log says whose a key is.

create table signing_keys (
  -- The fingerprint of the public key: SHA-256 of its SubjectPublicKeyInfo, in base64url.
  id text primary key,
  store_id text not null references stores (id),
  user_id text not null references users (id),
  kind text not null check (kind in ('key', 'passkey')),
  -- SubjectPublicKeyInfo in base64.
  public_key text not null,
  label text not null,
  credential_id text unique,
  -- How often a passkey has signed, by its own count.
  counter bigint not null default 0,
  added_at text not null,
  retired_at text,
  check (kind <> 'passkey' or credential_id is not null)
);
create index signing_keys_by_user on signing_keys (user_id);

create table statements (
  -- SHA-256 of the text, in base64url.
  id text primary key,
  store_id text not null references stores (id),
  act text not null,
  subject text not null,
  person text not null,
  -- Canonical JSON: what is signed.
  text text not null,
  -- Canonical JSON of what was approved; the text has its digest.
  content text not null,
  proof text not null check (proof in ('said', 'code', 'key', 'passkey')),
  key_id text references signing_keys (id),
  signature text,
  added_at text not null,
  check (proof in ('said', 'code') or (key_id is not null and signature is not null))
);
create index statements_by_subject on statements (subject, added_at);

-- Where each order was to go when it was made; null in orders from before this.
alter table attempts add column destination text;

-- @sqlite
create trigger statements_kept before update on statements begin select raise(abort, 'statements are append-only'); end;
create trigger statements_stay before delete on statements begin select raise(abort, 'statements are append-only'); end;
create trigger attempts_destination_kept before update of destination on attempts when old.destination is not new.destination
  begin select raise(abort, 'where an order was to go is kept'); end;
create trigger signing_keys_kept before update of id, user_id, kind, public_key, credential_id on signing_keys
  begin select raise(abort, 'a key is kept as it was registered: retire it, and register another'); end;
create trigger signing_keys_stay before delete on signing_keys begin select raise(abort, 'keys are kept'); end;
-- @postgres
create trigger statements_kept before update or delete or truncate on statements for each statement execute function append_only();
create function keep_destination() returns trigger language plpgsql as $$ begin raise exception 'where an order was to go is kept'; end $$;
create trigger attempts_destination_kept before update on attempts for each row
  when (new.destination is distinct from old.destination) execute function keep_destination();
create function keep_key() returns trigger language plpgsql as $$ begin
  raise exception 'a key is kept as it was registered: retire it, and register another';
end $$;
create trigger signing_keys_kept before update on signing_keys for each row
  when ((new.id, new.user_id, new.kind, new.public_key, new.credential_id) is distinct from
    (old.id, old.user_id, old.kind, old.public_key, old.credential_id)) execute function keep_key();
create trigger signing_keys_stay before delete or truncate on signing_keys for each statement execute function append_only();
-- @end

-- Keys that values may be encrypted under, by their ids alone (ENCRYPTION_KEY_FILE): a process without one of them cannot read what others wrote, so it
-- does not start.
create table encryption_keys (
  id text primary key,
  added_at text not null,
  -- Nothing is encrypted under it any more, and no process needs it.
  retired_at text
);

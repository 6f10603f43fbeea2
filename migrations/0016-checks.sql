-- Large books: what the last check found, so that the next one, which looks only at what is new, looks at that too.
create table book_findings (
  invariant text not null,
  subject text not null,
  says text not null,
  found_at text not null,
  primary key (invariant, subject)
);

-- What is looked for every few minutes, or at every look at the overview, and of which there is little among much.
create index attempts_bundled on attempts (bundle_id) where bundle_id is not null;
create index invoice_reversals_under_way on invoice_reversals (under_way_since) where under_way_since is not null;
create index attempts_under_way on attempts (asked_at) where state in ('sending', 'unsure', 'sent');
create index slots_failed on slots (changed_at) where state = 'failed';

-- Sums of what is counted by status and by reconciliation, kept aside so that they cost the same among a hundred invoices and among a million.
-- Triggers note each change at the end of a list, where writers do not meet; a job adds the list up. A sum is both together.
create table tallies (
  about text not null check (about in ('ledger', 'invoices', 'payouts', 'inbox')),
  part text not null,
  count bigint not null,
  units bigint not null,
  primary key (about, part)
);
create table tally_changes (
  seq bigint generated always as identity primary key,
  about text not null,
  part text not null,
  count bigint not null,
  units bigint not null
);

insert into tallies (about, part, count, units)
  select 'ledger', t.movement || '/' || e.line || '/' || e.account || '/' || e.asset, count(*), cast(sum(e.units) as bigint)
  from ledger_entries e join ledger_transactions t on t.id = e.transaction_id group by t.movement, e.line, e.account, e.asset;
insert into tallies (about, part, count, units)
  select 'invoices', asset || '/' || state, count(*), cast(sum(units) as bigint) from invoices group by asset, state;
insert into tallies (about, part, count, units)
  select 'payouts', asset || '/' || state, count(*), cast(sum(units) as bigint) from payouts group by asset, state;
-- What is open is counted along its own index, so that the door notes nothing.
insert into tallies (about, part, count, units)
  select 'inbox', state, count(*), 0 from inbox where state not in ('new', 'waiting') group by state;

-- @sqlite
create trigger ledger_entries_tallied after insert on ledger_entries begin
  insert into tally_changes (about, part, count, units)
  select 'ledger', movement || '/' || new.line || '/' || new.account || '/' || new.asset, 1, new.units from ledger_transactions where id = new.transaction_id;
end;
create trigger invoices_tallied after insert on invoices begin
  insert into tally_changes (about, part, count, units) values ('invoices', new.asset || '/' || new.state, 1, new.units);
end;
create trigger invoices_moved after update on invoices when old.state <> new.state or old.units <> new.units begin
  insert into tally_changes (about, part, count, units)
  values ('invoices', old.asset || '/' || old.state, -1, -old.units), ('invoices', new.asset || '/' || new.state, 1, new.units);
end;
create trigger payouts_tallied after insert on payouts begin
  insert into tally_changes (about, part, count, units) values ('payouts', new.asset || '/' || new.state, 1, new.units);
end;
create trigger payouts_moved after update on payouts when old.state <> new.state or old.units <> new.units begin
  insert into tally_changes (about, part, count, units)
  values ('payouts', old.asset || '/' || old.state, -1, -old.units), ('payouts', new.asset || '/' || new.state, 1, new.units);
end;
create trigger inbox_tallied after insert on inbox when new.state not in ('new', 'waiting') begin
  insert into tally_changes (about, part, count, units) values ('inbox', new.state, 1, 0);
end;
create trigger inbox_left after update on inbox when old.state <> new.state and old.state not in ('new', 'waiting') begin
  insert into tally_changes (about, part, count, units) values ('inbox', old.state, -1, 0);
end;
create trigger inbox_ended after update on inbox when old.state <> new.state and new.state not in ('new', 'waiting') begin
  insert into tally_changes (about, part, count, units) values ('inbox', new.state, 1, 0);
end;
-- @postgres
create function tally_entry() returns trigger language plpgsql as $$ begin
  insert into tally_changes (about, part, count, units)
  select 'ledger', movement || '/' || new.line || '/' || new.account || '/' || new.asset, 1, new.units from ledger_transactions where id = new.transaction_id;
  return null;
end $$;
create function tally_state() returns trigger language plpgsql as $$ begin
  if tg_op = 'UPDATE' then
    insert into tally_changes (about, part, count, units) values (tg_table_name, old.asset || '/' || old.state, -1, -old.units);
  end if;
  insert into tally_changes (about, part, count, units) values (tg_table_name, new.asset || '/' || new.state, 1, new.units);
  return null;
end $$;
create function tally_event() returns trigger language plpgsql as $$ begin
  if tg_op = 'UPDATE' and old.state not in ('new', 'waiting') then
    insert into tally_changes (about, part, count, units) values ('inbox', old.state, -1, 0);
  end if;
  if new.state not in ('new', 'waiting') then
    insert into tally_changes (about, part, count, units) values ('inbox', new.state, 1, 0);
  end if;
  return null;
end $$;
create trigger ledger_entries_tallied after insert on ledger_entries for each row execute function tally_entry();
create trigger invoices_tallied after insert on invoices for each row execute function tally_state();
create trigger invoices_moved after update on invoices for each row
  when (old.state <> new.state or old.units <> new.units) execute function tally_state();
create trigger payouts_tallied after insert on payouts for each row execute function tally_state();
create trigger payouts_moved after update on payouts for each row
  when (old.state <> new.state or old.units <> new.units) execute function tally_state();
create trigger inbox_tallied after insert on inbox for each row when (new.state not in ('new', 'waiting')) execute function tally_event();
create trigger inbox_moved after update on inbox for each row when (old.state <> new.state) execute function tally_event();
-- @end

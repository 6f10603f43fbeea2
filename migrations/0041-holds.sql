-- Why every payout is stopped: one row for each reason. Until now one text in settings('hold'), the newest reason first. A process of the release
-- before reads and writes that text while this one starts, and again if all goes back, so triggers keep the two alike, both ways and in one
-- transaction. Text and triggers go with the next release (docs/decisions/0028-stops-are-rows.md).
create table holds (
  -- The newest is the highest.
  seq bigint generated always as identity primary key,
  -- Of the reason and its values, so that one stop is kept once.
  mark text not null unique,
  reason text not null,
  detail text,
  why text not null,
  -- Whoever stopped them, or restored; null where it was the program, or is not known.
  held_by text,
  -- Null where an older release stopped them.
  since text
);

-- @sqlite
create trigger holds_added after insert on holds begin
  insert into settings (name, value)
    select 'hold', (select group_concat(why, ' · before that: ' order by seq desc) from holds)
    where not exists (select 1 from settings where name = 'hold');
  update settings set value = (select group_concat(why, ' · before that: ' order by seq desc) from holds) where name = 'hold';
end;
create trigger holds_changed after update of why on holds begin
  update settings set value = (select group_concat(why, ' · before that: ' order by seq desc) from holds) where name = 'hold';
end;
create trigger holds_removed after delete on holds begin
  delete from settings where name = 'hold' and not exists (select 1 from holds);
  update settings set value = (select group_concat(why, ' · before that: ' order by seq desc) from holds) where name = 'hold';
end;
-- What an older release wrote differs from the rows; what the triggers above wrote does not. A JSON text is cut where its reasons were joined.
-- What adds a reason takes none away: it may not have seen one that came meanwhile.
create trigger hold_said after insert on settings when new.name = 'hold'
    and new.value is not (select group_concat(why, ' · before that: ' order by seq desc) from holds) begin
  delete from holds where why not in (select value from json_each('[' || replace(json_quote(new.value), ' · before that: ', '","') || ']'))
    and not exists (select 1 from json_each('[' || replace(json_quote(new.value), ' · before that: ', '","') || ']')
      where value not in (select why from holds));
  insert into holds (mark, reason, detail, why)
    select 'said ' || lower(hex(randomblob(16))), 'said-before', '{"said":' || json_quote(value) || '}', value
    from json_each('[' || replace(json_quote(new.value), ' · before that: ', '","') || ']')
    where value not in (select why from holds) group by value order by min(key) desc;
end;
create trigger hold_said_again after update on settings when new.name = 'hold'
    and new.value is not (select group_concat(why, ' · before that: ' order by seq desc) from holds) begin
  delete from holds where why not in (select value from json_each('[' || replace(json_quote(new.value), ' · before that: ', '","') || ']'))
    and not exists (select 1 from json_each('[' || replace(json_quote(new.value), ' · before that: ', '","') || ']')
      where value not in (select why from holds));
  insert into holds (mark, reason, detail, why)
    select 'said ' || lower(hex(randomblob(16))), 'said-before', '{"said":' || json_quote(value) || '}', value
    from json_each('[' || replace(json_quote(new.value), ' · before that: ', '","') || ']')
    where value not in (select why from holds) group by value order by min(key) desc;
end;
create trigger hold_lifted after delete on settings when old.name = 'hold' begin delete from holds; end;
-- @postgres
create function say_holds() returns trigger language plpgsql as $$
declare said text;
begin
  -- Whoever changes a row or the text meanwhile waits here, and then reads what was committed.
  loop
    insert into settings (name, value) values ('hold', '') on conflict (name) do nothing;
    perform 1 from settings where name = 'hold' for update;
    exit when found;
  end loop;
  select string_agg(why, ' · before that: ' order by seq desc) into said from holds;
  if said is null then delete from settings where name = 'hold';
  else update settings set value = said where name = 'hold';
  end if;
  return null;
end $$;
create function hear_hold() returns trigger language plpgsql as $$
declare reasons text[];
begin
  if tg_op = 'DELETE' then delete from holds; return null; end if;
  reasons := case new.value when '' then array[''] else string_to_array(new.value, ' · before that: ') end;
  -- What adds a reason takes none away: it may not have seen one that came meanwhile.
  if not exists (select 1 from unnest(reasons) as said (each) where each not in (select why from holds)) then
    delete from holds where why <> all (reasons);
  end if;
  insert into holds (mark, reason, detail, why)
    select 'said ' || gen_random_uuid(), 'said-before', '{"said":' || to_json(each)::text || '}', each
    from unnest(reasons) with ordinality as said (each, place)
    where each not in (select why from holds) group by each order by min(place) desc;
  update settings set value = (select string_agg(why, ' · before that: ' order by seq desc) from holds) where name = 'hold';
  return null;
end $$;
-- What one of them writes, the other does not hear.
create trigger holds_said after insert or update of why or delete on holds for each statement
  when (pg_trigger_depth() = 0) execute function say_holds();
create trigger hold_heard after insert or update on settings for each row
  when (new.name = 'hold' and pg_trigger_depth() = 0) execute function hear_hold();
create trigger hold_lifted after delete on settings for each row
  when (old.name = 'hold' and pg_trigger_depth() = 0) execute function hear_hold();
-- @end

-- The text of before becomes rows, as if an older release wrote it now; the sentences that there were get their codes. An id has 30 characters, a
-- transaction 64.
update settings set value = value where name = 'hold';

-- @postgres
-- What SQLite calls so, for the rest of this script.
create function instr(text, text) returns integer language sql as 'select strpos($1, $2)';
create function json_quote(text) returns text language sql as 'select to_json($1)::text';
create function json_extract(text, text) returns text language sql as 'select $1::json ->> substr($2, 3)';
-- @end
update holds set reason = 'payout-wrong', detail = '{"payout":"' || substr(why, 1, 30) || '","because":{"code":"several-paid","detail":{"count":'
    || replace(substr(why, 47), ' transfers under one key', '') || '}}}'
  where why like 'pay%' and substr(why, 31) like ': the bank paid % transfers under one key'
    and trim(replace(substr(why, 47), ' transfers under one key', ''), '0123456789') = '';
update holds set reason = 'payout-wrong', detail = '{"payout":"' || substr(why, 1, 30) || '","because":{"code":"transfer-differs","detail":{"transfer":"'
    || replace(substr(why, 42), ' differs from what was ordered in amount or receiver', '') || '"}}}'
  where why like 'pay%' and substr(why, 31) like ': transfer % differs from what was ordered in amount or receiver'
    and trim(replace(substr(why, 42), ' differs from what was ordered in amount or receiver', ''), '0123456789') = '';
update holds set reason = 'payout-wrong', detail = '{"payout":"' || substr(why, 1, 30) || '","because":{"code":"given-up-as","detail":{"order":'
    || json_quote(substr(why, 39, instr(why, ' was given up as ') - 39)) || ',"state":'
    || json_quote(replace(substr(why, instr(why, ' was given up as ') + 17), ', and is under way at the bank', '')) || '}}}'
  where why like 'pay%' and substr(why, 31) like ': order % was given up as %, and is under way at the bank';
update holds set reason = 'payout-wrong', detail = '{"payout":"' || substr(why, 1, 30) || '","because":{"code":"paid-after-given-up","detail":{"order":'
    || json_quote(substr(why, 39, instr(why, ' was given up as ') - 39)) || ',"state":'
    || json_quote(replace(substr(why, instr(why, ' was given up as ') + 17), ', and the bank paid it', '')) || '}}}'
  where why like 'pay%' and substr(why, 31) like ': order % was given up as %, and the bank paid it';
update holds set reason = 'settlement-mined-and-ordered', detail = '{"payout":"' || substr(why, 1, 30) || '","txid":"' || substr(why, 33, 64)
    || '","state":' || json_quote(replace(substr(why, 155), ': it may be paid twice', '')) || '}'
  where why like 'pay%' and substr(why, 31, 2) = ': '
    and substr(why, 97) like ', by which it was settled, is in a block again, and it is %: it may be paid twice';
update holds set reason = 'passed-on-left-chain', detail = '{"invoice":"' || substr(why, 1, 30) || '","coin":'
    || json_quote(substr(why, 45, instr(why, ' left the chain after ') - 45)) || ',"payout":"'
    || substr(why, instr(why, ' left the chain after ') + 22, 30) || '","state":' || json_quote(substr(why, instr(why, ' left the chain after ') + 57)) || '}'
  where why like 'inv%' and substr(why, 31) like ': its payment % left the chain after pay%'
    and substr(why, instr(why, ' left the chain after ') + 52, 5) = ' was ';
update holds set reason = 'given-up-but-mined', detail = '{"bundle":"' || substr(why, 69, 30) || '","txid":"' || substr(why, 1, 64) || '"}'
  where substr(why, 65, 7) = ' of bun' and substr(why, 99) = ' was mined after it was given up: see what was paid twice';
update holds set reason = 'node-refuses-ours', detail = '{"bundle":"' || substr(why, 1, 30) || '","txid":"' || substr(why, 50, 64) || '","said":'
    || json_quote(substr(why, 116)) || '}'
  where why like 'bun%' and substr(why, 31, 19) = ': the node refuses ' and substr(why, 114, 2) = ': ';
update holds set reason = 'coins-spent-by-unknown', detail = '{"txid":"' || substr(why, 1, 64) || '"}'
  where substr(why, 65) = ' spends coins of ours, and is none of ours: does somebody else hold the keys?';
update holds set reason = 'coins-spent-by-unknown', detail = '{"txid":"' || substr(why, 1, 64) || '","restoredAt":"' || substr(why, 169, 24) || '"}'
  where substr(why, 65) like ' spends coins of ours, and is none of ours: it may have been sent after the backup that was restored at ________________________. Owed payouts to the accounts it pays are held: compare them with it';

-- Whose a person's stop and a restore were, and since when, the audit log says.
update holds set reason = 'stopped-by-person', detail = '{"by":' || json_quote(actor) || ',"said":' || json_quote(substr(why, length(actor) + 3)) || '}',
    held_by = actor, since = at
  from (select actor, at, json_extract(detail, '$.why') as said from audit where subject = 'payouts' and act = 'payouts stopped'
    order by seq desc limit 1) as stop
  where why = said and instr(why, actor || ': ') = 1;
update holds set reason = 'restored-from', detail = '{"file":' || json_quote(substr(why, 15, length(why) - 98)) || ',"at":"' || substr(why, length(why) - 79, 24) || '"}'
  where why like 'restored from % at ________________________: look at what is held, then "repasse payout go --why …"';
update holds set reason = 'restored-in-place', detail = '{"at":"' || substr(why, 26, 24) || '"}'
  where why like 'restored in its place at ________________________: look at what is held, then "repasse payout go --why …"';
update holds set held_by = actor, since = at
  from (select actor, at, json_extract(detail, '$.why') as said from audit where subject = 'payouts' and act = 'restored') as restore
  where reason in ('restored-from', 'restored-in-place') and substr(said, 1, length(why)) = why;
-- @postgres
drop function instr(text, text);
drop function json_quote(text);
drop function json_extract(text, text);
-- @end

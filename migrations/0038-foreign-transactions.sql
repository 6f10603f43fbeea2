-- Transactions of somebody else that spend our coins, and whom they pay: until now JSON among the cursors.

create table foreign_transactions (
  txid text primary key,
  -- When we heard of it: what was asked for later it cannot have paid.
  added_at text not null
);
create table foreign_outputs (
  txid text not null references foreign_transactions (txid),
  -- In hexadecimal.
  script text not null,
  -- Satoshis of all its outputs to this script; null where an older version noted the script alone.
  units bigint,
  primary key (txid, script)
);

-- @sqlite
insert into foreign_transactions (txid, added_at)
  select substr(name, 9), json_extract(value, '$.at') from cursors where name like 'foreign %';
insert into foreign_outputs (txid, script, units)
  select substr(c.name, 9), s.value, sum(cast(json_extract(c.value, '$.units[' || s.key || ']') as integer))
  from cursors c, json_each(c.value, '$.scripts') s where c.name like 'foreign %' group by 1, 2;
-- @end
-- @postgres
with noted as materialized (select substr(name, 9) as txid, value::json as said from cursors where name like 'foreign %')
  insert into foreign_transactions (txid, added_at) select txid, said->>'at' from noted;
with noted as materialized (select substr(name, 9) as txid, value::json as said from cursors where name like 'foreign %')
  insert into foreign_outputs (txid, script, units)
  select n.txid, s.script, sum((n.said->'units'->>(s.place::int - 1))::bigint)
  from noted n, json_array_elements_text(n.said->'scripts') with ordinality as s (script, place) group by 1, 2;
-- @end
delete from cursors where name like 'foreign %';

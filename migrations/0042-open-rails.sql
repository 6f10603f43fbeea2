-- Which rails and kinds of account there are is said in one place, src/base/rails.ts, so that the next one needs no migration. What stays is the
-- shape: an account at a bank has a branch and a number, every other one says its place in one text. SQLite cannot change a check, so there the
-- two tables are made again.

-- @sqlite
create table accounts_open (
  id text primary key,
  store_id text not null references stores (id),
  name text not null,
  kind text not null check (kind <> ''),
  holder text not null,
  tax_id text,
  bank text,
  branch text,
  number text,
  type text check (type in ('checking', 'payment', 'savings', 'salary')),
  state text not null check (state in ('awaiting', 'approved', 'closed')),
  added_by text not null,
  added_at text not null,
  changed_at text not null,
  approved_by text,
  destination text,
  next_index bigint not null default 0,
  recover text not null default 'never' check (recover in ('never', 'next-payouts')),
  payable_from text,
  unique (store_id, name),
  check (approved_by is null or lower(trim(approved_by)) <> lower(trim(added_by))),
  check (state <> 'approved' or approved_by is not null),
  check (kind <> 'bank' or (tax_id is not null and bank is not null and branch is not null and number is not null and type is not null)),
  check (kind = 'bank' or destination is not null)
);
insert into accounts_open (id, store_id, name, kind, holder, tax_id, bank, branch, number, type, state, added_by, added_at, changed_at, approved_by,
    destination, next_index, recover, payable_from)
  select id, store_id, name, kind, holder, tax_id, bank, branch, number, type, state, added_by, added_at, changed_at, approved_by,
    destination, next_index, recover, payable_from from accounts;
drop table accounts;
alter table accounts_open rename to accounts;

create table store_rules_open (
  store_id text not null references stores (id),
  rail text not null check (rail <> ''),
  account_id text not null references accounts (id),
  commission_bp bigint not null check (commission_bp between 0 and 10000),
  min_payout_units bigint not null check (min_payout_units >= 0),
  changed_by text not null,
  changed_at text not null,
  primary key (store_id, rail)
);
insert into store_rules_open select store_id, rail, account_id, commission_bp, min_payout_units, changed_by, changed_at from store_rules;
drop table store_rules;
alter table store_rules_open rename to store_rules;
-- @postgres
do $$
declare named record;
begin
  for named in select conrelid::regclass as place, conname from pg_constraint
    where contype = 'c' and conrelid in ('accounts'::regclass, 'store_rules'::regclass) and pg_get_constraintdef(oid) like '%bitcoin%'
  loop
    execute format('alter table %s drop constraint %I', named.place, named.conname);
  end loop;
end $$;
alter table accounts add check (kind <> ''), add check (kind = 'bank' or destination is not null);
alter table store_rules add check (rail <> '');
-- @end

-- A payout says its rail. Two rails may be in one asset, so the asset no longer says who sends it.
alter table payouts add column rail text not null default '';
update payouts set rail = (select i.rail from invoices i where i.id = payouts.invoice_id);

-- A process of the version before may still owe one while this one is started: its payout is of its invoice's rail.
-- @sqlite
create trigger payouts_of_a_rail after insert on payouts when new.rail = '' begin
  update payouts set rail = (select i.rail from invoices i where i.id = new.invoice_id) where id = new.id;
end;
-- @postgres
create function payout_rail() returns trigger language plpgsql as $$
begin
  select i.rail into new.rail from invoices i where i.id = new.invoice_id;
  return new;
end $$;
create trigger payouts_of_a_rail before insert on payouts for each row when (new.rail = '') execute function payout_rail();
-- @end

-- Each rail looks for its own open payouts, every second; and lists are of one rail.
drop index payouts_open;
create index payouts_open on payouts (rail, next_at) where state in ('owed', 'sending', 'unsure', 'sent', 'waiting');
drop index payouts_by_asset;
create index payouts_by_rail on payouts (rail, added_at, id);

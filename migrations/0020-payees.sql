-- Whose an invoice's money is was decided when it was asked for: payouts are held against it, so nothing changes it afterwards.

-- @sqlite
create trigger invoices_payee_kept before update of account_id on invoices when new.account_id is not old.account_id
  begin select raise(abort, 'the account of an invoice is kept: payout redirect sends its payout to another one'); end;
-- @postgres
create function keep_payee() returns trigger language plpgsql as $$ begin
  raise exception 'the account of an invoice is kept: payout redirect sends its payout to another one';
end $$;
create trigger invoices_payee_kept before update on invoices for each row when (new.account_id is distinct from old.account_id)
  execute function keep_payee();
-- @end

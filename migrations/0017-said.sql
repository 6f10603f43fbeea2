-- What two people said of a reversal whose end the bank never told: it stands, and what the bank's log tells later is counted on from there.

-- What went back in all, as they said; null where nobody had to. And how many logs the bank had of the invoice by then.
alter table invoice_reversals add column said_units bigint check (said_units >= 0);
alter table invoice_reversals add column said_logs bigint not null default 0 check (said_logs >= 0);

-- What was said before this version: as the books have it. The count was kept one ahead of the logs that were known, and is their number from now on:
-- one more that came since would be taken for known.
update invoice_reversals set said_units = returned_units, said_logs = logs_seen - 1,
  logs_seen = case when logs_seen > 1 then logs_seen - 1 else 1 end
where logs_seen > 0 and invoice_id in (select subject from proposals where act = 'invoice.reversal' and state = 'approved');

-- What paying late or early costs at the bank, and how long after its due time an invoice can be paid: said in full with each invoice.
alter table schedules add column fine_bp bigint not null default 0 check (fine_bp between 0 and 10000);
alter table schedules add column interest_bp bigint not null default 0 check (interest_bp between 0 and 10000);
-- 59 days, as the bank has it.
alter table schedules add column expires_in_ms bigint not null default 5097600000 check (expires_in_ms >= 0);
-- As the program reads it back: 5.00%@3d 2.00%@1d, percent off when paid so long before it is due.
alter table schedules add column discounts text not null default '';

-- Null in an invoice from before this: nothing was said then, so the bank's own rule holds for those it has.
alter table invoices add column fine_bp bigint check (fine_bp between 0 and 10000);
alter table invoices add column interest_bp bigint check (interest_bp between 0 and 10000);
alter table invoices add column expires_in_ms bigint check (expires_in_ms >= 0);
alter table invoices add column discounts text not null default '';

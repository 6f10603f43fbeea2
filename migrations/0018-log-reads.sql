-- Where the bank does not list what went back to payers while nobody listened: which invoices' own logs were read instead.
create table invoice_log_reads (
  invoice_id text primary key references invoices (id),
  -- The value of the setting `bank unlisted` that it was read for; null while the bank has not shown it.
  read_for text,
  tried_at text not null
);

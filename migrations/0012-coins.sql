-- A miner's reward may be spent a hundred blocks later, so a coin says whether it is one. Its input names nothing: 32 bytes of zero, which
-- every other reward has too, and no two of them contradict each other.
alter table coins add column coinbase bigint not null default 0 check (coinbase in (0, 1));
update coins set coinbase = 1 where txid in (
  select txid from coin_inputs where outpoint = '0000000000000000000000000000000000000000000000000000000000000000:4294967295');
delete from coin_inputs where outpoint = '0000000000000000000000000000000000000000000000000000000000000000:4294967295';

-- What of a payment is given back, in satoshis, and how often a refund that was made by hand was booked or taken back: odd means it stands so now.
alter table coins add column refunded_units bigint not null default 0 check (refunded_units >= 0);
alter table coins add column refund_bookings bigint not null default 0;

-- Which payments a refund of ours gives back, and how much of each.
create table coin_refunds (
  payout_id text not null references payouts (id),
  coin_id text not null references coins (id),
  units bigint not null check (units > 0),
  primary key (payout_id, coin_id)
);
create index coin_refunds_by_coin on coin_refunds (coin_id);

-- Refunds that a person made with the same keys, beside these books: two people say that this transaction was one.
create table refunds_elsewhere (
  txid text not null,
  invoice_id text not null references invoices (id),
  -- By whom, and why.
  proposal_id text not null references proposals (id),
  added_at text not null,
  primary key (txid, invoice_id)
);

-- Since when a signature of it may exist: its PSBT was handed out, or a wallet was asked to sign. What is older may have been.
alter table bundle_candidates add column handed_at text;
update bundle_candidates set handed_at = added_at;

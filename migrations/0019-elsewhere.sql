-- Payouts that a person settled by a transaction on the chain which is none of ours: booked as often as the chain has it, and taken back as often
-- as it leaves. `bookings` is odd while it counts; `twice` once it came back to a payout that an order has paid by then.
create table paid_elsewhere (
  payout_id text not null references payouts (id),
  txid text not null,
  bookings bigint not null default 0,
  twice bigint not null default 0 check (twice in (0, 1)),
  added_at text not null,
  primary key (payout_id, txid)
);
insert into paid_elsewhere (payout_id, txid, bookings, added_at)
  select p.id, t.memo, 1, t.at from ledger_transactions t join payouts p on p.id = t.source
  where t.movement = 'payout paid elsewhere' and p.asset = 'BTC';

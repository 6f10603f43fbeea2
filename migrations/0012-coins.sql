-- A miner's reward may be spent a hundred blocks later, so a coin says whether it is one. Its input names nothing: 32 bytes of zero, which
-- every other reward has too, and no two of them contradict each other.
alter table coins add column coinbase bigint not null default 0 check (coinbase in (0, 1));
update coins set coinbase = 1 where txid in (
  select txid from coin_inputs where outpoint = '0000000000000000000000000000000000000000000000000000000000000000:4294967295');
delete from coin_inputs where outpoint = '0000000000000000000000000000000000000000000000000000000000000000:4294967295';

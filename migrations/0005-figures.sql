-- What a monitor asks for every few seconds is read along an index: payouts are counted by state and asset, and an event that a
-- person must look at is found among a million that are settled.

drop index payouts_by_state;
create index payouts_by_state on payouts (state, asset);
create index inbox_quarantined on inbox (id) where state = 'quarantined';

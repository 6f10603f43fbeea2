-- What the node last refused a transaction with, so that the same again does not stop payouts once more; null once it has it. A bundle's own reason
-- is overwritten by whatever it waits for next.
alter table bundle_candidates add column refusal text;
update bundle_candidates set refusal = (select b.why from bundles b where b.id = bundle_id) where state in ('signed', 'sent');

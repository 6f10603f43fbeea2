-- A reason is a code with its values; `why` keeps the English sentence of it beside them. Rows of before get the codes of the sentences that
-- always were the same, and of those that what waits is looked for by.
alter table transitions add column reason text;
alter table transitions add column detail text;
alter table transition_repeats add column last_reason text;
alter table transition_repeats add column last_detail text;
alter table payouts add column reason text;
alter table payouts add column detail text;
alter table attempts add column reason text;
alter table attempts add column detail text;
alter table bundles add column reason text;
alter table bundles add column detail text;
alter table inbox add column reason text;
alter table inbox add column detail text;
alter table slots add column held_reason text;
alter table slots add column held_detail text;

create table known_reasons (why text primary key, reason text not null);
insert into known_reasons (why, reason) values
  ('nothing is left after fees', 'nothing-left'),
  ('below the smallest payout of its schedule', 'below-smallest'),
  ('its payer is being given money back', 'being-refunded'),
  ('two people wanted it refunded, and the bank did not do it', 'refund-not-done'),
  ('set off against what the payee owes', 'set-off'),
  ('with what was kept back too much', 'kept-back-too-much'),
  ('about to ask the bank', 'about-to-ask-bank'),
  ('the bank took it on', 'bank-accepted'),
  ('nobody wrote down an answer', 'answer-not-written-down'),
  ('asked the bank by its key', 'asked-by-key'),
  ('absent twice, so ordered again under the same key', 'absent-so-repeated'),
  ('an order that was given up is alive at the bank', 'given-up-and-alive'),
  ('ordered after the backup restored here', 'ordered-after-backup'),
  ('the receiver’s bank sent it back', 'sent-back'),
  ('the chain left its payment behind', 'payment-orphaned'),
  ('another transaction was mined in the place of its payment', 'payment-replaced'),
  ('another transaction was mined in its place', 'payment-shut-out'),
  ('what it was settled by is in a block again', 'settlement-mined-again'),
  ('a node has it', 'node-has-it'),
  ('its coins were spent to ourselves: it was canceled', 'canceled-on-chain'),
  ('a coin of its transaction was spent by somebody else, or never came: see whether it was paid otherwise, and release it if not', 'coin-lost'),
  ('it takes more coins than one transaction may spend', 'too-many-coins'),
  ('its share of the network fee would leave dust', 'share-leaves-dust'),
  ('the coins that lie deep enough do not cover it yet', 'coins-do-not-cover'),
  ('this worker stalled before it was sent: it is chosen again', 'stalled-before-sent'),
  ('no better fee can be offered: its payees would be left with dust', 'better-fee-leaves-dust'),
  ('no better fee can be offered: its coins do not cover it', 'better-fee-not-covered'),
  ('the node’s wallet signed it', 'wallet-signed'),
  ('the wallet holds not all the keys: is BITCOIN_WALLET the one of BITCOIN_DESCRIPTOR?', 'wallet-lacks-keys'),
  ('its payer replaced it', 'payer-replaced'),
  ('rehearsed', 'rehearsed'),
  ('it cannot be read as an event', 'unreadable'),
  ('it cannot be decrypted: see "repasse keys status"', 'undecryptable'),
  ('of a kind this house has no use for', 'of-no-use'),
  ('not one we ordered', 'order-not-ours'),
  ('the bank shows this invoice without our tag', 'tag-missing'),
  ('the bank does not list it yet', 'not-listed-yet'),
  ('someone moved it first', 'moved-first'),
  ('credited', 'credited'),
  ('the bank does not show yet what became of it', 'outcome-not-shown'),
  ('it contradicts what we ordered: payouts are stopped', 'contradicts'),
  ('more of it was known before', 'more-known-before'),
  ('it tells of a coin that is not known', 'coin-unknown'),
  ('of no request', 'of-no-request'),
  ('the statement shows it, and the bank was asked', 'statement-shows-it'),
  ('the bank was asked', 'bank-asked'),
  ('money may be going back to the payer: its payout waits', 'maybe-going-back'),
  ('nothing more went back', 'nothing-more-back'),
  ('reversed: its payout is of what is left', 'reversed-owed'),
  ('reversed, and its payout stopped', 'reversed-nothing-left'),
  ('reversed: its payout is settled', 'reversed-settled'),
  ('reversed after it was passed on: the payee owes it', 'reversed-owes'),
  ('reversed while its payout is under way: its end decides', 'reversed-in-flight'),
  ('the money that went back is here again', 'money-here-again'),
  ('a refund was approved', 'refund-approved'),
  ('two people said how it ended', 'two-said-how-ended'),
  ('its invoice is known by now', 'invoice-known-by-now'),
  ('drafted for its slot', 'drafted-for-slot'),
  ('drafted for its order', 'drafted-for-order'),
  ('the bank issued it', 'bank-issued'),
  ('the bank answered without it', 'bank-left-it-out'),
  ('found at the bank by its tag', 'found-by-tag'),
  ('the bank did not have it, asked twice', 'not-at-bank'),
  ('an event proves that the bank issued it', 'event-proves-issued'),
  ('the bank had it, and these books had forgotten it', 'known-again'),
  ('it may have been issued after the backup', 'maybe-issued-after-backup'),
  ('its address may have been shown after the backup', 'maybe-shown-after-backup'),
  ('it fell due before the restore, and may have been issued after the backup', 'due-before-restore'),
  ('its payer cannot be decrypted, so nobody is asked for it: see "repasse keys status"', 'payer-undecryptable'),
  ('its time was over before it could be asked for', 'too-late-to-ask'),
  ('canceled-by-person', 'canceled-by-person'),
  ('decided', 'decided'),
  ('not-as-approved', 'not-as-approved'),
  ('asking-bank', 'asking-bank'),
  ('taken-on', 'taken-on'),
  ('not-taken-on', 'not-taken-on'),
  ('failed', 'failed'),
  ('returned-at-bank', 'returned-at-bank'),
  ('credited-at-bank', 'credited-at-bank'),
  ('came-back', 'came-back'),
  ('seen-by-tag', 'seen-by-tag'),
  ('seen-in-event', 'seen-in-event'),
  ('paid-meanwhile', 'paid-meanwhile'),
  ('canceled-here', 'canceled-here'),
  ('over-at-bank', 'over-at-bank'),
  ('restored', 'restored'),
  ('time has passed', 'time-has-passed'),
  ('what came was given back', 'came-and-returned'),
  ('nothing came in its time', 'nothing-in-time'),
  ('nothing has come yet', 'nothing-yet'),
  ('it was paid after its time: a person decides', 'paid-late'),
  ('it was paid in part, and its time is over: a person decides', 'paid-in-part'),
  ('the node does not have it any more', 'node-forgot'),
  ('seen at the node, in no block yet', 'in-mempool'),
  ('it fell due', 'fell-due'),
  ('it fell due more than 7 days ago', 'fell-due-long-ago'),
  ('a later one fell due too, and the schedule catches up the latest', 'later-one-due'),
  ('it fell due while nothing was running, and the schedule does not catch up', 'not-caught-up'),
  ('slots before it wait for a person', 'slots-before-wait'),
  ('its worker is gone', 'worker-gone'),
  ('claimed', 'claimed'),
  ('accepted the invitation', 'invitation-accepted'),
  ('placed in the shop', 'placed-in-shop'),
  ('a new code was asked for', 'new-code-asked-for'),
  ('it was not sent within RETAIN_MAIL: no mail server is set', 'mail-never-sent'),
  ('the buyer is forgotten', 'buyer-forgotten'),
  ('its time was over, and what had come was not the whole price', 'expired-with-part'),
  ('nothing came for any of its codes', 'expired-unpaid'),
  ('seen in the statement', 'seen-in-statement'),
  ('the mail server took it on', 'mail-server-accepted'),
  ('the audit log is anchored', 'audit-anchored'),
  ('paid', 'paid'),
  ('paid after it had expired', 'paid-after-expiry');

-- History is append-only: what it says stays as it was said.
-- @sqlite
drop trigger transitions_kept;
-- @end
-- @postgres
alter table transitions disable trigger transitions_kept;
-- @end
update transitions set reason = (select k.reason from known_reasons k where k.why = transitions.why)
  where why in (select why from known_reasons);
update payouts set reason = (select k.reason from known_reasons k where k.why = payouts.why)
  where why in (select why from known_reasons);
update attempts set reason = (select k.reason from known_reasons k where k.why = attempts.why)
  where why in (select why from known_reasons);
update bundles set reason = (select k.reason from known_reasons k where k.why = bundles.why)
  where why in (select why from known_reasons);
update inbox set reason = (select k.reason from known_reasons k where k.why = inbox.why)
  where why in (select why from known_reasons);
update transition_repeats set last_reason = (select k.reason from known_reasons k where k.why = transition_repeats.last_why)
  where last_why in (select why from known_reasons);
-- @sqlite
create trigger transitions_kept before update on transitions begin select raise(abort, 'history is append-only'); end;
-- @end
-- @postgres
alter table transitions enable trigger transitions_kept;
-- @end
drop table known_reasons;

-- What waits for a signature is looked for by its code. Of an objection, who made it and why is in the sentence alone.
update payouts set reason = 'account-objected' where why like 'somebody objects to its account %';
-- Of each event of another workspace, which: a workspace's name is digits, so it needs no escapes.
update inbox set reason = 'of-other-workspace', detail = '{"workspace":"' || substr(why, 23, length(why) - 23) || '"}'
  where why like 'of another workspace (%)' and why not like '%"%';
-- @sqlite
update payouts set reason = 'account-only-said',
  detail = '{"account":' || json_quote((select name from accounts where id = account_id)) || '}'
  where why like 'the approval of account % was said and not proven: %';
update payouts set reason = 'terms-only-said',
  detail = '{"schedule":' || json_quote(substr(why, 23, instr(why, ' were said and not proven: ') - 23)) || '}'
  where why like 'the terms of schedule % were said and not proven: %';
-- @end
-- @postgres
update payouts set reason = 'account-only-said',
  detail = '{"account":' || to_json((select name from accounts where id = account_id))::text || '}'
  where why like 'the approval of account % was said and not proven: %';
update payouts set reason = 'terms-only-said',
  detail = '{"schedule":' || to_json(substr(why, 23, strpos(why, ' were said and not proven: ') - 23))::text || '}'
  where why like 'the terms of schedule % were said and not proven: %';
-- @end

/**
 * Why something is as it is: a code and its values, kept as such; a sentence is made of them for people, at
 * the end. This table is the list of codes, the shape of each one's detail, and its English, which `why`
 * keeps beside them. Portuguese is beside the console (`web/console/list/reasonWords.ts`).
 */
import { formatMoney, formatReais, type Asset } from './money.ts'

/** A reason as it is kept, or words of somebody. */
export type Told = string | { readonly code: Code; readonly detail?: unknown }

type Fault = { fault: string }
type By = { by: string }
type SaidBy = { by: string; said: string }
type Transfer = { transfer: string }
type Order = { order: string }
type Status = { status: string }
type State = { state: string }
type Of = { of: string }
type Height = { height: string }
type At = { at: string }
type InBundle = { bundle: string; txid: string }
/** Satoshis above what was asked for, and those that came too late. */
type Beyond = { over?: string; late?: string }

const lookThenGo = 'look at what is held, then "repasse payout go --why …"'
/** As long as it may be kept. */
const short = (sentence: string): string => sentence.slice(0, 500)
const many = (count: number, one: string, more: string) => `${count} ${count === 1 ? one : more}`
const brl = (units: string): string => formatReais(BigInt(units))
type Amount = { units: string; asset: Asset }
const money = (units: string, asset: Asset): string => formatMoney(BigInt(units), asset)
const beyond = ({ over, late }: Beyond): string =>
  (over === undefined ? '' : `, ${over} more than asked`) +
  (late === undefined ? '' : `, and ${late} came late: a person decides about those`)
const limit = ({ cap, asset, per }: { cap: string; asset: Asset; per: string }): string =>
  `${money(cap, asset)} ${per === 'payout' ? 'for one payout' : `a${per === 'hour' ? 'n' : ''} ${per}`}`

export const english = {
  // What people and providers say is kept as they said it.
  said: ({ said }: { said: string }) => said,
  'said-by': ({ by, said }: SaidBy) => `${by}: ${said}`,
  'said-by-two': ({ madeBy, by, said }: SaidBy & { madeBy: string }) => `${madeBy} and ${by}: ${said}`,
  /** What a check found of a row that was changed past the program. */
  edited: ({ finding }: { finding: string }) => finding,

  // Payouts: what they wait for, and why they are held.
  'nothing-to-pay': ({ units, asset }: Amount) =>
    `it is of ${money(units, asset)}: nothing is left to pay on`,
  'nothing-left': () => 'nothing is left after fees',
  'below-smallest': () => 'below the smallest payout of its schedule',
  'account-only-said': ({ account }: { account: string }) =>
    `the approval of account ${account} was said and not proven: a checker signs it with "repasse account sign ${account}" or on its page`,
  'terms-only-said': ({ schedule }: { schedule: string }) =>
    `the terms of schedule ${schedule} were said and not proven: a checker signs them with "repasse account sign --all" or on the console`,
  'account-cooling': ({ account, from }: { account: string; from: string }) =>
    `its account ${account} was approved lately, and is paid from ${from} on (COOLING_OFF)`,
  'account-objected': ({ account, by, said }: SaidBy & { account: string }) =>
    `somebody objects to its account ${account} (${by}): ${said}`,
  'account-unpayable': ({ fault }: Fault) => `its account cannot be paid: ${fault}`,
  'above-limit': (at: { units: string; cap: string; asset: Asset; per: string; ofAccount: boolean }) =>
    `${money(at.units, at.asset)} is above the limit of ${limit(at)}${at.ofAccount ? ' to its account' : ''}: "repasse payout approve" proposes to pay it all the same`,
  'limit-used-up': (at: { cap: string; asset: Asset; per: string; ofAccount: boolean }) =>
    `the limit of ${limit(at)}${at.ofAccount ? ' to its account' : ''} is used up: it goes by itself when there is room`,
  'insufficient-balance': ({ units }: { units: string }) =>
    `insufficient balance: the bank holds ${brl(units)}`,
  'cannot-be-ordered': ({ fault }: Fault) => short(`it cannot be ordered: ${fault}`),
  'cannot-be-looked-up': ({ fault }: Fault) => short(`it cannot be looked up: ${fault}`),
  'cannot-be-asked-about': ({ fault }: Fault) => short(`it cannot be asked about: ${fault}`),
  'cannot-be-planned': ({ fault }: Fault) => short(`it cannot be planned: ${fault}`),
  redirected: ({ madeBy, by, to, from, said }: SaidBy & { madeBy: string; to: string; from: string }) =>
    `${madeBy} and ${by}: to ${to} instead of ${from}: ${said}`,
  resized: ({ now, before, because }: { now: string; before: string; because: Told }) =>
    `of ${brl(now)} now, it was ${brl(before)}: ${sentence(because)}`,
  'being-refunded': () => 'its payer is being given money back',
  'refund-not-done': () => 'two people wanted it refunded, and the bank did not do it',
  'set-off': () => 'set off against what the payee owes',
  'kept-back-too-much': () => 'with what was kept back too much',
  'set-off-resized': ({ because, before, now }: { because: Told; before: string; now: string }) =>
    `${sentence(because)}: ${before} is ${now} now`,

  // Orders at the bank.
  'order-about-to-be-sent': ({ number }: { number: string }) => `order ${number} is about to be sent`,
  'about-to-ask-bank': () => 'about to ask the bank',
  'bank-accepted': () => 'the bank took it on',
  'answer-not-written-down': () => 'nobody wrote down an answer',
  'asked-by-key': () => 'asked the bank by its key',
  'absent-and-changed': ({ order }: Order) =>
    `the bank shows order ${order} nowhere, and what is owed has changed since it was made`,
  'absent-so-repeated': () => 'absent twice, so ordered again under the same key',
  'several-transfers': ({ transfers }: { transfers: string[] }) =>
    `the bank shows ${transfers.length} transfers for its invoice that are alive or paid: ${transfers.join(', ')}`,
  'given-up-but-shown': ({ order, status }: Order & Status) =>
    `order ${order} was given up, but the bank shows it as ${status}`,
  'given-up-and-alive': () => 'an order that was given up is alive at the bank',
  'given-up-as': ({ order, state }: Order & State) =>
    `order ${order} was given up as ${state}, and is under way at the bank`,
  'paid-after-given-up': ({ order, state }: Order & State) =>
    `order ${order} was given up as ${state}, and the bank paid it`,
  'shown-under-key': ({ order, status, restored }: Order & Status & { restored: boolean }) =>
    `the bank shows it as ${status} under ${order}, ${restored ? 'ordered after the backup restored here' : 'by no order of these books'}`,
  'booked-as-external': ({ order, status }: Order & Status) =>
    `the bank shows it as ${status} under ${order}, which was booked as external`,
  'ordered-after-backup': () => 'ordered after the backup restored here',
  'several-paid': ({ count }: { count: number }) => `the bank paid ${count} transfers under one key`,
  'transfer-differs': ({ transfer }: Transfer) =>
    `transfer ${transfer} differs from what was ordered in amount or receiver`,
  'order-failed': ({ end, said }: { end: string; said: string[] }) =>
    said.length > 0 ? `${end}: ${said.join('; ')}` : end,
  'order-without-trace': ({ order }: Order) => `the bank has no trace of order ${order}`,
  'sent-back': () => 'the receiver’s bank sent it back',
  'transfer-for-another': ({ transfer }: Transfer) => `transfer ${transfer} was not made for it`,
  'transfer-not-this-order': ({ transfer }: Transfer) => `transfer ${transfer} is not this order`,
  'settlement-undone': ({ transfer }: Transfer) =>
    `transfer ${transfer}, by which it was settled, has not paid it: release it once it is to be paid`,

  // Payouts on the chain, and their bundles.
  'payment-orphaned': () => 'the chain left its payment behind',
  'payment-replaced': () => 'another transaction was mined in the place of its payment',
  'payment-shut-out': () => 'another transaction was mined in its place',
  'paid-by-unknown': ({ txid }: { txid: string }) =>
    `${txid}, which this installation does not know, pays its account: release it only if that was not its payment`,
  'settlement-left-chain': ({ txid }: { txid: string }) =>
    `${txid}, by which it was settled, has left the chain: it counts again once a block has it, else release it`,
  'settlement-mined-again': () => 'what it was settled by is in a block again',
  'coins-spent': ({ count }: { count: number }) => `${count} coins are spent`,
  bundled: ({ note }: { note?: string }) => `it goes out in a bundle${note === undefined ? '' : `: ${note}`}`,
  'node-has-it': () => 'a node has it',
  'canceled-by': ({ by, said }: SaidBy) => `${by} cancels it: ${said}`,
  'canceled-on-chain': () => 'its coins were spent to ourselves: it was canceled',
  'coin-lost': () =>
    'a coin of its transaction was spent by somebody else, or never came: see whether it was paid otherwise, and release it if not',
  'returned-by': ({ madeBy, by, said }: SaidBy & { madeBy: string }) =>
    `${madeBy} and ${by} give it back: ${said}`,
  'for-refund': ({ payout }: { payout: string }) => `for the refund ${payout} alone`,

  /** What the signing policy, or a check of the transaction, found against it. */
  'payouts-stopped': ({ fault }: Fault) => fault,
  policy: ({ fault }: Fault) => fault,
  'too-many-coins': () => 'it takes more coins than one transaction may spend',
  'share-leaves-dust': () => 'its share of the network fee would leave dust',
  'coins-do-not-cover': () => 'the coins that lie deep enough do not cover it yet',
  'network-too-dear': ({ fault }: Fault) => fault,
  'cannot-go-out': ({ fault }: Fault) => short(`it can be neither signed nor sent: ${fault}`),
  'stalled-before-sent': () => 'this worker stalled before it was sent: it is chosen again',
  'node-refuses': ({ said, excuse }: { said: string; excuse: string }) => `${said}; ${excuse}`,
  'no-better-fee-planned': ({ fault }: Fault) => short(`no better fee can be planned: ${fault}`),
  'better-fee-leaves-dust': () => 'no better fee can be offered: its payees would be left with dust',
  'better-fee-not-covered': () => 'no better fee can be offered: its coins do not cover it',
  'better-fee-too-dear': ({ fault }: Fault) => `no better fee can be offered: ${fault}`,
  'wallet-signed': () => 'the node’s wallet signed it',
  'handed-back-signed': ({ by }: By) => `${by} handed it back signed`,
  'wallet-did-not-sign': ({ said }: { said: string }) => `the wallet did not sign: ${said}`,
  'wallet-lacks-keys': () =>
    'the wallet holds not all the keys: is BITCOIN_WALLET the one of BITCOIN_DESCRIPTOR?',
  'wallet-signed-else': ({ fault }: Fault) => `the wallet signed something else: ${fault}`,
  'spent-the-same': ({ height }: Height) => `its payer spent the same in block ${height}`,
  'payer-replaced': () => 'its payer replaced it',

  // What stops every payout.
  'stopped-by-person': ({ by, said }: SaidBy) => `${by}: ${said}`,
  /** What a process of an older release wrote down, in its words. */
  'said-before': ({ said }: { said: string }) => said,
  'restored-from': ({ file, at }: At & { file: string }) => `restored from ${file} at ${at}: ${lookThenGo}`,
  'restored-in-place': ({ at }: At) => `restored in its place at ${at}: ${lookThenGo}`,
  'payout-wrong': ({ payout, because }: { payout: string; because: Told }) =>
    `${payout}: ${sentence(because)}`,
  'settlement-mined-and-ordered': ({ payout, txid, state }: State & { payout: string; txid: string }) =>
    `${payout}: ${txid}, by which it was settled, is in a block again, and it is ${state}: it may be paid twice`,
  'passed-on-left-chain': (at: State & { invoice: string; coin: string; payout: string }) =>
    `${at.invoice}: its payment ${at.coin} left the chain after ${at.payout} was ${at.state}`,
  'given-up-but-mined': ({ bundle, txid }: InBundle) =>
    `${txid} of ${bundle} was mined after it was given up: see what was paid twice`,
  'node-refuses-ours': ({ bundle, txid, said }: InBundle & { said: string }) =>
    `${bundle}: the node refuses ${txid}: ${said}`,
  'coins-spent-by-unknown': ({ txid, restoredAt }: { txid: string; restoredAt?: string }) =>
    `${txid} spends coins of ours, and is none of ours: ${
      restoredAt === undefined
        ? 'does somebody else hold the keys?'
        : `it may have been sent after the backup that was restored at ${restoredAt}. Owed payouts to the accounts it pays are held: compare them with it`
    }`,

  // Events.
  replayed: ({ by, said }: SaidBy) => `replayed by ${by}: ${said}`,
  rehearsed: () => 'rehearsed',
  unreadable: () => 'it cannot be read as an event',
  undecryptable: () => 'it cannot be decrypted: see "repasse keys status"',
  'cannot-be-applied': ({ fault }: Fault) => short(`it could not be applied: ${fault}`),
  'rail-not-configured': ({ rail }: { rail: string }) => `the rail ${rail} is not configured here`,
  'of-other-workspace': ({ workspace }: { workspace: string }) => `of another workspace (${workspace})`,
  'of-no-use': () => 'of a kind this house has no use for',
  'invoice-not-ours': ({ invoice }: { invoice: string }) => `invoice ${invoice} is not one we issued`,
  'transfer-not-ours': ({ transfer }: Transfer) => `transfer ${transfer} is not one we ordered`,
  'order-not-ours': () => 'not one we ordered',
  'was-before': ({ state }: State) => `it was ${state} before`,
  'tag-missing': () => 'the bank shows this invoice without our tag',
  'not-listed-yet': () => 'the bank does not list it yet',
  'other-at-bank': ({ invoice, shown }: { invoice: string; shown: string }) =>
    `${invoice} is ${shown} at the bank`,
  'credit-not-come': ({ state }: State) => `it is ${state} here, and its credit has not come yet`,
  'changes-nothing': ({ log }: { log: string }) => `${log} changes nothing here`,
  'shown-as': ({ status }: Status) => `the bank shows it as ${status}`,
  'moved-first': () => 'someone moved it first',
  credited: () => 'credited',
  'is-so-already': ({ state }: State) => `it is ${state}`,
  'came-after': ({ state, before }: State & { before: string }) => `${state} came after ${before}`,
  'became-so': ({ state }: State) => state,
  'nothing-new-of': ({ log }: { log: string }) => `${log} was nothing new`,
  'outcome-not-shown': () => 'the bank does not show yet what became of it',
  contradicts: () => 'it contradicts what we ordered: payouts are stopped',
  'not-confirmed': ({ said }: { said: string }) => `the bank did not confirm it: ${said}`,
  'more-known-before': () => 'more of it was known before',
  'bank-said': ({ log }: { log: string }) => `the bank said ${log}`,
  'chain-said': ({ kind, height }: { kind: string; height?: number }) =>
    height === undefined ? `the chain said ${kind}` : `the chain said ${kind} at block ${height}`,
  'coin-unknown': () => 'it tells of a coin that is not known',
  'of-no-request': () => 'of no request',
  'request-is': ({ state, because }: State & { because: Told }) => `${state}: ${sentence(because)}`,
  applied: ({ log }: { log: string }) => log,
  'came-of-it': ({ outcome }: { outcome: string }) => outcome,
  'statement-shows-it': () => 'the statement shows it, and the bank was asked',
  'bank-asked': () => 'the bank was asked',
  'maybe-going-back': () => 'money may be going back to the payer: its payout waits',
  'nothing-more-back': () => 'nothing more went back',
  'reversed-owed': () => 'reversed: its payout is of what is left',
  'reversed-nothing-left': () => 'reversed, and its payout stopped',
  'reversed-settled': () => 'reversed: its payout is settled',
  'reversed-owes': () => 'reversed after it was passed on: the payee owes it',
  'reversed-in-flight': () => 'reversed while its payout is under way: its end decides',
  'money-here-again': () => 'the money that went back is here again',
  'refund-approved': () => 'a refund was approved',
  'two-said-how-ended': () => 'two people said how it ended',
  'twin-credited-before': ({ of }: Of) => `${of}, which was credited before`,
  'twin-credited': ({ of }: Of) => `${of}: its money is the payer’s`,
  'twin-not-credited': ({ of }: Of) => `${of}, whose credit has not come yet`,
  'twin-returned': ({ of }: Of) => `${of}: its money went back to the payer`,
  'twin-nothing-back': ({ of }: Of) => `${of}: nothing more went back`,
  'twin-refund-under-way': ({ of }: Of) => `${of}: its refund is under way`,
  'twin-is': ({ of, state }: Of & State) => `${of}, which is ${state}`,
  'twin-came-back': ({ of }: Of) => `${of}: what went back to the payer came back`,
  'twin-refund-failed': ({ of }: Of) => `${of}: its refund failed`,
  'twin-no-refund': ({ of }: Of) => `${of}: no refund of it was under way`,
  'invoice-known-by-now': () => 'its invoice is known by now',

  // Invoices at the bank.
  'drafted-for-slot': () => 'drafted for its slot',
  'drafted-for-order': () => 'drafted for its order',
  'drafted-of-slot': ({ units, asset }: Amount) => `drafted for its slot: ${money(units, asset)}`,
  'drafted-of-order': ({ units, asset }: Amount) => `drafted for its order: ${money(units, asset)}`,
  'bank-issued': () => 'the bank issued it',
  'bank-left-it-out': () => 'the bank answered without it',
  'found-by-tag': () => 'found at the bank by its tag',
  'not-at-bank': () => 'the bank did not have it, asked twice',
  'event-proves-issued': () => 'an event proves that the bank issued it',
  'known-again': () => 'the bank had it, and these books had forgotten it',
  'maybe-issued-after-backup': () => 'it may have been issued after the backup',
  'maybe-shown-after-backup': () => 'its address may have been shown after the backup',
  'due-before-restore': () => 'it fell due before the restore, and may have been issued after the backup',
  'payer-undecryptable': () =>
    'its payer cannot be decrypted, so nobody is asked for it: see "repasse keys status"',
  'too-late-to-ask': () => 'its time was over before it could be asked for',

  // Invoices that are canceled, duplicates and refunds: these have always been codes.
  'canceled-by-person': () => 'canceled-by-person',
  decided: () => 'decided',
  'not-as-approved': () => 'not-as-approved',
  'asking-bank': () => 'asking-bank',
  'taken-on': () => 'taken-on',
  'not-taken-on': () => 'not-taken-on',
  failed: () => 'failed',
  'returned-at-bank': () => 'returned-at-bank',
  'credited-at-bank': () => 'credited-at-bank',
  'came-back': () => 'came-back',
  'seen-by-tag': () => 'seen-by-tag',
  'seen-in-event': () => 'seen-in-event',
  'paid-meanwhile': () => 'paid-meanwhile',
  'canceled-here': () => 'canceled-here',
  'over-at-bank': () => 'over-at-bank',
  restored: () => 'restored',
  later: ({ said }: { said: string }) => `later: ${said}`,
  'no-answer': ({ said }: { said: string }) => `no-answer: ${said}`,

  // Over the counter.
  'paid-over-counter': () => 'it is paid over the counter, so nobody else is asked',
  'not-paid-in-time': () => 'nobody paid it in time',
  'received-by': ({ by, said }: SaidBy) => `received by ${by}${said === '' ? '' : `: ${said}`}`,
  'handed-by': ({ by, said }: SaidBy) => `handed over by ${by}${said === '' ? '' : `: ${said}`}`,
  'handover-confirmed': ({ by, said }: SaidBy) => `confirmed by ${by}${said === '' ? '' : `: ${said}`}`,
  'maybe-handed-after-backup': () =>
    'a backup was restored, and it may have been handed over since: release it only if it was not',
  'receipt-taken-back': ({ maker, by, said }: { maker: string; by: string; said: string }) =>
    `its receipt was taken back by ${maker} and ${by}: ${said}`,
  'receipt-not-there': () => 'its receipt was taken back while it was handed over',
  'receipt-over': () => 'it was taken back, and counts no more',
  'held-before-taken-back': () =>
    'its receipt was taken back and recorded again, and it was held before that: release it if nothing is against it',
  'not-a-receipt': () => 'the bytes are no receipt',
  'receipt-not-said': () => 'nobody said so: somebody has put it here past this program',
  'receipt-of-nothing': ({ invoice }: { invoice: string }) =>
    `there is no invoice ${invoice} that is paid over the counter`,
  'receipt-differs': () => 'another amount is asked for than was received',
  'received-though': ({ state }: State) => `it is ${state}, and was received all the same`,

  // Payment requests on a chain.
  'address-its-own': ({ number }: { number: string }) => `address ${number} of our account is its own`,
  'below-dust': ({ units, least }: { units: string; least: string }) =>
    `${money(units, 'BTC')} is below ${money(least, 'BTC')}, which no node passes on: ask for more`,
  'time-has-passed': () => 'time has passed',
  'stood-so': ({ because, now }: { because: Told; now: Told }) => `${sentence(because)}: ${sentence(now)}`,
  'came-and-returned': () => 'what came was given back',
  'nothing-in-time': () => 'nothing came in its time',
  'nothing-yet': () => 'nothing has come yet',
  'paid-late': () => 'it was paid after its time: a person decides',
  'paid-in-part': () => 'it was paid in part, and its time is over: a person decides',
  missing: ({ units }: { units: string }) => `${units} satoshis are missing`,
  deep: ({ depth, ...more }: { depth: number } & Beyond) => `${depth} blocks deep${beyond(more)}`,
  'deep-not-ripe': ({ depth, later, ...more }: { depth: number; later: number } & Beyond) =>
    `${depth} blocks deep, and a miner’s reward may be spent ${later} blocks later${beyond(more)}`,
  'deep-of': ({ depth, of, ...more }: { depth: number; of: number } & Beyond) =>
    `${depth} of ${of} blocks deep${beyond(more)}`,
  confirmations: ({ depth, of, ...more }: { depth: number; of: number } & Beyond) =>
    `${depth} of ${of} confirmations${beyond(more)}`,
  seen: (more: Beyond) => `seen, in no block yet${beyond(more)}`,
  'give-back': ({ madeBy, by, units }: By & { madeBy: string; units: string }) =>
    `${madeBy} and ${by} give back ${money(units, 'BTC')}`,
  'was-given-back': ({ madeBy, by }: By & { madeBy: string }) =>
    `${madeBy} and ${by} say that it was given back`,
  'refund-withdrawn': ({ by, said }: SaidBy) => `${by} withdrew the refund: ${said}`,
  'block-left': ({ height }: Height) => `block ${height} was left behind`,
  'shutting-block-left': ({ height }: Height) => `block ${height}, which shut it out, was left behind`,
  'node-forgot': () => 'the node does not have it any more',
  'in-block': ({ height }: Height) => `in block ${height}`,
  'in-mempool': () => 'seen at the node, in no block yet',
  'partial-accepted': ({ by, said }: SaidBy) => `${by} took on what came: ${said}`,

  // Slots.
  'fell-due': () => 'it fell due',
  'fell-due-and-held': ({ because }: { because: Told }) => `it fell due and is held: ${sentence(because)}`,
  'fell-due-long-ago': () => 'it fell due more than 7 days ago',
  'later-one-due': () => 'a later one fell due too, and the schedule catches up the latest',
  'not-caught-up': () => 'it fell due while nothing was running, and the schedule does not catch up',
  'many-fell-due': ({ most }: { most: number }) =>
    `more than ${most} slots fell due while nothing was running`,
  'slots-before-wait': () => 'slots before it wait for a person',
  'more-than-usual': ({ most }: { most: number }) =>
    `what fell due while nothing was running asks for more than ${most} of its usual slots`,
  'invoices-forgotten': ({ count, batches, units }: { count: number; batches: number; units: string }) =>
    `since the backup restored here ${many(count, 'invoice', 'invoices')} of ${many(batches, 'batch', 'batches')}, ${brl(units)} in all, ${count === 1 ? 'was' : 'were'} asked for that these books have forgotten, and this slot may be among them: "repasse invoice forgotten" lists them, and with --looked-at the slots after this one ask no more`,
  'run-said': ({ summary }: { summary: string }) => summary,
  'worker-gone': () => 'its worker is gone',
  claimed: () => 'claimed',
  'run-by-version': ({ version }: { version: string }) => `it is run by version ${version}`,
  'run-asked-for': ({ by, said }: By & { said?: string }) =>
    `${by} asked for a run now${said === undefined ? '' : `: ${said}`}`,

  'brought-back': ({ until }: { until: string }) =>
    `its slots were looked at up to ${until}, which is not yet: brought back to now`,
  'other-payers': ({ version, by }: By & { version: string }) =>
    `version ${version}, with other payers, by ${by}`,
  'other-terms': ({ version, changed, by }: By & { version: string; changed: string[] }) =>
    `version ${version}, with another ${changed.join(', ')}, by ${by}`,

  // Accounts, people, products, orders.
  'added-by': ({ by }: By) => `added by ${by}`,
  'approved-by': ({ by }: By) => `approved by ${by}`,
  'proposed-by': ({ by }: By) => `proposed by ${by}`,
  'became-by': ({ state, by }: State & By) => `${state} by ${by}`,
  'reset-by': ({ by }: By) => `reset by ${by}`,
  'locked-by': ({ by }: By) => `locked by ${by}`,
  'unlocked-by': ({ by }: By) => `unlocked by ${by}`,
  'removed-by': ({ by }: By) => `removed by ${by}`,
  'invitation-accepted': () => 'accepted the invitation',
  'ended-by': ({ by, said }: SaidBy) => `ended by ${by}: ${said}`,
  'placed-in-shop': () => 'placed in the shop',
  'new-code-asked-for': () => 'a new code was asked for',
  'order-is': ({ state }: State) => `the order is ${state}`,
  'mail-sent-again': ({ by }: By) => `${by} has it sent again`,
  'mail-never-sent': () => 'it was not sent within RETAIN_MAIL: no mail server is set',
  'buyer-forgotten': () => 'the buyer is forgotten',
  'notice-of': ({ kind }: { kind: string }) => kind,
  'expired-with-part': () => 'its time was over, and what had come was not the whole price',
  'expired-unpaid': () => 'nothing came for any of its codes',
  'rule-used-up': ({ rule, period }: { rule: string; period: string }) =>
    `rule ${rule} covers it, but no more in one ${period}`,
  'by-rule': ({ rule }: { rule: string }) => `rule ${rule}`,
  'seen-in-statement': () => 'seen in the statement',
  'mail-server-accepted': () => 'the mail server took it on',
  'audit-anchored': () => 'the audit log is anchored',
  paid: () => 'paid',
  'paid-after-expiry': () => 'paid after it had expired',

  // Why a person has to look at an order.
  'paid-times': ({ count, invoices }: { count: number; invoices: string[] }) =>
    `it was paid ${count} times: ${invoices.join(', ')}`,
  'its-payment-given-back': ({ payment }: { payment: string }) => `its payment ${payment} was given back`,
  'its-payment-left-chain': ({ payment }: { payment: string }) => `its payment ${payment} left the chain`,
  'paid-and-too-little-left': ({ products }: { products: string }) =>
    `it was paid after it had expired, and there is too little left of ${products}`,
  several: ({ reasons }: { reasons: Told[] }) => reasons.map(sentence).join('; '),

  // What a payout waits for besides its turn: worked out when it is shown, and kept nowhere.
  'account-closed-since': ({ account }: { account: string }) =>
    `cannot be sent, for account ${account} is closed`,
  'account-awaits': ({ account }: { account: string }) => `waits for the approval of account ${account}`,
  'hand-over-unconfirmed': () => 'waits until another person confirms that its payee has it',
  'hand-over-waits': () => 'waits to be handed over',
  'bundle-unsigned': () => 'waits to be signed',
  'bundle-unsent': () => 'is signed and waits to be sent',
  'bundle-unmined': () => 'waits to be mined',
  'bundle-shallow': () => 'waits for more blocks',
  'its-bundle': ({ bundle, because }: { bundle: string; because: Told }) =>
    `its bundle ${bundle} ${sentence(because)}`,
  'its-bundle-is': ({ bundle, state, because }: State & { bundle: string; because: Told }) =>
    `its bundle ${bundle} is ${state}: ${sentence(because)}`,
} as const satisfies Record<string, (detail: never) => string>

export type Code = keyof typeof english
type Params<C extends Code> = Parameters<(typeof english)[C]>
/** The values of a code; none where it needs none. */
export type DetailOf<C extends Code> = Params<C> extends [infer Detail] ? Detail : undefined

/** Of a code with its values; where words are expected, it is its English sentence. */
export class Reason {
  readonly code: Code
  readonly detail: unknown
  constructor(code: Code, detail: unknown) {
    this.code = code
    this.detail = detail
  }
  toString(): string {
    return sentence(this)
  }
  /** Logs and the audit log keep the sentence. */
  toJSON(): string {
    return this.toString()
  }
}

export const because = <C extends Code>(code: C, ...[detail]: Params<C>): Reason => new Reason(code, detail)

/** As a value of another reason's detail. */
export const told = (why: Reason | string): Told =>
  typeof why === 'string' ? why : { code: why.code, ...(why.detail !== undefined && { detail: why.detail }) }

/** In English; what is no code of ours is shown as it came. */
export const sentence = (reason: Reason | Told): string =>
  typeof reason === 'string' ? reason : (english[reason.code] as (detail: unknown) => string)(reason.detail)

/** Whether the same was said again, word for word: what the words are decides nothing. */
export const isSaidAgain = (words: string | undefined, before: string | undefined): boolean =>
  words === before

export const isCode = (code: string): code is Code => Object.hasOwn(english, code)

/** Columns beside a `why`. */
export type KeptReason = {
  reason: string | null
  detail: string | null
}

/**
 * What a row keeps; undefined where it keeps words alone, a code of a newer version, or values that were
 * changed past the program.
 */
export function reasonOf({ reason, detail }: KeptReason): Exclude<Told, string> | undefined {
  if (reason === null || !isCode(reason)) return undefined
  const needsDetail = english[reason].length > 0
  if (needsDetail !== (detail !== null)) return undefined
  if (detail === null) return { code: reason }
  try {
    const found = { code: reason, detail: JSON.parse(detail) as unknown }
    sentence(found)
    return found
  } catch {
    return undefined
  }
}

/**
 * The reason of a row's words; undefined where the words are others, which a release that knows no codes
 * wrote beside a code of before.
 */
export function reasonBehind({
  why,
  ...kept
}: KeptReason & { why: string | null }): Exclude<Told, string> | undefined {
  const reason = reasonOf(kept)
  return reason === undefined || sentence(reason) !== why ? undefined : reason
}

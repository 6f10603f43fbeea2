/**
 * Why something is as it is: a code and its values, kept as such; a sentence is made of them for people, at
 * the end. This table is the list of codes, the shape of each one's detail, and its English, which `why` keeps
 * beside them. Portuguese is beside the console (`web/console/list/reasonWords.ts`).
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

/** As long as it may be kept. */
const short = (sentence: string): string => sentence.slice(0, 500)
const brl = (units: string): string => formatReais(BigInt(units))
const money = (units: string, asset: Asset): string => formatMoney(BigInt(units), asset)
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
  'nothing-to-pay': ({ units, asset }: { units: string; asset: Asset }) =>
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
  'settlement-undone': ({ transfer }: Transfer) =>
    `transfer ${transfer}, by which it was settled, has not paid it: release it once it is to be paid`,

  // Payouts on the chain, and their bundles.
  'payment-orphaned': () => 'the chain left its payment behind',
  'payment-replaced': () => 'another transaction was mined in the place of its payment',
  'payment-shut-out': () => 'another transaction was mined in its place',
  'paid-by-unknown': ({ txid }: { txid: string }) =>
    `${txid}, which this house does not know, pays its account: release it only if that was not its payment`,
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

  // Events.
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
  'invoice-known-by-now': () => 'its invoice is known by now',

  // Invoices at the bank.
  'drafted-for-slot': () => 'drafted for its slot',
  'drafted-for-order': () => 'drafted for its order',
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

  // Payment requests on a chain.
  'address-its-own': ({ number }: { number: string }) => `address ${number} of our account is its own`,
  'below-dust': ({ units, least }: { units: string; least: string }) =>
    `${money(units, 'BTC')} is below ${money(least, 'BTC')}, which no node passes on: ask for more`,
  'time-has-passed': () => 'time has passed',
  'stood-so': ({ because, now }: { because: Told; now: Told }) => `${sentence(because)}: ${sentence(now)}`,
  'partial-accepted': ({ by, said }: SaidBy) => `${by} took on what came: ${said}`,

  // Slots.
  'fell-due': () => 'it fell due',
  'fell-due-and-held': ({ because }: { because: Told }) => `it fell due and is held: ${sentence(because)}`,
  'worker-gone': () => 'its worker is gone',
  claimed: () => 'claimed',
  'run-by-version': ({ version }: { version: string }) => `it is run by version ${version}`,
  'run-asked-for': ({ by, said }: By & { said?: string }) =>
    `${by} asked for a run now${said === undefined ? '' : `: ${said}`}`,

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
  paid: () => 'paid',
  'paid-after-expiry': () => 'paid after it had expired',
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

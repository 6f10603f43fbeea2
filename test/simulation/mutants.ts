/** Every rule that can be taken out of the program, as an edit of its text, and what finds that it is gone. `mutate.ts` does it; docs/simulation.md is this list. */

export interface Edit {
  file: string
  /** Occurs once in the file. */
  from: string
  /** What it is without the rule. */
  to: string
}

export interface Mutant extends Edit {
  rule: string
  /** Where one edit leaves the rule in force. */
  also?: readonly Edit[]
  /** Of the storms, or of `stories`, that find it. Where a storm does not, `test` does. */
  seeds?: readonly number[]
  /** The test that tells stories of restores, as many as `RESTORES` says. */
  stories?: string
  test?: string
  /** Of the test in that file that does; values that stand in it for others are left out. All of the file where it is not said. */
  title?: string
  /** Why no seed finds it, or what else there is to say. */
  note?: string
  /** Where it is not the one of its section. */
  room?: Room
}

/** The seeds that have what a rule is about: every `step`th from `first` on. */
export interface Room {
  first: number
  step: number
}

export interface Section {
  title: string
  says?: string
  room: Room
  mutants: readonly Mutant[]
}

const inRestores = 'test/restores.test.ts'
const inChainRestores = 'test/bitcoin-restores.test.ts'
const returns: Room = { first: 2, step: 11 }
const everySeed: Room = { first: 1, step: 1 }
const onChain: Room = { first: 10, step: 10 }

export const sections: readonly Section[] = [
  {
    title: 'Money that goes back (`test/simulation/returns.ts`, one seed of eleven)',
    room: returns,
    mutants: [
      {
        rule: 'nothing is ordered while money may be going back: neither held nor passed over',
        file: 'src/payout/rightSize.ts',
        from: 'where r.invoice_id = payouts.invoice_id\n    and r.under_way_since is not null',
        to: 'where 1 = 0',
        also: [
          {
            file: 'src/payout/rightSize.ts',
            from: 'export async function holdWhileGoingBack(tx: Tx, invoiceId: string, cause: Cause): Promise<void> {',
            to: 'export async function holdWhileGoingBack(tx: Tx, invoiceId: string, cause: Cause): Promise<void> {\n  return',
          },
        ],
        test: 'test/reversals.test.ts',
        note: 'seed 475 finds it no more, and no other was looked for',
      },
      {
        rule: 'one that is heard of before its credit is waited for too',
        file: 'src/webhooks/bank/events.ts',
        from: ' || (await mayBeGoingBackOf(tx, row.id))',
        to: '',
        room: { first: 24, step: 44 },
        test: 'test/reversals.test.ts',
        note: 'no seed of its room up to 400',
      },
      {
        rule: 'one that cannot be read in the log yet is waited for too',
        file: 'src/webhooks/bank/events.ts',
        from: '    await beginReversal(tx, ours.id, cause)\n    return answer.is',
        to: '    return answer.is',
        room: { first: 24, step: 44 },
        test: 'test/reversals.test.ts',
        note: 'no seed of its room up to 400',
      },
      {
        rule: 'a payout held for that goes on by itself',
        file: 'src/payout/rightSize.ts',
        from: '  if (reversal?.holds_payout !== 1n) return\n',
        to: '  if (reversal) return\n',
        seeds: [112],
      },
      {
        rule: 'a payout is brought to what is owed now',
        file: 'src/payout/rightSize.ts',
        from: '  if (payout.units !== net) {',
        to: '  if (false) {',
        seeds: [145],
      },
      {
        rule: 'after an order that is dead it is sized again',
        file: 'src/payout/rightSize.ts',
        from: '  await rightSize(tx, world, invoiceId, cause)\n',
        to: '',
        seeds: [123],
      },
      {
        rule: 'what was paid on too much is booked when an order succeeds',
        file: 'src/payout/bank/outcome.ts',
        from: '  await rightSize(tx, world, payout.invoice_id, cause)\n',
        to: '',
        test: 'test/reversals.test.ts',
        note: 'no seed of its room up to 400',
      },
      {
        rule: 'an order that the bank shows nowhere waits while money may be going back, and is given up where another amount is owed (both taken out)',
        file: 'src/payout/bank/resolve.ts',
        from: "  if (await tx.one(sql`select 1 as yes from payouts where id = ${payout.id} and ${mayBeGoingBack}`))\n    return 'again'\n",
        to: '',
        also: [
          {
            file: 'src/payout/bank/resolve.ts',
            from: '  if ((await owedFor(tx, payout.invoice_id)).units !== 0n) {',
            to: '  if (false) {',
          },
        ],
        test: 'test/reversals.test.ts',
        note: 'no seed of its room up to 400',
      },
      {
        rule: 'that a transfer succeeded is no news once it came back',
        file: 'src/payout/bank/outcome.ts',
        from: "  if (attempt.state === 'refunded' && attempt.provider_id === transfer.providerId) return 'nothing new'\n",
        to: '',
        test: 'test/payout-verdicts.test.ts',
        note: 'no seed of its room up to 400',
      },
      {
        rule: 'what went back of an invoice, and came again, is no odd line',
        file: 'src/reconcile/ownLines.ts',
        from: 'returned: { out: back?.went ?? 0n, in: back?.came ?? 0n }',
        to: 'returned: noneReturned',
        seeds: [145],
      },
      {
        rule: 'a commission is of what was left',
        file: 'src/payout/rightSize.ts',
        from: 'const commission = shareOf(left, invoice.commission_bp)',
        to: 'const commission = shareOf(invoice.paid_units, invoice.commission_bp)',
        seeds: [13],
      },
      {
        rule: 'no more is kept back from a payout than is owed',
        file: 'src/payout/receivable.ts',
        from: "account.recover === 'next-payouts' ? smallest(owing, payout.units) : 0n",
        to: "account.recover === 'next-payouts' ? owing : 0n",
        seeds: [35],
      },
      {
        rule: 'a debt that is canceled is forgiven no more',
        file: 'src/payout/receivable.ts',
        from: "  if (movement === 'receivable canceled') await undoForgiveness(tx, world, receivable)\n",
        to: '',
        seeds: [123, 266],
      },
      {
        rule: 'a payout set off whole keeps no transfer fee',
        file: 'src/payout/receivable.ts',
        from: 'taken === payout.units ? await returnWithheld(tx, world, payout, why) : 0n',
        to: '0n',
        test: 'test/reversals.test.ts',
        note: 'no seed of its room up to 1 000',
      },
      {
        rule: 'a payee owes no more than it got',
        file: 'src/payout/rightSize.ts',
        from: 'const wanted = smallest(lacking - shortfall, got)',
        to: 'const wanted = lacking - shortfall',
        test: 'test/payout-verdicts.test.ts',
      },
      {
        rule: 'a transfer that settled a payout is no stranger’s any more',
        file: 'src/payout/bank/adopt.ts',
        from: '  await clearExternal(tx, world, transfer, sentence(cause.why))\n',
        to: '',
        test: 'test/payout-verdicts.test.ts',
      },
      {
        rule: 'a cancelation goes on until the bank has said',
        file: 'src/invoice/bank/cancel.ts',
        from: 'set next_at = ${later(await tx.now(), againMs)} where invoice_id = ${id}`',
        to: 'set next_at = null where invoice_id = ${id}`',
        test: 'test/refunds.test.ts',
        note: 'seed 13 finds it no more, and no other was looked for',
      },
      {
        rule: 'what was read of the bank’s log before what is known changes nothing',
        file: 'src/webhooks/bank/reversals.ts',
        from: "  if (BigInt(logs.length) < before.logs_seen) return { is: 'done', why: because('more-known-before') }\n",
        to: '',
        test: 'test/reversals.test.ts',
      },
      {
        rule: 'what is at the bank is read before an invoice is asked for again',
        file: 'src/invoice/bank/reissue.ts',
        from: 'const refusal = await couldBePaid(rail, invoice)',
        to: 'const refusal = undefined',
        test: 'test/refunds.test.ts',
        note: 'nothing expires in a storm',
      },
      {
        rule: 'and what is there of the same slot and payer',
        file: 'src/invoice/bank/reissue.ts',
        from: 'refusal ?? (await standsThere(db, rail, invoice, act.as))',
        to: 'refusal ?? {}',
        test: 'test/refunds.test.ts',
        note: 'nothing expires in a storm',
      },
      {
        rule: 'after a restore the bank’s invoices are read before anything is issued there',
        file: 'src/jobs/bank.ts',
        from: ' &&\n    !(await areInvoicesUnread(db))',
        to: '',
        test: 'test/forgotten.test.ts',
        note: 'nobody runs a slot by hand in a storm',
      },
      {
        rule: 'and a slot that is run by hand asks while some of them are forgotten',
        file: 'src/schedule/schedules.ts',
        from: 'keepsInvoices(schedule.rail) ? await forgottenWhy(tx) : undefined',
        to: 'undefined',
        test: 'test/forgotten.test.ts',
        note: 'nobody runs a slot by hand in a storm',
      },
      {
        rule: 'and so does one that falls due',
        file: 'src/schedule/slots.ts',
        from: 'held: asksFirst ?? (isLate(at) ? held : undefined)',
        to: 'held: isLate(at) ? held : undefined',
        test: 'test/forgotten.test.ts',
        note: 'no slot falls due in a storm after a restore that forgot an invoice',
      },
      {
        rule: 'what is signed was within the cap of its day, by its signatures',
        file: 'src/rails/bitcoin/planFault.ts',
        from: ' || isSigned(kept, rule)) return undefined',
        to: ') return undefined',
        test: 'test/bitcoin-edited.test.ts',
        note: 'nobody lowers the cap in a storm',
      },
      {
        rule: 'a refund that was not made leaves its payout held',
        file: 'src/webhooks/bank/reversals.ts',
        from: 'await keepForPerson(tx, id, cause)',
        to: 'await letGoOn(tx, id, cause)',
        test: 'test/refunds.test.ts',
      },
      {
        rule: 'an order that dies after its refund was not made is not repeated',
        file: 'src/payout/rightSize.ts',
        from: '  if (last?.at == null || !(await hasFailedRefund(tx, invoiceId, last.at))) return\n',
        to: '  return\n',
        test: 'test/refunds.test.ts',
      },
      {
        rule: 'a refund is approved as it was proposed',
        file: 'src/webhooks/bank/refunds.ts',
        from: '  if (left !== proposed) refuse',
        to: '  if (left === undefined) refuse',
        test: 'test/refunds.test.ts',
      },
      {
        rule: 'a refund waits for balance',
        file: 'src/invoice/bank/askRefund.ts',
        from: '(refusal.again || lacksBalance(refusal.why))',
        to: 'refusal.again',
        test: 'test/refunds.test.ts',
      },
      {
        rule: 'a debt that came after a proposal is not ended by it',
        file: 'src/payout/accountTerms.ts',
        from: 'units > maxOf(owing, as) - since',
        to: 'units > maxOf(owing, as)',
        test: 'test/refunds.test.ts',
      },
      {
        rule: 'people end a reversal of which the bank never says the end',
        file: 'src/webhooks/bank/reversalEnd.ts',
        from: '  if (reversal.under_way_since > later(now, -longReversalMs)) return',
        to: '  if (reversal) return',
        test: 'test/reversals.test.ts',
        note: 'the bank always says',
      },
      {
        rule: 'what two people said of a reversal stays, though a later one comes to nothing',
        file: 'src/invoice/bank/fate.ts',
        from: 'let [left, underWay] = [paid - (said?.returned ?? 0n), false]',
        to: 'let [left, underWay] = [paid, false]',
        test: 'test/reversals.test.ts',
        note: 'the bank always says',
      },
      {
        rule: 'the bank’s word about a cancelation wins',
        file: 'src/invoice/bank/cancel.ts',
        from: "    const to =\n      answer.is === 'done' || status === 'canceled'\n        ? 'canceled'\n        : status === 'expired'\n          ? 'expired'\n          : undefined\n",
        to: "    const to = 'canceled'\n",
        test: 'test/refunds.test.ts',
        note: 'a credit that comes later heals it',
      },
    ],
  },
  {
    title: 'Orders at the bank',
    says: 'Rules of whoever orders, that no room of its own is for.',
    room: everySeed,
    mutants: [
      {
        rule: 'an order is made from a look that has not run out',
        file: 'src/payout/bank/look.ts',
        from: 'look.deadline.leftMs() > 0 && ',
        to: '',
        room: { first: 3, step: 7 },
        test: 'src/payout/bank/late.test.ts',
        note: 'no seed of its room up to 200',
      },
      {
        rule: 'nor from one that is older than another order of the payout',
        file: 'src/payout/bank/look.ts',
        from: '  known === (await knownOf(reader, payoutId))',
        to: '  payoutId !== known',
        room: { first: 3, step: 7 },
        test: 'test/payout-waits.test.ts',
        note: 'no seed of its room up to 200',
      },
      {
        rule: 'an order is asked for before its claim has run out',
        file: 'src/payout/bank/send.ts',
        from: 'const answer = deadline.leftMs() > 0 ? await rail.pay(asked, deadline) : tooLate',
        to: 'const answer = await rail.pay(asked, deadline)',
        room: { first: 3, step: 7 },
        test: 'src/payout/bank/late.test.ts',
        note: 'no seed of its room up to 200',
      },
      {
        rule: 'what was claimed again since is not written about',
        file: 'src/payout/bank/send.ts',
        from: "  if (answer.is !== 'done' && !(await isStillOurs(tx, order))) return\n",
        to: '',
        room: { first: 3, step: 7 },
        test: 'src/payout/bank/late.test.ts',
        note: 'no seed of its room up to 200',
      },
      {
        rule: 'a payout that was edited past the program is held',
        file: 'src/payout/bank/send.ts',
        from: 'mayGoOut(row) ?? edited.get(row.id)',
        to: 'mayGoOut(row)',
        test: 'test/payout-waits.test.ts',
      },
      {
        rule: 'no order is repeated to an account that was edited past the program',
        file: 'src/payout/bank/resolve.ts',
        from: '  if (edited !== undefined) {',
        to: '  if (false) {',
        test: 'test/payout-waits.test.ts',
      },
      {
        rule: 'an order of which the bank has shown nothing twice is asked for again',
        file: 'src/payout/bank/resolve.ts',
        from: "  const mine = await attempts.move(tx, { id: attempt.id, state: 'unsure' }, 'sending', { why }, [\n    sql`asked_at = ${now}`,\n  ])\n",
        to: "  return 'again'\n",
        seeds: [8],
      },
      {
        rule: 'an order that may have been lost is asked about',
        file: 'src/payout/bank/resolve.ts',
        from: '    await abandonSending(tx, now)\n',
        to: '',
        seeds: [4],
      },
      {
        rule: 'a transfer that bears another payout’s key has not paid this one',
        file: 'src/payout/bank/verdict.ts',
        from: '  if (key === undefined || numberOf(payout.id, key) !== undefined) return undefined\n',
        to: '  return undefined\n',
        test: 'test/payout-verdicts.test.ts',
      },
      {
        rule: 'two people are two people, however a name is written',
        file: 'src/base/person.ts',
        from: ".replace(everyUnseen, '')",
        to: '',
        test: 'src/base/person.test.ts',
        note: 'nobody tries it in a storm',
      },
    ],
  },
  {
    title: 'Restores at the bank (`test/restores.test.ts`, `RESTORES=N` stories)',
    says: `A backup of any age is restored beside the bank that lived on, and people let payouts go, release and retry them in a hurry; in half of the stories some payer has the
money back since the backup.`,
    room: everySeed,
    mutants: [
      {
        rule: 'what is alive under the invoice’s tag stands in the way of an order',
        file: 'src/payout/bank/underTag.ts',
        from: '  const [transfer, another] = alive\n',
        to: '  const [transfer, another] = alive.slice(alive.length)\n',
        stories: inRestores,
        seeds: [7, 8, 19],
      },
      {
        rule: 'a forgotten order of the same payout is taken up',
        file: 'src/payout/bank/underTag.ts',
        from: "    return { is: 'forgotten', transfer, number }\n",
        to: '    void 0\n',
        test: 'test/restored.test.ts',
        note: 'it is held instead',
      },
      {
        rule: 'nothing is ordered after a restore before the bank’s logs were read and settled',
        file: 'src/payout/bank/unheard.ts',
        from: "  await mustBeRead(tx, '')\n",
        to: '',
        stories: inRestores,
        seeds: [],
        test: 'test/restored.test.ts',
      },
      {
        rule: 'nor after an absence',
        file: 'src/payout/bank/unheard.ts',
        from: '  if (!counts((await hearing(tx)).until, now)) await mustBeRead(tx, now)\n',
        to: '',
        also: [
          {
            file: 'src/payout/bank/unheard.ts',
            from: 'if (since !== undefined || !counts(until, now)) return',
            to: 'if (since !== undefined) return',
          },
        ],
        room: { first: 9, step: 23 },
        test: 'test/reversals.test.ts',
      },
      {
        rule: 'where the bank cannot list what went back, the log of each invoice is read before its payout is ordered',
        file: 'src/payout/rightSize.ts',
        from: 'sql`(${awaitsItsLog} or exists (',
        to: 'sql`(exists (',
        test: 'test/reversals.test.ts',
      },
      {
        rule: 'forgotten orders that failed keep their numbers',
        file: 'src/payout/bank/underTag.ts',
        from: '    await rememberDead(tx, world, current, known, shown)\n',
        to: '',
        test: 'test/restored.test.ts',
      },
      {
        rule: 'what bears our tags is never a stranger’s',
        file: 'src/reconcile/bank.ts',
        from: '  if (tagged && !disowned) {',
        to: '  if (false) {',
        test: 'test/suspense.test.ts',
      },
    ],
  },
  {
    title: 'Restores, rewards, refusals and refunds on the chain',
    says: `\`test/bitcoin-restores.test.ts\` (\`RESTORES=N\` stories on a simulated chain: a backup of any age is restored and let go at any moment), and in seeds with the
Bitcoin rail \`rewards.ts\`, \`refusals.ts\` (one of thirteen each) and \`givers.ts\` (one of seventeen).`,
    room: onChain,
    mutants: [
      {
        rule: 'after a restore nothing is planned before our tip is the node’s and its mempool was seen',
        file: 'src/payout/bundle/unread.ts',
        from: "return row.value === 'read' ? unsettled(reader) : unreadBlocks(reader)",
        to: 'return unsettled(reader)',
        also: [
          {
            file: 'src/jobs/bitcoin.ts',
            from: '  if (best.value.hash !== hash && !(await isJustLookedAt(db, await db.tx(tx => tx.now()))))\n    return { bundled: 0, bumped: 0 }\n',
            to: '',
          },
        ],
        stories: inChainRestores,
        seeds: [1, 3, 5, 10, 12],
        note: 'not told since the rule of every plan is taken out with it; alone none of 12 finds it',
      },
      {
        rule: 'nor while an event of the chain waits',
        file: 'src/payout/bundle/unread.ts',
        from: "return row.value === 'read' ? unsettled(reader) : unreadBlocks(reader)",
        to: "return row.value === 'read' ? undefined : unreadBlocks(reader)",
        also: [{ file: 'src/jobs/bitcoin.ts', from: ' || (await hasNews(db))) return', to: ') return' }],
        stories: inChainRestores,
        seeds: [3, 5, 15],
        note: 'not told since the rule of every plan is taken out with it; alone none of 12 finds it',
      },
      {
        rule: 'nothing is planned before the node’s best block was read a moment ago',
        file: 'src/jobs/bitcoin.ts',
        from: '  if (best.value.hash !== hash && !(await isJustLookedAt(db, await db.tx(tx => tx.now()))))\n    return { bundled: 0, bumped: 0 }\n',
        to: '',
        test: 'test/bitcoin-person.test.ts',
      },
      {
        rule: 'nor before what the chain told is settled',
        file: 'src/jobs/bitcoin.ts',
        from: ' || (await hasNews(db))) return',
        to: ') return',
        test: 'test/bitcoin-person.test.ts',
      },
      {
        rule: 'after a restore what was handed out since is watched from the first look on',
        file: 'src/webhooks/chain/follow.ts',
        from: '  if (parts.watching.turn < 0n) await prepareScripts(db, rail)\n',
        to: '',
        test: 'test/bitcoin-restores.test.ts',
        note: 'found by seed 540 as it was then, which is another story since',
      },
      {
        rule: 'what the replaced database handed out is handed out to nobody else',
        file: 'src/chain/addresses.ts',
        from: 'set next_index = case when next_index > ${replaced[branch]} then next_index\n        else ${replaced[branch]} end + ${lookAhead}',
        to: 'set next_index = next_index + ${lookAhead}',
        test: 'src/schedule/slots.test.ts',
        note: 'nobody else pays an address of the same number in a storm',
      },
      {
        rule: 'a transaction is sent while it is known that payouts are not stopped',
        file: 'src/payout/bundle/broadcast.ts',
        from: "  if (deadline.leftMs() <= 0) return wait(because('stalled-before-sent'))\n",
        to: '',
        test: 'test/bitcoin-sent.test.ts',
      },
      {
        rule: 'a miner’s reward is credited a hundred blocks deep',
        file: 'src/chain/row.ts',
        from: 'coinbase === 1n ? coinbaseDepth : 1',
        to: '1',
        seeds: [40, 170, 300],
        room: { first: 40, step: 130 },
      },
      {
        rule: 'and spent no sooner',
        file: 'src/payout/bundle/bundle.ts',
        from: '      and (coinbase = 0 or height <= ${tip - BigInt(coinbaseDepth) + 1n})\n',
        to: '',
        seeds: [40, 170, 300],
        room: { first: 40, step: 130 },
      },
      {
        rule: 'a refusal that heals makes one bundle wait',
        file: 'src/rails/bitcoin/refusals.ts',
        from: "refusals.find(({ says }) => says.test(message))?.means ?? 'person'",
        to: "refusals.find(({ says, means }) => means !== 'heals' && says.test(message))?.means ?? 'person'",
        room: { first: 80, step: 130 },
        test: 'src/rails/bitcoin/refusals.test.ts',
        note: 'seed 470 finds it no more, and no other was looked for',
      },
      {
        rule: 'a spent coin counts for nothing',
        file: 'src/webhooks/chain/status.ts',
        from: '      spent: spent.has(coin.id),\n',
        to: '      spent: false,\n',
        room: { first: 20, step: 170 },
        test: 'test/bitcoin-refunds.test.ts',
        note: 'seed 1040 finds it no more, and no other was looked for',
      },
      {
        rule: 'what was given back counts for nothing, in time or not',
        file: 'src/webhooks/chain/status.ts',
        from: "      givenBack: spent.get(coin.id) === 'given back',\n",
        to: '      givenBack: false,\n',
        room: { first: 20, step: 170 },
        test: 'test/bitcoin-refunds.test.ts',
        note: 'seed 870 finds it no more, and no other was looked for',
      },
      {
        rule: 'a canceled bundle owes nothing to whose payment has left the chain',
        file: 'src/webhooks/chain/events.ts',
        from: '  for (const invoice of invoices) await restand(tx, app, invoice, cause)\n',
        to: '',
        test: 'test/bitcoin-cancel.test.ts',
      },
      {
        rule: 'a transaction that is not ours settles what it paid, once',
        file: 'src/payout/bundle/foreign.ts',
        from: '    if (settled + units > paid + fee)',
        to: '    if (false)',
        test: 'test/bitcoin-person.test.ts',
      },
      {
        rule: 'a payout that was settled by hand follows its transaction',
        file: 'src/webhooks/chain/events.ts',
        from: 'const settled = await followElsewhere(tx, app.world)',
        to: 'const settled = undefined',
        test: 'test/bitcoin-person.test.ts',
      },
      {
        rule: 'an order whose payment went back before it was followed calls a person',
        file: 'src/shop/follow.ts',
        from: "const paid = came ?? invoices.find(({ state }) => state === 'reversed')",
        to: 'const paid = came',
        test: 'src/shop/place.test.ts',
      },
    ],
  },
  {
    title: 'Credentials, clocks and absences (`denials.ts`, `jumps.ts`, `absences.ts`)',
    room: { first: 6, step: 17 },
    mutants: [
      {
        rule: 'a bank that does not know us has refused nothing',
        file: 'src/rails/starkbank/faults.ts',
        from: 'return isOfUs ? denied(said) : refused(said)',
        to: 'return refused(said)',
        seeds: [32],
        room: { first: 3, step: 29 },
      },
      {
        rule: 'a catch-up larger than usual asks a person',
        file: 'src/schedule/catchUp.ts',
        from: '  if (late === 0) return undefined\n',
        to: '  return undefined\n',
        seeds: [9, 101, 124],
        room: { first: 9, step: 23 },
      },
      {
        rule: 'nothing is done by the clock while the clocks disagree',
        file: 'src/base/clockJudge.ts',
        from: "      if (verdict.is === 'off') return verdict.why\n",
        to: '',
        seeds: [23, 74, 91],
      },
      {
        rule: 'what was written for a time that never came is brought back',
        file: 'src/jobs/clock.ts',
        from: '  await bringBack(db, world)\n',
        to: '',
        test: 'test/clocks.test.ts',
        note: 'seeds 176 and 193 find it no more, and no other was looked for',
      },
      {
        rule: 'a payout owed under a clock that was ahead is not gathered until then',
        file: 'src/payout/bundle/plan.ts',
        from: ' || at > now\n',
        to: '\n',
        room: { first: 40, step: 170 },

        test: 'test/clocks.test.ts',
      },
      {
        rule: 'what a clock that was ahead wrote is named as if it were old',
        file: 'src/db/ages.ts',
        from: 'not between ${later(now, -ms)} and ${later(now, slackMs)}',
        to: '< ${later(now, -ms)}',
        test: 'test/attention.test.ts',
        note: 'in a storm it moves before that is asked',
      },
      {
        rule: 'so it is of refunds and reversals',
        file: 'src/jobs/clock.ts',
        from: "  { table: 'invoice_reversals', which: sql`next_at is not null`, longestMs: 2 * 60 * minute, unmoved: true },\n  { table: 'invoice_refunds', which: sql`next_at is not null`, longestMs: 2 * 60 * minute },\n",
        to: '',
        seeds: [5293],
        room: { first: 57, step: 187 },
      },
      {
        rule: 'a process that has heard no other clock asks the bank before it claims',
        file: 'src/ledger/denied.ts',
        from: 'clock.isAlone?.() !== true && !(await alarmOf(db, name))',
        to: '!(await alarmOf(db, name))',
        also: [
          {
            file: 'src/jobs/clock.ts',
            from: '  if (world.clock.isAlone?.() && rails?.starkbank) {',
            to: '  if (false) {',
          },
        ],
        test: 'test/clocks.test.ts',
      },
      {
        rule: 'an event waits as long as the bank does not answer',
        file: 'src/webhooks/apply.ts',
        from: "  return answer.is === 'unsure' || answer.again ? { is: 'again', why, unheard: true } : { is: 'again', why }\n",
        to: "  return { is: 'again', why }\n",
        test: 'test/denied.test.ts',
        note: 'no storm lasts so long',
      },
      {
        rule: 'nothing is claimed while the bank denies us',
        file: 'src/ledger/denied.ts',
        from: 'clock.isAlone?.() !== true && !(await alarmOf(db, name))',
        to: 'clock.isAlone?.() !== true',
        test: 'test/denied.test.ts',
        note: 'the answer heals it',
      },
    ],
  },
  {
    title: 'Strangers and long silence (`strangers.ts`, one seed of nineteen)',
    room: { first: 12, step: 19 },
    mutants: [
      {
        rule: 'money that left by no order of ours stops payouts',
        file: 'src/ledger/bankStop.ts',
        from: '...(await strangersOut(tx)), ',
        to: '',
        seeds: [69],
      },
      {
        rule: 'such lines are kept',
        file: 'src/reconcile/bank.ts',
        from: '  if (isNew) await noteStranger(tx, name, line, tagged ? disowned : undefined)\n',
        to: '',
        seeds: [31],
      },
      {
        rule: 'the stop is written in the transaction that first knows of the line',
        file: 'src/reconcile/bank.ts',
        from: '  if (news.some(({ units }) => units < 0n)) await keepBankStop(tx)\n',
        to: '',
        note: 'nothing finds it yet: no seed of its room up to 400; the next reconciliation stops payouts too',
      },
      {
        rule: 'a tag that is made up excuses nothing',
        file: 'src/ledger/bankStop.ts',
        from: ', ...(await suspenseOut(tx))',
        to: '',
        seeds: [50, 221],
      },
      {
        rule: 'a payout excuses what left as a transfer, not what left of its invoice',
        file: 'src/ledger/bankStop.ts',
        from: '(of_invoice < 0 or not exists (',
        to: '(not exists (',
        test: 'test/suspense.test.ts',
      },
      {
        rule: 'a rule compares its text',
        file: 'src/reconcile/strangers.ts',
        from: "return rule.match === 'equals' ? text === rule.text : text.startsWith(rule.text)",
        to: 'return text !== undefined',
        seeds: [69],
      },
      {
        rule: 'a difference stops payouts by how long it lasts',
        file: 'src/reconcile/drift.ts',
        from: '  const stops = lasts(outsideSince, apartForMs) || lasts(unexplainedSince, hiddenForMs)\n',
        to: '  const stops = false\n',
        test: 'src/reconcile/drift.test.ts',
        note: 'the simulated bank loses nothing without a line',
      },
      {
        rule: 'two people lift a stop',
        file: 'src/ledger/proposal.ts',
        from: "  if (samePerson(proposal.made_by, by)) return 'own'\n",
        to: '',
        test: 'test/strangers.test.ts',
      },
      {
        rule: 'the bank’s own times say what was there before the books began',
        file: 'src/reconcile/strangers.ts',
        from: "const until = newest === undefined || newest < began ? (newest ?? '') : began",
        to: 'const until = began',
        test: 'test/strangers.test.ts',
      },
      {
        rule: 'what the bank gives back is first set against what it took',
        file: 'src/reconcile/ownLines.ts',
        from: 'const pairs = new Set(\n    setOff(own.filter(each => isOdd(each) || closedOut.includes(each)).map(({ line }) => line)).flat(),\n  )',
        to: 'const pairs = new Set<OwnLine["line"]>()',
        test: 'test/strangers.test.ts',
      },
      {
        rule: 'what is booked takes its line out of suspense',
        file: 'src/ledger/suspense.ts',
        from: '  if (providerId === null) return []\n',
        to: '  return []\n',
        test: 'test/suspense.test.ts',
      },
      {
        rule: 'the bank is asked about lines of our own that are not booked',
        file: 'src/reconcile/bank.ts',
        from: '      await askAboutOwn({ db, rail, world }, items, lives)\n',
        to: '',
        test: 'test/strangers.test.ts',
      },
    ],
  },
  {
    title: 'Limits (`limits.ts`, one seed of seventeen)',
    room: { first: 7, step: 17 },
    mutants: [
      {
        rule: 'anything is limited',
        file: 'src/payout/limits.ts',
        from: '  if (limits.length === 0) return [...due]\n',
        to: '  return [...due]\n',
        seeds: [58],
      },
      {
        rule: 'one payout has a limit',
        file: 'src/payout/limits.ts',
        from: 'if (cap !== undefined && units > cap) return',
        to: 'if (false) return',
        seeds: [58],
      },
      {
        rule: 'an approval marks its order',
        file: 'src/payout/limits.ts',
        from: ' await takeApproval(tx, payout)\n',
        to: ' void 0\n',
        seeds: [75],
      },
      {
        rule: 'one claim adds up what it takes',
        file: 'src/payout/limits.ts',
        from: '      for (const scope of own) for (const window of windows) scope.used[window] += payout.units\n',
        to: '',
        seeds: [449],
      },
      {
        rule: 'an hour is an hour',
        file: 'src/payout/limits.ts',
        from: 'hour: 3_600_000,',
        to: 'hour: 60_000,',
        seeds: [92],
      },
      {
        rule: 'who claims waits for the row of the limits (PostgreSQL)',
        file: 'src/payout/limits.ts',
        from: ' order by scope, per ${forUpdate}`',
        to: ' order by scope, per`',
        test: 'test/limits.test.ts',
      },
      {
        rule: 'nothing newer passes what waits',
        file: 'src/payout/limits.ts',
        from: 'blocked?.per === per || isOlder(head, payout) || ',
        to: '',
        test: 'test/limits.test.ts',
      },
    ],
  },
  {
    title:
      'Late payers, and reading many at once (`late.ts`, one of thirteen; lists that lag, one of eleven)',
    room: { first: 6, step: 13 },
    mutants: [
      {
        rule: 'a fine of 0 is said to the bank',
        file: 'src/rails/starkbank/starkbank.ts',
        from: '  fine: percentOf(order.fineBp ?? 0n),\n',
        to: '  ...(order.fineBp && { fine: percentOf(order.fineBp) }),\n',
        seeds: [19, 45],
      },
      {
        rule: 'the expiry is said',
        file: 'src/rails/starkbank/starkbank.ts',
        from: '  expiration: order.graceSeconds ?? usualExpiresInMs / 1_000,\n',
        to: '',
        seeds: [6, 32, 58],
      },
      {
        rule: 'what was paid is booked, not what was asked',
        file: 'src/webhooks/bank/events.ts',
        from: 'const paid = then.units > now.units ? then.units : now.units',
        to: 'const paid = row.units',
        seeds: [6, 58],
      },
      {
        rule: 'a list is no older than the event it proves',
        file: 'src/webhooks/bank/proofs.ts',
        from: '  shown.updatedAt !== undefined && updatedAt !== undefined && shown.updatedAt >= updatedAt\n',
        to: '  shown !== undefined || updatedAt !== undefined\n',
        seeds: [28, 193, 358],
        room: { first: 6, step: 11 },
      },
      {
        rule: 'that every transfer of a key is dead is told by a look that cannot lack one',
        file: 'src/webhooks/bank/proofs.ts',
        from: 'itself && isPaid && !isOld()',
        to: 'itself && !isOld()',
        also: [
          {
            file: 'src/payout/bank/outcome.ts',
            from: "      if (\n        attempt.provider_id !== null &&\n        !news.found.some(({ providerId }) => providerId === attempt.provider_id)\n      )\n        return 'again'\n",
            to: '',
          },
        ],
        room: { first: 6, step: 11 },
        test: 'test/settling.test.ts',
        note: 'seed 4725 finds it no more, and no other was looked for',
      },
      {
        rule: 'sums kept aside lose nothing',
        file: 'src/ledger/tallies.ts',
        from: 'count: (sum?.count ?? 0n) + count,\n      units: (sum?.units ?? 0n) + units',
        to: 'count, units',
        seeds: [5, 70],
        room: { first: 5, step: 13 },
      },
    ],
  },
  {
    title: 'Edited rows (`edits.ts`, one seed of twenty-three, and one of seven with a chain)',
    room: { first: 16, step: 23 },
    mutants: [
      {
        rule: 'a payout is of what the books owe',
        file: 'src/payout/asBooked.ts',
        from: 'return units === owed\n        ? []\n        : [\n            [\n              id,',
        to: 'return id ? [] : [[id,',
        seeds: [1442],
      },
      {
        rule: 'it goes to the account it is owed to',
        file: 'src/payout/asBooked.ts',
        from: 'if (isEarlier ? payees.some(isIts) : isIts(payees.at(-1))) return undefined',
        to: 'if (isIts) return undefined',
        seeds: [16],
      },
      {
        rule: 'nothing is paid to an account that is not as it was approved',
        file: 'src/payout/account.ts',
        from: "if (digest !== undefined && digest !== digestOfAccount(account)) return changed('is not as it was approved')",
        to: "if (digest !== undefined) return { is: 'approved', proof: 'said' }",
        test: 'test/payout-waits.test.ts',
        note: 'seeds 246 and 315 find it no more, and no other was looked for',
      },
      {
        rule: 'a refund is of what two people said',
        file: 'src/invoice/bank/refund.ts',
        from: "if (\n      said['amount'] !== formatReais(units) ||\n      !isSame('left', formatReais(left)) ||\n      !isSame('providerId', providerId)\n    )\n      return false",
        to: 'return true',

        test: 'test/refunds.test.ts',
      },
      {
        rule: 'a transaction is checked before it is signed and sent',
        file: 'src/payout/bundle/check.ts',
        from: '(await checkTransaction(reader, rail, candidate)).strange',
        to: '(await checkTransaction(reader, rail, candidate)).strange.slice(0, 0)',
        test: 'test/bitcoin-edited.test.ts',
      },
    ],
  },
  {
    title: 'Canceled bundles (`cancels.ts`, one seed of seven with a chain)',
    room: { first: 20, step: 70 },
    mutants: [
      {
        rule: 'a bundle ends at once only where nobody was given it to sign',
        file: 'src/payout/bundle/cancel.ts',
        from: 'candidates.every(({ raw, handed_at: handedAt }) => raw === null && handedAt === null)',
        to: 'candidates.length > 0',
        seeds: [20, 230],
        test: 'test/bitcoin-cancel.test.ts',
      },
      {
        rule: 'its coins are free again',
        file: 'src/payout/bundle/cancel.ts',
        from: '  await tx.run(\n    sql`delete from bundle_coins where bundle_id = ${id} and outpoint in (select id from coins\n      where spent_by is null)`,\n  )\n',
        to: '',

        test: 'test/bitcoin-cancel.test.ts',
      },
      {
        rule: 'a bundle that stays in a block is named',
        file: 'src/queries/chainAttention.ts',
        from: "where b.state in ('planned', 'signed', 'sent', 'mined') and b.why is null and c.state <> 'planned'",
        to: "where b.state in ('planned', 'signed', 'sent') and b.why is null and c.state <> 'planned'",
        test: 'test/bitcoin-person.test.ts',
        note: 'seed 720 finds it no more, and no other was looked for',
      },
      {
        rule: 'it is canceled when its cancellation lies deep',
        file: 'src/payout/bundle/outcome.ts',
        from: '    if (isCancellation(mined.candidate)) {',
        to: '    if (false) {',
        test: 'test/bitcoin-cancel.test.ts',
      },
      {
        rule: 'the very same is not planned again',
        file: 'src/payout/bundle/plan.ts',
        from: 'if (await tx.one(sql`select 1 as yes from bundle_candidates where id = ${planned.plan.txid}`)) {',
        to: 'if (false) {',
        test: 'test/bitcoin-cancel.test.ts',
      },
    ],
  },
  {
    title: 'Holds, stops and verdicts (`verdicts.ts`, one seed of twenty-nine)',
    room: { first: 22, step: 29 },
    mutants: [
      {
        rule: 'nothing is ordered while a person has stopped payouts',
        file: 'src/payout/stops.ts',
        from: "    union all select 'hold', why, reason, detail, seq from holds\n",
        to: '',
        seeds: [51],
      },
      {
        rule: 'a payout that was paid has not been paid by another transfer as well',
        file: 'src/payout/bank/verdict.ts',
        from: '  if (paid) refuse',
        to: '  if (false) refuse',
        test: 'test/payout-verdicts.test.ts',
      },
    ],
  },
  {
    title: 'Cash (`counter.ts`, one seed of thirteen)',
    room: { first: 3, step: 13 },
    mutants: [
      {
        rule: 'a receipt is of the amount that was asked for',
        file: 'src/webhooks/cash/receive.ts',
        from: "return units === asked ? undefined : 'wrong-amount'",
        to: 'return undefined',
        also: [
          {
            file: 'src/webhooks/cash/events.ts',
            from: 'if (invoice.units !== units || ',
            to: 'if (',
          },
        ],
        seeds: [3],
        test: 'test/cash.test.ts',
      },
      {
        rule: 'what was canceled is not received (both taken out)',
        file: 'src/webhooks/cash/receive.ts',
        from: "  if (state !== 'issued' && state !== 'reversed') return 'canceled'\n",
        to: '',
        also: [
          {
            file: 'src/webhooks/cash/events.ts',
            from: "  if (state !== 'issued' && state !== 'expired' && state !== 'reversed')\n    return { is: 'quarantined', why: because('received-though', { state }) }\n",
            to: '',
          },
        ],
        seeds: [29],
        test: 'test/cash.test.ts',
      },
      {
        rule: 'a receipt counts where the audit log has its digest',
        file: 'src/webhooks/cash/events.ts',
        from: "if (status === 'unrecorded')",
        to: 'if (false)',
        test: 'test/cash.test.ts',
        note: 'nobody writes receipts past the program in a storm',
      },
      {
        rule: 'what is in the way of a receipt is one that a person recorded',
        file: 'src/invoice/cash/receipts.ts',
        from: '  const ids = (await recordedReceipts(reader, invoiceId)).map(({ eventId }) => eventId)',
        to: '  const ids = [receiptIdOf(invoiceId)]',
        test: 'test/cash.test.ts',
        note: 'nobody writes receipts past the program in a storm',
      },
      {
        rule: 'a payout is handed over once',
        file: 'src/payout/cash/handOver.ts',
        from: "if (!isDue(payout)) return impossible('not-owed')",
        to: "if (payout.state === 'paid') return impossible('not-owed')",
        seeds: [29],
        test: 'test/cash.test.ts',
      },
      {
        rule: 'and as much as the books owe',
        file: 'src/payout/cash/handOver.ts',
        from: 'mayGoOut(payout) ?? (await notAsBooked(tx, [payout])).get(id)',
        to: 'mayGoOut(payout)',
        seeds: [29],
        test: 'test/cash.test.ts',
      },
      {
        rule: 'whoever handed it over does not confirm it',
        file: 'src/payout/cash/handOver.ts',
        from: 'if (samePerson(by, maker!))',
        to: 'if (false)',
        also: [
          { file: 'src/payout/cash/handOver.ts', from: 'await tx.now(), maker)', to: 'await tx.now())' },
        ],
        seeds: [29],
        test: 'test/cash.test.ts',
      },
      {
        rule: 'an order that was edited is neither confirmed nor taken back',
        file: 'src/payout/cash/handOver.ts',
        from: "    if (edited !== undefined) return { is: 'impossible', code: 'edited', payout, why: edited }\n",
        to: '',
        seeds: [3],
        test: 'test/cash.test.ts',
      },
      {
        rule: 'nor one whose row says that it is over',
        file: 'src/payout/cash/handOver.ts',
        from: "if (attempt.state !== 'sent')",
        to: "if (attempt.state === 'refused')",
        test: 'test/cash.test.ts',
        note: 'the storm edits amounts, and no states',
      },
      {
        rule: 'an amount that was edited since it was drafted is not received',
        file: 'src/webhooks/cash/receive.ts',
        from: "  if (isEdited) return 'edited'\n",
        to: '',
        test: 'test/cash.test.ts',
        note: 'the storm edits payouts and orders, and no invoices',
      },
      {
        rule: 'nor asked for',
        file: 'src/ledger/draftedFor.ts',
        from: '(movedFrom(invoice, line) ?? anotherAmount(invoice, line))',
        to: 'movedFrom(invoice, line)',
        test: 'test/cash.test.ts',
        note: 'the storm edits payouts and orders, and no invoices',
      },
      {
        rule: 'a receipt that was taken back counts no more, also where its event is replayed',
        file: 'src/webhooks/cash/events.ts',
        from: "  if (status === 'taken back') return { is: 'done', why: because('receipt-over') }\n",
        to: '',
        test: 'test/cash.test.ts',
        note: 'nobody replays an event in a storm',
      },
      {
        rule: 'a receipt is taken back only as the books have it',
        file: 'src/webhooks/cash/takeBack.ts',
        from: 'invoice.paid_units === booked && booked > 0n',
        to: 'booked > 0n',
        test: 'test/cash.test.ts',
        note: 'the storm edits payouts and orders, and no invoices',
      },
      {
        rule: 'what was handed over of a receipt that is taken back its payee owes',
        file: 'src/payout/rightSize.ts',
        from: "'payout settled', 'cash handed over', ",
        to: "'payout settled', ",
        seeds: [276],
        test: 'test/cash.test.ts',
      },
      {
        rule: 'once it is confirmed',
        file: 'src/payout/cash/handOver.ts',
        from: '  await rightSize(tx, world, payout.invoice_id, cause)\n',
        to: '',
        seeds: [276],
        test: 'test/cash.test.ts',
      },
      {
        rule: 'and is canceled where it was not handed over',
        file: 'src/payout/cash/handOver.ts',
        from: "  await rightSize(tx, world, payout.invoice_id, { ...cause, why: because('receipt-not-there') })\n",
        to: '',
        seeds: [276],
        test: 'test/cash.test.ts',
      },
      {
        rule: 'what was held before its receipt was taken back is held when it is received again',
        file: 'src/payout/cash/oweAgain.ts',
        from: "((await wasDue(tx, id)) ? null : because('held-before-taken-back'))",
        to: 'null',
        test: 'test/cash.test.ts',
      },
      {
        rule: 'after a restore what is owed in cash is held',
        file: 'src/jobs/cash.ts',
        from: 'afterRestore: tx => holdAfterRestore(tx),',
        to: 'afterRestore: async () => 0,',
        test: 'test/cash.test.ts',
        note: 'no backup is restored where there is a counter',
      },
    ],
  },
  {
    title: 'In every seed',
    room: onChain,
    mutants: [
      {
        rule: 'what is open would be named among what needs a person, if it stayed so (`unlisted.ts`): bundles that do not move',
        file: 'src/queries/chainAttention.ts',
        from: "where b.state in ('planned', 'signed', 'sent', 'mined') and b.why is null and c.state <> 'planned'",
        to: 'where 1 = 0',
        seeds: [60],
      },
    ],
  },
]

export const mutants: readonly Mutant[] = sections.flatMap(section => section.mutants)

export const editsOf = ({ file, from, to, also = [] }: Mutant): Edit[] => [{ file, from, to }, ...also]

export function roomOf(mutant: Mutant): Room {
  return mutant.room ?? sections.find(section => section.mutants.includes(mutant))!.room
}

/** The seeds of its room up to `last`. */
export function seedsOf(mutant: Mutant, last: number): number[] {
  const { first, step } = roomOf(mutant)
  return Array.from(
    { length: Math.max(0, Math.floor((last - first) / step) + 1) },
    (_, at) => first + at * step,
  )
}

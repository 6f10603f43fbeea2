/** `repasse schedule run`: a slot now, waited for if asked, or only told. */
import type { Command } from 'commander'
import { maskTaxId } from '../../base/brazil.ts'
import { BadInput } from '../../base/answer.ts'
import { formatDuration } from '../../base/duration.ts'
import type { Asset, Money } from '../../base/money.ts'
import type { Millis } from '../../base/world.ts'
import { assetOf, chargesFees, isOnChain, paysBy, type RailName } from '../../base/rails.ts'
import type { Base, Open } from '../../app.ts'
import type { InvoiceRow } from '../../invoice/invoice.ts'
import type { Plan, ScheduleRow } from '../../schedule/schedule.ts'
import type { NoRate, Rate } from '../../rates/rates.ts'
import { durationFlag, personFlag } from '../flags.ts'
import { example, json, moneyOf, table, formatMoney } from '../print.ts'
import { noteTaken } from '../privacy.ts'
import { done, inBase, onRails, operator } from '../shell.ts'
import type { Shell } from '../context.ts'

type Flags = { wait?: true; dryRun?: true; timeout?: Millis; by?: string; json?: true }

export function runCommand(schedule: Command, shell: Shell): void {
  schedule
    .command('run')
    .description('adds a slot that is due now')
    .argument('<name>', 'the schedule')
    .option(
      '--wait',
      'waits until its invoices are issued, and does the work itself if no "repasse serve" does',
    )
    .option('--timeout <time>', 'how long --wait waits (default: 10m)', durationFlag('--timeout'))
    .option('--by <person>', 'who asks for it (default: the user of this system)', personFlag('--by'))
    .option('--json', 'as JSON')
    .addHelpText('after', example('schedule run trial --wait', 'schedule run trial --dry-run'))
    .addOption(
      schedule
        .createOption('--dry-run', 'shows what would be issued and later paid on; nothing is written or sent')
        .conflicts(['wait', 'by']),
    )
    .action((name: string, flags: Flags) => {
      if (flags.dryRun) return inBase(shell, base => tell(shell, base, name, flags))
      // The bank is opened first: without it nothing is issued, and then no slot should be left behind.
      if (flags.wait) return onRails(shell, (base, open) => runAndWait(shell, base, open, name, flags))
      return inBase(shell, async base => {
        const { slot: id, isHeld } = await addSlot(shell, base, name, flags)
        await shell.out(
          flags.json
            ? json({ slot: id })
            : isHeld
              ? `slot ${id} is held\n`
              : `slot ${id} is due now: "repasse serve" runs it, "repasse schedule show ${name}" shows how it ended\n`,
        )
      })
    })
}

async function tell(shell: Shell, base: Base, name: string, flags: Flags): Promise<void> {
  const { dryRun, scheduleCalled } = await import('../../schedule/schedule.ts')
  const { inBitcoin, moneyIn } = await import('../../base/money.ts')
  const { schedule } = await done(await scheduleCalled(base.db, name))
  const [asset, quoted] = [assetOf(schedule.rail), schedule.currency]
  const rate = asset === quoted ? undefined : await rateOf(base)
  if (rate?.is === 'none') {
    shell.err(
      `there is no good rate, so schedule ${schedule.name} would issue nothing now: ${rate.why}; "repasse serve" asks for rates\n`,
    )
    shell.exitCode = 1
    return
  }
  const price = rate && ((said: Money) => inBitcoin(moneyIn(said, 'BRL'), rate.price))
  const plan = await done(await dryRun(schedule, base.world, base.terms, price))
  const money = (units: bigint) => moneyOf(units, asset)
  if (flags.json) {
    // Payers made up are nobody's.
    if (schedule.roster !== null) await noteTaken(base, `roster of ${schedule.name}`, plan.lines.length)
    const lines = plan.lines.map(
      ({ name: payer, taxId, description, units, quoted: before, commission, withheld, net, paysOn }) => ({
        ...{ payer, taxId, description },
        ...money(units),
        ...(rate && { quote: moneyOf(before, quoted) }),
        ...{ commission: money(commission), withheld: money(withheld), net: money(net), paysOn },
      }),
    )
    const { asked, commission, withheld, paidOn } = plan
    const sums = {
      asked: money(asked),
      commission: money(commission),
      withheld: money(withheld),
      paidOn: money(paidOn),
    }
    return shell.out(
      json({
        lines,
        ...sums,
        ...(rate && { rate: { ...moneyOf(rate.price, quoted), at: rate.at, sources: rate.sources } }),
      }),
    )
  }
  await shell.out(planTable(plan, { rail: schedule.rail, quoted }))
  if (rate)
    shell.err(`at ${formatMoney(rate.price, quoted)} a BTC, said ${rate.at} by ${rate.sources.join(', ')}\n`)
  const held = plan.lines.filter(({ paysOn }) => !paysOn).length
  if (held > 0)
    shell.err(
      `${held} of ${plan.lines.length} would be held, below the schedule’s least payout of ${formatMoney(schedule.min_payout_units, asset)} or with nothing left; a person releases them\n`,
    )
  const differ = schedule.roster === null ? ' Random payers differ each time;' : ''
  const fee = fees[paysBy(schedule.rail)!]
  shell.err(`Nothing was written or sent.${differ} ${differ ? 'the' : 'The'} ${fee}.\n`)
}

const fees = {
  transfer: 'bank’s own fee for an invoice comes off what is paid on',
  transaction: 'network’s fee for the transaction comes off what is paid on',
  hand: 'whole net is handed over',
}

function planTable(
  { lines, asked, commission, withheld, paidOn }: Plan,
  { rail, quoted }: { rail: RailName; quoted: Asset },
): string {
  const asset = assetOf(rail)
  const tell = (units: bigint) => formatMoney(units, asset)
  // What is shown beside the amount: reais it was priced from, or the bank's fee for the transfer.
  const beside = asset === quoted ? [] : ['>IN REAIS']
  const transfer = chargesFees(rail) ? ['>TRANSFER FEE'] : []
  const row = (names: string[], units: bigint, before: bigint, shared: bigint, kept: bigint, on: string) => [
    ...names,
    tell(units),
    ...beside.map(() => formatMoney(before, quoted)),
    tell(shared),
    ...transfer.map(() => tell(kept)),
    on,
  ]
  const rows = lines.map(line => {
    const on = line.paysOn ? tell(line.net) : `held: ${line.net > 0n ? tell(line.net) : 'nothing left'}`
    return row(
      [line.name, maskTaxId(line.taxId)],
      line.units,
      line.quoted,
      line.commission,
      line.withheld,
      on,
    )
  })
  const before = lines.reduce((sum, line) => sum + line.quoted, 0n)
  const sums = row(['in all', ''], asked, before, commission, withheld, tell(paidOn))
  return table(
    ['PAYER', 'TAX ID', '>ASKED', ...beside, '>COMMISSION', ...transfer, '>PAID ON'],
    [...rows, sums],
  )
}

async function rateOf({ db, world, config }: Base): Promise<Rate | NoRate> {
  const { agreementOf, goodRate } = await import('../../rates/rates.ts')
  return goodRate(db, world.clock.now(), agreementOf(config))
}

async function addSlot(
  shell: Shell,
  { db, world }: Base,
  name: string,
  { by = operator() }: Flags,
): Promise<{ slot: string; isHeld: boolean }> {
  const { heldSlots, openManualSlot, runNow, scheduleCalled } = await import('../../schedule/schedule.ts')
  return db.tx(async tx => {
    const { schedule } = await done(await scheduleCalled(tx, name))
    const earlier = await openManualSlot(tx, schedule.id)
    const slot = await runNow(tx, world, schedule, by)
    // Not refused: two runs may be meant. But one command entered twice asks every payer twice, and that must
    // be seen at once.
    if (earlier !== undefined && earlier !== slot)
      shell.err(
        `slot ${earlier} of ${name} was added by hand too and has not ended: both will be issued, so each payer is asked twice\n`,
      )
    const { count, why } = await heldSlots(tx, schedule.id)
    if (count > 0)
      shell.err(`it waits for a person, "repasse schedule catch-up ${name} --go|--skip --why …": ${why}\n`)
    return { slot, isHeld: count > 0 }
  })
}

type Ended = { slot: string; state: string; invoices: InvoiceRow[]; open: number }

/** A slot of a rail that is not configured would wait for ever. */
async function needRail({ rails, bitcoin }: Open, { name, rail }: ScheduleRow): Promise<void> {
  const { railFlows } = await import('../../jobs/jobs.ts')
  if (railFlows[rail].isHere({ rails, ...(bitcoin && { bitcoin }) })) return
  const settings = isOnChain(rail)
    ? 'BITCOIN_RPC_URL, BITCOIN_NETWORK and BITCOIN_DESCRIPTOR'
    : 'STARKBANK_PROJECT_ID and what belongs to it'
  throw new BadInput(
    `schedule "${name}" is of the rail ${rail}, which is not configured: set ${settings}, see .env.example`,
  )
}

async function runAndWait(shell: Shell, base: Base, open: Open, name: string, flags: Flags): Promise<void> {
  const { timeout: timeoutMs = 600_000 } = flags
  const { scheduleCalled } = await import('../../schedule/schedule.ts')
  const { schedule } = await done(await scheduleCalled(base.db, name))
  await needRail(open, schedule)
  const { slot, isHeld } = await addSlot(shell, base, name, flags)
  if (isHeld) return void (shell.exitCode = 1)
  const ended = await waitFor(base, open, slot, timeoutMs)
  const refused = ended.invoices.filter(({ state }) => state === 'refused').length
  await shell.out(flags.json ? json(viewOf(ended)) : tableOf(ended))
  if (ended.open > 0 || ended.state !== 'done') {
    shell.err(
      `slot ${slot} is ${ended.state} with ${ended.open} invoices open after ${formatDuration(timeoutMs)} at most: "repasse run list" shows why\n`,
    )
    const rate = isOnChain(schedule.rail) && schedule.currency === 'BRL' ? await rateOf(base) : undefined
    if (rate?.is === 'none')
      shell.err(`there is no good rate, so what is asked for in reais waits: ${rate.why}\n`)
    shell.exitCode = 1
  }
  if (refused > 0) {
    shell.err(`${refused} of ${ended.invoices.length} were refused: "repasse invoice show ID" says why\n`)
    shell.exitCode = 1
  }
}

/** A `serve` at work claims a due slot within a second or two; after that this process does the work. */
const patienceMs = 3_000
const pauseMs = 500

async function waitFor(base: Base, open: Open, slot: string, timeoutMs: Millis): Promise<Ended> {
  const { clock } = base.world
  const started = clock.now()
  let ours = false
  for (;;) {
    const now = await look(base, slot)
    if (isOver(now) || clock.now() - started > timeoutMs) return now
    ours ||= now.state === 'due' && clock.now() - started >= patienceMs
    if (ours) await work(base, open)
    await clock.sleep(pauseMs)
  }
}

const isOver = ({ state, open, invoices }: Ended) =>
  ['failed', 'missed'].includes(state) || (state === 'done' && open === 0 && invoices.length > 0)

async function look({ db }: Base, slot: string): Promise<Ended> {
  const { lookAtSlot } = await import('../../queries/schedules.ts')
  const { state, invoices } = await db.tx(tx => lookAtSlot(tx, slot))
  const open = invoices.filter(invoice => ['draft', 'issuing', 'unsure'].includes(invoice.state)).length
  return { slot, state, invoices, open }
}

/**
 * What a worker would do for it: run due slots, issue what was put off, ask about what no answer came for.
 */
async function work(base: Base, open: Open): Promise<void> {
  const [{ timetable, wake }, { makeInbox }] = await Promise.all([
    import('../../jobs/jobs.ts'),
    import('../../webhooks/webhooks.ts'),
  ])
  const { appOf } = await import('../../app.ts')
  const app = appOf(base, open, `cli/${process.pid}`, makeInbox(base.db, base.world))
  const needed = [
    'slots',
    'issue-left',
    'resolve-invoices',
    'rates',
    'follow-chain',
    'request-left',
    'counter',
  ]
  // The rate and the chain's tip come first, for what is issued on the chain needs both.
  const jobs = timetable(app).toSorted(
    (a, b) =>
      Number(b.name === 'rates' || b.name === 'follow-chain') -
      Number(a.name === 'rates' || a.name === 'follow-chain'),
  )
  for (const job of jobs) if (needed.includes(job.name)) await wake(app, job)
}

const viewOf = ({ slot, state, invoices }: Ended) => ({
  slot,
  state,
  invoices: invoices.map(row => ({
    id: row.id,
    state: row.state,
    ...moneyOf(row.units, row.asset),
    payer: row.payer_name,
    providerId: row.provider_id,
    link: row.link,
  })),
})

const tableOf = ({ slot, state, invoices }: Ended) => {
  const asset = invoices[0]?.asset ?? 'BRL'
  const total = invoices.filter(row => row.provider_id !== null).reduce((sum, row) => sum + row.units, 0n)
  const lines = invoices.map(row => [
    row.id,
    row.state,
    formatMoney(row.units, row.asset),
    row.payer_name,
    row.provider_id ?? '',
  ])
  return `${table(['INVOICE', 'STATE', '>AMOUNT', 'PAYER', asset === 'BTC' ? 'ADDRESS' : 'AT THE BANK'], lines)}slot ${slot} is ${state}: ${formatMoney(total, asset)} asked for in ${invoices.length} invoices\n`
}

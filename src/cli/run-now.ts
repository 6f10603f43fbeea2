/** `repasse schedule run`: a slot now, waited for if asked, or only told. */
import type { Command } from 'commander'
import { formatDuration } from '../base/duration.ts'
import type { Millis } from '../base/world.ts'
import type { Base, Open } from '../house.ts'
import type { InvoiceRow } from '../invoice/invoice.ts'
import { durationFlag, textFlag } from './flags.ts'
import { example, json, moneyOf, reais, table } from './print.ts'
import { inBase, onRails, operator, type Shell } from './shell.ts'

type Flags = { wait?: true; dryRun?: true; timeout?: Millis; by?: string; json?: true }

export function runCommand(schedule: Command, shell: Shell): void {
  schedule
    .command('run')
    .description('adds a slot that is due now')
    .argument('<name>', 'the schedule')
    .option('--wait', 'waits until the bank has its invoices, and does the work itself if no "repasse serve" does')
    .option('--timeout <time>', 'how long --wait waits (default: 10m)', durationFlag('--timeout'))
    .option('--by <person>', 'who asks for it (default: the user of this system)', textFlag('--by'))
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
        const id = await addSlot(base, name, flags)
        await shell.out(
          flags.json
            ? json({ slot: id })
            : `slot ${id} is due now: "repasse serve" runs it, "repasse schedule show ${name}" shows how it ended\n`,
        )
      })
    })
}

async function tell(shell: Shell, { store, world, terms }: Base, name: string, flags: Flags): Promise<void> {
  const { dryRun, needSchedule } = await import('../jobs/jobs.ts')
  const schedule = await needSchedule(store, name)
  const plan = await dryRun(schedule, world, terms)
  if (flags.json) {
    const lines = plan.lines.map(({ name: payer, taxId, description, units, commission, withheld, net, paysOn }) => ({
      payer,
      taxId,
      description,
      ...moneyOf(units),
      commission: moneyOf(commission),
      withheld: moneyOf(withheld),
      net: moneyOf(net),
      paysOn,
    }))
    const { asked, commission, withheld, paidOn } = plan
    return shell.out(
      json({ lines, asked: moneyOf(asked), commission: moneyOf(commission), withheld: moneyOf(withheld), paidOn: moneyOf(paidOn) }),
    )
  }
  const lines = plan.lines.map(line => [
    line.name,
    line.taxId,
    reais(line.units),
    reais(line.commission),
    reais(line.withheld),
    line.paysOn ? reais(line.net) : `held: ${line.net > 0n ? reais(line.net) : 'nothing left'}`,
  ])
  const sums = ['in all', '', reais(plan.asked), reais(plan.commission), reais(plan.withheld), reais(plan.paidOn)]
  await shell.out(table(['PAYER', 'TAX ID', '>ASKED', '>COMMISSION', '>TRANSFER FEE', '>PAID ON'], [...lines, sums]))
  const held = plan.lines.filter(({ paysOn }) => !paysOn).length
  if (held > 0)
    shell.err(
      `${held} of ${plan.lines.length} would be held, below the schedule’s least payout of ${reais(schedule.min_payout_units)} or with nothing left; a person releases them\n`,
    )
  const differ = schedule.roster === null ? ' Random payers differ each time;' : ''
  shell.err(`Nothing was written or sent.${differ} ${differ ? 'the' : 'The'} bank’s own fee for an invoice comes off what is paid on.\n`)
}

async function addSlot({ store, world }: Base, name: string, { by = operator() }: Flags): Promise<string> {
  const { needSchedule, runNow } = await import('../jobs/jobs.ts')
  return store.tx(async tx => runNow(tx, world, await needSchedule(tx, name), by))
}

type Ended = { slot: string; state: string; invoices: InvoiceRow[]; open: number }

async function runAndWait(shell: Shell, base: Base, open: Open, name: string, flags: Flags): Promise<void> {
  const { timeout: timeoutMs = 600_000 } = flags
  const slot = await addSlot(base, name, flags)
  const ended = await waitFor(base, open, slot, timeoutMs)
  const refused = ended.invoices.filter(({ state }) => state === 'refused').length
  await shell.out(flags.json ? json(viewOf(ended)) : tableOf(ended))
  if (ended.open > 0 || ended.state !== 'done') {
    shell.err(
      `slot ${slot} is ${ended.state} with ${ended.open} invoices open after ${formatDuration(timeoutMs)} at most: "repasse run list" shows why\n`,
    )
    shell.exitCode = 1
  }
  if (refused > 0) {
    shell.err(`${refused} of ${ended.invoices.length} were refused by the bank: "repasse invoice show ID" says why\n`)
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

async function look({ store }: Base, slot: string): Promise<Ended> {
  const { sql } = await import('../store/store.ts')
  return store.tx(async tx => {
    const row = await tx.one<{ state: string }>(sql`select state from slots where id = ${slot}`)
    const invoices = await tx.all<InvoiceRow>(sql`select * from invoices where slot_id = ${slot} order by ordinal`)
    return {
      slot,
      state: row!.state,
      invoices,
      open: invoices.filter(({ state }) => ['draft', 'issuing', 'unsure'].includes(state)).length,
    }
  })
}

/** What a worker would do for it: run due slots, issue what was put off, ask about what no answer came for. */
async function work(base: Base, open: Open): Promise<void> {
  const [{ timetable, wake }, { makeInbox }] = await Promise.all([import('../jobs/jobs.ts'), import('../webhooks/webhooks.ts')])
  const { deskOf } = await import('../house.ts')
  const desk = deskOf(base, open, `cli/${process.pid}`, makeInbox(base.store, base.world))
  const needed = ['slots', 'issue-left', 'resolve-invoices', 'rates', 'follow-chain', 'request-left']
  // The rate and the chain's tip come first, for what is issued on the chain needs both.
  const jobs = timetable(desk).toSorted(
    (a, b) => Number(b.name === 'rates' || b.name === 'follow-chain') - Number(a.name === 'rates' || a.name === 'follow-chain'),
  )
  for (const job of jobs) if (needed.includes(job.name)) await wake(desk, job)
}

const viewOf = ({ slot, state, invoices }: Ended) => ({
  slot,
  state,
  invoices: invoices.map(row => ({
    id: row.id,
    state: row.state,
    ...moneyOf(row.units),
    payer: row.payer_name,
    providerId: row.provider_id,
    link: row.link,
  })),
})

const tableOf = ({ slot, state, invoices }: Ended) => {
  const total = invoices.filter(row => row.provider_id !== null).reduce((sum, row) => sum + row.units, 0n)
  const lines = invoices.map(row => [row.id, row.state, reais(row.units), row.payer_name, row.provider_id ?? ''])
  return `${table(['INVOICE', 'STATE', '>AMOUNT', 'PAYER', 'AT THE BANK'], lines)}slot ${slot} is ${state}: ${reais(total)} asked for in ${invoices.length} invoices\n`
}

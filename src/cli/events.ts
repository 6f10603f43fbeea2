/**
 * `repasse event`: what the bank told us, byte for byte, or what we saw on the chain, and what came of it.
 */
import type { Command } from 'commander'
import { BadInput } from '../base/answer.ts'
import type { Base } from '../app.ts'
import type { Rail } from '../rails/rail.ts'
import type { Reader } from '../db/db.ts'
import type { ListedEvent } from '../queries/events.ts'
import { eventFilters, type FilterOf } from '../queries/filters.ts'
import { listFlags, readFilters, sayMore, type ListFlags } from './listFlags.ts'
import type { InboxRow } from '../webhooks/webhooks.ts'
import { personFlag, textFlag } from './flags.ts'
import { example, historyJson, historyTable, json, sheet, table, tame } from './print.ts'
import { noteShownHere } from './privacy.ts'
import { bankIsConfigured, inBase, operator } from './shell.ts'
import type { Shell } from './context.ts'
import { eventJson } from '../queries/json/events.ts'

export function eventCommands(repasse: Command, shell: Shell): void {
  const event = repasse
    .command('event')
    .description('events: what the bank told us, and what was seen on the chain')
    .addHelpText('after', example('event list --state quarantined'))

  listFlags(event.command('list').description('events, newest first'), eventFilters, 'event')
    .addHelpText(
      'after',
      example('event list --state quarantined', 'event list --kind invoice.credited --from 2026-11-01'),
    )
    .action((flags: ListFlags<FilterOf<typeof eventFilters>>) =>
      inBase(shell, async ({ db }) => {
        const { keyOfEvent, listEvents } = await import('../queries/events.ts')
        const asked = await readFilters(db, flags, eventFilters, async id =>
          keyOfEvent(await needEvent(db, id)),
        )
        const rows = await listEvents(db, asked, flags.limit)
        const line = (row: ListedEvent) => [
          row.event_id,
          row.received_at,
          row.via,
          row.kind ?? '',
          row.state,
          row.why ?? '',
        ]
        await shell.out(
          flags.json
            ? json(rows.map(eventJson))
            : table(['EVENT', 'RECEIVED (UTC)', 'VIA', 'KIND', 'STATE', 'WHY'], rows.map(line)),
        )
        sayMore(
          shell,
          flags,
          rows.map(row => row.event_id),
          asked,
        )
      }),
    )

  event
    .command('show')
    .description('one event: what came of it, its bytes, its signature, and whether they still agree')
    .argument('<id>', 'the event')
    .option('--raw', 'only the bytes, as they came')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      example('event show 5155165527080960', 'event show 5155165527080960 --raw | sha256sum'),
    )
    .action((id: string, { raw, json: asJson }: { raw?: true; json?: true }) =>
      inBase(shell, async base => {
        const row = await needEvent(base.db, id)
        const body = Buffer.from(row.raw).toString('utf8')
        await noteShownHere(base, row.event_id, body)
        if (raw) return shell.out(body)
        const { history } = await import('../db/db.ts')
        const [verdict, steps] = [await verdictOf(base, row), await history(base.db, String(row.id))]
        if (asJson)
          return shell.out(
            json({
              ...eventJson(row),
              signature: row.signature,
              keyId: row.key_id,
              verdict,
              history: historyJson(steps),
              raw: body,
            }),
          )
        await shell.out(
          `${sheet([...factsOf(row), ['verdict', verdict]])}\n${historyTable(steps)}\n${pretty(body)}\n`,
        )
      }),
    )

  event
    .command('replay')
    .description('has a settled event applied once more; what was done before is not done again')
    .argument('<id>', 'the event')
    .option('--why <words>', 'the reason, for the audit log', textFlag('--why'))
    .option('--by <person>', 'who does it (default: the user of this system)', personFlag('--by'))
    .addHelpText('after', example('event replay 5155165527080960 --why "the bank mended it"'))
    .action((id: string, { why = 'no reason given', by = operator() }: { why?: string; by?: string }) =>
      inBase(shell, async ({ db }) => {
        const { replayEvent } = await import('../webhooks/webhooks.ts')
        const before = await db.tx(async tx => {
          const row = await needEvent(tx, id)
          if (row.state === 'new' || row.state === 'waiting')
            throw new BadInput(
              `event ${id} is ${row.state}: it has not been settled yet, so there is nothing to replay`,
            )
          if (row.dropped_digest !== null)
            throw new BadInput(`event ${id} cannot be applied once more: its body was dropped`)
          await replayEvent(tx, row, { by, why })
          return row.state
        })
        await shell.out(
          `event ${id} was ${before} and is new: "repasse serve" applies it, or "repasse reconcile"\n`,
        )
      }),
    )
}

async function needEvent(reader: Reader, id: string): Promise<InboxRow> {
  const { findEvent } = await import('../webhooks/webhooks.ts')
  const row = await findEvent(reader, id)
  if (!row) throw new BadInput(`there is no event "${id}": "repasse event list" shows them`)
  return row
}

/**
 * Whether bytes and signature agree, judged now. What was polled came over our own connection and bears none.
 */
async function verdictOf(base: Base, row: InboxRow): Promise<string> {
  const { judge } = await import('../webhooks/webhooks.ts')
  const opened: Rail[] = []
  const bank = async () => {
    if (!bankIsConfigured(base.config)) return undefined
    const { openRail } = await import('../app.ts')
    opened.push(await openRail(base))
    return opened[0]
  }
  const verdict = await judge(row, bank).finally(() => opened.forEach(rail => rail.close()))
  switch (verdict.is) {
    case 'dropped':
      return 'not judged: its body was dropped, and its digest and signature are kept'
    case 'unreadable':
      return 'not judged: its body cannot be decrypted, see "repasse keys status"'
    case 'followed':
      return 'followed from the node, which signs nothing: what it says is read from the chain again when it is applied'
    case 'recorded':
      return 'recorded by an operator, so not signed: it counts where the audit log has it'
    case 'polled':
      return 'asked for by us, so not signed'
    case 'no signature':
      return 'no signature was kept'
    case 'no bank':
      return 'not judged: the bank is not configured here'
    case 'genuine':
      return `genuine by key ${verdict.keyId}`
    case 'forged':
    case 'unknown':
      return `${verdict.is}: ${verdict.why}`
  }
}

/** Indented where that changes nothing a person would compare; else as it came. */
function pretty(body: string): string {
  try {
    const indented = JSON.stringify(JSON.parse(body), null, 2)
    return indented.split('\n').map(tame).join('\n')
  } catch {
    return tame(body)
  }
}

const bodyOf = ({ raw, dropped_digest: digest }: InboxRow): string =>
  digest === null ? `${raw.length} bytes` : `body dropped, SHA-256 ${digest}`

const factsOf = (row: InboxRow): [string, string | null][] => [
  ['event', row.event_id],
  ['rail', row.rail],
  ['kind', row.kind],
  ['state', row.why === null ? row.state : `${row.state}: ${row.why}`],
  ['received', `${row.received_at} by ${row.via}, ${bodyOf(row)}`],
  ['signature', row.signature],
  ['key', row.key_id],
]

/**
 * `repasse reconcile lines`, `accept` and `rule`: money at the bank that is none of ours, and what two people
 * say about it.
 */
import type { Command } from 'commander'
import { BadInput } from '../base/answer.ts'
import { holdsTaxId, withoutTaxIds } from '../base/brazil.ts'
import type { ExternalRule, ExternalRuleRow, ReconcileRefusal, StrangerRow } from '../reconcile/reconcile.ts'
import type { Proposed } from '../ledger/ledger.ts'
import { amountIn, countFlag, nameFlag, oneOf, personFlag, textFlag } from './flags.ts'
import { example, json, moneyOf, formatReais, table } from './print.ts'
import { noteTaken } from './privacy.ts'
import { done, inBase, operator } from './shell.ts'
import type { Shell } from './context.ts'

// Written here so that --help need not load the installation; a test holds it against the machine.
export const strangerStates = ['open', 'opening', 'ruled', 'accepted'] as const

type ListFlags = { state?: StrangerRow['state']; limit: number }
type ActFlags = { why: string; by?: string }
type RuleFlags = ActFlags & {
  out?: true
  in?: true
  description?: string
  descriptionStarts?: string
  source?: string
  sourceStarts?: string
  most: bigint
  aMonth?: bigint
  aDay?: bigint
}

/** `reconcile` has a --json of its own, which takes what stands behind its commands too. */
const wantsJson = (command: Command): boolean => command.optsWithGlobals<{ json?: true }>().json === true

const act = (command: Command): Command =>
  command
    .requiredOption('--why <words>', 'the reason, for the audit log', textFlag('--why'))
    .option('--by <person>', 'who says so (default: the user of this system)', personFlag('--by'))

export function strangerCommands(reconcile: Command, shell: Shell): void {
  reconcile
    .command('lines')
    .description(
      'lines of the bank’s statement that are about nothing of ours, newest first; what left stops payouts while it is open',
    )
    .option('--state <state>', `only these: ${strangerStates.join(', ')}`, oneOf(strangerStates)('--state'))
    .option('--limit <n>', 'how many at most', countFlag(10_000)('--limit'), 50)
    .option('--json', 'as JSON')
    .addHelpText('after', example('reconcile lines --state open'))
    .action(({ state, limit }: ListFlags, command: Command) =>
      inBase(shell, async ({ db, world }) => {
        const asJson = wantsJson(command)
        const which = { limit, ...(state !== undefined && { state }) }
        const { listStrangers } = await import('../reconcile/reconcile.ts')
        const rows = await listStrangers(db, which)
        const naming = rows.filter(
          ({ description, source }) => holdsTaxId(description) || holdsTaxId(source),
        ).length
        if (asJson)
          await noteTaken({ db, world }, 'lines of the statement', naming, {
            ...(state !== undefined && { state }),
          })
        const line = (row: StrangerRow) => [
          row.id,
          row.at,
          row.state,
          formatReais(row.units),
          withoutTaxIds(row.description),
          withoutTaxIds(row.source),
          row.why ?? '',
        ]
        await shell.out(
          asJson
            ? json(rows.map(viewOf))
            : table(['LINE', 'AT (UTC)', 'STATE', '>AMOUNT', 'DESCRIPTION', 'SOURCE', 'WHY'], rows.map(line)),
        )
      }),
    )

  act(
    reconcile
      .command('accept')
      .description(
        'proposes that a line be taken as looked at; a second person approves it, and payouts go on',
      )
      .argument('<line>', 'the line’s id at the bank'),
  )
    .addHelpText('after', example('reconcile accept 5155165527080960 --why "the rent, paid by hand"'))
    .action((id: string, { why, by = operator() }: ActFlags) =>
      inBase(shell, async ({ db, world }) => {
        const { proposeAccept } = await import('../reconcile/reconcile.ts')
        await tell(shell, await proposeAccept(db, world, id, { by, why }))
      }),
    )

  const rule = reconcile
    .command('rule')
    .description('what may move money at the bank without being ours, such as the bank’s own monthly fee')
    .addHelpText('after', example('reconcile rule list'))

  act(
    rule
      .command('add')
      .description('proposes a rule; a second person approves it')
      .argument('<name>', 'a name for it', nameFlag('NAME'))
      .option('--out', 'for money that leaves')
      .option('--in', 'for money that comes')
      .option('--description <text>', 'the line’s description is exactly this', textFlag('--description'))
      .option(
        '--description-starts <text>',
        'the line’s description begins with this',
        textFlag('--description-starts'),
      )
      .option('--source <text>', 'what the bank says it came from is exactly this', textFlag('--source'))
      .option(
        '--source-starts <text>',
        'what the bank says it came from begins with this',
        textFlag('--source-starts'),
      )
      .requiredOption('--most <amount>', 'the most of one line', amountIn('BRL')('--most'))
      .option('--a-month <amount>', 'the most of all its lines of one month', amountIn('BRL')('--a-month'))
      .option('--a-day <amount>', 'the most of all its lines of one day', amountIn('BRL')('--a-day')),
  )
    .addHelpText(
      'after',
      example(
        'reconcile rule add monthly-fee --out --description "Tarifa mensal" --most 49.90 --a-month 49.90 --why "the bank’s own fee"',
      ),
    )
    .action((name: string, flags: RuleFlags) =>
      inBase(shell, async ({ db, world }) => {
        const { proposeRule } = await import('../reconcile/reconcile.ts')
        const { why, by = operator() } = flags
        await tell(shell, await proposeRule(db, world, name, ruleFrom(flags), { by, why }))
      }),
    )

  rule
    .command('list')
    .description('rules, the active ones first')
    .option('--json', 'as JSON')
    .addHelpText('after', example('reconcile rule list'))
    .action((_: unknown, command: Command) =>
      inBase(shell, async ({ db }) => {
        const asJson = wantsJson(command)
        const { listRules } = await import('../reconcile/reconcile.ts')
        const rows = await listRules(db)
        const line = (row: ExternalRuleRow) => [
          ...[
            row.name,
            row.state,
            row.direction,
            `${row.field} ${row.match} "${row.text}"`,
            formatReais(row.max_units),
          ],
          ...[`${formatReais(row.period_units)} a ${row.period}`, row.added_by, row.approved_by],
        ]
        const heads = ['RULE', 'STATE', 'WAY', 'WHEN', '>MOST', '>IN ALL', 'MADE BY', 'APPROVED BY']
        await shell.out(asJson ? json(rows.map(ruleView)) : table(heads, rows.map(line)))
      }),
    )

  act(
    rule
      .command('close')
      .description('ends a rule: what it covered stays covered, what comes stops payouts again')
      .argument('<name>', 'the rule', nameFlag('NAME')),
  )
    .addHelpText('after', example('reconcile rule close monthly-fee --why "another bank"'))
    .action((name: string, { why, by = operator() }: ActFlags) =>
      inBase(shell, async ({ db }) => {
        const { closeRule } = await import('../reconcile/reconcile.ts')
        await done(await closeRule(db, name, { by, why }))
        await shell.out(`rule ${name} is closed\n`)
      }),
    )
}

function ruleFrom(flags: RuleFlags): ExternalRule {
  if (flags.out === flags.in) throw new BadInput('say --out or --in, one of them')
  const texts = [
    ['description', 'equals', flags.description],
    ['description', 'starts', flags.descriptionStarts],
    ['source', 'equals', flags.source],
    ['source', 'starts', flags.sourceStarts],
  ] as const
  const [said, ...others] = texts.filter(([, , text]) => text !== undefined)
  if (!said || others.length > 0)
    throw new BadInput('say --description, --description-starts, --source or --source-starts, one of them')
  if ((flags.aMonth === undefined) === (flags.aDay === undefined))
    throw new BadInput('say --a-month or --a-day, one of them')
  return {
    ...{
      direction: flags.out ? 'out' : 'in',
      field: said[0],
      match: said[1],
      text: said[2]!,
      maxUnits: flags.most,
    },
    ...{ period: flags.aMonth === undefined ? 'day' : 'month', periodUnits: flags.aMonth ?? flags.aDay! },
  }
}

async function tell(shell: Shell, answer: Proposed | ReconcileRefusal): Promise<void> {
  if (answer.is === 'another')
    throw new BadInput(
      `proposal ${answer.proposal.id} for the same is open already, by ${answer.proposal.made_by}: decide it first`,
    )
  const { proposal } = await done(answer)
  await shell.out(
    `proposal ${proposal.id} awaits a second person: repasse proposal approve ${proposal.id} --by NAME\n`,
  )
}

const viewOf = (row: StrangerRow) => ({
  id: row.id,
  at: row.at,
  state: row.state,
  amount: moneyOf(row.units),
  description: row.description,
  source: row.source,
  rule: row.rule_id,
  why: row.why,
  decidedBy: row.decided_by,
})

const ruleView = (row: ExternalRuleRow) => ({
  name: row.name,
  state: row.state,
  direction: row.direction,
  field: row.field,
  match: row.match,
  text: row.text,
  most: moneyOf(row.max_units),
  period: row.period,
  mostInPeriod: moneyOf(row.period_units),
  why: row.why,
  addedBy: row.added_by,
  approvedBy: row.approved_by,
  addedAt: row.added_at,
  changedAt: row.changed_at,
})

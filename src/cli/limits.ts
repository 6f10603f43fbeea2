/**
 * `repasse limits` and `payout approve`: how much may leave by itself, and one payout that two people let go
 * beyond that.
 */
import type { Command } from 'commander'
import { BadInput } from '../base/answer.ts'
import type { Asset } from '../base/money.ts'
import { readTyped } from '../base/typedAmount.ts'
import type { LimitPer, LimitScope, WantedLimits } from '../payout/payout.ts'
import { oneOf, personFlag, textFlag } from './flags.ts'
import { example, json, moneyOf, table, formatMoney } from './print.ts'
import { done, inBase, operator } from './shell.ts'
import type { Shell } from './context.ts'

type SetFlags = {
  asset?: Asset
  account?: string
  perPayout?: string
  perHour?: string
  perDay?: string
  why: string
  by?: string
}

export function limitCommands(repasse: Command, shell: Shell): void {
  const limits = repasse
    .command('limits')
    .description(
      'how much may leave by payouts at once, in an hour and in a day, without two people saying so',
    )
    .addHelpText(
      'after',
      example(
        'limits show',
        'limits set --asset BRL --per-payout 10000.00 --per-day 50000.00 --why "as the board decided"',
      ),
    )

  limits
    .command('show')
    .description('every limit, how much of it is used now, and what waits for one')
    .option('--json', 'as JSON')
    .addHelpText('after', example('limits show --json'))
    .action(({ json: asJson }: { json?: true }) => inBase(shell, base => show(shell, base, asJson)))

  of(limits.command('set'))
    .description(
      'sets limits; lowering one is done at once, raising or removing one is proposed to a second person',
    )
    .option('--per-payout <amount>', 'the most that one payout may be, or none')
    .option('--per-hour <amount>', 'the most that may leave within any hour, or none')
    .option('--per-day <amount>', 'the most that may leave within any 24 hours, or none')
    .requiredOption('--why <words>', 'the reason, for the audit log', textFlag('--why'))
    .option('--by <person>', 'who does it (default: the user of this system)', personFlag('--by'))
    .addHelpText(
      'after',
      example(
        'limits set --account main --per-hour 20000.00 --why "a new supplier"',
        'limits set --asset BTC --per-day none --why "moved to the policy file"',
      ),
    )
    .action(({ by = operator(), ...flags }: SetFlags) =>
      inBase(shell, base => set(shell, base, { ...flags, by })),
    )

  of(limits.command('object'))
    .description(
      'objects to limits that were changed: the strictest of before and after counts until two people clear it',
    )
    .requiredOption(
      '--why <words>',
      'the reason, for the audit log and everybody who is written to',
      textFlag('--why'),
    )
    .option('--by <person>', 'who objects (default: the user of this system)', personFlag('--by'))
    .addHelpText('after', example('limits object --asset BRL --why "nobody decided that"'))
    .action(({ by = operator(), why, ...flags }: ActFlags) =>
      inBase(shell, async ({ db, world }) => {
        const { objectToLimits } = await import('../payout/payout.ts')
        const scope = await scopeIn(db, flags)
        const { objection } = await done(await objectToLimits(db, world, scope.id, { by, why }))
        await shell.out(`${objection.made_by} objects to the limits of ${scope.name}\n`)
      }),
    )

  of(limits.command('clear'))
    .description(
      'proposes that an objection to limits ends; another person approves it, and neither of them proposed the limits',
    )
    .requiredOption('--why <words>', 'the reason', textFlag('--why'))
    .option('--by <person>', 'who proposes it (default: the user of this system)', personFlag('--by'))
    .addHelpText('after', example('limits clear --account main --why "the board decided it on Monday"'))
    .action(({ by = operator(), why, ...flags }: ActFlags) =>
      inBase(shell, async ({ db, world }) => {
        const { proposeLimitsClear } = await import('../payout/payout.ts')
        const { id } = await scopeIn(db, flags)
        const { proposal } = await done(await proposeLimitsClear(db, world, id, { by, why }))
        await shell.out(`proposed: somebody else says "repasse proposal approve ${proposal.id} --by NAME"\n`)
      }),
    )
}

/** Whose limits a command is about. */
const of = (command: Command): Command =>
  command
    .option('--asset <asset>', 'of all payouts in BRL or BTC', oneOf(['BRL', 'BTC'] as const)('--asset'))
    .option('--account <name>', 'of the payouts to this account instead')

type OfFlags = Pick<SetFlags, 'asset' | 'account'>
type ActFlags = OfFlags & { why: string; by?: string }

async function scopeIn(
  db: Base['db'],
  { asset: said, account }: OfFlags,
): Promise<LimitScope & { name: string; accountId: string | undefined }> {
  const { findAccount, installationScope, limitedBy, nameOfScope } = await import('../payout/payout.ts')
  if (said === undefined && account === undefined)
    throw new BadInput('--asset BRL or BTC says of which payouts, or --account NAME of whose')
  const row = account === undefined ? undefined : await findAccount(db, account)
  if (account !== undefined && !row)
    throw new BadInput(`--account "${account}" is not an account: "repasse account list" shows them`)
  const scope = await limitedBy(db, row?.id ?? installationScope(said!))
  if (said !== undefined && said !== scope.asset)
    throw new BadInput(`--asset ${said} is not what account "${account}" is paid in, which is ${scope.asset}`)
  return { ...scope, name: nameOfScope(scope), accountId: row?.id }
}

type Base = Parameters<Parameters<typeof inBase>[1]>[0]

async function set(
  shell: Shell,
  { db, world }: Base,
  { why, by, ...flags }: SetFlags & { by: string },
): Promise<void> {
  const { changeLimits, limitPers } = await import('../payout/payout.ts')
  const { asset, accountId, name } = await scopeIn(db, flags)
  const typed = { payout: flags.perPayout, hour: flags.perHour, day: flags.perDay }
  const names = { payout: '--per-payout', hour: '--per-hour', day: '--per-day' } as const
  const wanted: WantedLimits = {}
  for (const per of limitPers)
    if (typed[per] !== undefined) wanted[per] = limitFlag(names[per], typed[per], asset)
  if (Object.keys(wanted).length === 0)
    throw new BadInput('--per-payout, --per-hour or --per-day says what the limit is, each an amount or none')

  const changed = await db.tx(tx => changeLimits(tx, world, { asset, accountId, wanted, by, why }))
  switch (changed.is) {
    case 'lowered':
      return shell.out('the limits are lowered: "repasse limits show"\n')
    case 'same':
      return shell.out('the limits are so already\n')
    case 'objected':
      throw new BadInput(
        `${changed.by} objects to the limits of ${name}, so nobody raises them until two people have cleared that ("repasse limits clear"): ${changed.why}`,
      )
    case 'proposed':
    case 'there':
      return shell.out(
        `proposed, for it lets more leave: somebody else says "repasse proposal approve ${changed.proposal.id} --by NAME"\n`,
      )
    case 'another':
    case 'barred':
      return void (await done(changed))
  }
}

/** An amount in reais or in BTC, as people type it, or `none`. */
function limitFlag(flag: string, text: string, asset: Asset): bigint | null {
  if (text === 'none') return null
  const typed = readTyped(text, asset)
  if (typed.is === 'amount') return typed.units
  throw new BadInput(
    `${flag} "${text}" is neither an amount in ${asset === 'BRL' ? 'reais, e.g. 10000.00' : 'BTC, e.g. 0.05'}, nor none, which takes the limit away`,
  )
}

const perWords = { payout: 'a payout', hour: 'an hour', day: 'a day' } as const satisfies Record<
  LimitPer,
  string
>

async function show(shell: Shell, { db }: Base, asJson: true | undefined): Promise<void> {
  const { everyLimitObjection, nameOfScope, showLimits: seeLimits } = await import('../payout/payout.ts')
  const { limits, waiting } = await db.tx(async tx => seeLimits(tx, await tx.now()))
  const objections = await everyLimitObjection(db)
  if (asJson)
    return shell.out(
      json({
        limits: limits.map(
          ({
            account,
            asset,
            per,
            units,
            used,
            set_by: setBy,
            approved_by: approvedBy,
            set_at: setAt,
            next_units: next,
            next_from: nextFrom,
          }) => ({
            ...{
              account,
              per,
              ...moneyOf(units, asset),
              used: used === undefined ? null : moneyOf(used, asset),
              setBy,
              approvedBy,
              setAt,
            },
            ...{ nextFrom, next: next === null ? null : moneyOf(next, asset) },
          }),
        ),
        waiting: waiting.map(
          ({ payout_id: id, account, asset, units, per, needs, next_at: nextAt, added_at: since }) => ({
            ...{ payout: id, account, ...moneyOf(units, asset), per, needs, since, nextAt },
          }),
        ),
        objections: objections.map(({ account, asset, made_by: by, why, added_at: at }) => ({
          account,
          asset,
          by,
          why,
          at,
        })),
      }),
    )
  if (limits.length === 0)
    return shell.out('no limit is set: whatever is owed to an approved account leaves by itself\n')
  for (const objection of objections)
    await shell.out(
      `${objection.made_by} objects to the limits of ${nameOfScope(objection)}, so the strictest of before and after counts: ${objection.why}\n`,
    )
  const whole = (asset: Asset) => `all in ${asset}`
  await shell.out(
    table(
      ['OF', 'WITHIN', '>LIMIT', '>USED', '>LEFT', 'SET BY', 'APPROVED BY', 'SET (UTC)'],
      limits.map(
        ({
          account,
          asset,
          per,
          units,
          used,
          set_by: setBy,
          approved_by: approvedBy,
          set_at: at,
          next_units: next,
          next_from: from,
        }) => [
          ...[account ?? whole(asset), perWords[per]],
          from === null
            ? formatMoney(units, asset)
            : `${formatMoney(units, asset)} (${next === null ? 'none' : formatMoney(next, asset)} from ${from})`,
          ...(used === undefined
            ? ['', '']
            : [formatMoney(used, asset), formatMoney(units > used ? units - used : 0n, asset)]),
          ...[setBy, approvedBy ?? '', at],
        ],
      ),
    ),
  )
  if (waiting.length > 0)
    await shell.out(
      `\n${table(
        ['WAITS', '>AMOUNT', 'TO', 'FOR'],
        waiting.map(({ payout_id: id, units, asset, account, needs, per, next_at: at }) => [
          ...[id, formatMoney(units, asset), account],
          needs === 'person'
            ? `two people: repasse payout approve ${id} --why …`
            : `room in the limit of ${perWords[per]}, looked at again at ${at}`,
        ]),
      )}`,
    )
}

/** `repasse payout approve`: the maker's half; the checker's is `proposal approve`. */
export function approveCommand(payout: Command, shell: Shell): void {
  payout
    .command('approve')
    .description(
      'proposes that one that waits for a limit goes beyond it, once; a second person approves that',
    )
    .argument('<id>', 'the payout')
    .requiredOption('--why <words>', 'the reason, for whoever approves and the audit log', textFlag('--why'))
    .option('--by <person>', 'who proposes it (default: the user of this system)', personFlag('--by'))
    .addHelpText(
      'after',
      example('payout approve pay_01k9zq3f5c8wxy2m7n4p6r8s0t --why "three months of rent at once"'),
    )
    .action((id: string, { why, by = operator() }: { why: string; by?: string }) =>
      inBase(shell, async ({ db, world }) => {
        const { proposeBeyond } = await import('../payout/payout.ts')
        const beyond = await db.tx(tx => proposeBeyond(tx, world, id, { by, why }))
        switch (beyond.is) {
          case 'unknown':
            throw new BadInput(`there is no payout "${id}": "repasse payout list" shows them`)
          case 'waits for no limit':
            throw new BadInput(`payout ${id} waits for no limit: "repasse limits show" lists those that do`)
          case 'another':
          case 'barred':
            return void (await done(beyond))
          case 'proposed':
          case 'there':
            return shell.out(
              `proposed: somebody else says "repasse proposal approve ${beyond.proposal.id} --by NAME", and ${amountOf(beyond.proposal.detail)} goes beyond the limits\n`,
            )
        }
      }),
    )
}

function amountOf(detail: string): string {
  const { asset, amount } = JSON.parse(detail) as { asset: Asset; amount: string }
  return `${amount} ${asset}`
}

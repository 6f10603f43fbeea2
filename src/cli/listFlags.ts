/**
 * The flags of a list: the filters of the console's list under the same names, how many rows, and from which
 * row on.
 */
import type { Command } from 'commander'
import { BadInput } from '../base/answer.ts'
import { brazilZone } from '../base/zone.ts'
import type { Reader } from '../db/db.ts'
import type { ListFilters } from '../queries/filters.ts'
import type { NamedKind, Unnamed } from '../queries/asked.ts'
import type { After, Asked } from '../queries/page.ts'
import type { Shell } from './context.ts'
import { countFlag, oneOf, textFlag } from './flags.ts'

/** As commander hands them over. */
export type ListFlags<Name extends string> = { [name in Name | 'from' | 'to' | 'before']?: string } & {
  limit: number
  json?: true
}

/** What stands for the value, and what the filter keeps. */
const filters: Record<string, [string, string]> = {
  q: [
    'text',
    'only what this finds: any id, a tax id, a txid or end-to-end id, an amount, an order’s number or its buyer’s e-mail',
  ],
  rail: ['rail', 'only on this rail'],
  account: ['name', 'only those to this account'],
  schedule: ['name', 'only those of this schedule'],
  slot: ['id', 'only those of this slot'],
  order: ['id', 'only those of this order'],
  invoice: ['id', 'only that of this invoice'],
  kind: ['kind', 'only of this kind, e.g. invoice.credited'],
  via: ['way', 'only those that came by push, or were polled'],
  job: ['name', 'only of this job'],
  actor: ['name', 'only what this person or program did'],
  act: ['act', 'only this act, e.g. "account approved"'],
  subject: ['id', 'only those about this payout, invoice, account, …'],
  by: ['person', 'only those that this person made'],
  state: ['state', 'only these'],
}

/** Adds them to `list`. `noun` says what `--before` names. */
export function listFlags<Name extends string>(
  list: Command,
  { names, choices }: ListFilters<Name>,
  noun: string,
): Command {
  for (const name of names) {
    const [value, says] = filters[name]!
    const among = choices[name]
    const flag = `--${name}`
    list.option(
      `${flag} <${value}>`,
      among ? `${says}: ${among.join(', ')}` : says,
      among ? oneOf(among)(flag) : textFlag(flag),
    )
  }
  return list
    .option('--from <date>', 'only from this day on, e.g. 2026-11-21: it begins at midnight in São Paulo')
    .option('--to <date>', 'only up to the end of this day')
    .option('--limit <n>', 'how many at most', countFlag(10_000)('--limit'), 50)
    .option('--before <id>', `older than this ${noun}, to read on`)
    .option('--json', 'as JSON')
}

/** What they ask for. `place` finds the row that `--before` names. */
export async function readFilters<Name extends string>(
  reader: Reader,
  flags: ListFlags<Name>,
  list: ListFilters<Name>,
  place: (id: string) => Promise<After>,
): Promise<Asked<Name>> {
  const [{ dayOf }, { judgeFilters }] = await Promise.all([
    import('../queries/page.ts'),
    import('../queries/asked.ts'),
  ])
  const typed = flags as Partial<Record<string, string>>
  const day = (name: 'from' | 'to') => {
    const text = typed[name]
    const found = text === undefined ? undefined : dayOf(text, brazilZone)
    if (text !== undefined && !found)
      throw new BadInput(`--${name} "${text}" is not a day: write e.g. 2026-11-21`)
    return found
  }
  const query = Object.fromEntries(list.names.map(name => [name, typed[name]])) as Asked<Name>['query']
  const { unnamed, isCut } = await judgeFilters(reader, list, query)
  if (unnamed.length > 0) throw new BadInput(unnamed.map(sayUnnamed).join('\n'))
  const before = typed['before']
  return {
    query,
    from: day('from')?.from,
    until: day('to')?.until,
    after: before === undefined ? undefined : await place(before),
    isCut,
  }
}

/** What there is, and how it is listed. */
const things: Record<NamedKind, [string, string]> = {
  account: ['an account', 'account list'],
  schedule: ['a schedule', 'schedule list'],
  slot: ['a slot', 'schedule show NAME'],
  order: ['an order', 'order list'],
  invoice: ['an invoice', 'invoice list'],
  job: ['a job', 'run list'],
  person: ['a person or program that did anything here', 'user list'],
}

/** An account that a flag names and nobody added. */
export const sayUnnamed = ({ filter, kind, written, near }: Unnamed): string => {
  const [thing, shown] = things[kind]
  const meant = near === undefined ? '' : `did you mean "${near}"? `
  return `--${filter} "${written}" is not ${thing}: ${meant}"repasse ${shown}" shows them`
}

/**
 * What of them says which rows, for the record that somebody took whole tax ids away: each page is another.
 */
export const chosenBy = <Name extends string>({
  limit: _,
  json: __,
  ...chosen
}: ListFlags<Name>): Readonly<Record<string, string>> => chosen as Record<string, string>

/**
 * Says how to read on where the list is as long as it may be, and where a search did not read all there is.
 */
export function sayMore(
  { err }: Pick<Shell, 'err'>,
  { limit, json }: { limit: number; json?: true },
  ids: readonly string[],
  { isCut } = { isCut: false },
): void {
  // What reads --json does not see it in the rows, and an empty list is no proof that there is nothing.
  if (isCut)
    err(
      'something may be missing: more events came in the hours after that payment than a search reads; look for its amount or the payer’s tax id as well\n',
    )
  if (!json && ids.length === limit) err(`older ones: --before ${ids.at(-1)}\n`)
}

/**
 * Lines of the bank's statement that are about nothing of ours, and the rules that cover some of them: what
 * left stops payouts until it is covered or two people have looked at it.
 */
import { because, sentence } from '../base/reasons.ts'
import { doneFault } from '../approvals/approvals.ts'
import { newId } from '../base/id.ts'
import type { Machine, StateOf } from '../base/machine.ts'
import { formatReais } from '../base/money.ts'
import { later, millis, type Instant, type World } from '../base/world.ts'
import { wallAt, dayMs } from '../base/zone.ts'
import {
  audit,
  detailOf,
  keepBankStop,
  propose,
  type strangerMachine,
  type Finding,
  type ProposalRow,
  type Proposed,
} from '../ledger/ledger.ts'
import type { StatementLine } from '../rails/rail.ts'
import { stateTable, encrypted, remember, sql, type Reader, type Db, type Tx } from '../db/db.ts'
import { strangers } from '../ledger/tables.ts'
import { refuseIf, type LineRefusal } from './refusals.ts'

export const externalRuleMachine = { active: ['closed'], closed: [] } as const satisfies Machine
const externalRules = stateTable('external_rules', externalRuleMachine)

export type StrangerRow = {
  /** The line's own id at the bank. */
  id: string
  rail: string
  state: StateOf<typeof strangerMachine>
  /** Signed: what entered is positive. */
  units: bigint
  description: string
  source: string
  at: Instant
  rule_id: string | null
  why: string | null
  decided_by: string | null
  added_at: Instant
  changed_at: Instant
}

/** What may move money at the bank without being ours. */
export interface ExternalRule {
  direction: 'in' | 'out'
  /**
   * What of the line is compared with `text`, and how: no patterns, so that a rule covers what it says and
   * nothing else.
   */
  field: 'description' | 'source'
  match: 'equals' | 'starts'
  text: string
  /** Of one line, and of all lines of one day or month, in cents. */
  maxUnits: bigint
  period: 'day' | 'month'
  periodUnits: bigint
}

export type ExternalRuleRow = {
  id: string
  name: string
  state: StateOf<typeof externalRuleMachine>
  direction: ExternalRule['direction']
  field: ExternalRule['field']
  match: ExternalRule['match']
  text: string
  max_units: bigint
  period: ExternalRule['period']
  period_units: bigint
  why: string
  added_by: string
  approved_by: string
  added_at: Instant
  changed_at: Instant
}

export const ruleOf = (row: ExternalRuleRow): ExternalRule => ({
  ...{ direction: row.direction, field: row.field, match: row.match, text: row.text },
  ...{ maxUnits: row.max_units, period: row.period, periodUnits: row.period_units },
})

type Line = Pick<StrangerRow, 'units' | 'description' | 'source' | 'at'>

const size = (units: bigint) => (units < 0n ? -units : units)

/** Whether a rule is about this line, whatever else it has covered already. Pure. */
export function covers(rule: ExternalRule, line: Line): boolean {
  if ((line.units < 0n ? 'out' : 'in') !== rule.direction || size(line.units) > rule.maxUnits) return false
  const text = line[rule.field].trim()
  return rule.match === 'equals' ? text === rule.text : text.startsWith(rule.text)
}

/** A finance person's days and months, which are the bank's. */
const zone = 'America/Sao_Paulo'

/** Which day or month a line falls in. */
export function periodOf(period: ExternalRule['period'], at: Instant): string {
  return new Date(wallAt(zone, millis(at))).toISOString().slice(0, period === 'day' ? 10 : 7)
}

/** Why an active rule is not what two people approved; undefined where it is. */
async function ruleFault(reader: Reader, row: ExternalRuleRow): Promise<string | undefined> {
  const { id, name } = row
  const past = `rule ${name} is active, and nobody made it so: somebody has changed it past this program`
  const last = await reader.one<{ seq: bigint; actor: string; act: string }>(sql`
    select seq, actor, act from audit where subject = ${id}
      and act in ('external rule approved', 'external rule closed') order by seq desc limit 1`)
  if (last?.act !== 'external rule approved') return past
  return doneFault(reader, last, { act: ruleAct, about: name, says: detailOfRule(ruleOf(row)) })
}

/** Rules that are not what two people approved: they cover nothing. An empty list is the proof. */
export async function checkRules(reader: Reader): Promise<Finding[]> {
  const found: Finding[] = []
  for (const row of await reader.all<ExternalRuleRow>(
    sql`select * from external_rules where state = 'active' order by id`,
  )) {
    const says = await ruleFault(reader, row)
    if (says !== undefined) found.push({ invariant: 'approvals', subject: row.id, says })
  }
  return found
}

/**
 * The rule that covers a line and has room for it in its day or month; `full` where one would, but for that.
 */
async function ruleFor(tx: Tx, line: Line): Promise<{ rule?: ExternalRuleRow; full?: ExternalRuleRow }> {
  const rows = await tx.all<ExternalRuleRow>(
    sql`select * from external_rules where state = 'active' order by added_at, id`,
  )
  let full: ExternalRuleRow | undefined
  for (const row of rows) {
    const rule = ruleOf(row)
    if (!covers(rule, line) || (await ruleFault(tx, row)) !== undefined) continue
    const around = await tx.all<{ units: bigint; at: Instant }>(sql`
      select units, at from strangers where rule_id = ${row.id} and at > ${later(line.at, -32 * dayMs)}
        and at < ${later(line.at, 32 * dayMs)}`)
    const period = periodOf(rule.period, line.at)
    const used = around.reduce(
      (sum, { units, at }) => (periodOf(rule.period, at) === period ? sum + size(units) : sum),
      0n,
    )
    if (used + size(line.units) <= rule.periodUnits) return { rule: row }
    full = row
  }
  return full ? { full } : {}
}

const opening = 'opening until'

/**
 * Up to when lines are older than this database. From the first reading of the statement on that is by the
 * bank's own time, for the clock may have been ahead when the database was made.
 */
async function openingUntil(reader: Reader): Promise<Instant | undefined> {
  const kept = await reader.one<{ value: Instant }>(sql`select value from settings where name = ${opening}`)
  return (
    kept?.value ?? (await reader.one<{ at: Instant }>(sql`select min(applied_at) as at from migrations`))?.at
  )
}

/**
 * The statement was read to its end, up to `newest`: where that was the first time, no later line is part of
 * what was there before.
 */
export async function endOpening(tx: Tx, newest: Instant | undefined): Promise<void> {
  const began = (await openingUntil(tx)) ?? ''
  // An empty statement has no opening.
  const until = newest === undefined || newest < began ? (newest ?? '') : began
  await tx.run(
    sql`insert into settings (name, value) values (${opening}, ${until}) on conflict (name) do nothing`,
  )
}

/**
 * Keeps a line that was booked as external just now. `disowned`: who said of a transfer under our tag that it
 * is not ours, and why.
 */
export async function noteStranger(
  tx: Tx,
  rail: string,
  line: StatementLine,
  disowned: { by: string; why: string } | undefined,
): Promise<void> {
  const now = await tx.now()
  const until = await openingUntil(tx)
  const row: Line = {
    units: line.units,
    description: line.description.slice(0, 200),
    source: line.source.slice(0, 200),
    at: line.createdAt,
  }
  const isOpening = until !== undefined && line.createdAt <= until
  const { rule, full } = isOpening || disowned ? {} : await ruleFor(tx, row)
  const state = isOpening ? 'opening' : disowned ? 'accepted' : rule ? 'ruled' : 'open'
  const why =
    (disowned && because('said', { said: disowned.why })) ??
    (full
      ? because('rule-used-up', { rule: full.name, period: full.period })
      : rule
        ? because('by-rule', { rule: rule.name })
        : undefined)
  await tx.run(sql`
    insert into strangers (id, store_id, rail, state, units, description, source, at, rule_id, why,
      decided_by, added_at, changed_at)
    values (${line.id}, ${tx.store}, ${rail}, ${state}, ${row.units},
      ${encrypted('strangers.description', line.id, row.description)},
      ${row.source}, ${row.at}, ${rule?.id ?? null}, ${why === undefined ? null : sentence(why)},
      ${disowned?.by ?? null}, ${now}, ${now})`)
  await remember(tx, 'strangers', line.id, '', state, { why: why ?? because('seen-in-statement') }, now)
}

export const findStranger = (reader: Reader, id: string) =>
  reader.one<StrangerRow>(sql`select * from strangers where id = ${id}`)

/** Newest first. */
export const listStrangers = (
  reader: Reader,
  { state, limit }: { state?: StrangerRow['state']; limit: number },
): Promise<StrangerRow[]> =>
  reader.all<StrangerRow>(sql`
    select * from strangers
      where store_id = ${reader.store} ${state === undefined ? sql`` : sql`and state = ${state}`}
    order by at desc, id desc limit ${limit}`)

export const findRule = (reader: Reader, name: string) =>
  reader.one<ExternalRuleRow>(
    sql`select * from external_rules where store_id = ${reader.store} and name = ${name} order by case
      when state = 'active' then 0 else 1 end, id desc limit 1`,
  )

/** The active ones first. */
export const listRules = (reader: Reader, limit = 200): Promise<ExternalRuleRow[]> =>
  reader.all<ExternalRuleRow>(sql`
    select * from external_rules where store_id = ${reader.store} order by case when state = 'active' then 0
      else 1 end, name, id limit ${limit}`)

interface Act {
  by: string
  why: string
}

/** Why a line cannot be taken as looked at now. */
export const mayAcceptLine = (
  line: Pick<StrangerRow, 'state' | 'why'> | undefined,
  id: string,
): LineRefusal | undefined => {
  if (!line) return { is: 'line-unknown', id }
  return line.state === 'open' ? undefined : { is: 'line-decided', id, state: line.state, why: line.why }
}

/** Proposes that a line be taken as looked at. */
export async function proposeAccept(
  db: Db,
  world: World,
  id: string,
  { by, why }: Act,
): Promise<Proposed | LineRefusal> {
  return db.tx(async tx => {
    const line = await findStranger(tx, id)
    const refusal = mayAcceptLine(line, id)
    if (refusal) return refusal
    const detail = { amount: formatReais(line!.units), at: line!.at }
    return propose(tx, world, { act: acceptAct, subject: id, detail, why, by })
  })
}

/**
 * What a proposal says, with the words of the statement line it is about. Those may name a payer, so they are
 * kept with the line alone, where they can be blanked, and neither in the audit log nor in what is approved.
 */
export async function detailShown(reader: Reader, row: ProposalRow): Promise<Record<string, string>> {
  const { amount, ...more } = detailOf(row)
  const line = row.act === acceptAct ? await findStranger(reader, row.subject) : undefined
  return { ...(amount !== undefined && { amount }), ...(line && { description: line.description }), ...more }
}

/** Why a rule is not one that could cover lines. Pure. */
export function mayBeRule({ text, maxUnits, periodUnits }: ExternalRule): LineRefusal | undefined {
  if (text.trim() === '') return { is: 'rule-says-nothing' }
  return maxUnits <= 0n || periodUnits < maxUnits ? { is: 'rule-amounts-wrong' } : undefined
}

/** Proposes a rule. */
export async function proposeRule(
  db: Db,
  world: World,
  name: string,
  rule: ExternalRule,
  { by, why }: Act,
): Promise<Proposed | LineRefusal> {
  return db.tx(async tx => {
    const refusal = mayBeRule(rule) ?? (await mayTakeName(tx, name))
    if (refusal) return refusal
    return propose(tx, world, { act: ruleAct, subject: name, detail: detailOfRule(rule), why, by })
  })
}

/** As a proposal has it: amounts for people, and to the cent. */
const detailOfRule = ({
  direction,
  field,
  match,
  text,
  maxUnits,
  period,
  periodUnits,
}: ExternalRule): Record<string, string> => ({
  ...{
    direction,
    field,
    match,
    text: text.trim(),
    most: formatReais(maxUnits),
    period,
    mostInPeriod: formatReais(periodUnits),
  },
  ...{ mostUnits: `${maxUnits}`, periodUnits: `${periodUnits}` },
})

const mayTakeName = async (reader: Reader, name: string): Promise<LineRefusal | undefined> =>
  (await findRule(reader, name))?.state === 'active' ? { is: 'rule-name-taken', name } : undefined

/** Ends a rule: what it would cover stops payouts again, so one person may. What it covered stays covered. */
export async function closeRule(
  db: Db,
  name: string,
  { by, why }: Act,
): Promise<{ is: 'done' } | LineRefusal> {
  return db.tx(async tx => {
    const rule = await findRule(tx, name)
    if (rule?.state !== 'active') return { is: 'rule-unknown', name }
    await externalRules.move(tx, { id: rule.id, state: 'active' }, 'closed', {
      why: because('said-by', { by, said: why }),
    })
    await audit(tx, { actor: by, act: 'external rule closed', subject: rule.id, detail: { name, why } })
    return { is: 'done' }
  })
}

export const acceptAct = 'line.accept'
export const ruleAct = 'rule.add'

/** In the transaction of the approval. */
export async function carryOutAccept(
  tx: Tx,
  { subject: id, made_by: madeBy, decided_by: by, why }: ProposalRow,
): Promise<void> {
  refuseIf(mayAcceptLine(await findStranger(tx, id), id))
  const cause = { why: because('said-by-two', { madeBy, by: by!, said: why }) }
  await strangers.move(tx, { id, state: 'open' }, 'accepted', cause, [
    sql`decided_by = ${by}`,
    sql`why = ${why}`,
  ])
  await audit(tx, { actor: by!, act: 'statement line accepted', subject: id, detail: { madeBy, why } })
  await keepBankStop(tx)
}

/** In the transaction of the approval. */
export async function carryOutRule(tx: Tx, world: World, proposal: ProposalRow): Promise<void> {
  const { subject: name, made_by: madeBy, decided_by: by, why } = proposal
  refuseIf(await mayTakeName(tx, name))
  const said = detailOf(proposal)
  const id = newId('rule', world)
  const now = await tx.now()
  await tx.run(sql`
    insert into external_rules (id, store_id, name, state, direction, field, match, text, max_units, period,
      period_units, why, added_by, approved_by,
      added_at, changed_at)
    values (${id}, ${tx.store}, ${name}, 'active', ${said['direction']!}, ${said['field']!},
      ${said['match']!}, ${said['text']!},
      ${BigInt(said['mostUnits']!)}, ${said['period']!}, ${BigInt(said['periodUnits']!)}, ${why}, ${madeBy},
        ${by!}, ${now}, ${now})`)
  await remember(
    tx,
    'external_rules',
    id,
    '',
    'active',
    { why: because('said-by-two', { madeBy, by: by!, said: why }) },
    now,
  )
  await audit(tx, {
    actor: by!,
    act: 'external rule approved',
    subject: id,
    detail: { name, madeBy, why, ...said },
  })
  await coverOpen(tx)
  await keepBankStop(tx)
}

/** A rule is made when its first line has come: what waits is covered too, as far as the rule has room. */
async function coverOpen(tx: Tx): Promise<void> {
  for (const line of await tx.all<StrangerRow>(
    sql`select * from strangers where state = 'open' order by at, id limit 1000`,
  )) {
    const { rule } = await ruleFor(tx, line)
    if (!rule) continue
    const why = because('by-rule', { rule: rule.name })
    await strangers.move(tx, { id: line.id, state: 'open' }, 'ruled', { why, ref: rule.id }, [
      sql`rule_id = ${rule.id}`,
      sql`why = ${sentence(why)}`,
    ])
  }
}

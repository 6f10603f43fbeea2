/**
 * Addresses: numbers of our account, handed out once each and never again, with the scripts beyond them
 * watched too.
 */
import type { Branch, ChainRail, Destination } from '../rails/chain.ts'
import { forUpdate, join, sql, type Reader, type Db, type Tx } from '../db/db.ts'

type Deriving = Pick<ChainRail, 'derive'>

/**
 * Scripts watched beyond the last number handed out: what is paid to one that a lost database had handed out
 * is seen all the same.
 */
export const lookAhead = 1_000

export interface Address extends Destination {
  branch: Branch
  number: number
}

export type ScriptRow = {
  script: Uint8Array
  address: string
  branch: Branch
  number: bigint
  invoice_id: string | null
  added_at: string
}

/** Fills the look-ahead; the first call on a database makes all of it. Answers how many scripts were new. */
export async function prepareScripts(db: Db, rail: Deriving): Promise<number> {
  let made = 0
  for (const branch of ['receive', 'change'] as const)
    made += await db.tx(async tx => {
      const [next, known] = [await nextOf(tx, branch), await knownOf(tx, branch)]
      await keep(tx, rail, branch, known, next + lookAhead)
      return Math.max(0, next + lookAhead - known)
    })
  return made
}

/** Takes the next number of a branch, for an invoice where one is named, and answers its address. */
export async function takeAddress(
  tx: Tx,
  rail: Deriving,
  branch: Branch,
  invoiceId?: string,
): Promise<Address> {
  const number = await nextUnpaid(tx, branch)
  // One more at a time, but after numbers were passed over: then all that lie between, so that none is
  // missing from what is watched.
  await keep(tx, rail, branch, await knownOf(tx, branch), number + lookAhead + 1)
  const { address, script } = rail.derive(branch, number)
  if (invoiceId !== undefined) {
    const given = await tx.run(
      sql`update chain_scripts set invoice_id = ${invoiceId} where script = ${script} and invoice_id is null`,
    )
    if (given !== 1) throw new Error(`address ${number} was handed out before`)
  }
  return { address, script, branch, number }
}

/**
 * Money came to some before they were shown: whoever sent it could pay there again, so those are nobody's.
 */
async function nextUnpaid(tx: Tx, branch: Branch): Promise<number> {
  for (;;) {
    const taken = await tx.one<{ next: bigint }>(
      sql`update chain_branches set next_index = next_index + 1 where branch = ${branch}
        returning next_index as next`,
    )
    const number = taken!.next - 1n
    const paid =
      branch === 'receive' &&
      (await tx.one(sql`select 1 as yes from coins where branch = ${branch} and number = ${number} limit 1`))
    if (!paid) return Number(number)
  }
}

/** The next number of a branch, which nobody else can take before this transaction ends. */
export const holdNext = async (tx: Tx, branch: Branch): Promise<number> =>
  Number(
    (await tx.one<{ next: bigint }>(
      sql`select next_index as next from chain_branches where branch = ${branch} ${forUpdate}`,
    ))!.next,
  )

/** The next number of each branch, as some database has it. */
export type NextNumbers = Readonly<Record<Branch, bigint>>

export async function nextNumbers(reader: Reader): Promise<NextNumbers> {
  const rows = await reader.all<{ branch: Branch; next: bigint }>(
    sql`select branch, next_index as next from chain_branches`,
  )
  const of = (branch: Branch) => rows.find(row => row.branch === branch)?.next ?? 0n
  return { receive: of('receive'), change: of('change') }
}

/**
 * After a restore: numbers that may have been handed out since the backup are passed over. Their scripts stay
 * watched. `replaced`: what the database had come to whose place the backup took; where that was restored
 * itself, from a backup as old as this one, it handed out the numbers that would come next. A backup from
 * before the first number was handed out has a schedule that has handed out some since.
 */
export async function passOver(tx: Tx, replaced: NextNumbers = { receive: 0n, change: 0n }): Promise<void> {
  for (const branch of ['receive', 'change'] as const)
    await tx.run(sql`
      update chain_branches
      set next_index = case when next_index > ${replaced[branch]} then next_index
        else ${replaced[branch]} end + ${lookAhead}
      where branch = ${branch} and (next_index > 0 or ${replaced[branch]} > 0 or exists (select 1
        from chain_scripts)
        or exists (select 1 from settings where name = 'bitcoin identity') or exists (select 1 from schedules
          where rail = 'bitcoin'))`)
}

export const nextOf = async (reader: Reader, branch: Branch): Promise<number> =>
  Number(
    (await reader.one<{ next: bigint }>(
      sql`select next_index as next from chain_branches where branch = ${branch}`,
    ))!.next,
  )

const knownOf = async (reader: Reader, branch: Branch): Promise<number> =>
  Number(
    (
      await reader.one<{ known: bigint | null }>(
        sql`select max(number) + 1 as known from chain_scripts where branch = ${branch}`,
      )
    )?.known ?? 0n,
  )

/** So many scripts are one statement: a look-ahead is thousands, and sockets are served between two. */
const keptAtOnce = 50

/** The scripts of a branch's numbers from `from` up to, and not with, `before`. */
async function keep(tx: Tx, rail: Deriving, branch: Branch, from: number, before: number): Promise<void> {
  for (let first = from; first < before; first += keptAtOnce) {
    const now = await tx.now()
    const rows = Array.from({ length: Math.min(keptAtOnce, before - first) }, (_, at) => {
      const { address, script } = rail.derive(branch, first + at)
      return sql`(${script}, ${address}, ${branch}, ${first + at}, ${now})`
    })
    await tx.run(sql`
      insert into chain_scripts (script, address, branch, number, added_at) values ${join(rows)}
      on conflict do nothing`)
  }
}

/** Addresses handed out, in their order. */
export const listAddresses = async (
  reader: Reader,
  branch: Branch,
  from: number,
  limit: number,
): Promise<ScriptRow[]> =>
  reader.all<ScriptRow>(sql`
    select * from chain_scripts where branch = ${branch} and number >= ${from}
      and number < ${await nextOf(reader, branch)}
    order by number limit ${limit}`)

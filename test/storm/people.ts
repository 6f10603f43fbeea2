/**
 * People during a storm: they stop payouts and let them go, hold, release, refund, cancel, and approve what
 * others proposed, while processes die; and the bank turns us away for a while.
 */
import { repasse } from '../../sim/demoWorker.ts'
import { join, sql } from '../../src/db/db.ts'
import { reasonsSeen } from '../testbed/reasonsSeen.ts'
import { pause, type Stage } from './stage.ts'

/** How often each act was done, and how often it was refused because the world had moved on. */
export type PeopleFigures = Map<string, { done: number; refused: number }>

export interface People {
  figures: PeopleFigures
  /** Things that must not be: an act that failed other than by being refused. */
  found: string[]
  /** Goes on until `over`, an act every second or so. */
  act(over: AbortSignal): Promise<void>
  /** The storm is over: the bank lets us in, payouts go, and what is still proposed is decided. */
  settle(): Promise<void>
}

interface Command {
  /** What a person calls it, for the figures. */
  is: string
  words: string[]
}

const why = ['--why', 'a storm']

export function peopleOf({ places, db, bank, world }: Stage): People {
  const { random } = world
  const figures: PeopleFigures = new Map()
  const found: string[] = []

  /** Exit 2 is a refusal: somebody was faster. */
  async function say({ is, words }: Command): Promise<boolean> {
    const { code, stdout, stderr } = await repasse(places[0]!.folder, words)
    const told = stderr || stdout
    const count = figures.get(is) ?? { done: 0, refused: 0 }
    if (code === 0) count.done += 1
    else count.refused += 1
    figures.set(is, count)
    // 1 is also what a command answers whose act was done and waits; a surprise says so in other words.
    if (code === 1 && surprise.test(told))
      found.push(`repasse ${words.join(' ')}: ${told.trim().slice(0, 300)}`)
    return code === 0
  }

  async function oneOf(rows: Promise<{ id: string }[]>): Promise<string | undefined> {
    const all = await rows
    return all[random.between(0, Math.max(0, all.length - 1))]?.id
  }
  const payoutThatIs = (...states: string[]) =>
    oneOf(db.all(sql`select id from payouts where state in (${join(states)}) order by id`))
  const invoiceThatIs = (...states: string[]) =>
    oneOf(
      db.all(
        sql`select id from invoices where rail = 'starkbank' and state in (${join(states)}) order by id`,
      ),
    )

  /** What a person does to a thing that is in one of these states; nothing where there is none. */
  const to = (find: () => Promise<string | undefined>, words: (id: string) => string[]) => async () => {
    const id = await find()
    return id === undefined ? undefined : words(id)
  }
  const part = () => `${random.between(1, 15)}.${String(random.between(0, 99)).padStart(2, '0')}`

  /** Whoever lets payouts go has read every reason there is. */
  const go = async () => ['payout', 'go', ...why, ...(await reasonsSeen(db))]

  /** How likely each is, and what is typed. Whatever is proposed waits for the other person. */
  const acts: [is: string, weight: number, words: () => Promise<string[] | undefined>][] = [
    ['stop', 1, async () => ['payout', 'stop', ...why]],
    ['go', 3, go],
    [
      'hold',
      3,
      to(
        () => payoutThatIs('owed', 'waiting'),
        id => ['payout', 'hold', id, ...why],
      ),
    ],
    [
      'release',
      4,
      to(
        () => payoutThatIs('held'),
        id => ['payout', 'release', id, ...why],
      ),
    ],
    [
      'retry',
      3,
      to(
        () => payoutThatIs('waiting', 'returned', 'held', 'paid'),
        id => ['payout', 'retry', id, ...why],
      ),
    ],
    [
      'refund a part',
      2,
      to(
        () => invoiceThatIs('credited'),
        id => ['invoice', 'refund', id, '--amount', part(), '--by', 'maker', ...why],
      ),
    ],
    [
      'refund',
      1,
      to(
        () => invoiceThatIs('credited'),
        id => ['invoice', 'refund', id, '--by', 'maker', ...why],
      ),
    ],
    [
      'cancel',
      1,
      to(
        () => invoiceThatIs('issued', 'overdue'),
        id => ['invoice', 'cancel', id, ...why],
      ),
    ],
    [
      'reissue',
      2,
      to(
        () => invoiceThatIs('canceled', 'expired', 'refused'),
        id => ['invoice', 'reissue', id, ...why],
      ),
    ],
    [
      'approve',
      6,
      to(
        () => openProposal(),
        id => ['proposal', 'approve', id, '--by', 'checker'],
      ),
    ],
    [
      'refuse',
      1,
      to(
        () => openProposal(),
        id => ['proposal', 'refuse', id, '--by', 'checker', ...why],
      ),
    ],
  ]
  const openProposal = () => oneOf(db.all(sql`select id from proposals where state = 'open' order by id`))
  const weights = acts.reduce((sum, [, weight]) => sum + weight, 0)

  function draw(): (typeof acts)[number] {
    let left = random.between(1, weights)
    return acts.find(([, weight]) => (left -= weight) <= 0)!
  }

  async function act(over: AbortSignal): Promise<void> {
    for (; !over.aborted; await pause(world, random.between(400, 1_600))) {
      const [is, , words] = draw()
      const typed = await words()
      if (typed) await say({ is, words: typed })
      // The bank turns everybody away for a while, as if the key had been taken back.
      if (random.next() < 0.03) {
        bank.setSettings({ refuseAll: 'invalidCredentials' })
        await pause(world, random.between(1_000, 6_000))
        bank.setSettings({ refuseAll: undefined })
      }
      // Somebody sends money for nothing that we asked for.
      if (random.next() < 0.03) bank.deposit(random.between(1, 5_000))
    }
    bank.setSettings({ refuseAll: undefined })
  }

  async function settle(): Promise<void> {
    await say({ is: 'go', words: await go() })
    for (const { id } of await db.all<{ id: string }>(
      sql`select id from payouts where state = 'held' and why = 'a storm' order by id`,
    ))
      await say({ is: 'release', words: ['payout', 'release', id, ...why] })
    for (const { id } of await db.all<{ id: string }>(
      sql`select id from proposals where state = 'open' order by id`,
    ))
      await say({ is: 'refuse', words: ['proposal', 'refuse', id, '--by', 'checker', ...why] })
  }

  return { figures, found, act, settle }
}

/** A program's words for what it did not expect, not a person's. */
const surprise = /TypeError|RangeError|ReferenceError|SqliteError|constraint|unknown surprise|no arrow/i

/**
 * The shop of a simulated installation: who orders (twice at once too), who looks, who asks for a new code,
 * and the people behind the counter.
 */
import type { RailName } from '../../src/base/rails.ts'
import { BadInput } from '../../src/base/answer.ts'
import type { Clock, Random, World } from '../../src/base/world.ts'
import { newCode, placeOrder, readOrder, type App } from '../../src/jobs/jobs.ts'
import { newKey, type OrderStatus, type Placing } from '../../src/shop/shop.ts'
import { sql, DbUnavailable, type Db } from '../../src/db/db.ts'
import { judgeShop, type Table } from './shopOracle.ts'
import { addProduct, editProduct, endOrder, payShopTo } from '../testbed/acts.ts'

export interface ShoppersParts {
  clock: Clock
  /** Of the shoppers alone. */
  random: Random
  db: Db
  world: World
  rails: readonly RailName[]
  commissionBp: bigint
  trace: (line: string) => void
}

/** Somebody who asks one process. */
export interface Visit {
  /** At two processes at once, where it is sent twice. */
  twice: boolean
  does(app: App): Promise<void>
}

export interface Shoppers {
  /** Whoever comes now. */
  step(): Promise<Visit[]>
  judge(app: App): Promise<string[]>
  figures: { placed: number; refused: number; again: number; renewed: number; ended: number }
}

const buyers = [
  { name: 'Lia Monteiro', email: 'lia@example.com', taxId: '318.274.950-14' },
  { name: 'Tomás Aguiar', email: 'tomas@example.com', taxId: '529.641.873-55' },
]
const act = { by: 'operator', why: 'its time is over' }

/** Few of each, so that people are in each other's way. */
export async function openShoppers(parts: ShoppersParts): Promise<Shoppers> {
  const { clock, random, db, world, rails, commissionBp, trace } = parts
  const table: Table = new Map()
  const slugs: string[] = []
  for (const name of ['coffee', 'mug', 'hammock']) {
    const [units, stock] = [BigInt(random.between(2_000, 60_000)), BigInt(random.between(4, 16))]
    const { id, slug } = await addProduct(
      db,
      world,
      { name, units, stock, description: '', photo: undefined },
      'maker',
    )
    table.set(id, { stock, prices: new Set([units]) })
    slugs.push(slug)
  }
  for (const rail of rails)
    await payShopTo(
      db,
      { rail, account: rail === 'bitcoin' ? 'coins' : 'main', commissionBp, minPayoutUnits: 0n },
      'maker',
    )

  const ids = [...table.keys()]
  const one = <T>(list: readonly T[]): T => list[random.between(0, list.length - 1)]!
  /** Forms that were sent, by their key, with the order that was answered to them. */
  const sent = new Map<string, { form: Placing; order: string | undefined }>()
  const tokens: string[] = []
  let nextAt = clock.now()
  const told = new Map<string, OrderStatus['is']>()
  const faults: string[] = []
  const figures = { placed: 0, refused: 0, again: 0, renewed: 0, ended: 0 }

  /**
   * A visitor is told that the installation is busy, and may come again; whatever else goes wrong is a fault
   * of the installation.
   */
  const visit = (what: string, work: (app: App) => Promise<string>, twice = false): Visit => ({
    twice,
    async does(app) {
      try {
        trace(`${app.worker} ${what}: ${await work(app)}`)
      } catch (error) {
        trace(`${app.worker} ${what}: ${error instanceof Error ? error.message : 'unknown'}`)
        if (!(error instanceof DbUnavailable))
          faults.push(`${what}: ${error instanceof Error ? error.message : 'unknown'}`)
      }
    },
  })

  const place = (form: Placing, twice: boolean): Visit =>
    visit(
      `order ${form.basketKey.slice(0, 6)}`,
      async app => {
        const answer = await placeOrder(app, form)
        if (answer.is === 'refused') {
          figures.refused++
          return answer.faults.map(({ field, is }) => `${field} ${is}`).join(', ')
        }
        const known = sent.get(form.basketKey)!
        if (known.order !== undefined && known.order !== answer.order.id)
          faults.push(`one form became ${known.order} and ${answer.order.id}`)
        if (known.order === undefined) tokens.push(answer.order.token)
        known.order = answer.order.id
        figures[answer.again ? 'again' : 'placed']++
        return `${answer.order.id}${answer.again ? ' again' : ''}`
      },
      twice,
    )

  function newForm(): Placing {
    const lines = Array.from({ length: random.between(1, 2) }, () => ({
      productId: one(ids),
      quantity: BigInt(random.between(1, 3)),
    }))
    const form: Placing = {
      basketKey: newKey(parts),
      lines,
      buyer: one(buyers),
      rail: one(rails),
      language: one(['pt-BR', 'en']),
    }
    sent.set(form.basketKey, { form, order: undefined })
    return form
  }

  const look = (token: string): Visit =>
    visit('look', async app => {
      const { order, standing } = (await readOrder(app, token))!
      const before = told.get(token)
      told.set(token, standing.is)
      // A chain may think again; a bank gives back, which a person is told of.
      if (before === 'paid' && order.rail === 'starkbank' && !['paid', 'attention'].includes(standing.is))
        faults.push(`${order.id} was told to be paid, and then ${standing.is}`)
      if (
        standing.is === 'waiting' &&
        standing.code.rail === 'starkbank' &&
        standing.code.units !== order.units
      )
        faults.push(`${order.id} of ${order.units} is asked for as ${standing.code.units}`)
      return `${order.id} ${standing.is}`
    })

  const askAgain = (token: string): Visit =>
    visit(
      'ask for a new code',
      async app => {
        const made = (await newCode(app, token, random.next() < 0.5 ? undefined : one(rails)))!
        if (made.is === 'made') figures.renewed++
        return made.is === 'refused'
          ? made.faults.map(({ field, is }) => `${field} ${is}`).join(', ')
          : made.is
      },
      random.next() < 0.3,
    )

  const end = visit('end an order', async app => {
    const rows = await app.db.all<{ id: string }>(
      sql`select id from orders where state = 'awaiting' order by id`,
    )
    if (rows.length === 0) return 'none waits'
    const { id } = one(rows)
    try {
      await endOrder(app.db, id, act)
    } catch (error) {
      if (error instanceof BadInput) return error.message
      throw error
    }
    figures.ended++
    return id
  })

  /** Somebody behind the counter, in no process that could die over it. */
  async function tend(): Promise<void> {
    const slug = one(slugs)
    const more = random.next() < 0.5 ? BigInt(random.between(1, 4)) : 0n
    const change = more > 0n ? { addStock: more } : { units: BigInt(random.between(2_000, 60_000)) }
    const { id, stock, units } = await editProduct(db, slug, change, 'maker')
    const there = table.get(id)!
    there.stock += more
    there.prices.add(units)
    trace(`${slug}: ${stock} there, ${units} each`)
  }

  return {
    figures,
    async step() {
      if (clock.now() < nextAt) return []
      nextAt = clock.now() + random.between(1_000, 30_000)
      const chance = random.next()
      const unheard = [...sent.values()].filter(({ order }) => order === undefined)
      const unpaid = tokens.filter(token => told.get(token) !== 'paid')
      if (chance < 0.25) return [place(newForm(), random.next() < 0.4)]
      if (chance < 0.35 && unheard.length > 0) return [place(one(unheard).form, false)]
      if (chance < 0.5 && unpaid.length > 0) return [askAgain(one(unpaid))]
      if (chance < 0.6 && tokens.length > 0) return [askAgain(one(tokens))]
      if (chance < 0.65) return [end]
      if (chance < 0.75) await tend()
      else if (tokens.length > 0) return [look(one(tokens))]
      return []
    },
    async judge(app) {
      const answered = [...sent].flatMap(([key, { order }]) => (order === undefined ? [] : [{ key, order }]))
      return [...faults, ...(await judgeShop(db, app, table, answered))]
    },
  }
}

/**
 * Money at the bank that is none of ours, on both databases: what leaves stops payouts until two people or a
 * rule of theirs say what it was, what comes is listed, and what is missing stops them however noisy it is.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { noFaults } from '../sim/settings.ts'
import {
  checkRules,
  findRule,
  findStranger,
  holdAgainstBank,
  listStrangers,
  reconcile,
  type ExternalRule,
} from '../src/reconcile/reconcile.ts'
import { auditChain, balances, post } from '../src/ledger/ledger.ts'
import { payoutsStopped } from '../src/payout/payout.ts'
import { brl } from '../src/base/money.ts'
import { sql } from '../src/db/db.ts'
import { seeOverview } from '../src/web/console/overview/read.ts'
import { status } from '../src/queries/status.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { orderByHand } from './testbed/strangers.ts'
import { openTestInstallation, type TestInstallation } from './testbed/testInstallation.ts'
import {
  approveAndDo,
  proposeVerdict,
  closeRule,
  proposeAccept,
  proposeClose,
  proposeRule,
} from './testbed/acts.ts'

const minute = 60_000

describe.each(['SQLite', 'PostgreSQL'])('on %s', engine => {
  describe.skipIf(engine === 'PostgreSQL' && !postgresAvailable())(
    'with a server where one is needed',
    () => {
      let postgres: Postgres | undefined
      let installation: TestInstallation
      beforeAll(async () => {
        if (engine === 'PostgreSQL') postgres = await startPostgres({ durable: false })
      })
      afterAll(() => postgres?.stop())
      beforeEach(async () => {
        installation = await openTestInstallation({
          databaseUrl: postgres ? await postgres.freshDatabase() : 'sqlite::memory:',
          settings: { startingBalance: 5_000_000, fee: 0 },
        })
        await look()
      })
      afterEach(() => installation?.close())

      /** As the job does it, five minutes after the last time. */
      async function look(): Promise<string | undefined> {
        installation.pass(5 * minute)
        const found = await reconcile(
          installation.db,
          installation.app.rails.starkbank!,
          installation.app.world,
        )
        if (typeof found === 'string') throw new Error(found)
        return holdAgainstBank(installation.db, found)
      }
      /** Somebody with our key sends money to somebody; answers the line of the statement. */
      const leaves = (units: number, tags: string[] = []): string => {
        const transfer = orderByHand(installation.bank, { units, tags })
        installation.pass(minute)
        return installation.bank
          .transactions()
          .find(({ source, amount }) => source === `transfer/${transfer.id}` && amount < 0)!.id
      }
      const stopped = () => payoutsStopped(installation.db)
      const approve = (id: string, by = 'bruno') => approveAndDo(installation.app, id, { by })
      const needsPerson = async () =>
        (await status(installation.db, { now: await installation.db.tx(tx => tx.now()) })).needsPerson
      const bookAlone = (movement: 'external in' | 'external out', units: bigint, source: string) =>
        installation.db.tx(tx =>
          post(tx, installation.app.world, { movement, source, amount: brl(units), memo: 'made up' }),
        )
      const feeRule: ExternalRule = {
        ...{ direction: 'out', field: 'description', match: 'starts', text: 'Transfer' },
        ...{ maxUnits: 5_000n, period: 'month', periodUnits: 9_000n },
      }

      test('what was there before the books began is nobody’s question', async () => {
        expect([await stopped(), await needsPerson()]).toEqual([undefined, []])
        expect(await listStrangers(installation.db, { limit: 10 })).toMatchObject([
          { state: 'opening', units: 5_000_000n, source: 'self' },
        ])
      })

      test('what leaves later is not taken for that, though the clock was six days ahead when the database was made', async () => {
        await installation.db.tx(async tx => {
          await tx.run(sql`update migrations set applied_at = '2026-11-27T03:00:00.000Z'`)
          await tx.run(sql`delete from settings where name = 'opening until'`)
        })
        await look()
        leaves(900_000)
        expect(await look()).toContain('R$ 9000.00 left the bank by no order of ours')
      })

      test('R$ 9 000 sent to a stranger with our key stop payouts, and two people who have looked at it let them go', async () => {
        const line = leaves(900_000)
        expect(await look()).toContain(`R$ 9000.00 left the bank by no order of ours (line ${line}`)
        expect(await stopped()).toContain(line)
        expect((await needsPerson()).some(says => says.includes(`repasse reconcile accept ${line}`))).toBe(
          true,
        )
        expect((await seeOverview(installation.app)).asks).toMatchObject([
          { kind: 'line out', total: 1, asks: [{ id: line, units: -900_000n }] },
        ])
        // Booked it is all the same: the books say what is there.
        expect((await balances(installation.db)).bank).toBe(installation.bank.balanceUnits())

        await expect(
          proposeAccept(installation.db, installation.app.world, 'no-such', { by: 'ana', why: 'x' }),
        ).rejects.toThrow('no statement line')
        const { proposal } = await proposeAccept(installation.db, installation.app.world, line, {
          by: 'ana',
          why: 'the rent, paid by hand',
        })
        expect((await approve(proposal.id, 'Ana')).is).toBe('own')
        expect(await stopped()).toContain(line)
        expect((await approve(proposal.id)).is).toBe('approved')
        expect([await stopped(), await look(), await needsPerson()]).toEqual([undefined, undefined, []])
        expect(await findStranger(installation.db, line)).toMatchObject({
          state: 'accepted',
          decided_by: 'bruno',
          why: 'the rent, paid by hand',
        })
        await expect(
          proposeAccept(installation.db, installation.app.world, line, { by: 'ana', why: 'x' }),
        ).rejects.toThrow('accepted already')
        expect(await auditChain(installation.db)).toEqual([])
      })

      test('a made-up tag of ours keeps no money that leaves from stopping payouts, until two people close it', async () => {
        leaves(900_000, ['inv_00000000000000000000000000'])
        expect(await look()).toMatch(
          /^R\$ 9000\.00 left the bank under our tag inv_0+ by no order of these books/,
        )
        const ref = installation.transfers().at(-1)!.id
        const { proposal } = await installation.db.tx(tx =>
          proposeClose(tx, installation.app.world, ref, { by: 'ana', why: 'the rent' }),
        )
        expect([(await approve(proposal.id)).is, await stopped(), await look()]).toEqual([
          'approved',
          undefined,
          undefined,
        ])
      })

      test('nor does the tag of an invoice that was passed on long ago', async () => {
        installation.bank.pay(installation.atBank.id)
        installation.pass(minute)
        await installation.hear(installation.event('invoice.credited'))
        await installation.send()
        installation.pass(minute)
        await installation.hear(installation.event('transfer.success'))
        leaves(900_000, [installation.id])
        expect(await look()).toContain(`left the bank under our tag ${installation.id}`)
        const transfer = installation.transfers().at(-1)!.id
        const { id } = (await installation.payout())!
        const { proposal } = await proposeVerdict(installation.app, id, {
          transfer,
          as: 'not-ours',
          by: 'ana',
          why: 'the rent',
        })
        expect([(await approve(proposal.id)).is, await stopped(), await look()]).toEqual([
          'approved',
          undefined,
          undefined,
        ])
      })

      test('while it stops payouts none is ordered', async () => {
        installation.bank.pay(installation.atBank.id)
        installation.pass(minute)
        await installation.hear(installation.event('invoice.credited'))
        leaves(100)
        await look()
        await installation.send()
        expect((await installation.payout())!.state).toBe('owed')
      })

      test('money that comes from a stranger is listed and stops nothing', async () => {
        installation.pass(minute)
        installation.bank.deposit(12_345)
        expect([await look(), await stopped()]).toEqual([undefined, undefined])
        const [said] = await needsPerson()
        expect(said).toMatch(
          /^R\$ 123\.45 came to the bank for nothing of ours \(line \d+: Deposit\): repasse reconcile accept \d+/,
        )
        const { proposal } = await proposeAccept(
          installation.db,
          installation.app.world,
          /accept (\d+)/.exec(said!)![1]!,
          {
            by: 'ana',
            why: 'a loan',
          },
        )
        await approve(proposal.id)
        expect(await needsPerson()).toEqual([])
      })

      test('a rule that two people approved covers what it says, up to what it says, and from its end on nothing', async () => {
        const first = leaves(4_000)
        expect(await look()).toContain(first)
        const { proposal } = await proposeRule(
          installation.db,
          installation.app.world,
          'monthly-fee',
          feeRule,
          {
            by: 'ana',
            why: 'the bank’s own fee',
          },
        )
        expect((await approve(proposal.id)).is).toBe('approved')
        // The line for which it was made is covered with it.
        expect([await stopped(), (await findStranger(installation.db, first))!.state]).toEqual([
          undefined,
          'ruled',
        ])

        const second = leaves(5_000)
        expect([await look(), (await findStranger(installation.db, second))!.why]).toEqual([
          undefined,
          'rule monthly-fee',
        ])
        const beyond = leaves(100)
        expect(await look()).toContain(beyond)
        expect((await findStranger(installation.db, beyond))!.why).toBe(
          'rule monthly-fee covers it, but no more in one month',
        )
        await approve(
          (await proposeAccept(installation.db, installation.app.world, beyond, { by: 'ana', why: 'once' }))
            .proposal.id,
        )

        // Another month has room again; a line above the most of one line has none in any.
        installation.pass(32 * 24 * 60 * minute)
        leaves(5_000)
        expect(await look()).toBeUndefined()
        const large = leaves(5_001)
        expect(await look()).toContain(large)
        await approve(
          (await proposeAccept(installation.db, installation.app.world, large, { by: 'ana', why: 'once' }))
            .proposal.id,
        )

        await closeRule(installation.db, 'monthly-fee', { by: 'ana', why: 'another bank' })
        installation.pass(32 * 24 * 60 * minute)
        const after = leaves(100)
        expect([await look(), (await findRule(installation.db, 'monthly-fee'))!.state]).toEqual([
          expect.stringContaining(after),
          'closed',
        ])
      })

      test('a rule that was edited past the program, or that nobody approved, covers nothing and is named', async () => {
        const { proposal } = await proposeRule(
          installation.db,
          installation.app.world,
          'monthly-fee',
          feeRule,
          {
            by: 'ana',
            why: 'the bank’s own fee',
          },
        )
        await approve(proposal.id)
        expect(await checkRules(installation.db)).toEqual([])
        await installation.db.tx(tx =>
          tx.run(sql`update external_rules set max_units = 1000000, period_units = 9000000`),
        )
        const line = leaves(90_000)
        expect([await look(), (await findStranger(installation.db, line))!.state]).toEqual([
          expect.stringContaining(line),
          'open',
        ])
        expect(await checkRules(installation.db)).toEqual([
          expect.objectContaining({ invariant: 'approvals' }),
        ])
      })

      test('a rule is no pattern, and is of one direction', async () => {
        const { proposal } = await proposeRule(
          installation.db,
          installation.app.world,
          'odd',
          { ...feeRule, text: 'T.*' },
          { by: 'ana', why: 'x' },
        )
        await approve(proposal.id)
        const line = leaves(100)
        expect(await look()).toContain(line)
        const again = await proposeRule(
          installation.db,
          installation.app.world,
          'into',
          { ...feeRule, direction: 'in' },
          { by: 'ana', why: 'x' },
        )
        await approve(again.proposal.id)
        expect(await stopped()).toContain(line)
      })

      test('an own order and an own invoice are never a stranger’s, whatever the statement calls them', async () => {
        installation.bank.pay(installation.atBank.id)
        installation.pass(minute)
        await installation.hear(installation.event('invoice.credited'))
        await installation.send()
        installation.pass(10 * minute)
        await installation.hear(installation.event('transfer.success'))
        expect([await look(), await stopped(), await needsPerson()]).toEqual([undefined, undefined, []])
      })

      test('a Pix whose text looks like something encrypted is read as any other, and so is what comes after it', async () => {
        installation.bank.deposit(1, 'enc1:0a1b2c3d:inbox.raw:')
        installation.bank.deposit(2)
        expect(await look()).toBeUndefined()
        const read = await listStrangers(installation.db, { state: 'open', limit: 10 })
        expect(read.map(({ description }) => description).toSorted()).toEqual([
          ' enc1:0a1b2c3d:inbox.raw:',
          'Deposit',
        ])
      })

      test('R$ 5 000 missing with a cent of noise stop payouts, and one payment on its way does not let them go', async () => {
        await bookAlone('external in', 500_000n, 'x1')
        expect(await look()).toBeUndefined()
        await bookAlone('external in', 1n, 'x2')
        expect(await look()).toContain('the books say')
        // An order of ours that might have taken just that.
        await installation.db.tx(async tx => {
          await tx.run(sql`
          insert into payouts (id, store_id, invoice_id, rule, account_id, asset, units, withheld_units,
            state, next_at, added_at, changed_at)
          select 'pay_00000000000000000000000001', store_id, id, 'net', account_id, 'BRL', 600000, 0, 'sent',
            '9', added_at, added_at from invoices`)
          await tx.run(sql`
          insert into attempts (id, payout_id, number, external_id, units, state, asked_at, changed_at)
          values ('att_1', 'pay_00000000000000000000000001', 1, 'pay_00000000000000000000000001-1', 600000,
            'sent', ${await tx.now()}, '')`)
        })
        for (let time = 0; time < 3; time++) expect(await look()).toContain('the books say')
        await bookAlone('external out', 500_001n, 'x3')
        expect([await look(), await look()]).toEqual([expect.stringContaining('the books say'), undefined])
        expect(await stopped()).toBeUndefined()
      })

      test('a stop of an older program lasts until the two have agreed twice', async () => {
        await installation.db.tx(async tx => {
          await tx.run(sql`delete from drifts`)
          await tx.run(sql`insert into settings (name, value) values ('bank', 'as it was said before')`)
        })
        await look()
        expect(await stopped()).toBeDefined()
        await look()
        expect(await stopped()).toBeUndefined()
      })

      test('a bank that cannot be asked leaves every stop as it is', async () => {
        const line = leaves(100)
        await look()
        installation.bank.setFaults({ status429: 1, retryAfterSeconds: 60 })
        const answer = await reconcile(
          installation.db,
          installation.app.rails.starkbank!,
          installation.app.world,
        )
        installation.bank.setFaults(noFaults)
        expect([typeof answer, await stopped()]).toEqual(['string', expect.stringContaining(line)])
      })
    },
  )
})

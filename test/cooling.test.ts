/**
 * Cooling off and objections, on both databases and both rails: what was approved lately moves no money yet,
 * says until when, and goes by itself then; what somebody objects to waits until two others clear it.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { bringBack } from '../src/jobs/clock.ts'
import { audit, checkLedger, refuse } from '../src/ledger/ledger.ts'
import {
  accountObjections,
  changeLimits,
  checkApprovals,
  checkSet,
  findAccount,
  proposeBeyond,
  sendPayouts,
  showLimits,
  signAccount,
  type PayoutRow,
  type WantedLimits,
} from '../src/payout/payout.ts'
import { formatMoney } from '../src/base/money.ts'
import { later } from '../src/base/world.ts'
import { payableNow } from '../src/payout/cooling.ts'
import { skipLocked, sql, type Db, type Tx } from '../src/db/db.ts'
import { attentionOf } from '../src/queries/attention.ts'
import { checksumOf } from '../src/rails/bitcoin/checksum.ts'
import { derive, parseDescriptor } from '../src/rails/bitcoin/descriptor.ts'
import { bitcoindAvailable, startBitcoind, type Bitcoind } from './testbed/bitcoind.ts'
import { openChainInstallation, type ChainInstallation } from './testbed/chainInstallation.ts'
import { collect } from './testbed/collecting.ts'
import { owing } from './testbed/owing.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { openTestInstallation, type TestInstallation } from './testbed/testInstallation.ts'
import { trialAccount } from './testbed/trial.ts'
import { until } from './testbed/until.ts'
import {
  addAccount,
  approveAccount,
  approveAndDo,
  holdPayout,
  objectToAccount,
  objectToLimits,
  proposeAccountClear,
  proposeLimitsClear,
  proposeRedirect,
  releasePayout,
  retryPayout,
} from './testbed/acts.ts'

/** A payee's wallet, and an address of somebody else. */
const wallet = (() => {
  const key =
    'tpubDC8msFGeGuwnKG9Upg7DM2b4DaRqg3CUZa5g8v2SRQ6K4NSkxUgd7HsL2XVWbVm39yBA4LAxysQAm397zwQSQoQgewGiYZqrA9DsP4zbQ1M'
  const body = `wpkh(${key}/<0;1>/*)`
  const descriptor = `${body}#${checksumOf(body)}`
  const at = (number: number) => derive(parseDescriptor(descriptor, 'regtest'), 'receive', number).address
  return { descriptor, at, stranger: at(5_000) }
})()

const hour = 3_600_000
const coolingOffMs = 24 * hour

describe.each(['SQLite', 'PostgreSQL'])('at the bank, on %s', engine => {
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
        const databaseUrl = postgres ? await postgres.migratedDatabase() : 'sqlite::memory:'
        installation = await openTestInstallation({ databaseUrl, commissionBp: 0n, settings: { fee: 0 } })
      })
      afterEach(() => installation?.close())

      const payout = async ({ id }: PayoutRow) =>
        (await installation.db.one<PayoutRow>(sql`select * from payouts where id = ${id}`))!
      const send = async () => {
        await sendPayouts(installation.db, installation.app.rails.starkbank!, installation.app.world)
        return installation.transfers().map(({ amount }) => amount)
      }
      const refuseProposal = (id: string) =>
        installation.db.tx(tx => refuse(tx, id, { by: 'carla', why: 'again' }))
      const now = () => installation.db.tx(tx => tx.now())
      /** As the program asks, without what merely waits for the rail to be read. */
      const kinds = async () =>
        (await attentionOf(installation.db, await now()))
          .map(({ kind }) => kind)
          .filter(kind => /^(account|payout|limits)/.test(kind))

      test('an account that was approved today is paid tomorrow, once, and no alarm is raised meanwhile', async () => {
        await addAccount(installation.db, installation.app.world, 'new', trialAccount, 'maria')
        const { payable_from: from } = await approveAccount(
          installation.db,
          'new',
          'chico',
          undefined,
          coolingOffMs,
        )
        const [owed] = await collect(installation, [10_000n], 'new')
        expect(await send()).toEqual([])
        expect(await payout(owed!)).toMatchObject({
          state: 'owed',
          why: expect.stringContaining(`is paid from ${from} on`),
        })
        installation.pass(20 * hour)
        expect([await send(), await kinds()]).toEqual([[], ['account waits']])
        installation.pass(4 * hour)
        expect([await send(), await send(), await kinds()]).toEqual([[10_000], [10_000], []])
        expect(await installation.db.tx(checkLedger)).toEqual([])
      })

      test('an account that was approved under a clock that was ahead waits no longer than a day once a checker signs it', async () => {
        await addAccount(installation.db, installation.app.world, 'new', trialAccount, 'maria')
        // As a clock says that is a year ahead.
        await approveAccount(installation.db, 'new', 'chico', undefined, 366 * 24 * hour)
        await collect(installation, [10_000n], 'new')
        expect(await send()).toEqual([])
        const latest = later(await now(), coolingOffMs)
        await signAccount(installation.db, 'new', 'carla', { is: 'code' }, undefined, coolingOffMs)
        expect(await findAccount(installation.db, 'new')).toMatchObject({ payable_from: latest })
        expect(await send()).toEqual([])
        // Signed again it waits no longer, and never less than was approved.
        await signAccount(installation.db, 'new', 'carla', { is: 'code' }, undefined, coolingOffMs)
        expect(await findAccount(installation.db, 'new')).toMatchObject({ payable_from: latest })
        expect(await checkApprovals(installation.db)).toEqual([])
        installation.pass(coolingOffMs)
        expect(await send()).toEqual([10_000])
      })

      test('however long it is, no wait is taken for one of a clock that was ahead', async () => {
        await addAccount(installation.db, installation.app.world, 'new', trialAccount, 'maria')
        await approveAccount(installation.db, 'new', 'chico', undefined, 72 * hour)
        await collect(installation, [10_000n], 'new')
        for (let days = 0; days < 3; days++) {
          expect([await send(), await bringBack(installation.db, installation.app.world)]).toEqual([[], 0])
          installation.pass(24 * hour)
        }
        expect(await send()).toEqual([10_000])
      })

      test.each([
        ['earlier', '2026-01-01T00:00:00.000Z'],
        ['away', null],
      ])('a row in which that time is %s moves nothing: its payout is held', async (_, at) => {
        await addAccount(installation.db, installation.app.world, 'new', trialAccount, 'maria')
        await approveAccount(installation.db, 'new', 'chico', undefined, coolingOffMs)
        const [owed] = await collect(installation, [10_000n], 'new')
        await installation.db.tx(tx =>
          tx.run(sql`update accounts set payable_from = ${at} where name = 'new'`),
        )
        expect(await send()).toEqual([])
        expect(await payout(owed!)).toMatchObject({
          state: 'held',
          why: expect.stringContaining('is paid from another time on'),
        })
      })

      test('while somebody objects to an account nothing is paid there, until two others than who added it clear that', async () => {
        const object = (why: string) =>
          objectToAccount(installation.db, installation.app.world, 'main', { by: 'ana', why })
        const clear = (by: string) =>
          proposeAccountClear(installation.db, installation.app.world, 'main', {
            by,
            why: 'the payee was called',
          })
        const approve = async (id: string, by: string) =>
          (await approveAndDo(installation.app, id, { by })).is
        await object('who is that')
        expect((await object('again')).why).toBe('who is that')
        const [owed] = await collect(installation, [10_000n])
        expect([await send(), await kinds()]).toEqual([[], ['account objected']])
        expect(await payout(owed!)).toMatchObject({
          state: 'owed',
          why: 'somebody objects to its account main (ana): who is that',
        })
        installation.pass(24 * hour)
        expect([await send(), await kinds()]).toEqual([[], ['account objected']])
        await expect(clear('maker')).rejects.toThrow('maker added account')
        const { proposal } = await clear('bruno')
        await expect(approve(proposal.id, 'maker')).rejects.toThrow('maker added account')
        expect([await approve(proposal.id, 'bruno'), await send()]).toEqual(['own', []])
        expect([await approve(proposal.id, 'carla'), await send(), await send()]).toEqual([
          'approved',
          [10_000],
          [10_000],
        ])
        await expect(clear('bruno')).rejects.toThrow('nobody objects to main')
        expect([
          await kinds(),
          await checkSet(installation.db),
          await installation.db.tx(checkLedger),
        ]).toEqual([[], [], []])
      })

      test.each([
        [
          'deleted',
          sql`delete from account_objections`,
          'ana objects to account main, and nobody cleared it',
        ],
        [
          'ended',
          sql`update account_objections set cleared_at = added_at, cleared_by = 'x'`,
          'ana objects to account main, and nobody cleared it',
        ],
        [
          'edited',
          sql`update account_objections set why = 'it is fine'`,
          'the objection to account main is not as ana made it',
        ],
      ])(
        'an objection to an account that was %s past the program still holds, and is named',
        async (_, edit, says) => {
          await objectToAccount(installation.db, installation.app.world, 'main', {
            by: 'ana',
            why: 'who is that',
          })
          expect(await checkSet(installation.db)).toEqual([])
          const [owed] = await collect(installation, [10_000n])
          await installation.db.tx(tx => tx.run(edit))
          expect([await send(), (await payout(owed!)).why]).toEqual([
            [],
            'somebody objects to its account main (ana): who is that',
          ])
          expect(await checkSet(installation.db)).toEqual([
            expect.objectContaining({ says: expect.stringContaining(says) }),
          ])
        },
      )

      test('whoever objects second is heard as well: what two people were shown ends, and nothing that came since', async () => {
        const { db, world } = installation.app
        const object = (by: string, why: string) => objectToAccount(db, world, 'main', { by, why })
        const clear = async () =>
          (await proposeAccountClear(db, world, 'main', { by: 'bruno', why: 'a slip' })).proposal.id
        const approve = async (id: string) => (await approveAndDo(installation.app, id, { by: 'carla' })).is
        await object('mallory', 'hm')
        await collect(installation, [10_000n])
        const shown = await clear()
        await object('ana', 'the payee never gave us this account')
        await expect(approve(shown)).rejects.toThrow('mallory, ana objects to main by now')
        expect([await send(), (await kinds()).length]).toEqual([[], 2])
        await refuseProposal(shown)
        expect([await approve(await clear()), await send(), await checkSet(db)]).toEqual([
          'approved',
          [10_000],
          [],
        ])
      })

      test.runIf(engine === 'PostgreSQL')(
        'an objection is answered once every claim that read before it has ended',
        async () => {
          const { db, world } = installation.app
          await collect(installation, [10_000n])
          const order: string[] = []
          let objected: Promise<unknown> | undefined
          await db.tx(async tx => {
            const due = await tx.all<PayoutRow>(sql`select * from payouts where state = 'owed' ${skipLocked}`)
            expect(await payableNow(tx, due)).toHaveLength(1)
            objected = objectToAccount(db, world, 'main', { by: 'ana', why: 'who is that' }).then(() =>
              order.push('objected'),
            )
            const isWaiting = sql`select 1 as yes from pg_stat_activity where datname = current_database()
              and wait_event_type = 'Lock'`
            await until(async () => order.length > 0 || (await db.one(isWaiting)), 'the objection waits')
            order.push('claimed')
          }, 'locks')
          await objected
          expect([order, await send()]).toEqual([['claimed', 'objected'], []])
        },
      )

      test('objected to and cleared by many at once it is one objection of each person, and ends once', async () => {
        const { db, world } = installation.app
        const at = (by: string) => objectToAccount(db, world, 'main', { by, why: 'who is that' })
        await Promise.all([at('ana'), at('ana'), at('ANA'), at('dora')])
        expect(
          (await accountObjections(db, (await findAccount(db, 'main'))!.id))
            .map(({ made_by: by }) => by.toLowerCase())
            .sort(),
        ).toEqual(['ana', 'dora'])
        const { proposal } = await proposeAccountClear(db, world, 'main', { by: 'bruno', why: 'a slip' })
        const ends = await Promise.all(
          ['carla', 'eva', 'carla'].map(by => approveAndDo(installation.app, proposal.id, { by })),
        )
        expect(ends.map(({ is }) => is).sort()).toEqual(['approved', 'decided', 'decided'])
        const acts = await db.all<{ act: string }>(
          sql`select act from audit where act like 'account obj%' order by seq`,
        )
        expect(acts.map(({ act }) => act)).toEqual([
          'account objected',
          'account objected',
          'account objection cleared',
        ])
        await collect(installation, [10_000n])
        expect([await send(), await checkSet(db)]).toEqual([[10_000], []])
      })

      const acts: [string, (id: string) => Promise<unknown>][] = [
        ['a retry', id => retryPayout(installation.db, id, { by: 'carla', why: 'now' })],
        [
          'a hold and a release',
          async id => {
            await holdPayout(installation.db, id, { by: 'ana', why: 'wait' })
            await releasePayout(installation.db, id, { by: 'carla', why: 'now' })
          },
        ],
        [
          'a redirection there',
          async id => {
            await addAccount(
              installation.db,
              installation.app.world,
              'main2',
              { ...trialAccount, number: '777' },
              'maria',
            )
            await approveAccount(installation.db, 'main2', 'chico')
            await objectToAccount(installation.db, installation.app.world, 'main2', {
              by: 'ana',
              why: 'nor that',
            })
            const { proposal } = await proposeRedirect(installation.db, installation.app.world, id, {
              to: 'main2',
              by: 'maria',
              why: 'now',
            })
            await approveAndDo(installation.app, proposal.id, { by: 'carla' })
          },
        ],
        [
          'a row of its own that names a refund',
          id =>
            installation.db.tx(tx =>
              tx.run(
                sql`update payouts set rule = 'refund', next_at = '2026-01-01T00:00:00.000Z'
                  where id = ${id}`,
              ),
            ),
        ],
        [
          'an objection that was moved to another account',
          async () => {
            await addAccount(
              installation.db,
              installation.app.world,
              'other',
              { ...trialAccount, number: '888' },
              'maria',
            )
            await installation.db.tx(tx =>
              tx.run(
                sql`update account_objections set account_id = (select id from accounts
                  where name = 'other')`,
              ),
            )
            await installation.db.tx(tx =>
              tx.run(sql`update payouts set next_at = '2026-01-01T00:00:00.000Z'`),
            )
          },
        ],
      ]
      test.each(acts)('%s pays nothing to an account that somebody objects to', async (_, act) => {
        const [owed] = await collect(installation, [10_000n])
        await objectToAccount(installation.db, installation.app.world, 'main', {
          by: 'ana',
          why: 'who is that',
        })
        expect(await send()).toEqual([])
        await act(owed!.id)
        expect([await send(), await send()]).toEqual([[], []])
      })

      test('another account at the same place is not paid either while somebody objects to the one', async () => {
        const { db, world } = installation.app
        await addAccount(db, world, 'twin', { ...trialAccount, branch: `0${trialAccount.branch}` }, 'maria')
        await approveAccount(db, 'twin', 'chico')
        await addAccount(db, world, 'other', { ...trialAccount, number: '999' }, 'maria')
        await approveAccount(db, 'other', 'chico')
        await addAccount(db, world, 'doubted', trialAccount, 'maria')
        await objectToAccount(db, world, 'doubted', { by: 'ana', why: 'who is that' })
        const [owed] = await collect(installation, [10_000n], 'twin')
        await collect(installation, [20_000n], 'other')
        expect([await send(), (await payout(owed!)).why]).toEqual([
          [20_000],
          'somebody objects to its account doubted (ana): who is that',
        ])
        const { proposal } = await proposeAccountClear(db, world, 'doubted', {
          by: 'bruno',
          why: 'it is theirs',
        })
        await approveAndDo(installation.app, proposal.id, { by: 'carla' })
        expect(await send()).toEqual([20_000, 10_000])
      })

      test.each([
        ['an address that a descriptor derives', wallet.at(5), wallet.descriptor],
        ['a descriptor, and an address that it derives', wallet.descriptor, wallet.at(5)],
      ])(
        'an objection to %s holds the other as well, and nobody approves it meanwhile [security 3]',
        async (_, one, other) => {
          const { db, world } = installation.app
          const add = (name: string, destination: string) =>
            addAccount(db, world, name, { kind: 'bitcoin', holder: name, destination }, 'maria')
          await add('doubted', one)
          await add('approved', other)
          await approveAccount(db, 'approved', 'chico')
          await add('stranger', wallet.stranger)
          await objectToAccount(db, world, 'doubted', { by: 'ana', why: 'who is that' })
          await add('late', other)
          const held = 'pays to a place that ana objects to as account "doubted" (who is that)'
          await expect(approveAccount(db, 'late', 'chico')).rejects.toThrow(held)
          await expect(approveAccount(db, 'doubted', 'chico')).rejects.toThrow(held)
          await approveAccount(db, 'stranger', 'chico')
          const paid = async () => {
            const rows = await db.all<{ id: string; name: string }>(sql`select id, name from accounts`)
            const due = rows.map(({ id, name }) => ({ id: name, account_id: id }))
            const now = await db.tx(tx => payableNow(tx, due), 'locks')
            return now.map(({ id }) => id).sort()
          }
          expect(await paid()).toEqual(['main', 'stranger'])
          // What was objected to is what was added, whatever its row says by now.
          await db.tx(tx => tx.run(sql`update accounts set destination = 'x' where name = 'doubted'`))
          expect(await paid()).toEqual(['main', 'stranger'])
          const { proposal } = await proposeAccountClear(db, world, 'doubted', { by: 'bruno', why: 'theirs' })
          await approveAndDo(installation.app, proposal.id, { by: 'carla' })
          expect(await paid()).toEqual(['approved', 'doubted', 'late', 'main', 'stranger'])
          await approveAccount(db, 'late', 'chico')
        },
      )

      test('while somebody objects to limits the strictest of before and after counts, until two who did not propose them clear it', async () => {
        const { db, world } = installation.app
        const limit = (wanted: WantedLimits, by = 'ana') =>
          db.tx(tx => changeLimits(tx, world, { asset: 'BRL', wanted, by, why: 'a test' }))
        const raise = async (wanted: WantedLimits) => {
          const changed = await limit(wanted)
          return 'proposal' in changed
            ? (await approveAndDo(installation.app, changed.proposal.id, { by: 'bruno' })).is
            : changed.is
        }
        const scope = 'installation BRL'
        const object = (by: string) => objectToLimits(db, world, scope, { by, why: 'nobody decided that' })
        const clear = (by: string) => proposeLimitsClear(db, world, scope, { by, why: 'the board did' })
        const seen = async () =>
          (await showLimits(db, await now())).limits.map(({ per, units }) => [per, units])
        await expect(object('dora')).rejects.toThrow('no limit of all payouts in BRL was ever set')
        await limit({ payout: 5_000n, day: 50_000n })
        expect([await raise({ payout: 20_000n, day: null }), await seen()]).toEqual([
          'approved',
          [['payout', 20_000n]],
        ])
        const open = await limit({ payout: 90_000n })
        await object('dora')
        const [owed] = await collect(installation, [10_000n])
        expect([await send(), (await payout(owed!)).why]).toEqual([
          [],
          expect.stringContaining('is above the limit of R$ 50.00'),
        ])
        expect(await kinds()).toEqual(['limits objected', 'payout over limit'])
        expect(await seen()).toEqual([
          ['payout', 5_000n],
          ['day', 50_000n],
        ])
        // Nobody raises them meanwhile, also by what was proposed before; lower they are at once.
        expect(await limit({ payout: 30_000n })).toEqual({
          is: 'objected',
          by: 'dora',
          why: 'nobody decided that',
        })
        if (!('proposal' in open)) throw new Error('it was proposed')
        await expect(approveAndDo(installation.app, open.proposal.id, { by: 'bruno' })).rejects.toThrow(
          'dora objects to these limits',
        )
        expect(await limit({ payout: 15_000n })).toEqual({ is: 'lowered' })
        await expect(clear('ana')).rejects.toThrow('ana proposed these limits')
        const { proposal } = await clear('dora')
        await expect(approveAndDo(installation.app, proposal.id, { by: 'ana' })).rejects.toThrow(
          'ana proposed these limits',
        )
        expect([
          (await approveAndDo(installation.app, proposal.id, { by: 'carla' })).is,
          await send(),
          await seen(),
        ]).toEqual([...['approved', [10_000]], [['payout', 15_000n]]])
        await expect(clear('dora')).rejects.toThrow('nobody objects to all payouts in BRL')
        expect([await checkSet(db), await checkApprovals(db), await installation.db.tx(checkLedger)]).toEqual(
          [[], [], []],
        )
      })

      test('limits that were raised twice within a week count as before both, also where the objection was deleted past the program', async () => {
        const { db, world } = installation.app
        const set = async (wanted: WantedLimits) => {
          const changed = await db.tx(tx =>
            changeLimits(tx, world, { asset: 'BRL', wanted, by: 'ana', why: 'a test' }),
          )
          if ('proposal' in changed)
            await approveAndDo(installation.app, changed.proposal.id, { by: 'bruno' })
        }
        await set({ payout: 1_000n })
        installation.pass(30 * 24 * hour)
        await set({ payout: 5_000n })
        installation.pass(24 * hour)
        await set({ payout: 50_000n })
        await objectToLimits(db, world, 'installation BRL', { by: 'dora', why: 'nobody decided that' })
        await db.tx(tx => tx.run(sql`delete from limit_objections`))
        await collect(installation, [2_000n])
        expect(await send()).toEqual([])
        expect(await checkSet(db)).toEqual([
          expect.objectContaining({
            says: expect.stringContaining(
              'dora objects to limits of all payouts in BRL, and nobody cleared it',
            ),
          }),
        ])
      })

      /** Whoever can append to the audit log with hashes that fit, and edits the rows along. */
      const forged: [string, (db: Db) => Promise<unknown>, string][] = [
        [
          'a raised limit',
          db =>
            db.tx(async tx => {
              await tx.run(sql`update limits set units = 90000`)
              const detail = { asset: 'BRL', perPayout: '900.00', perPayoutNow: '50.00', proposedBy: 'ana' }
              await audit(tx, { actor: 'bruno', act: 'limits set', subject: 'installation BRL', detail })
            }),
          'people set R$ 50.00',
        ],
        [
          'a limit that one person lowered to more',
          db =>
            db.tx(async tx => {
              await tx.run(sql`update limits set units = 90000`)
              const detail = { asset: 'BRL', perPayout: '900.00', perPayoutNow: '9000.00', why: 'x' }
              await audit(tx, { actor: 'ana', act: 'limits lowered', subject: 'installation BRL', detail })
            }),
          'people set R$ 50.00',
        ],
        [
          'the end of an objection',
          async db => {
            await objectToAccount(db, installation.app.world, 'main', { by: 'ana', why: 'who is that' })
            await db.tx(async tx => {
              await tx.run(sql`delete from limits`)
              await tx.run(
                sql`update account_objections set cleared_at = added_at, cleared_by = 'bruno and carla: x'`,
              )
              const subject = (await findAccount(tx, 'main'))!.id
              const detail = { name: 'main', objectedBy: 'ana', proposedBy: 'bruno', why: 'x' }
              await audit(tx, { actor: 'carla', act: 'account objection cleared', subject, detail })
            })
          },
          'ana objects to account main, and nobody cleared it',
        ],
        [
          'the terms of an account',
          db =>
            db.tx(async tx => {
              await tx.run(sql`delete from limits`)
              await tx.run(sql`update accounts set recover = 'next-payouts'`)
              const subject = (await findAccount(tx, 'main'))!.id
              const detail = { name: 'main', recover: 'next-payouts', was: 'never', madeBy: 'ana', why: 'x' }
              await audit(tx, { actor: 'carla', act: 'account terms changed', subject, detail })
            }),
          'account main has terms that do not hold',
        ],
      ]
      test.each(forged)(
        '%s that is in the rows and the audit log, and that nobody approved, lets nothing go',
        async (_, forge, says) => {
          const wanted = { payout: 5_000n }
          await installation.db.tx(tx =>
            changeLimits(tx, installation.app.world, { asset: 'BRL', wanted, by: 'ana', why: 'a test' }),
          )
          await collect(installation, [10_000n])
          await forge(installation.db)
          await installation.db.tx(tx => tx.run(sql`update payouts set next_at = '2026-01-01T00:00:00.000Z'`))
          expect(await send()).toEqual([])
          const found = [
            ...(await checkApprovals(installation.db)),
            ...(await checkSet(installation.db)),
          ].map(finding => finding.says)
          expect(found).toContainEqual(expect.stringContaining(says))
        },
      )

      const decided: [string, (tx: Tx, id: string) => Promise<unknown>][] = [
        [
          'redirected to another approved account',
          async (tx, subject) => {
            const { id: toId } = (await findAccount(tx, 'second'))!
            await tx.run(sql`update payouts set account_id = ${toId}`)
            const detail = { from: 'main', to: 'second', toId, madeBy: 'ana', why: 'x' }
            await audit(tx, { actor: 'carla', act: 'payout redirected', subject, detail })
          },
        ],
        [
          'let beyond limits',
          async (tx, subject) => {
            const asked = await proposeBeyond(tx, installation.app.world, subject, { by: 'ana', why: 'x' })
            const proposal = asked.is === 'proposed' ? asked.proposal.id : ''
            await tx.run(sql`insert into limit_approvals (payout_id, units, proposal_id, added_at)
              select id, units, ${proposal}, added_at from payouts where id = ${subject}`)
            await tx.run(sql`delete from limit_waits`)
            const detail = { amount: formatMoney(10_000n, 'BRL'), proposedBy: 'ana' }
            await audit(tx, { actor: 'carla', act: 'payout let beyond limits', subject, detail })
          },
        ],
      ]
      test.each(decided)(
        'a payout that is %s by its rows and the audit log, and by no two people, is held [security A3]',
        async (_, forge) => {
          const { db, world } = installation.app
          await addAccount(db, world, 'second', { ...trialAccount, number: '777' }, 'maria')
          await approveAccount(db, 'second', 'chico')
          const wanted = { payout: 5_000n }
          await db.tx(tx => changeLimits(tx, world, { asset: 'BRL', wanted, by: 'ana', why: 'a test' }))
          const [owed] = await collect(installation, [10_000n])
          await send()
          await db.tx(async tx => {
            await forge(tx, owed!.id)
            await tx.run(sql`update payouts set next_at = '2026-01-01T00:00:00.000Z'`)
          })
          expect([await send(), await payout(owed!)]).toMatchObject([
            [],
            { state: 'held', why: expect.stringContaining('and nobody did') },
          ])
        },
      )

      test('a limit that two people raised lets more go a day later, and a lower one counts at once', async () => {
        const { db, rails } = installation.app
        const world = { ...installation.app.world, coolingOffMs }
        const limit = async (wanted: WantedLimits) => {
          const changed = await db.tx(tx =>
            changeLimits(tx, world, { asset: 'BRL', wanted, by: 'ana', why: 'a test' }),
          )
          if ('proposal' in changed)
            await approveAndDo({ db, world, rails }, changed.proposal.id, { by: 'bruno' })
          return changed.is
        }
        const seen = async () => {
          // At every step the audit log says the same.
          expect(await checkApprovals(db)).toEqual([])
          return (await showLimits(db, await now())).limits.map(({ per, units, next_units: next }) => [
            per,
            units,
            next,
          ])
        }
        expect(await limit({ payout: 5_000n, day: 50_000n })).toBe('lowered')
        const [owed] = await collect(installation, [10_000n])
        expect(await limit({ payout: 20_000n })).toBe('proposed')
        expect([await send(), await seen()]).toEqual([
          [],
          [
            ['payout', 5_000n, 20_000n],
            ['day', 50_000n, null],
          ],
        ])
        installation.pass(coolingOffMs)
        expect([await send(), await seen()]).toEqual([
          [10_000],
          [
            ['payout', 20_000n, null],
            ['day', 50_000n, null],
          ],
        ])
        expect((await payout(owed!)).state).toBe('sent')
        // One that is taken away counts for a day more; lowered meanwhile, it stays what it was lowered to.
        expect(await limit({ payout: null })).toBe('proposed')
        expect(await limit({ payout: 1_000n })).toBe('lowered')
        installation.pass(2 * coolingOffMs)
        expect((await seen())[0]).toEqual(['payout', 1_000n, null])
        expect(await limit({ payout: null })).toBe('proposed')
        installation.pass(coolingOffMs)
        expect(await seen()).toEqual([['day', 50_000n, null]])
      })
    },
  )
})

describe.skipIf(!bitcoindAvailable())('on the chain', () => {
  let node: Bitcoind
  let installation: ChainInstallation
  beforeAll(async () => {
    node = await startBitcoind()
    installation = await openChainInstallation({ node, commissionBp: 0n })
  })
  afterAll(async () => {
    await installation?.close()
    await node?.stop()
  })

  test('a bundle is planned without what goes to an account that was approved lately, and with it a day later [security B3]', async () => {
    const destination = await node.rpc<string>('getnewaddress', ['payee', 'bech32'], 'payer')
    await addAccount(
      installation.db,
      installation.world,
      'new',
      { kind: 'bitcoin', holder: 'new', destination },
      'maker',
    )
    const { payable_from: from } = await approveAccount(
      installation.db,
      'new',
      'checker',
      undefined,
      coolingOffMs,
    )
    const payouts = await owing(installation, [{ units: 200_000n }, { units: 150_000n, payTo: 'new' }])
    const states = async () => {
      const rows = await installation.payouts()
      return payouts.map(({ id }) => rows.find(row => row.id === id)!.state)
    }
    await installation.send()
    expect(await states()).toEqual(['sent', 'owed'])
    expect((await installation.payouts()).find(({ id }) => id === payouts[1]!.id)!.why).toContain(
      `is paid from ${from} on`,
    )
    await installation.bury(6)
    await installation.pass(coolingOffMs)
    await installation.send()
    expect(await states()).toEqual(['paid', 'sent'])
    expect(await installation.audit()).toEqual([])
  })
  test('a bundle is planned without what goes to an account that somebody objects to, and with it once that is cleared', async () => {
    for (const [name, destination] of [
      ['doubted', wallet.at(5)],
      ['its wallet', wallet.descriptor],
    ] as const) {
      const to = { kind: 'bitcoin' as const, holder: name, destination }
      await addAccount(installation.db, installation.world, name, to, 'maker')
      await approveAccount(installation.db, name, 'checker')
    }
    await objectToAccount(installation.db, installation.world, 'doubted', { by: 'ana', why: 'who is that' })
    const payouts = await owing(installation, [
      { units: 200_000n },
      { units: 150_000n, payTo: 'doubted' },
      { units: 140_000n, payTo: 'its wallet' },
    ])
    const states = async () => {
      const rows = await installation.payouts()
      return payouts.map(({ id }) => rows.find(row => row.id === id)!.state)
    }
    await installation.send()
    expect(await states()).toEqual(['sent', 'owed', 'owed'])
    await installation.bury(6)
    const { proposal } = await proposeAccountClear(installation.db, installation.world, 'doubted', {
      by: 'bruno',
      why: 'the payee was called',
    })
    await approveAndDo(installation.app, proposal.id, { by: 'carla' })
    await installation.send()
    expect(await states()).toEqual(['paid', 'sent', 'sent'])
    expect(await installation.audit()).toEqual([])
  })
})

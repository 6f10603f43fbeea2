/**
 * A full disk: the receiver answers 503, nothing is asked for and nothing is paid, nothing is corrupt, and it
 * goes on by itself once there is room.
 */
import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeBank, type Bank, type Delivery } from '../sim/bank.ts'
import { seededRandom } from '../src/base/clock.ts'
import { silentLog } from '../src/base/log.ts'
import { brl } from '../src/base/money.ts'
import type { Clock } from '../src/base/world.ts'
import { draftBatch, inReaisAsSaid, issueDrafts } from '../src/invoice/invoice.ts'
import { type ScheduleRow } from '../src/schedule/schedule.ts'
import { balances, checkLedger } from '../src/ledger/ledger.ts'
import { sendPayouts } from '../src/payout/payout.ts'
import type { Rail } from '../src/rails/rail.ts'
import { starkbankRail } from '../src/rails/starkbank/starkbank.ts'
import { migrate } from '../src/db/migrate.ts'
import { openDb, sql, DbUnavailable, type Db } from '../src/db/db.ts'
import { serveWeb, type Web } from '../src/web/web.ts'
import { makeInbox, settleInbox } from '../src/webhooks/webhooks.ts'
import { wire } from './simulation/wire.ts'
import { addAccount, addSchedule, approveAccount } from './testbed/acts.ts'

interface Disk {
  folder: string
  fill(db: Db): Promise<void>
  makeRoom(db: Db): Promise<void>
  remove(): void
}

const folderOfOurs = () => mkdtempSync(join(tmpdir(), 'repasse-disk-'))
const mount = (folder: string) =>
  spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', folder]).status === 0

/** A file system of its own, which only root may mount. */
function smallDisk(): Disk | undefined {
  const folder = folderOfOurs()
  const remove = () => {
    spawnSync('umount', [folder])
    rmSync(folder, { recursive: true, force: true })
  }
  if (!mount(folder)) {
    remove()
    return undefined
  }
  const ballast = join(folder, 'ballast')
  return {
    folder,
    remove,
    async fill() {
      const file = openSync(ballast, 'w')
      try {
        for (const block = Buffer.alloc(4096); ;) writeSync(file, block)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      } finally {
        closeSync(file)
      }
    },
    makeRoom: async () => rmSync(ballast),
  }
}

/** The same refusal from SQLite itself, where nothing can be mounted: a file that may not grow. */
function fileThatMayNotGrow(): Disk {
  const folder = folderOfOurs()
  return {
    folder,
    fill: db => db.script('pragma max_page_count = 1'),
    makeRoom: db => db.script('pragma max_page_count = 1000000'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

const trial = smallDisk()
trial?.remove()

describe.each([
  { how: 'a file system without room', disk: smallDisk, there: trial !== undefined },
  { how: 'a database file that may not grow', disk: fileThatMayNotGrow, there: true },
])('$how', ({ disk: makeDisk, there }) => {
  describe.skipIf(!there)(
    there ? 'stops the installation and breaks nothing' : 'is not to be had here: only root may mount one',
    () => {
      let now: number
      const clock: Clock = { now: () => now, sleep: () => Promise.resolve() }
      const world = { clock, random: seededRandom(8), log: silentLog, at: () => undefined }
      const terms = { transferFeeBy: 'receiver' as const, transferFeeUnits: 0n }
      let disk: Disk
      let bank: Bank
      let db: Db
      let rail: Rail
      let web: Web
      let schedule: ScheduleRow

      beforeEach(async () => {
        now = Date.parse('2026-11-21T15:00:00.000Z')
        disk = makeDisk()!
        const soon: [number, number] = [1, 2]
        bank = makeBank({
          clock,
          random: seededRandom(9),
          settings: {
            skipAuth: true,
            payRate: 1,
            fee: 50,
            payDelayMs: soon,
            creditDelayMs: soon,
            transferDelayMs: soon,
            eventDelayMs: soon,
          },
        })
        bank.addWebhook('http://installation.example/')
        await open()
        await migrate(db, clock)
        // A log that grew while tables were made would have room of its own.
        await close()
        await open()
        const to = {
          holder: 'A',
          taxId: '20.018.183/0001-80',
          bank: '20018183',
          branch: '0001',
          number: '6341',
          type: 'payment' as const,
        }
        await addAccount(db, world, 'main', to, 'maker')
        await approveAccount(db, 'main', 'checker')
        schedule = await addSchedule(
          db,
          world,
          {
            ...{
              name: 'trial',
              rail: 'starkbank',
              cron: '0 0 1 1 *',
              timeZone: 'Etc/UTC',
              startsAt: undefined,
              endsAt: undefined,
            },
            ...{
              countLow: 1,
              countHigh: 1,
              unitsLow: 1n,
              unitsHigh: 1n,
              roster: undefined,
              dueInMs: 86_400_000,
              payTo: 'main',
            },
            ...{ commissionBp: 0n, minPayoutUnits: 0n, catchUp: 'all' },
          },
          'maker',
        )
      })
      afterEach(async () => {
        await close()
        disk.remove()
      })

      async function open() {
        db = await openDb(`sqlite:${join(disk.folder, 'repasse.db')}`, world)
        rail = starkbankRail({
          bank: wire({
            bank,
            clock,
            at: () => Promise.resolve(),
            latencyMs: () => 0,
            trace: () => undefined,
          }),
          workspaceId: bank.settings.workspaceId,
          keys: { initial: [{ pem: bank.publicKeyPem }] },
          ...world,
        })
        web = await serveWeb(
          { db, rail, inbox: makeInbox(db, world), clock: world.clock, log: silentLog },
          '127.0.0.1:0',
        )
      }
      async function close() {
        await web.close()
        await db.close()
      }

      /** A batch of `count` drafts, not yet asked for. */
      const draft = (slotId: string, count: number) =>
        db.tx(async tx => {
          await tx.run(sql`
          insert into slots (id, schedule_id, schedule_version, due_at, cause, state, next_at, changed_at)
          values (${slotId}, ${schedule.id}, 1, ${slotId}, 'manual', 'running', '', '')`)
          const terms = {
            slotId,
            storeId: 'sto_default',
            dueInMs: 86_400_000,
            accountId: schedule.account_id,
          }
          const one = { name: 'Ana', taxId: '012.345.678-90', amount: brl(10_000n), description: '' }
          await draftBatch(
            tx,
            world,
            { ...terms, commissionBp: 0n, minPayoutUnits: 0n },
            () => Array.from({ length: count }, () => one),
            inReaisAsSaid('starkbank'),
          )
        })
      /** What the bank pushes after a while. */
      function later(): Delivery[] {
        const sent: Delivery[] = []
        for (let second = 0; second < 10; second++) {
          now += 1_000
          for (const delivery of bank.takeDeliveries()) {
            sent.push(delivery)
            bank.delivered(delivery.deliveryId, { status: 200 })
          }
        }
        return sent
      }
      async function post({ body, headers }: Delivery): Promise<number> {
        const response = await fetch(`${web.address}/webhooks/starkbank`, {
          method: 'POST',
          body: new Uint8Array(body),
          headers,
        })
        await response.arrayBuffer()
        return response.status
      }
      const count = async (what: 'inbox' | 'attempts') =>
        Number(
          (await db.one<{ count: bigint }>(
            what === 'inbox'
              ? sql`select count(*) as count from inbox`
              : sql`select count(*) as count from attempts`,
          ))!.count,
        )
      const states = async () =>
        (
          await db.all<{ state: string; count: bigint }>(
            sql`select state, count(*) as count from payouts group by state`,
          )
        ).map(row => `${row.count} ${row.state}`)
      async function sound() {
        expect(await db.all(sql`pragma integrity_check`)).toEqual([{ integrity_check: 'ok' }])
        expect(await checkLedger(db)).toEqual([])
      }
      const settle = () => settleInbox({ db, rails: { starkbank: rail }, world, terms })
      /** A full database is told apart from a surprise. */
      const full = (work: Promise<unknown>) => expect(work).rejects.toThrow(DbUnavailable)

      test('and all goes on once there is room', async () => {
        await draft('slo_1', 40)
        await issueDrafts(db, rail, world)
        const pushes = later()
        const credits = pushes.filter(({ body }) => body.includes('"type": "credited"'))
        expect(credits).toHaveLength(40)
        const [before, during] = [credits.slice(0, 20), credits.slice(20)]
        for (const push of before) expect(await post(push)).toBe(200)
        await settle()
        expect(await states()).toEqual(['20 owed'])
        await draft('slo_2', 60)

        await disk.fill(db)
        // A page may have a little room left in it, so not the very first need be refused.
        const answers = []
        for (const push of during) answers.push(await post(push))
        expect(new Set(answers.slice(5))).toEqual(new Set([503]))
        expect(await count('inbox')).toBe(20 + answers.filter(status => status === 200).length)
        await full(sendPayouts(db, rail, world))
        expect(await states()).toEqual(['20 owed'])
        expect([await count('attempts'), bank.transfers()]).toEqual([0, []])
        await full(issueDrafts(db, rail, world))
        expect(bank.invoices()).toHaveLength(40)
        await sound()

        // Nor does it matter that the process ends meanwhile.
        await close()
        await open()
        await sound()
        expect(await states()).toEqual(['20 owed'])

        await disk.makeRoom(db)
        for (const push of during) expect(await post(push)).toBe(200)
        await settle()
        expect(await states()).toEqual(['40 owed'])
        await sendPayouts(db, rail, world)
        expect(await issueDrafts(db, rail, world)).toMatchObject({ issued: 60 })
        for (const push of later()) expect(await post(push)).toBe(200)
        await settle()
        expect(bank.invoices()).toHaveLength(100)
        expect(await states()).toEqual(['60 owed', '40 paid'])
        expect(new Set(bank.transfers().map(({ externalId }) => externalId)).size).toBe(40)
        expect(bank.transfers()).toHaveLength(40)
        expect((await balances(db)).bank).toBe(bank.balanceUnits())
        await sound()
      })
    },
  )
})

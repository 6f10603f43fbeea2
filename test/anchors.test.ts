/**
 * The audit log against its anchors, on both databases: whoever can write into the database can neither cut
 * it nor rewrite it unseen.
 */
import { createHash } from 'node:crypto'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { systemClock, systemRandom } from '../src/base/clock.ts'
import { silentLog, type Log } from '../src/base/log.ts'
import { composeAnchorMail, queueAnchorMails, type AnchorMailRow } from '../src/jobs/anchorMail.ts'
import { timetable } from '../src/jobs/jobs.ts'
import { checkBooks, checkBooksByAndBy } from '../src/reconcile/reconcile.ts'
import {
  acceptBreak,
  anchorAudit,
  audit,
  findBreak,
  openAnchorFile,
  type AnchorFile,
  type AuditRow,
} from '../src/ledger/ledger.ts'
import { sendMails, type Mailer } from '../src/mail/mail.ts'
import { payoutsStopped } from '../src/payout/payout.ts'
import { sql, type Tx } from '../src/db/db.ts'
import { attentionOf } from '../src/queries/attention.ts'
import { sentence } from '../src/queries/attentionWords.ts'
import { openMigrated } from './testbed/migrated.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { openTestInstallation, type TestInstallation } from './testbed/testInstallation.ts'

const day = 24 * 3_600_000

describe.each(['SQLite', 'PostgreSQL'])('on %s', engine => {
  describe.skipIf(engine === 'PostgreSQL' && !postgresAvailable())(
    'with a server where one is needed',
    () => {
      let postgres: Postgres | undefined
      let folder: string
      let installation: TestInstallation
      let file: AnchorFile
      // What is in the file is the same whatever the database.
      const ofFile = test.skipIf(engine === 'PostgreSQL')
      let said: [fields: object, message: string][]

      beforeAll(
        async () =>
          void (postgres = engine === 'PostgreSQL' ? await startPostgres({ durable: false }) : undefined),
      )
      afterAll(() => postgres?.stop())
      beforeEach(async () => {
        folder = mkdtempSync(join(tmpdir(), 'repasse-anchors-'))
        installation = await openTestInstallation({
          ...(postgres && { databaseUrl: await postgres.migratedDatabase() }),
        })
        file = openAnchorFile(join(folder, 'anchors'))
        said = []
      })
      afterEach(async () => {
        await installation.close()
        rmSync(folder, { recursive: true, force: true })
      })

      const log: Log = { ...silentLog, info: (fields, message) => void said.push([fields, message]) }
      const anchor = () => anchorAudit(installation.db, file, log)
      const act = (subject: string) =>
        installation.db.tx(tx => audit(tx, { actor: 'ana', act: 'tried', subject, detail: {} }))
      const world = () => ({ ...installation.app.world, log: silentLog })
      const check = () => checkBooks(installation.db, world(), undefined, file)
      const lines = () => file.read('whole').flat()
      const head = async () =>
        Number((await installation.db.one<{ seq: bigint }>(sql`select max(seq) as seq from audit`))!.seq)
      /** Past every trigger. */
      const falsify = (change: string) =>
        installation.db.script(
          engine === 'SQLite'
            ? `drop trigger if exists audit_kept; drop trigger if exists audit_stay; drop trigger if exists ledger_transactions_stay;
             drop trigger if exists ledger_entries_stay; ${change}`
            : `alter table audit disable trigger user; alter table ledger_transactions disable trigger user; alter table ledger_entries disable trigger user; ${change}`,
        )
      /** As somebody does who knows how the chain is made: every hash fits. */
      async function rewrite(from: number, change: string): Promise<void> {
        const rows = await installation.db.all<AuditRow>(sql`select * from audit order by seq`)
        let previous = rows[from - 2]?.hash ?? '0'.repeat(64)
        const changes = rows.slice(from - 1).map(row => {
          const {
            at,
            actor,
            act: done,
            subject,
            detail,
          } = { ...row, ...(Number(row.seq) === from && { actor: change }) }
          const hash = createHash('sha256')
            .update(JSON.stringify([`${row.seq}`, at, actor, done, subject, detail, previous]))
            .digest('hex')
          const set = `update audit set actor = '${actor}', previous = '${previous}', hash = '${hash}' where seq = ${row.seq};`
          previous = hash
          return set
        })
        await falsify(changes.join('\n'))
        // Nothing of the chain itself tells.
        expect(await checkBooks(installation.db, world())).not.toContainEqual(
          expect.stringContaining('audit chain'),
        )
      }
      async function anchored(acts = 5): Promise<number> {
        await anchor()
        for (let count = 1; count <= acts; count++) await act(`thing ${count}`)
        await anchor()
        return head()
      }

      test('what was done is anchored once, in a file for its owner alone, in the log, and once a day where nothing was', async () => {
        expect(await anchor()).toBe('anchored')
        expect(statSync(join(folder, 'anchors')).mode & 0o777).toBe(0o600)
        // That anchors are kept is an act of its own.
        expect(lines()).toHaveLength(2)
        expect(await anchor()).toBe('same')
        await act('one')
        await act('two')
        expect(await anchor()).toBe('anchored')
        expect(lines().map(line => (JSON.parse(line) as { rows: string[] }).rows.length)).toEqual([
          (await head()) - 3,
          1,
          2,
        ])
        expect(said.at(-1)).toEqual([
          expect.objectContaining({ seq: `${await head()}` }),
          'the audit log is anchored',
        ])
        installation.pass(day + 1)
        expect(await anchor()).toBe('anchored')
        expect(await check()).toEqual([])
      })

      test('two that anchor at once leave one chain of lines', async () => {
        for (let count = 0; count < 5; count++) {
          await act(`thing ${count}`)
          await Promise.all([anchor(), anchor(), anchor()])
        }
        expect(await findBreak(installation.db, file)).toBeUndefined()
        expect(lines().length).toBeLessThanOrEqual(7)
      })

      test.each([
        [
          'cut at its end',
          async (last: number) => falsify(`delete from audit where seq > ${last - 3}`),
          -2,
          'is missing',
        ],
        ['cut to nothing', async () => falsify('delete from audit'), undefined, 'is missing'],
        [
          'rewritten in the middle',
          async (last: number) => rewrite(last - 3, 'eve'),
          -3,
          'is not the one that was anchored',
        ],
        [
          'rewritten from its first record on',
          async () => rewrite(1, 'eve'),
          undefined,
          'is not the one that was anchored',
        ],
      ])(
        'a log that was %s stops payouts and names the first record that differs [security 18 A4]',
        async (_, attack, place, how) => {
          const last = await anchored()
          expect(await check()).toEqual([])
          await attack(last)
          // What the job does every five minutes sees it too.
          const found = await checkBooksByAndBy(installation.db, world(), undefined, file)
          expect(found).toContainEqual(expect.stringContaining(how))
          if (place !== undefined)
            expect(found).toContainEqual(expect.stringContaining(`record ${last + place} of the audit log`))
          expect(await payoutsStopped(installation.db)).toContain('audit anchors')
          expect(await anchor()).toBe('differs')
          // A process that has no anchors at hand takes nothing back.
          await checkBooks(installation.db, world())
          expect(await payoutsStopped(installation.db)).toContain('audit anchors')
        },
      )

      const forgetMark = () => falsify("delete from cursors where name like 'audit anchors %'")
      ofFile.each<[string, () => unknown, string]>([
        [
          'is gone with the database’s note of it',
          () => forgetMark().then(() => rmSync(join(folder, 'anchors'))),
          'are missing',
        ],
        ['is gone', () => rmSync(join(folder, 'anchors')), 'are missing'],
        ['was emptied', () => writeFileSync(join(folder, 'anchors'), ''), 'are missing'],
        [
          'was cut',
          () => writeFileSync(join(folder, 'anchors'), `${lines().slice(0, -1).join('\n')}\n`),
          'were cut',
        ],
        [
          'lacks a line',
          () => writeFileSync(join(folder, 'anchors'), `${lines().toSpliced(1, 1).join('\n')}\n`),
          'were changed: line 2',
        ],
        [
          'lacks its beginning',
          () => writeFileSync(join(folder, 'anchors'), `${lines().slice(1).join('\n')}\n`),
          'were changed: line 1',
        ],
      ])('a file of anchors that %s is a finding [security A4]', async (_, attack, says) => {
        await anchored()
        await act('more')
        await anchor()
        await attack()
        expect(await check()).toEqual([expect.stringContaining(says)])
        expect(await payoutsStopped(installation.db)).toContain(says)
      })

      test('a ledger with fewer transactions than were anchored is a finding', async () => {
        installation.bank.pay(installation.atBank.id)
        installation.pass(5_000)
        await installation.hear(installation.event('invoice.credited'))
        await act('one')
        await anchored(1)
        expect(await check()).toEqual([])
        await falsify('delete from ledger_entries; delete from ledger_transactions')
        expect(await check()).toContainEqual(
          expect.stringMatching(/audit anchors: the ledger has 0 transactions, and had \d/),
        )
      })

      ofFile(
        'half a line that a crash left, and a crash before the line was remembered, are no fault',
        async () => {
          await anchored()
          appendFileSync(file.path, '{"seq":"9"')
          await act('more')
          await anchor()
          expect(await check()).toEqual([])
          await act('yet more')
          const { value } = (await installation.db.one<{ value: string }>(
            sql`select value from cursors where name like 'audit anchors %'`,
          ))!
          await anchor()
          await installation.db.tx(tx =>
            tx.run(sql`update cursors set value = ${value} where name like 'audit anchors %'`),
          )
          expect(await anchor()).not.toBe('differs')
          expect(await check()).toEqual([])
        },
      )

      ofFile(
        'what was never committed is not anchored, though it shared its commit with the anchors',
        async () => {
          const db = await openMigrated(`sqlite:${join(folder, 'repasse.db')}`, {
            clock: systemClock,
            random: systemRandom,
          })
          const tried = async (tx: Tx) =>
            audit(tx, { actor: 'ana', act: 'tried', subject: 'thing', detail: {} })
          try {
            await db.tx(tried)
            await anchorAudit(db, file, silentLog)
            const undone = db.tx(async tx => {
              await tried(tx)
              // Asked only at the commit, which fails then, as it does where the disk is full or the power
              // goes.
              await tx.run(sql`pragma defer_foreign_keys = on`)
              await tx.run(
                sql`insert into objections (id, store_id, user_id, made_by, why, added_at)
                  values ('o', 'sto_default', 'nobody', '', '', '')`,
              )
            })
            expect(
              (await Promise.allSettled([undone, anchorAudit(db, file, silentLog)])).map(
                ({ status }) => status,
              ),
            ).toContain('rejected')
            expect(await findBreak(db, file)).toBeUndefined()
            await db.tx(tried)
            expect(await anchorAudit(db, file, silentLog)).toBe('anchored')
            expect(await findBreak(db, file)).toBeUndefined()
          } finally {
            await db.close()
          }
        },
      )

      test('a break that a person accepts with a reason is in both, and what comes after it is held again', async () => {
        const last = await anchored()
        expect(await acceptBreak(installation.db, file, { by: 'ana', why: 'for nothing' })).toBeUndefined()
        await rewrite(last - 3, 'eve')
        expect(await acceptBreak(installation.db, file, { by: 'ana', why: 'we have looked' })).toMatchObject({
          first: BigInt(last - 3),
        })
        expect(await check()).toEqual([])
        expect(await payoutsStopped(installation.db)).toBeUndefined()
        expect(lines().at(-1)).toContain(
          `"accepted":{"from":"${last - 3}","by":"ana","why":"we have looked"}`,
        )
        const row = await installation.db.one<{ detail: string }>(
          sql`select detail from audit where act = 'audit break accepted'`,
        )
        expect(JSON.parse(row!.detail)).toMatchObject({
          why: 'we have looked',
          first: `${last - 3}`,
          anchored: `${last}`,
        })
        await act('more')
        expect(await anchor()).toBe('anchored')
        // Of what was anchored before, records from before the break still count.
        await rewrite(2, 'mallory')
        expect(await check()).toContainEqual(
          expect.stringContaining('record 2 of the audit log is not the one'),
        )
      })

      describe('by mail', () => {
        const to = ['auditor@example.com', 'board@example.com']
        const queue = (anchoring = { file }) =>
          queueAnchorMails({ db: installation.db, world: installation.app.world, anchoring }, to)
        const mails = () =>
          installation.db.all<AnchorMailRow>(sql`select * from anchor_mails order by added_at, address`)
        const approve = (name: string) =>
          installation.db.tx(tx =>
            audit(tx, {
              actor: 'ana',
              act: 'account approved',
              subject: name,
              detail: { statement: name, proof: 'said' },
            }),
          )
        const hour = 3_600_000

        test('each address is written to once a day, and within an hour of an approval, with how far the log went', async () => {
          expect(await queue()).toBe(2)
          const [first] = await mails()
          expect(first).toMatchObject({
            state: 'queued',
            seq: BigInt(await head()),
            address: 'auditor@example.com',
          })
          expect(await Promise.all([queue(), queue()])).toEqual([0, 0])
          await approve('main')
          await approve('other')
          expect(await queue()).toBe(0)
          installation.pass(hour + 1)
          expect(await queue()).toBe(2)
          expect((await mails()).at(-1)).toMatchObject({ seq: BigInt(await head()), transactions: 0n })
          // What is no approval waits for the day's.
          await act('one')
          installation.pass(2 * hour)
          expect(await queue()).toBe(0)
          installation.pass(day)
          expect(await Promise.all([queue(), queue()])).toContain(2)
          expect(await mails()).toHaveLength(6)
        })

        test('after a clock that was a year ahead they are written to once a day, and not each minute', async () => {
          await queue()
          await installation.db.tx(tx =>
            tx.run(sql`update anchor_mails set added_at = '2027-11-21T03:00:00.000Z'`),
          )
          const found: unknown[] = []
          for (const minutes of [0, 1, 1, 24 * 60]) {
            installation.pass(minutes * 60_000)
            found.push(await queue())
          }
          expect(found).toEqual([2, 0, 0, 2])
        })

        ofFile('a log that is not the one that was anchored is not witnessed', async () => {
          const last = await anchored()
          await rewrite(last, 'eve')
          expect(await queue()).toBe('differs')
          expect(await mails()).toEqual([])
        })

        ofFile('one that cannot be sent is said until a later one arrives', async () => {
          const refusing = {
            send: async () => ({ is: 'refused' as const, why: 'no such mailbox', again: false }),
          }
          const taking = { send: async () => ({ is: 'done' as const, value: 'ok' }) }
          const sendWith = (mailer: Mailer) =>
            sendMails<AnchorMailRow>(
              installation.db,
              mailer,
              installation.app.world,
              'anchor_mails',
              (_, row) => composeAnchorMail(row, { shopName: 'x', publicUrl: 'y' }),
            )
          await queue()
          expect(await sendWith(refusing)).toMatchObject({ failed: 2 })
          const asked = async () =>
            (await attentionOf(installation.db, undefined))
              .filter(({ kind }) => kind === 'anchor mail failed')
              .map(sentence)
          expect(await asked()).toEqual(
            to.map(address => expect.stringContaining(`to ${address} (AUDIT_ANCHOR_EMAIL): no such mailbox`)),
          )
          installation.pass(day)
          await queue()
          expect(await sendWith(taking)).toMatchObject({ sent: 2 })
          expect(await asked()).toEqual([])
        })
      })

      ofFile('anchors that are lost are begun again by a person’s word alone', async () => {
        await anchored()
        rmSync(file.path)
        expect(await anchor()).toBe('differs')
        expect(existsSync(file.path)).toBe(false)
        await acceptBreak(installation.db, file, { by: 'ana', why: 'the disk is gone' })
        expect(await check()).toEqual([])
        await act('more')
        expect(await anchor()).toBe('anchored')
        expect(await check()).toEqual([])
      })

      ofFile('a part that is full is read-only, and the next one goes on from it', async () => {
        file = openAnchorFile(join(folder, 'anchors'), 600)
        for (let count = 0; count < 8; count++) {
          await act(`thing ${count}`)
          await anchor()
        }
        const parts = readdirSync(folder).sort()
        expect(parts.length).toBeGreaterThan(2)
        expect(parts.slice(0, -1).map(name => statSync(join(folder, name)).mode & 0o777)).toEqual(
          parts.slice(0, -1).map(() => 0o400),
        )
        expect(await check()).toEqual([])
        chmodSync(join(folder, parts[1]!), 0o600)
        rmSync(join(folder, parts[1]!))
        expect(await check()).toEqual([expect.stringContaining('were changed: line')])
      })

      // Whoever is root may write all the same.
      ofFile(
        'a part that became read-only, and a crash before the next was there, are gone on from',
        async () => {
          const small = openAnchorFile(join(folder, 'small'), 10)
          small.append(['a line that is long'])
          chmodSync(join(folder, 'small'), 0o400)
          small.append(['the next'])
          expect(small.read('whole')).toEqual([['a line that is long'], ['the next']])
        },
      )

      test('the job is there where anchors are kept, and says where they differ', async () => {
        const jobs = timetable({ ...installation.app, anchoring: { file } }).filter(
          ({ name }) => name === 'anchor-audit',
        )
        expect(jobs).toHaveLength(1)
        expect(timetable(installation.app).some(({ name }) => name === 'anchor-audit')).toBe(false)
        expect(await jobs[0]!.work(installation.app, world())).toBeUndefined()
        expect(await anchorAudit(installation.db, undefined, log)).toBe('anchored')
        expect(await anchorAudit(installation.db, undefined, log)).toBe('same')
        const last = await anchored()
        await rewrite(last, 'eve')
        expect(await jobs[0]!.work(installation.app, world())).toEqual({
          less: expect.stringContaining('not the one that was anchored'),
        })
      })
    },
  )
})

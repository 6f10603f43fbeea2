/**
 * Encryption at rest: what a copy of the database tells without its keys, keys that change while work goes
 * on, and values that cannot be read.
 */
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bodyOf } from '../sim/events.ts'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { dataKey, keyLine, keysOf, noKeys, type DataKeys } from '../src/base/cipher.ts'
import { BadInput } from '../src/base/answer.ts'
import { Crash } from '../src/base/world.ts'
import { askAgain, draftBatch, inReaisAsSaid, issueDrafts, planBatch } from '../src/invoice/invoice.ts'
import { runDueSlots, type App } from '../src/jobs/jobs.ts'
import { batchRule, batchTerms, needSchedule, runNow } from '../src/schedule/schedule.ts'
import { checkingBeside } from '../src/reconcile/reconcile.ts'
import { codeAt, stepAt } from '../src/people/totp.ts'
import { acceptInvitation, newToken, openInvitation, signIn } from '../src/people/people.ts'
import { writeOrder, type PlaceTerms } from '../src/shop/shop.ts'
import { audit, sealColumns } from '../src/ledger/ledger.ts'
import { openKeyFile } from '../src/db/keyFile.ts'
import { encryptUnder, rowOf } from '../src/db/encrypted.ts'
import {
  columns,
  encryptedTables,
  keyUses,
  retireKey,
  rotate,
  unreadableValues,
  useKeys,
} from '../src/db/rotate.ts'
import {
  asStored,
  encrypted,
  join as list,
  openDb,
  sameAs,
  sql,
  unreadableText,
  type Row,
  type Db,
} from '../src/db/db.ts'
import { makeInbox, settleInbox } from '../src/webhooks/webhooks.ts'
import { furnishShop } from './testbed/shopFloor.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { openTestInstallation, type TestInstallation } from './testbed/testInstallation.ts'
import { addSchedule, addUser } from './testbed/acts.ts'

const secret = (byte: number) => new Uint8Array(32).fill(byte)
const [older, newer] = [dataKey(secret(1)), dataKey(secret(2))]
const planted = {
  names: ['Quitéria Alvarenga', 'Zeferino Buarque', 'Iolanda Figueira'],
  taxIds: ['012.345.678-90', '529.982.247-25'],
  emails: ['quiteria@example.com', 'iolanda@example.com'],
  what: ['Aluguel da casa verde'],
}

let postgres: Postgres | undefined
beforeAll(async () => {
  if (postgresAvailable()) postgres = await startPostgres({ durable: false })
})
afterAll(() => postgres?.stop())

describe.each([
  { engine: 'sqlite', there: true },
  { engine: 'postgres', there: postgresAvailable() },
])('$engine', ({ engine, there }) => {
  describe.skipIf(!there)(there ? 'at rest' : 'is not to be had on this machine', () => {
    const folder = mkdtempSync(join(tmpdir(), 'repasse-encryption-'))
    afterAll(() => rmSync(folder, { recursive: true, force: true }))
    let databases = 0
    const open: { close(): Promise<void> }[] = []
    afterEach(async () => {
      for (const each of open.splice(0)) await each.close()
    })
    const fresh = async () =>
      engine === 'sqlite' ? `sqlite:${join(folder, `${++databases}.db`)}` : postgres!.migratedDatabase()

    async function openLivedIn(
      keys: DataKeys,
    ): Promise<{ installation: TestInstallation; url: string; secret: string }> {
      const url = await fresh()
      const installation = await openTestInstallation({ databaseUrl: url, keys })
      open.push(installation)
      await useKeys(installation.db, keys)
      return { installation, url, secret: await live(installation) }
    }
    const another = async (installation: TestInstallation, url: string, keys: DataKeys): Promise<Db> => {
      const db = await openDb(url, { ...installation.app.world, keys, virtual: true })
      open.push(db)
      return db
    }

    /** All that the database's files hold, or all that its tables do. */
    async function everything(url: string): Promise<string> {
      if (engine === 'sqlite') {
        const file = url.slice('sqlite:'.length)
        const files = readdirSync(folder).filter(name => join(folder, name).startsWith(file))
        return files.map(name => readFileSync(join(folder, name), 'latin1')).join('')
      }
      const db = await openDb(url, {
        clock: { now: () => 0, sleep: async () => undefined },
        random: undefined as never,
      })
      try {
        const tables = await db.all<{ name: string }>(
          sql`select tablename as name from pg_tables where schemaname = current_schema()`,
        )
        const all: unknown[] = []
        for (const { name } of tables)
          all.push(...(await db.all(asStored(sql`select * from ${{ texts: [name], values: [] }}`))))
        return all
          .flatMap(row => Object.values(row as Row))
          .map(value =>
            value instanceof Uint8Array
              ? Buffer.from(value).toString('latin1')
              : Buffer.from(String(value)).toString('latin1'),
          )
          .join('\n')
      } finally {
        await db.close()
      }
    }
    const tellsOf = (all: string, words: readonly string[]) =>
      words.filter(word => all.includes(Buffer.from(word).toString('latin1')))
    const everyWord = (authenticator: string) => [...Object.values(planted).flat(), authenticator]

    test('a copy of the database tells none of the people in it, and everything is found and read as before', async () => {
      const { installation, url, secret: authenticator } = await openLivedIn(keysOf([older]))
      const { db } = installation
      expect(
        await db.all(
          sql`select id, payer_name, payer_tax_id, description from invoices where description = payer_name
            or ordinal = 1`,
        ),
      ).toMatchObject([
        { payer_name: planted.names[1], payer_tax_id: planted.taxIds[1], description: planted.what[0] },
      ])
      const sought = sameAs('invoices.payer_tax_id', planted.taxIds[1]!)
      expect(
        await db.all(sql`select id, payer_name from invoices where payer_tax_id in (${sought})`),
      ).toHaveLength(1)
      expect(
        await db.one(
          sql`select id, email, name from orders
            where email in (${sameAs('orders.email', planted.emails[1]!)})`,
        ),
      ).toMatchObject({
        email: planted.emails[1],
        name: planted.names[2],
      })
      expect(await installation.audit()).toEqual([])
      expect((await keyUses(db)).filter(({ key }) => key !== older.id)).toEqual([])
      // Without its key, or with another alone, the program does not start; and a key that is in use is not
      // retired.
      await expect(useKeys(db, noKeys)).rejects.toThrow(/set ENCRYPTION_KEY_FILE to its key file/)
      await expect(useKeys(db, keysOf([newer]))).rejects.toThrow(BadInput)
      await useKeys(db, keysOf([newer, older]))
      expect(await db.tx(tx => retireKey(tx, keysOf([newer, older]), older.id))).toMatchObject({
        is: 'in-use',
      })
      for (const each of open.splice(0)) await each.close()
      expect(tellsOf(await everything(url), everyWord(authenticator))).toEqual([])
    })

    test('without a key everything is as it was, and a database of today is encrypted by one rotation', async () => {
      const { installation, url, secret: authenticator } = await openLivedIn(noKeys)
      await installation.db.tx(tx => tx.run(sql`update users set totp_step = 0`))
      expect(tellsOf(await everything(url), everyWord(authenticator))).toEqual(everyWord(authenticator))
      const keys = keysOf([older])
      const db = await another(installation, url, keys)
      await useKeys(db, keys)
      expect(await db.one(sql`select email from orders`)).toEqual({ email: planted.emails[1] })
      expect(await unreadableValues(db, keys)).toEqual([])
      const { count } = await rotate({ db, keys, world: installation.app.world })
      expect(count).toBeGreaterThan(20)
      expect((await keyUses(db)).filter(({ key }) => key !== older.id)).toEqual([])
      expect(await db.one(sql`select email from orders`)).toEqual({ email: planted.emails[1] })
      await db.compact(encryptedTables)
      for (const each of open.splice(0)) await each.close()
      expect(tellsOf(await everything(url), everyWord(authenticator))).toEqual([])
    })

    test('a rotation goes on where it was ended, while a process with the older key works on and reads all of it [security B4]', async () => {
      const { installation, url } = await openLivedIn(keysOf([older]))
      // A process that began when there was one key.
      const file = join(folder, `${engine}.keys`)
      writeFileSync(file, `${keyLine(secret(1))}\n`, { mode: 0o600 })
      const running = await another(installation, url, openKeyFile(file, { strict: true }))
      appendFileSync(file, `${keyLine(secret(2))}\n`)
      const keys = openKeyFile(file, { strict: true })
      const turning = await another(installation, url, keys)
      expect(keys.newest!.id).toBe(newer.id)
      await useKeys(turning, keys)

      const mails = Array.from({ length: 450 }, (_, number) => mailOf(number))
      await running.tx(tx => tx.run(sql`insert into person_mails ${mailColumns} values ${list(mails)}`))

      // Ended in the middle of a column.
      let batches = 0
      const dies = () => {
        if (++batches === 6) throw new Crash('killed')
      }
      await expect(
        rotate({ db: turning, keys, world: { ...installation.app.world, at: dies } }),
      ).rejects.toThrow(Crash)
      const under = async (id: string) =>
        (await keyUses(turning)).filter(({ key }) => key === id).reduce((sum, { count }) => sum + count, 0)
      expect(await under(newer.id)).toBeGreaterThan(400)
      expect(await under(older.id)).toBeGreaterThan(50)
      const unreadHere = async () =>
        (
          await running.all<{ value: string }>(
            sql`select address as value from person_mails union all select payer_name from invoices`,
          )
        ).filter(({ value }) => value === unreadableText)
      expect(await unreadHere()).toEqual([])
      await collectOne(installation, {
        ...installation.app,
        db: running,
        inbox: makeInbox(running, installation.app.world),
      })
      const before = await under(newer.id)
      const { count } = await rotate({ db: turning, keys, world: installation.app.world })
      expect([await under(older.id), await under(newer.id)]).toEqual([0, before + count])
      expect(await unreadHere()).toEqual([])
      expect(await turning.all(sql`select name from cursors where name like 'encrypt %'`)).toEqual([])
      // The nightly check has a connection of its own, and rosters are among what was stated.
      if (engine === 'sqlite')
        expect((await checkingBeside({ databaseUrl: url, keyFile: file })!.check())?.suspected).toEqual([])
      expect(await running.tx(tx => retireKey(tx, keys, newer.id))).toEqual({ is: 'newest' })
      expect(await turning.tx(tx => retireKey(tx, keys, older.id))).toEqual({ is: 'retired' })
      expect(await unreadableValues(turning, keys)).toEqual([])
      expect(await installation.audit()).toEqual([])
    })

    test('a value that was changed or moved holds up its own invoice, person and event, and nothing else', async () => {
      const { installation } = await openLivedIn(keysOf([older]))
      const { db, app } = installation
      await addRoster(installation, 'second')
      const ids = await drafted(installation)
      expect(ids).toHaveLength(2)
      const edit = async (table: string, column: string, where: ReturnType<typeof sql>) => {
        const [named, of] = [column, table].map(text => ({ texts: [text], values: [] })) as [never, never]
        const row = (await db.one<{ value: string }>(
          asStored(sql`select ${named} as value from ${of} where ${where}`),
        ))!
        const value = `${row.value.slice(0, -3)}${row.value.endsWith('AAA') ? 'BBB' : 'AAA'}`
        await db.tx(tx => tx.run(sql`update ${of} set ${named} = ${value} where ${where}`))
      }
      await edit('invoices', 'payer_name', sql`id = ${ids[0]!}`)
      await edit('users', 'totp_secret', sql`name = 'carla'`)
      // Moved into another column, it is not shown there.
      const ofAnother = sql`slot_id is not null and ordinal = 1 and state = 'credited'`
      await db.tx(tx => tx.run(sql`update invoices set description = payer_tax_id where ${ofAnother}`))
      expect(await db.one(sql`select id, description from invoices where ${ofAnother}`)).toMatchObject({
        description: unreadableText,
      })

      const asked = installation.bank.invoices().length
      await issueDrafts(db, app.rails.starkbank!, app.world)
      expect(installation.bank.invoices()).toHaveLength(asked + 1)
      expect(
        await db.all(sql`select id, state from invoices where id in (${ids[0]!}, ${ids[1]!}) order by state`),
      ).toEqual([
        { id: ids[0], state: 'draft' },
        { id: ids[1], state: 'issued' },
      ])
      expect((await installation.historyOf(ids[0]!)).at(-1)?.why).toMatch(/cannot be decrypted/)
      expect(
        (
          await askAgain(
            { db, rail: undefined, world: app.world, hearAgain: async () => undefined },
            ids[0]!,
            { by: 'ana', why: '' },
          )
        ).is,
      ).toBe('impossible')
      const attempt = { name: 'carla', password, code: '123456', address: '127.0.0.1', agent: '' }
      expect(await signIn(db, app.world, attempt)).toMatchObject({ is: 'refused' })

      // An event that cannot be read waits, and is applied once it can be.
      const { id: bankId } = installation.bank.invoices().find(({ tags }) => tags.includes(ids[1]!))!
      installation.bank.pay(bankId)
      installation.pass(60_000)
      const event = installation.event('invoice.credited')
      await installation.hear()
      await app.inbox.keep({ rail: 'starkbank', eventId: event.id, raw: bodyOf(event), via: 'push' })
      const kept = (await db.one<{ raw: Uint8Array }>(
        asStored(sql`select raw from inbox where event_id = ${event.id}`),
      ))!.raw
      const broken = Buffer.from(kept)
      broken[broken.length - 1]! ^= 1
      await db.tx(tx => tx.run(sql`update inbox set raw = ${broken} where event_id = ${event.id}`))
      await installation.hear()
      expect(await installation.fate(event)).toMatch(/^waiting: it cannot be decrypted/)
      expect(
        (await unreadableValues(db, keysOf([older]))).map(({ column, why }) => `${column} ${why}`).toSorted(),
      ).toEqual([
        'inbox.raw altered',
        'invoices.description of another column',
        'invoices.payer_name altered',
        'users.totp_secret altered',
      ])
      await db.tx(tx => tx.run(sql`update inbox set raw = ${kept} where event_id = ${event.id}`))
      installation.pass(400_000)
      await installation.hear()
      expect(await installation.fate(event)).toBe('done: credited')
      expect(await installation.audit()).toEqual([])
    })

    test('once everything was encrypted, what is in plain text or of no row is refused, named, and encrypted by who says so [security A3]', async () => {
      const keys = keysOf([older])
      const { installation, url } = await openLivedIn(keys)
      const { db, app } = installation
      const invoice = sql`slot_id is not null and ordinal = 1`
      const plant = async (from: Db) =>
        from.tx(async tx => {
          const name = encryptUnder(older, 'orders.name', undefined, 'Mallory', app.world.random)
          await tx.run(sql`update orders set name = ${name}, email = 'mallory@example.com'`)
          await tx.run(sql`update users set totp_secret = 'JBSWY3DPEHPK3PXP' where name = 'carla'`)
          await tx.run(sql`update invoices set payer_name = 'Mallory' where ${invoice}`)
          await tx.run(
            sql`update inbox set raw = ${Buffer.from('{}')} where id = (select min(id) from inbox)`,
          )
        })
      const seen = async (from: Db) => {
        const order = (await from.one<Row>(sql`select id, name, email from orders`))!
        const user = (await from.one<Row>(sql`select id, totp_secret from users where name = 'carla'`))!
        const asked = (await from.one<Row>(sql`select id, payer_name from invoices where ${invoice}`))!
        const event = (await from.one<{ raw: Uint8Array }>(
          sql`select id, rail, event_id, raw from inbox order by id limit 1`,
        ))!
        const raw = Buffer.from(event.raw).toString()
        return [order['name'], order['email'], user['totp_secret'], asked['payer_name'], raw]
      }
      expect([await sealColumns(db, keys, 'ana'), await sealColumns(db, keys, 'ana')]).toEqual([true, false])
      // A process that starts now.
      const later = keysOf([older])
      const started = await another(installation, url, later)
      await useKeys(started, later)
      await plant(db)
      for (const each of [db, started]) {
        expect(await seen(each)).toEqual(Array(5).fill(unreadableText))
        const sought = sameAs('orders.email', 'mallory@example.com')
        expect(await each.all(sql`select id from orders where email in (${sought})`)).toEqual([])
      }
      const named = async () =>
        (await unreadableValues(started, later)).map(({ column, why }) => `${column} ${why}`).sort()
      const refused = [
        'inbox.raw in plain text',
        'invoices.payer_name in plain text',
        'orders.email in plain text',
        'orders.name of any row',
        'users.totp_secret in plain text',
      ]
      expect(await named()).toEqual(refused)
      // Whoever appends to the log what names fewer columns, or nothing that can be read, takes none back.
      const append = (detail: Record<string, string>) =>
        db.tx(tx => audit(tx, { actor: 'root', act: 'plain values refused', subject: older.id, detail }))
      await append({ columns: 'users.email' })
      await append({})
      await useKeys(started, later)
      expect(await named()).toEqual(refused)
      const { world } = app
      expect(await rotate({ db, keys, world })).toMatchObject({ count: 0 })
      expect(await named()).toEqual(refused)
      expect(await rotate({ db, keys, world, acceptPlain: true })).toEqual({ count: 5, unreadable: [] })
      expect([(await seen(started))[0], await named()]).toEqual(['Mallory', []])
    })

    test('a value of another row is read nowhere, whichever column it is of, and lets nobody in [security 9]', async () => {
      const { installation, secret: ours } = await openLivedIn(keysOf([older]))
      const { db, app } = installation
      const theirs = await comeIn(installation, 'mallory')
      await addRoster(installation, 'second')
      await drafted(installation)
      await db.tx(async tx => {
        await tx.run(sql`insert into person_mails ${mailColumns} values ${list([mailOf(1), mailOf(2)])}`)
        for (const id of ['1', '2'])
          await tx.run(sql`
            insert into strangers (id, store_id, rail, state, units, description, source, at, added_at,
              changed_at)
            values (${id}, 'sto_default', 'starkbank', 'open', 1,
              ${encrypted('strangers.description', id, `line ${id}`)}, '', '', '', '')`)
        await tx.run(sql`
          insert into orders (id, store_id, token, basket_key, name, email, tax_id, language, rail, units,
            state, added_at, changed_at)
          values ('ord_z', 'sto_default', 'z', 'z', ${encrypted('orders.name', 'ord_z', 'Bia')}, '',
            ${encrypted('orders.tax_id', 'ord_z', planted.taxIds[1]!)},
            'pt-BR', 'starkbank', 1, 'awaiting', '', '')`)
      })
      expect(await unreadableValues(db, keysOf([older]))).toEqual([])
      // Each of them as somebody would who can write rows: the newest row with a value bears that of the
      // oldest.
      const moved: string[] = []
      for (const column of columns) {
        const [table, name] = column.split('.').map(text => ({ texts: [text], values: [] })) as [never, never]
        const isSet = sql`length(${name}) > 0`
        // Two columns are looked up by value, and two have one row at most here.
        if (!rowOf(column) || column === 'inbox_conflicts.raw' || column === 'invitations.totp_secret')
          continue
        const ends = await db.one<{ least: string; most: string }>(
          sql`select min(id) as least, max(id) as most from ${table} where ${isSet}`,
        )
        expect(ends!.least, column).not.toBe(ends!.most)
        await db.tx(tx =>
          tx.run(
            sql`update ${table} set ${name} = (select ${name} from ${table} where id = ${ends!.least})
              where id = ${ends!.most}`,
          ),
        )
        moved.push(`${column} of another row`)
      }
      const found = await unreadableValues(db, keysOf([older]))
      expect(found.map(({ column, why }) => `${column} ${why}`).toSorted()).toEqual(moved.toSorted())
      expect(moved).toHaveLength(columns.length - 4)
      // The authenticator of one of them lets nobody in: not with their own password, and not with the
      // other's.
      installation.pass(60_000)
      const [least] = await db.all<{ name: string }>(sql`select name from users order by id limit 1`)
      const robbed = least!.name === 'carla' ? 'mallory' : 'carla'
      for (const authenticator of [ours, theirs]) {
        const code = codeAt(authenticator, stepAt(installation.clock.now()))
        expect(
          await signIn(db, app.world, { name: robbed, password, code, address: '127.0.0.1', agent: '' }),
        ).toMatchObject({
          is: 'refused',
        })
      }
      const newest = await db.one<{ payer_name: string }>(
        sql`select id, payer_name from invoices order by id desc limit 1`,
      )
      expect(newest).toMatchObject({ payer_name: unreadableText })
    })

    test('what was written before values were bound to their rows is read, and bound by a rotation under the same key', async () => {
      const { installation, secret: authenticator } = await openLivedIn(keysOf([older]))
      const { db, app } = installation
      const keys = keysOf([older])
      for (const [table, name] of [
        ['users', 'totp_secret'],
        ['invoices', 'payer_name'],
      ] as const) {
        const [of, column] = [table, name].map(text => ({ texts: [text], values: [] })) as [never, never]
        for (const row of await db.all<{ id: string; value: string }>(
          sql`select id, ${column}, ${column} as value from ${of} where ${column} is not null`,
        )) {
          const before = encryptUnder(
            older,
            `${table}.${name}` as 'users.totp_secret',
            undefined,
            row.value,
            app.world.random,
          )
          await db.tx(tx => tx.run(sql`update ${of} set ${column} = ${before} where id = ${row.id}`))
        }
      }
      const unbound = async () => (await keyUses(db)).reduce((sum, use) => sum + use.unbound, 0)
      expect(await unbound()).toBeGreaterThan(2)
      expect(await db.one(sql`select id, payer_name from invoices where ordinal = 1 limit 1`)).toMatchObject({
        payer_name: planted.names[1],
      })
      const enter = async () => {
        installation.pass(60_000)
        const code = codeAt(authenticator, stepAt(installation.clock.now()))
        return (
          await signIn(db, app.world, { name: 'carla', password, code, address: '127.0.0.1', agent: '' })
        ).is
      }
      expect(await enter()).toBe('in')
      const count = await unbound()
      expect(await rotate({ db, keys, world: app.world })).toEqual({ count, unreadable: [] })
      expect([await unbound(), await unreadableValues(db, keys), await enter()]).toEqual([0, [], 'in'])
    })
  })
})

const mailColumns = sql`(id, store_id, address, language, kind, about, detail, state, next_at, added_at,
  changed_at)`
const mailOf = (number: number) =>
  sql`(${`mail_${number}`}, 'sto_default',
    ${encrypted('person_mails.address', `mail_${number}`, `${number}@example.com`)}, 'pt-BR', 'added',
      (select min(id)
        from users), ${encrypted('person_mails.detail', `mail_${number}`, '{}')}, 'sent', '', '', '')`

const password = 'doze palavras guardam a casa'
const shopTerms: PlaceTerms = { rails: ['starkbank'], price: async () => undefined, writes: false }

/**
 * A roster that is asked and paid, somebody who came in with an authenticator, and an order; answers the
 * authenticator's secret.
 */
async function live(installation: TestInstallation): Promise<string> {
  const { db, app } = installation
  await addRoster(installation, 'roster')
  await collectOne(installation, app)
  const authenticator = await comeIn(installation, 'carla')
  const shop = await furnishShop(db, app.world, ['starkbank'])
  const buyer = { name: planted.names[2]!, email: planted.emails[1]!, taxId: planted.taxIds[0]! }
  expect(await writeOrder(db, app.world, shop.placing({ buyer }), shopTerms)).toMatchObject({ is: 'placed' })
  await runDueSlots(app)
  await issueDrafts(db, app.rails.starkbank!, app.world)
  return authenticator
}

/** Somebody who accepts an invitation and signs in; answers their authenticator's secret. */
async function comeIn({ db, app: { world }, clock, pass }: TestInstallation, name: string): Promise<string> {
  const email = name === 'carla' ? planted.emails[0]! : `${name}@example.com`
  const { token } = await addUser(db, world, { name, role: 'viewer', language: 'pt-BR', email }, 'root')
  const browser = newToken(world)
  const opening = await openInvitation(db, world, token, browser)
  if (opening.is !== 'open' || opening.secret === undefined)
    throw new Error(`the invitation is ${opening.is}`)
  const code = codeAt(opening.secret, stepAt(clock.now()))
  expect(await acceptInvitation(db, world, { token, browser, password, code })).toMatchObject({ is: 'done' })
  pass(60_000)
  const next = codeAt(opening.secret, stepAt(clock.now()))
  expect(
    await signIn(db, world, { name, password, code: next, address: '127.0.0.1', agent: '' }),
  ).toMatchObject({ is: 'in' })
  return opening.secret
}

const roster = [
  'name,tax_id,amount,description',
  `${planted.names[0]},${planted.taxIds[0]},10.00,conta`,
  `${planted.names[1]},${planted.taxIds[1]},20.00,${planted.what[0]}`,
]

async function addRoster(installation: TestInstallation, name: string): Promise<void> {
  const when = {
    cron: '0 0 1 1 *',
    timeZone: 'UTC',
    startsAt: undefined,
    endsAt: undefined,
    dueInMs: 172_800_000,
  }
  const what = {
    countLow: 2,
    countHigh: 2,
    unitsLow: 1_000n,
    unitsHigh: 2_000n,
    roster: `${roster.join('\n')}\n`,
    payTo: 'main',
  }
  await addSchedule(
    installation.db,
    installation.app.world,
    { name, rail: 'starkbank', commissionBp: 0n, minPayoutUnits: 0n, catchUp: 'all', ...when, ...what },
    'maker',
  )
}

/** The drafts of the roster `second`, of which nobody is asked yet. */
async function drafted({ db, app: { world } }: TestInstallation): Promise<string[]> {
  const schedule = await needSchedule(db, 'second')
  return db.tx(async tx => {
    const slot = await runNow(tx, world, schedule, 'a story')
    await draftBatch(
      tx,
      world,
      batchTerms(schedule, slot),
      () => planBatch(batchRule(schedule), world.random),
      inReaisAsSaid('starkbank'),
    )
    return (
      await tx.all<{ id: string }>(sql`select id from invoices where slot_id = ${slot} order by ordinal`)
    ).map(({ id }) => id)
  })
}

/** One more slot of the roster, of which one is paid and credited. */
async function collectOne(installation: TestInstallation, app: App): Promise<void> {
  const schedule = await needSchedule(app.db, 'roster')
  const slot = await app.db.tx(tx => runNow(tx, app.world, schedule, 'a story'))
  await runDueSlots(app)
  const { id } = (await app.db.one<{ id: string }>(
    sql`select provider_id as id from invoices where slot_id = ${slot} and ordinal = 1`,
  ))!
  installation.bank.pay(id)
  installation.pass(60_000)
  for (const event of installation.bank.eventsCreated())
    await app.inbox.keep({
      rail: 'starkbank',
      eventId: event.id,
      raw: bodyOf(event),
      via: 'push',
      signature: 'proven elsewhere',
    })
  await settleInbox(app)
}

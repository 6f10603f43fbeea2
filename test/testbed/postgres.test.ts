/**
 * The tests' PostgreSQL works: it starts, keeps databases apart, survives nothing it should not, and leaves
 * nothing behind.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ofRuns, type Found } from '../run/processes.ts'
import { eventually } from './eventually.ts'
import { systemClock, systemRandom } from '../../src/base/clock.ts'
import { pending } from '../../src/db/migrate.ts'
import { openDb, sql } from '../../src/db/db.ts'
import { postgresAvailable, startPostgres, type Postgres } from './postgres.ts'

describe.skipIf(!postgresAvailable())('the PostgreSQL of the tests', () => {
  let postgres: Postgres
  beforeAll(async () => void (postgres = await startPostgres({ durable: false })))
  afterAll(() => postgres?.stop())

  test('gives each asker an empty database of its own', async () => {
    const [one, two] = await Promise.all([postgres.freshDatabase(), postgres.freshDatabase()])
    expect(one).not.toBe(two)
    expect(
      await ask(
        one,
        'create table mark (word text)',
        `insert into mark values ('one')`,
        'select word from mark',
      ),
    ).toEqual([{ word: 'one' }])
    await expect(ask(two, 'select word from mark')).rejects.toThrow('does not exist')
  })

  test('gives those who ask at once a migrated database each, of its own', async () => {
    const urls = await Promise.all(Array.from({ length: 3 }, () => postgres.migratedDatabase()))
    expect(new Set(urls).size).toBe(3)
    await ask(urls[0]!, `insert into stores (id, name) values ('sto_mark', 'mark')`)
    for (const url of urls) {
      const db = await openDb(url, { clock: systemClock, random: systemRandom })
      expect(await pending(db)).toEqual([])
      expect(await db.all(sql`select id from stores where id = 'sto_mark'`)).toHaveLength(
        url === urls[0] ? 1 : 0,
      )
      await db.close()
    }
  })

  test('is durable unless told otherwise', async () => {
    expect(await ask(postgres.url, 'show fsync')).toEqual([{ fsync: 'off' }])
    const durable = await startPostgres()
    try {
      expect(await ask(durable.url, 'show fsync')).toEqual([{ fsync: 'on' }])
    } finally {
      await durable.stop()
    }
    await expect(ask(durable.url, 'select 1')).rejects.toThrow('ECONNREFUSED')
  })

  test('ends when the process that started it is killed, and bears the run’s mark until then', async () => {
    const mark = `${process.env['REPASSE_TEST_RUN'] ?? `test-${process.pid}`}.postgres`
    const program = `
      const { startPostgres } = await import(${JSON.stringify(join(import.meta.dirname, 'postgres.ts'))})
      console.log((await startPostgres({ durable: false, own: true })).url)
      setInterval(() => {}, 1000)`
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program],
      {
        env: { ...process.env, REPASSE_TEST_RUN: mark },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const port = Number(new URL(line.toString().trim()).port)
    expect(await listening(port)).toBe(true)
    const isServer = ({ run, command }: Found) =>
      run === mark && command.includes('postgres -D ') && command.includes(`port=${port}`)
    if (process.platform === 'linux') expect(ofRuns().some(isServer)).toBe(true)
    child.kill('SIGKILL')
    await eventually(() => listening(port)).toBe(false)
  })
})

async function ask(url: string, ...texts: string[]): Promise<unknown[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    let rows: unknown[] = []
    for (const text of texts) rows = (await client.query(text)).rows
    return rows
  } finally {
    await client.end()
  }
}

const listening = (port: number): Promise<boolean> =>
  new Promise(answer => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => (socket.destroy(), answer(true)))
    socket.once('error', () => answer(false))
  })

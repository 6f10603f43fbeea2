/**
 * Backup and restore on a real PostgreSQL: the round trip with the database's own programs, and a password
 * nobody else can read.
 */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCli } from '../src/cli/cli.ts'
import { programsAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { projectRoot } from './testbed/tree.ts'
import { trialAccountFlags } from './testbed/trial.ts'

const there = programsAvailable()
const password = 's3cret ?@:/+%'

describe.skipIf(!there)(
  there ? 'copies of a PostgreSQL' : 'copies: no PostgreSQL with pg_dump is on this machine',
  () => {
    let server: Postgres
    let folder: string
    const at = (name: string) => join(folder, name)

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'repasse-copies-'))
      server = await startPostgres({ durable: false, programs: true })
      const client = new Client({ connectionString: server.url })
      await client.connect()
      try {
        await client.query(`create role keeper login password '${password}'`)
        const { rows } = await client.query<{ hba_file: string }>('show hba_file')
        // From now on whoever is not the tests' own user needs the password.
        const lines = `select unnest(array['host all repasse 127.0.0.1/32 trust', 'host all keeper 127.0.0.1/32 scram-sha-256'])`
        await client.query(`copy (${lines}) to '${rows[0]!.hba_file}'`)
        await client.query('select pg_reload_conf()')
      } finally {
        await client.end()
      }
      // Each program writes down how it was called, and then is itself.
      for (const name of ['pg_dump', 'pg_restore']) {
        const modes = name === 'pg_dump' ? `stat -c %a "${folder}"/*.partial >>"${at('modes')}"` : ''
        writeFileSync(
          at(name),
          `#!/bin/sh\necho "$0 $*" >>"${at('calls')}"\n${modes}\nexec "${join(server.bin, name)}" "$@"\n`,
        )
        chmodSync(at(name), 0o755)
      }
    })
    afterAll(async () => {
      await server?.stop()
      rmSync(folder, { recursive: true, force: true })
    })

    async function database(): Promise<string> {
      const url = new URL(await server.freshDatabase())
      const client = new Client({ connectionString: server.url })
      await client.connect()
      await client.query(`alter database ${url.pathname.slice(1)} owner to keeper`)
      await client.end()
      return `postgres://keeper:${encodeURIComponent(password)}@${url.host}${url.pathname}`
    }
    async function repasse(url: string, words: string[], more: Record<string, string> = {}) {
      let out = ''
      let err = ''
      const outlet = {
        out: async (text: string) => void (out += text),
        err: (text: string) => void (err += text),
        colours: false,
      }
      const code = await runCli(
        ['node', 'repasse', ...words],
        { DATABASE_URL: url, PATH: `${folder}:/usr/bin:/bin`, ...more },
        outlet,
      )
      return { code, out, err }
    }
    const addAccount = (url: string, name: string) =>
      // The last of two counts.
      repasse(url, ['account', 'add', ...trialAccountFlags, '--name', name])

    test('what was backed up is in the restored installation, which starts on hold; the password is never an argument [security A6]', async () => {
      const [first, second] = [await database(), await database()]
      expect((await addAccount(first, 'main')).code).toBe(0)
      expect(await repasse(first, ['backup', at('one.dump')])).toMatchObject({ code: 0, err: '' })
      expect(statSync(at('one.dump')).mode & 0o777).toBe(0o600)
      // Before the first byte is in it, too.
      expect(readFileSync(at('modes'), 'utf8')).toBe('600\n')
      expect(existsSync(at('one.dump.partial'))).toBe(false)

      expect(await repasse(second, ['restore', at('one.dump')])).toMatchObject({ code: 0 })
      expect((await repasse(second, ['account', 'show', 'main'])).code).toBe(0)
      expect((await repasse(second, ['ledger', 'check'])).code).toBe(0)
      expect(
        (JSON.parse((await repasse(second, ['status', '--json'])).out) as { stopped: string }).stopped,
      ).toContain('restored from')

      // Over what is there only when told, and what came after the backup is gone.
      await addAccount(second, 'later')
      expect((await repasse(second, ['restore', at('one.dump')])).err).toContain('--force')
      const client = new Client({ connectionString: second })
      await client.connect()
      await client.query('update chain_branches set next_index = 1030')
      expect((await repasse(second, ['restore', at('one.dump'), '--force'])).code).toBe(0)
      expect(
        (await client.query('select distinct next_index::int as next from chain_branches')).rows,
      ).toEqual([{ next: 2_030 }])
      await client.end()
      expect((await repasse(second, ['account', 'show', 'later'])).code).toBe(2)
      expect((await repasse(second, ['account', 'show', 'main'])).code).toBe(0)

      const calls = readFileSync(at('calls'), 'utf8')
      expect(calls.trim().split('\n')).toHaveLength(3)
      expect(calls).not.toMatch(/s3cret/)
    })

    test('an encrypted copy comes back with its key, and one that was cut off changes nothing [security B4]', async () => {
      const [from, to] = [await database(), await database()]
      const identity = await generateIdentity()
      writeFileSync(at('key.txt'), identity, { mode: 0o400 })
      expect((await addAccount(from, 'main')).code).toBe(0)
      const sealing = { BACKUP_RECIPIENTS: await identityToRecipient(identity) }
      expect(await repasse(from, ['backup', at('sealed.age')], sealing)).toMatchObject({ code: 0, err: '' })
      const bytes = readFileSync(at('sealed.age'))
      expect([bytes.subarray(0, 4).toString(), bytes.includes('PGDMP'), bytes.includes('account')]).toEqual([
        'age-',
        false,
        false,
      ])
      writeFileSync(at('cut.age'), bytes.subarray(0, -1))

      const restoring = (name: string, ...words: string[]) => repasse(to, ['restore', at(name), ...words])
      expect((await restoring('sealed.age')).err).toContain('is encrypted: --identity names')
      expect(await restoring('cut.age', '--identity', at('key.txt'))).toMatchObject({
        code: 2,
        err: expect.stringContaining('cut off'),
      })
      expect((await restoring('sealed.age', '--identity', at('key.txt'))).code).toBe(0)
      expect((await repasse(to, ['account', 'show', 'main'])).code).toBe(0)
      expect((await repasse(to, ['ledger', 'check'])).code).toBe(0)
      // What fails at the program's end leaves nothing.
      expect(
        (await repasse(from, ['backup', at('failed.age')], { ...sealing, PATH: '/nowhere' })).err,
      ).toContain('pg_dump is not on the PATH')
      expect([existsSync(at('failed.age')), existsSync(at('failed.age.partial'))]).toEqual([false, false])
    })

    test('a host with PostgreSQL takes an encrypted copy, and one that cannot be decrypted stops nothing there', async () => {
      const [from, to] = [await database(), await database()]
      const [identity, other] = [await generateIdentity(), await generateIdentity()]
      expect((await addAccount(from, 'main')).code).toBe(0)
      const sealing = { BACKUP_RECIPIENTS: await identityToRecipient(identity) }
      expect((await repasse(from, ['backup', at('host.age')], sealing)).code).toBe(0)
      expect((await repasse(to, ['migrate'])).code).toBe(0)

      const volume = at('volume')
      mkdirSync(volume)
      // The host's half as it is, with a compose whose containers are this machine: their /data is a folder,
      // their database that of the test.
      const compose = `
      . infra/host/running.sh; . infra/host/database.sh; . infra/host/asked.sh
      set -o pipefail
      say() { printf '· %s\\n' "$*"; }; fault() { printf '✗ %s\\n' "$*"; }; lock() { :; }; rolling() { echo app; }
      containers() { :; }
      repasse() { bin/repasse "$@"; }; export -f repasse
      here() { printf '%s' "$1" | sed 's#/data/#${volume}/#g; s#/tmp/identity#${volume}/identity#g; s#exec ##'; }
      compose() {
        case "$*" in
          'config app') echo 'DATABASE_URL: ""' ;;
          'exec -T postgres sh -c '*) sh -c "$(here "$6")" ;;
          'run --rm --no-deps -T --entrypoint sh app -c '*) bash --norc -c "$(here "$9")" $(here "\${*:10}") ;;
          'run --rm --no-deps -T --entrypoint cat app '*) cat "$(here "$8")" ;;
          'run --rm --no-deps -T --entrypoint node app -e '*) node -e "$9" "$(here "\${10}")" ;;
          'run --rm --no-deps -T app '*) repasse "\${@:6}" ;;
          *) echo "compose $*" >&2; return 1 ;;
        esac
      }
      restore keeper "$1" ''`
      const { host, port, pathname, username, password: secret } = new URL(to)
      const env = {
        ...{
          PATH: `${folder}:${dirname(process.execPath)}:/usr/bin:/bin`,
          DATABASE_URL: to,
          PGHOST: host.split(':')[0],
          PGPORT: port,
        },
        ...{
          POSTGRES_USER: username,
          POSTGRES_DB: pathname.slice(1),
          PGPASSWORD: decodeURIComponent(secret),
        },
      }
      const ask = (key: string) => {
        const input = Buffer.concat([Buffer.from(key), readFileSync(at('host.age'))])
        return spawnSync('bash', ['--norc', '-c', compose, 'host', `${key.length}`], {
          cwd: projectRoot,
          env,
          input,
          encoding: 'utf8',
        })
      }
      const refused = ask(`${other}\n`)
      expect([refused.status, refused.stdout], refused.stderr).toEqual([
        2,
        expect.stringContaining('encrypted to another key'),
      ])
      expect(refused.stdout).not.toContain('stopping the program')
      expect((await repasse(to, ['account', 'show', 'main'])).code).toBe(2)

      const restored = ask(`${identity}\n`)
      expect([restored.status, restored.stdout], restored.stderr).toEqual([
        0,
        expect.stringContaining('the restored database is on hold'),
      ])
      expect((await repasse(to, ['account', 'show', 'main'])).code).toBe(0)
      expect((await repasse(to, ['status'])).out).toMatch(/payouts are stopped: restored in its place/)
      expect(readdirSync(volume)).toEqual(['identity'])
    })

    test('a copy that the database’s own programs put back is on hold too', async () => {
      const [from, to] = [await database(), await database()]
      expect((await addAccount(from, 'main')).code).toBe(0)
      expect((await repasse(from, ['backup', at('own.dump')])).code).toBe(0)
      const put = spawnSync(join(server.bin, 'pg_restore'), ['--no-owner', '--dbname', to, at('own.dump')], {
        encoding: 'utf8',
      })
      expect(put.status, put.stderr).toBe(0)
      expect((await repasse(to, ['status'])).out).not.toContain('payouts are stopped')

      for (const words of [['restore'], ['restore', at('own.dump'), '--in-place']])
        expect((await repasse(to, words)).code).toBe(2)
      const { code, out, err } = await repasse(to, ['restore', '--in-place', '--by', 'keeper'])
      expect([code, out]).toEqual([0, 'the restored database is on hold\n'])
      expect(err).toContain('forgotten since the backup are in it again')
      expect(err).toContain('Payouts are stopped')
      expect((await repasse(to, ['status'])).out).toMatch(/payouts are stopped: restored in its place at 20/)
      const empty = await repasse(await database(), ['restore', '--in-place'])
      expect([empty.code, empty.err]).toEqual([2, expect.stringContaining('not of a repasse database')])
    })

    test('the password is also taken from among the parameters', async () => {
      const url = new URL(await database())
      const { host, pathname } = url
      const told = `postgres://keeper@${host}${pathname}?application_name=a%20b&password=${encodeURIComponent(password)}`
      expect((await repasse(told, ['migrate'])).code).toBe(0)
      expect(await repasse(told, ['backup', at('two.dump')])).toMatchObject({ code: 0, err: '' })
      expect(readFileSync(at('calls'), 'utf8')).not.toMatch(/s3cret/)
    })

    test('a backup that fails leaves no file and says why, and a missing program is named', async () => {
      const url = await database()
      expect((await repasse(url, ['migrate'])).code).toBe(0)
      const missing = await repasse(url, ['backup', at('three.dump')], { PATH: '/nowhere' })
      expect(missing.code).toBe(2)
      expect(missing.err).toContain('pg_dump is not on the PATH')

      writeFileSync(at('bad.dump'), 'no dump at all')
      const wrong = await repasse(url, ['restore', at('bad.dump'), '--force'])
      expect(wrong.code).toBe(1)
      expect(wrong.err).toContain('pg_restore failed and changed nothing')
      expect((await repasse(url, ['ledger', 'check'])).code).toBe(0)
      expect([existsSync(at('three.dump')), existsSync(at('three.dump.partial'))]).toEqual([false, false])
    })
  },
)

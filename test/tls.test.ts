/**
 * `sslmode` in DATABASE_URL, against a PostgreSQL with TLS and one without: what the program does, backup and
 * restore do too.
 */
import { execFileSync } from 'node:child_process'
import { chownSync, copyFileSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCli } from '../src/cli/cli.ts'
import { readEncryption } from '../src/db/tls.ts'
import { programsAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { until } from './testbed/until.ts'

const there = programsAvailable()

describe.skipIf(!there)(
  there ? 'a PostgreSQL with TLS' : 'sslmode: no PostgreSQL with pg_dump is on this machine',
  () => {
    let server: Postgres
    let folder: string
    const at = (name: string) => join(folder, name)

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'repasse-tls-'))
      server = await startPostgres({ durable: false, programs: true })
      const [ours, theirs] = [certificate('ours', 'localhost'), certificate('theirs', 'elsewhere.example')]
      const { rows } = await ask<{ data_directory: string }>('show data_directory')
      const data = rows[0]!.data_directory
      const { uid, gid } = statSync(data)
      for (const [from, to] of [
        [ours.certificate, 'server.crt'],
        [ours.key, 'server.key'],
      ] as const) {
        copyFileSync(from, join(data, to))
        chownSync(join(data, to), uid, gid)
      }
      expect(theirs.certificate).not.toBe(ours.certificate)
      await turnTls('on')
    })
    afterAll(async () => {
      await server?.stop()
      rmSync(folder, { recursive: true, force: true })
    })

    function certificate(name: string, host: string) {
      const [key, file] = [at(`${name}.key`), at(`${name}.crt`)]
      const kind = [
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
      ]
      execFileSync(
        'openssl',
        [
          'req',
          ...kind,
          '-subj',
          `/CN=${host}`,
          '-addext',
          `subjectAltName=DNS:${host}`,
          '-keyout',
          key,
          '-out',
          file,
        ],
        {
          stdio: 'ignore',
        },
      )
      return { key, certificate: file }
    }
    async function ask<R extends object>(text: string, url = server.url) {
      const client = new Client({ connectionString: url })
      await client.connect()
      try {
        return await client.query<R>(text)
      } finally {
        await client.end()
      }
    }
    async function turnTls(to: 'on' | 'off') {
      await ask(`alter system set ssl = ${to}`)
      await ask('select pg_reload_conf()')
      await until(async () => (await ask<{ ssl: string }>('show ssl')).rows[0]!.ssl === to, `TLS is ${to}`)
    }

    const withMode = (url: string, parameters: Record<string, string>, host = 'localhost') => {
      const address = new URL(url)
      address.hostname = host
      for (const [name, value] of Object.entries(parameters)) address.searchParams.set(name, value)
      return address.href
    }
    async function repasse(url: string, ...words: string[]) {
      let said = ''
      const outlet = {
        out: async (text: string) => void (said += text),
        err: (text: string) => void (said += text),
        colours: false,
      }
      const env = {
        DATABASE_URL: url,
        PATH: `${server.bin}:/usr/bin:/bin`,
        HOME: folder,
        LOG_LEVEL: 'silent',
      }
      return { code: await runCli(['node', 'repasse', ...words], env, outlet), said }
    }
    /**
     * What each says, on a database of its own: that it works, or that it does not. `whole`: with a copy made
     * and restored by the commands.
     */
    async function works(
      parameters: Record<string, string>,
      host?: string,
      whole = false,
    ): Promise<boolean[]> {
      const plain = await server.migratedDatabase()
      const url = withMode(plain, parameters, host)
      const program = await repasse(url, 'schedule', 'list')
      const file = at(`copy-${new URL(plain).pathname.slice(1)}`)
      // Where the program cannot connect, nothing is asked of pg_dump by the command; so it is asked by
      // itself.
      const { plainUrl } = readEncryption(url)
      const { runOn } = await import('../src/db/programs.ts')
      const dump = await runOn(url, 'pg_dump', ['--schema-only', '--file', at('schema')], {
        PATH: `${server.bin}:/usr/bin:/bin`,
        HOME: folder,
      }).then(
        () => true,
        () => false,
      )
      expect(plainUrl).not.toContain('ssl')
      if (!whole) return [program.code === 0, dump]
      const backup = await repasse(url, 'backup', file)
      const restored = await repasse(url, 'restore', file, '--force')
      return [program.code === 0, dump, backup.code === 0 && restored.code === 0]
    }
    const all = (as: boolean, whole = false) => (whole ? [as, as, as] : [as, as])

    describe('that offers it', () => {
      test.each([
        { what: 'require', parameters: { sslmode: 'require' }, as: true, whole: true },
        { what: 'no-verify', parameters: { sslmode: 'no-verify' }, as: true, whole: true },
        { what: 'prefer', parameters: { sslmode: 'prefer' }, as: true },
        { what: 'allow', parameters: { sslmode: 'allow' }, as: true },
        { what: 'disable', parameters: { sslmode: 'disable' }, as: true },
        {
          what: 'verify-full by an authority nobody knows',
          parameters: { sslmode: 'verify-full' },
          as: false,
        },
        {
          what: 'verify-full with it',
          parameters: { sslmode: 'verify-full', sslrootcert: 'ours.crt' },
          as: true,
          whole: true,
        },
        {
          what: 'verify-full with another',
          parameters: { sslmode: 'verify-full', sslrootcert: 'theirs.crt' },
          as: false,
        },
        {
          what: 'verify-full by an address that it is not for',
          parameters: { sslmode: 'verify-full', sslrootcert: 'ours.crt' },
          host: '127.0.0.1',
          as: false,
        },
        {
          what: 'verify-ca by an address that it is not for',
          parameters: { sslmode: 'verify-ca', sslrootcert: 'ours.crt' },
          host: '127.0.0.1',
          as: true,
        },
        {
          what: 'verify-ca with another',
          parameters: { sslmode: 'verify-ca', sslrootcert: 'theirs.crt' },
          as: false,
        },
        {
          what: 'require with another',
          parameters: { sslmode: 'require', sslrootcert: 'theirs.crt' },
          as: false,
        },
        {
          what: 'no-verify with another',
          parameters: { sslmode: 'no-verify', sslrootcert: 'theirs.crt' },
          as: true,
        },
      ])('$what', async ({ parameters, host, as, whole }) => {
        const { sslrootcert } = parameters as { sslrootcert?: string }
        expect(
          await works(
            { ...parameters, ...(sslrootcert !== undefined && { sslrootcert: at(sslrootcert) }) },
            host,
            whole,
          ),
        ).toEqual(all(as, whole))
      })

      test('what is asked for is what is used', async () => {
        const url = await server.migratedDatabase()
        const { openDb, sql } = await import('../src/db/db.ts')
        const { systemClock, systemRandom } = await import('../src/base/clock.ts')
        for (const [sslmode, ssl] of [
          ['require', true],
          ['prefer', true],
          ['disable', false],
        ] as const) {
          const db = await openDb(withMode(url, { sslmode }), { clock: systemClock, random: systemRandom })
          const row = await db.one<{ ssl: boolean }>(
            sql`select ssl from pg_stat_ssl where pid = pg_backend_pid()`,
          )
          await db.close()
          expect(row, sslmode).toEqual({ ssl })
        }
      })

      test('what cannot mean the same to all is refused by name', async () => {
        const url = await server.migratedDatabase()
        for (const [parameters, says] of [
          [
            { sslmode: 'strict' },
            'sslmode "strict" is not one of disable, allow, prefer, require, no-verify, verify-ca, verify-full',
          ],
          [{ sslmode: 'verify-ca' }, 'needs sslrootcert=FILE'],
          [{ ssl: 'true' }, 'write sslmode=verify-full'],
          [{ sslrootcert: '/x' }, 'without an sslmode'],
          [{ sslmode: 'verify-full', sslrootcert: '/no/such/file' }, 'cannot be read (ENOENT)'],
        ] as const) {
          const { code, said } = await repasse(withMode(url, parameters), 'schedule', 'list')
          expect([code, said]).toEqual([2, expect.stringContaining(says)])
        }
      })
    })

    describe('that does not', () => {
      beforeAll(() => turnTls('off'))
      test.each([
        ['require', false],
        ['no-verify', false],
        ['verify-full', false],
        ['prefer', true],
        ['disable', true],
      ] as const)('%s', async (sslmode, as) => {
        expect(await works({ sslmode })).toEqual(all(as))
      })
    })
  },
)

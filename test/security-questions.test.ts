/**
 * What is asked of a page in its address: strange values under every name a page knows, on both databases. No
 * page fails at any.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { insideOf } from '../src/web/console/console.ts'
import { openAsker, type Asker } from './testbed/asker.ts'
import { addTestPerson, tokenOf } from './testbed/testPerson.ts'
import { openPageInstallation, type PageInstallation } from './testbed/pageInstallation.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { trialAccountFlags } from './testbed/trial.ts'
import { projectFiles } from './testbed/tree.ts'

const strange = [
  ...[
    '',
    ' ',
    '0',
    '-1',
    '1e9',
    '9223372036854775807',
    '9223372036854775808',
    '99999999999999999999999999',
    '0x10',
    '1.5',
    'NaN',
    'Infinity',
    'null',
  ],
  ...[
    "'",
    '"',
    '\\',
    '%',
    '_',
    '%%25',
    '$1',
    '?',
    ';',
    '--',
    '/*',
    "' or '1'='1",
    '[',
    ']',
    '{}',
    '(',
    '\u{1f4b6}',
    '\u202e',
    '\uffff',
    'é'.normalize('NFD'),
  ],
  ...[
    '2026-11-21',
    '2026-02-30',
    '2026-11-21T00:00:00.000Z',
    '0000-00-00',
    '+275760-09-13',
    'now',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
  ],
  ...[
    'inv_',
    `inv_${'0'.repeat(26)}`,
    `pay_${'z'.repeat(26)}`,
    'a'.repeat(2_000),
    '../..',
    '..%2f',
    '\r\n',
    '\t',
  ],
]
/** As they stand in an address: no bytes of UTF-8, half of a character, a percent sign alone. */
const raw = ['%ff', '%c3%28', '%ed%a0%80', '%', '%2', '%zz', '%e2%80']

/** Every name that any page reads from its address. */
const names = [
  ...new Set(
    projectFiles(/\.tsx?$/)
      .filter(({ path }) => path.startsWith('src/web/') && !path.includes('.test.'))
      .flatMap(({ text }) =>
        [
          ...text.matchAll(
            /query\['(\w+)'\]|\bnames = \[([^\]]+)\]|<(?:Field|Select|input)[^>]*name="(\w+)"/g,
          ),
        ].flatMap(([, one, list, field]) =>
          list ? [...list.matchAll(/'(\w+)'/g)].map(match => match[1]!) : [one ?? field!],
        ),
      ),
  ),
  ...['after', 'lang', 'state', 'q', 'from', 'until', 'id'],
]

describe.each([
  { engine: 'sqlite', there: true },
  { engine: 'postgres', there: postgresAvailable() },
])('on $engine', ({ engine, there }) => {
  describe.skipIf(!there)(there ? 'a strange question' : 'which is not to be had on this machine', () => {
    let server: Postgres | undefined
    let installation: PageInstallation
    let as: Asker
    let paths: string[]
    beforeAll(async () => {
      if (engine === 'postgres') server = await startPostgres({ durable: false })
      installation = await openPageInstallation(
        server ? { env: { DATABASE_URL: await server.migratedDatabase() } } : {},
      )
      await installation.repasse('account', 'add', ...trialAccountFlags)
      as = openAsker(installation.origin)
      as.cookies.set(
        'console',
        await tokenOf(installation, await addTestPerson(installation, 'carla', 'admin', 'en')),
      )
      const settings = { publicUrl: undefined, shopName: 'Shop', simulateUrl: undefined }
      const { list } = insideOf({
        app: installation.running.app,
        settings,
        over: new AbortController().signal,
      } as Parameters<typeof insideOf>[0]).routes
      paths = [
        ...list.filter(({ method }) => method === 'GET').map(({ path }) => path),
        '/',
        '/basket',
        '/checkout',
        '/products/:slug',
        '/orders/:token',
        '/photos/:file',
        '/console/sign-in',
        '/console/welcome/:token',
        '/assets/:file',
      ]
    })
    afterAll(async () => {
      await installation?.close()
      await server?.stop()
    })

    test('in the place of an id fails no page [security injection]', async () => {
      const failed: string[] = []
      for (const path of paths.filter(each => each.includes(':')))
        for (const value of [...strange.map(text => encodeURIComponent(text.toWellFormed())), ...raw]) {
          const asked = path.replace(/:\w+/g, value)
          const { status } = await as.get(asked)
          if (status >= 500) failed.push(`${asked.slice(0, 80)}: ${status}`)
        }
      expect(failed).toEqual([])
    }, 300_000)

    test('under every name that pages read fails no page [security injection]', async () => {
      expect(names.length).toBeGreaterThan(15)
      const failed: string[] = []
      for (const path of paths.filter(each => !each.includes(':')))
        for (const value of [...strange.map(text => encodeURIComponent(text.toWellFormed())), ...raw]) {
          const { status } = await as.get(
            `${path}?${names.map(name => `${name}=${value}`).join('&')}`.slice(0, 12_000),
          )
          if (status >= 500) failed.push(`${path} with ${value.slice(0, 40)}: ${status}`)
        }
      expect(failed).toEqual([])
    }, 300_000)

    test('under one name alone, and under every name twice, fails no page', async () => {
      const failed: string[] = []
      const twice = names.map(name => `${name}=1&${name}=x`).join('&')
      for (const path of paths.filter(each => !each.includes(':')))
        for (const question of [twice, ...names.map(name => `${name}=99999999999999999999999999`)]) {
          const { status } = await as.get(`${path}?${question}`)
          if (status >= 500) failed.push(`${path}?${question.slice(0, 60)}: ${status}`)
        }
      expect(failed).toEqual([])
    })
  })
})

/**
 * Each act by each role, generated from the table of roles and the console's real routes; and that reading
 * changes nothing.
 */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { acts, may, needsStepUp, roles, type Act, type Role } from '../src/people/people.ts'
import { sql } from '../src/db/db.ts'
import { insideOf } from '../src/web/console/console.ts'
import { csrfOf, openAsker, type Asker } from './testbed/asker.ts'
import { addTestPerson, tokenOf, type TestPerson } from './testbed/testPerson.ts'
import { openPageInstallation, type PageInstallation } from './testbed/pageInstallation.ts'
import { trialAccountFlags } from './testbed/trial.ts'

type DoorList = ReturnType<typeof insideOf>['routes']['list']

let installation: PageInstallation
const people = {} as Record<Role, TestPerson>
let routes: DoorList
let paths: Map<string, string>

beforeAll(async () => {
  installation = await openPageInstallation()
  for (const role of roles) people[role] = await addTestPerson(installation, `the-${role}`, role, 'en')
  await installation.repasse('account', 'add', ...trialAccountFlags)
  await installation.repasse('account', 'approve', 'main', '--by', 'checker')
  await installation.repasse(
    'account',
    'add',
    ...changed(trialAccountFlags, { '--name': 'second', '--number': '6341320293482497' }),
  )
  const rule = {
    '--name': 'monthly',
    '--cron': '0 9 1 1 *',
    '--time-zone': 'America/Sao_Paulo',
    '--count': '1',
    '--amount': '20.00',
  }
  const rest = { '--payers': 'random', '--due-in': '2d', '--pay-to': 'main', '--by': 'maker' }
  await installation.repasse('schedule', 'add', ...Object.entries({ ...rule, ...rest }).flat())
  routes = insideOf(partsOf(installation)).routes.list
  paths = new Map(routes.map(({ path }) => [path, filled(path)]))
})
afterAll(() => installation?.close())

const partsOf = ({ running: app }: PageInstallation) =>
  ({
    app: app.app,
    settings: { publicUrl: undefined, shopName: 'Shop', simulateUrl: undefined },
    over: new AbortController().signal,
  }) as Parameters<typeof insideOf>[0]

const changed = (flags: readonly string[], change: Readonly<Record<string, string>>) =>
  flags.map((word, at) => change[flags[at - 1]!] ?? word)

/** A path with things that are there, where this installation has some. */
const filled = (path: string) =>
  path
    .replace(/^(\/console\/accounts)\/:\w+/, '$1/second')
    .replace(/^(\/console\/schedules)\/:\w+/, '$1/monthly')
    .replace(/:\w+/g, 'none')

async function inside(role: Role): Promise<{ as: Asker; csrf: string }> {
  const as = openAsker(installation.origin)
  as.cookies.set('console', await tokenOf(installation, people[role]))
  return { as, csrf: csrfOf((await as.get('/console/me')).body) }
}

/** What the worker and the sessions write by themselves. */
const itsOwn = [
  'leases',
  'cursors',
  'runs',
  'run_lines',
  'rates',
  'sessions',
  'sign_in_failures',
  'chain_blocks',
  'chain_scripts',
  'bank_keys',
  'rails_heard',
  'walks',
  'drifts',
]

/**
 * Rows of `settings` that are the worker's: what it read of the bank and the chain, at whatever moment it
 * comes to it.
 */
const itsOwnSettings = [
  'opening until',
  'bank invoices unlisted',
  'bank read',
  'bank unread',
  'bank',
  'chain',
  'chain unread',
]

/** A digest of all that people own, table by table; that a session is used is written elsewhere. */
async function everything(): Promise<Record<string, string>> {
  const digests: Record<string, string> = {}
  const { db } = installation.running.app
  const tables = await db.all<{ name: string }>(
    sql`select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name`,
  )
  for (const { name: table } of tables) {
    if (itsOwn.includes(table)) continue
    const all = await db.all<{ name?: unknown }>({ texts: [`select * from ${table}`], values: [] })
    const rows = table === 'settings' ? all.filter(({ name }) => !itsOwnSettings.includes(String(name))) : all
    const text = JSON.stringify(rows, (_, value: unknown) =>
      typeof value === 'bigint' ? value.toString() : value,
    )
    digests[table] = `${rows.length} rows, ${createHash('sha256').update(text).digest('hex').slice(0, 12)}`
  }
  return digests
}

test('every route of the console asks for an act of the table, and none is beside the routes [security roles]', () => {
  const {
    inside: router,
    routes: { list },
  } = insideOf(partsOf(installation))
  const known: readonly string[] = acts
  for (const route of list) expect(known).toContain(route.act)
  const hung = router.stack.flatMap(layer =>
    layer.methods.filter(method => method !== 'HEAD').map(method => `${method} ${String(layer.path)}`),
  )
  expect(hung.sort()).toEqual(list.map(({ method, path }) => `${method} ${path}`).sort())
  expect(list.length).toBeGreaterThan(10)
})

test('what is posted asks for more than seeing, and every act has a route', () => {
  const toSee: Act[] = ['see', 'user.see']
  for (const { method, path, act } of routes)
    if (method === 'POST') expect([path, toSee.includes(act)]).toEqual([path, false])
  expect(acts.filter(act => !routes.some(route => route.act === act))).toEqual([])
})

test('without a session no route shows or does anything [security roles]', async () => {
  const before = await everything()
  const stranger = openAsker(installation.origin)
  for (const { method, path } of routes) {
    const answer =
      method === 'GET'
        ? await stranger.get(paths.get(path)!)
        : await stranger.post(paths.get(path)!, { csrf: '', why: 'x' })
    expect([path, answer.status, answer.to?.startsWith('/console/sign-in')]).toEqual([path, 302, true])
  }
  expect(await everything()).toEqual(before)
})

describe.each(roles)('a %s', role => {
  test('is refused what the role does not allow, with a fresh code, a right token and all, and nothing changes [security roles]', async () => {
    const { as, csrf } = await inside(role)
    const before = await everything()
    const kept = routes.filter(({ act }) => !may(role, act))
    for (const { method, path, act } of kept) {
      const answer =
        method === 'GET'
          ? await as.get(paths.get(path)!)
          : await as.post(paths.get(path)!, { csrf, why: 'x', name: 'x', role: 'admin' })
      expect([act, path, answer.status]).toEqual([act, path, 403])
    }
    expect(await everything()).toEqual(before)
    if (role !== 'admin') expect(kept.length).toBeGreaterThan(0)
  })

  test('is shown what the role allows, and seeing it changes nothing, however it is asked [security 10 roles]', async () => {
    const { as } = await inside(role)
    const before = await everything()
    const asked = { csrf: 'x', why: 'x', name: 'x', state: 'x', after: '1', act: 'x' }
    for (const { method, path, act } of routes) {
      if (method !== 'GET' || !may(role, act)) continue
      for (const query of ['', `?${new URLSearchParams(asked).toString()}`]) {
        const answer = await as.get(`${paths.get(path)!}${query}`)
        expect([act, path + query, answer.status < 500 && answer.status !== 403]).toEqual([
          act,
          path + query,
          true,
        ])
      }
      expect((await as.ask(paths.get(path)!, { method: 'HEAD' })).status).toBeLessThan(500)
    }
    // A route that does something does not do it by GET.
    for (const { method, path } of routes)
      if (method === 'POST')
        expect([path, (await as.get(paths.get(path)!)).status < 500]).toEqual([path, true])
    expect(await everything()).toEqual(before)
  })

  test('is asked for a fresh code before what moves money or gives access [security 9]', async () => {
    const { as, csrf } = await inside(role)
    await installation.skip(5 * 60_000)
    const before = await everything()
    for (const { method, path, act } of routes) {
      if (method !== 'POST' || !may(role, act) || !needsStepUp(act)) continue
      for (const code of ['', '000000']) {
        const answer = await as.post(paths.get(path)!, {
          csrf,
          code,
          why: 'x',
          name: 'newcomer',
          role: 'viewer',
          language: 'en',
        })
        expect([act, path, answer.status]).toEqual([act, path, 400])
        expect(answer.body).toMatch(/code/i)
        await installation.running.app.db.tx(tx => tx.run(sql`delete from sign_in_failures`))
      }
      // Where a passkey may sign instead, nothing is signed by this; anywhere else it stands for no code.
      const unsigned = { csrf, assertion: 'x', why: 'x', name: 'newcomer', role: 'viewer', language: 'en' }
      const { status } = await as.post(paths.get(path)!, unsigned)
      expect([act, path, status >= 400 && status < 500]).toEqual([act, path, true])
    }
    expect(await everything()).toEqual(before)
  })

  test('gets an answer for every act the role allows', async () => {
    const { as, csrf } = await inside(role)
    for (const { method, path, act } of routes) {
      if (
        method !== 'POST' ||
        !may(role, act) ||
        path === '/console/sign-out' ||
        path.endsWith('/end-others')
      )
        continue
      const answer = await as.post(paths.get(path)!, { csrf })
      expect([act, path, answer.status < 500 && answer.status !== 403]).toEqual([act, path, true])
    }
  })
})

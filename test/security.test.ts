/**
 * Who gets in and who does not, over real HTTP against the real server: sessions, cookies, forged requests,
 * guesses, redirects.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { acceptInvitation, newToken, openInvitation, type Role } from '../src/people/people.ts'
import { sql } from '../src/db/db.ts'
import { csrfOf, fromOurs, openAsker, type Asker } from './testbed/asker.ts'
import { addTestPerson, codeOf, tokenOf, type TestPerson } from './testbed/testPerson.ts'
import { openPageInstallation, type PageInstallation } from './testbed/pageInstallation.ts'

const minute = 60_000
let installation: PageInstallation
const people = new Map<Role, TestPerson>()
let browser: Asker

beforeAll(async () => {
  installation = await openPageInstallation()
  for (const role of ['viewer', 'maker', 'checker', 'admin'] as const)
    people.set(role, await addTestPerson(installation, `the-${role}`, role, 'en'))
})
afterAll(() => installation?.close())
beforeEach(async () => {
  browser = openAsker(installation.origin)
  // No test waits for the failures of the one before.
  await installation.running.app.db.tx(tx => tx.run(sql`delete from sign_in_failures`))
})

const admin = () => people.get('admin')!
const fieldsOf = ({ name, password, secret }: TestPerson) => ({
  name,
  password,
  code: codeOf(installation, secret),
})
async function enter(as: Asker, person: TestPerson, more: Record<string, string> = {}) {
  await installation.skip(30_000)
  return as.post('/console/sign-in', { ...fieldsOf(person), ...more })
}
/** A browser that is signed in, and its page's token. */
async function signedIn(person: TestPerson = admin()): Promise<{ as: Asker; csrf: string }> {
  const as = openAsker(installation.origin)
  as.cookies.set('console', await tokenOf(installation, person))
  return { as, csrf: csrfOf((await as.get('/console/me')).body) }
}
const acts = async () =>
  (await installation.running.app.db.all<{ act: string }>(sql`select act from audit order by seq`)).map(
    ({ act }) => act,
  )

describe('signing in', () => {
  test('the right name, password and code lead where one wanted to go, and out again', async () => {
    const away = await browser.get('/console/audit?actor=x')
    expect([away.status, away.to]).toEqual([302, '/console/sign-in?next=%2Fconsole%2Faudit%3Factor%3Dx'])
    const answer = await enter(browser, admin(), { next: '/console/audit?actor=x' })
    expect([answer.status, answer.to]).toEqual([303, '/console/audit?actor=x'])
    const page = await browser.get('/console/audit')
    expect([page.status, page.headers['cache-control']]).toEqual([200, 'no-store'])
    const out = await browser.post('/console/sign-out', { csrf: csrfOf(page.body) })
    expect([out.status, out.to, browser.cookies.has('console')]).toEqual([303, '/console/sign-in?out', false])
    expect((await browser.get('/console/audit')).status).toBe(302)
  })

  test('the cookie is HttpOnly, of this site and this path, and by https Secure under a name nobody else can set [security 9]', async () => {
    const plain = await enter(browser, admin())
    expect(plain.headers['set-cookie']).toEqual([
      expect.stringMatching(/^console=[\w-]{43}; path=\/; samesite=lax; httponly$/),
    ])
    const secure = await openPageInstallation({ env: { PUBLIC_URL: 'https://pay.example.com' } })
    try {
      const person = await addTestPerson(secure, 'ana', 'viewer')
      const { name, password } = person
      await secure.skip(30_000)
      const answer = await openAsker(secure.origin).post('/console/sign-in', {
        name,
        password,
        code: codeOf(secure, person.secret),
      })
      expect(answer.headers['set-cookie']).toEqual([
        expect.stringMatching(/^__Host-console=[\w-]{43}; path=\/; samesite=lax; secure; httponly$/),
      ])
    } finally {
      await secure.close()
    }
  })

  test('whatever is wrong, the page says the same [security 9]', async () => {
    const right = fieldsOf(admin())
    await installation.skip(30_000)
    const tries = [
      { ...right, password: 'something else' },
      { ...right, code: '000000' },
      { ...right, name: 'nobody' },
      { name: '', password: '', code: '' },
    ]
    const pages = new Set<string>()
    for (const fields of tries) {
      const answer = await openAsker(installation.origin).post('/console/sign-in', fields)
      expect([answer.status, answer.headers['set-cookie']]).toEqual([403, undefined])
      pages.add(answer.body.replaceAll(/ value(="[^"]*")?/g, ''))
    }
    expect(pages.size).toBe(1)
  })

  test('a token the browser came with is of no use after sign-in, whoever planted it', async () => {
    const planted = 'A'.repeat(43)
    browser.cookies.set('console', planted)
    await enter(browser, admin())
    expect(browser.cookies.get('console')).not.toBe(planted)
    const first = browser.cookies.get('console')!
    await enter(browser, admin())
    expect(browser.cookies.get('console')).not.toBe(first)
    const old = openAsker(installation.origin)
    old.cookies.set('console', first)
    expect((await old.get('/console/me')).status).toBe(302)
    old.cookies.set('console', planted)
    expect((await old.get('/console/me')).status).toBe(302)
  })

  test('after five guesses the next is not looked at, not even the right one, until its time has come', async () => {
    const guess = { ...fieldsOf(admin()), password: 'guessing along' }
    for (let turn = 0; turn < 5; turn++)
      expect((await browser.post('/console/sign-in', guess)).status).toBe(403)
    const told = await browser.post('/console/sign-in', guess)
    expect(told.status).toBe(429)
    expect(Number(told.headers['retry-after'])).toBeGreaterThan(50)
    expect(Number(told.headers['retry-after'])).toBeLessThanOrEqual(60)
    expect((await enter(browser, admin())).status).toBe(429)
    await installation.skip(31_000)
    expect((await enter(browser, admin())).status).toBe(303)
    expect(await acts()).toContain('sign-in slowed')
  })

  test('what a client claims to be its address changes nothing [security A10]', async () => {
    const guess = { ...fieldsOf(admin()), password: 'guessing along' }
    for (let turn = 0; turn < 5; turn++)
      await browser.post('/console/sign-in', guess, { ...fromOurs, 'x-forwarded-for': `198.51.100.${turn}` })
    expect(
      (await browser.post('/console/sign-in', guess, { ...fromOurs, 'x-forwarded-for': '198.51.100.9' }))
        .status,
    ).toBe(429)
  })

  test('fifty browsers that guess at once are fifty guesses', async () => {
    const guess = { ...fieldsOf(admin()), password: 'guessing along' }
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => openAsker(installation.origin).post('/console/sign-in', guess)),
    )
    expect(answers.filter(({ status }) => status === 403)).toHaveLength(5)
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(45)
  })

  test.each([
    ['https://evil.example', '/console'],
    ['//evil.example/console', '/console'],
    ['/\\evil.example/console', '/console'],
    ['\\\\evil.example', '/console'],
    ['/\t/evil.example', '/console'],
    ['javascript:alert(1)//console', '/console'],
    ['/console/../../evil', '/console'],
    ['/console@evil.example', '/console'],
    ['/consolex', '/console'],
    ['/', '/console'],
    ['/console/sign-out', '/console'],
    ['/console/payouts?state=held&after=x', '/console/payouts?state=held&after=x'],
    ['/console/x\r\nset-cookie: a=b', '/console/x'],
  ])('sign-in with next=%j leads to %s [security redirects]', async (next, to) => {
    const shown = await browser.get(`/console/sign-in?next=${encodeURIComponent(next)}`)
    expect(shown.body).not.toContain('evil.example')
    const answer = await enter(browser, admin(), { next })
    expect([answer.status, answer.headers['set-cookie']?.length]).toEqual([303, 1])
    expect(answer.to!.startsWith(to)).toBe(true)
    expect(new URL(answer.to!, installation.origin).origin).toBe(installation.origin)
  })
})

describe('a session', () => {
  test('ends a quarter of an hour after it was last used [security 9]', async () => {
    const { as } = await signedIn()
    await installation.skip(14 * minute)
    expect((await as.get('/console/me')).status).toBe(200)
    await installation.skip(15 * minute)
    expect((await as.get('/console/me')).status).toBe(302)
  })

  test('ends eight hours after it began, however busy [security 9]', async () => {
    const { as } = await signedIn()
    for (let turn = 0; turn < 34; turn++) {
      await installation.skip(14 * minute)
      expect((await as.get('/console/me')).status).toBe(200)
    }
    await installation.skip(5 * minute)
    expect((await as.get('/console/me')).status).toBe(302)
  })

  test('ends when an admin ends it, in the middle of whatever it was', async () => {
    const { as, csrf } = await signedIn(people.get('maker'))
    await installation.repasse('user', 'sign-out', 'the-maker', '--by', 'boss')
    expect((await as.get('/console/me')).status).toBe(302)
    expect((await as.post('/console/me/language', { csrf, language: 'en' })).to).toBe('/console/sign-in')
  })

  test('of a person who is locked or removed is over at once', async () => {
    const person = await addTestPerson(installation, 'leaver', 'maker', 'en')
    const { as } = await signedIn(person)
    await installation.repasse('user', 'lock', 'leaver', '--by', 'boss')
    expect((await as.get('/console/me')).status).toBe(302)
    expect((await enter(browser, person)).status).toBe(403)
    await installation.repasse('user', 'remove', 'leaver', '--by', 'boss')
    expect((await enter(browser, person)).status).toBe(403)
  })

  test('is told to nobody: not in a page, not in an address, not to the next in line', async () => {
    const { as } = await signedIn()
    const token = as.cookies.get('console')!
    for (const path of ['/console/me', '/console/people', '/console/audit', '/console/step-up']) {
      const { body, headers } = await as.get(path)
      expect(body).not.toContain(token)
      expect([headers['cache-control'], headers['referrer-policy']]).toEqual(['no-store', 'no-referrer'])
    }
  })
})

describe('a forged request', () => {
  const forged: [string, Record<string, string>][] = [
    ['of another site', { 'sec-fetch-site': 'cross-site' }],
    ['of a sister site', { 'sec-fetch-site': 'same-site' }],
    ['of nobody', { 'sec-fetch-site': 'none' }],
    ['of another origin, by a browser that only says that', { origin: 'https://evil.example' }],
    ['of an opaque origin', { origin: 'null' }],
    ['that says nothing of where it comes from', {}],
    ['of another site, with our origin too', { 'sec-fetch-site': 'cross-site', origin: 'OURS' }],
  ]
  test.each(forged)('%s is refused, with the token and all [security 10 csrf]', async (_, headers) => {
    const { as, csrf } = await signedIn()
    const told = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, value === 'OURS' ? installation.origin : value]),
    )
    const before = await acts()
    for (const path of ['/console/sign-out', '/console/me/sessions/end-others', '/console/people']) {
      expect(
        (await as.post(path, { csrf, name: 'forged', role: 'admin', language: 'en' }, told)).status,
      ).toBe(403)
    }
    expect(
      (await openAsker(installation.origin).post('/console/sign-in', fieldsOf(admin()), told)).headers[
        'set-cookie'
      ],
    ).toBeUndefined()
    expect((await as.get('/console/me')).status).toBe(200)
    expect(await acts()).toEqual(before)
  })

  test('is let through where an older browser names our origin', async () => {
    const { as, csrf } = await signedIn()
    expect(
      (await as.post('/console/me/language', { csrf, language: 'en' }, { origin: installation.origin }))
        .status,
    ).toBe(303)
  })

  test.each([
    ['without a token', ''],
    ['with an empty token', 'csrf='],
    ['with a guessed token', `csrf=${'A'.repeat(43)}`],
    ['with the token behind a wrong one', 'csrf=x&csrf=TOKEN'],
  ])('%s is refused [security 10 csrf]', async (_, form) => {
    const { as, csrf } = await signedIn()
    const body = `language=pt-BR&${form.replace('TOKEN', csrf)}`
    const headers = { ...fromOurs, 'content-type': 'application/x-www-form-urlencoded' }
    expect((await as.ask('/console/me/language', { method: 'POST', headers, body })).status).toBe(403)
  })

  test('with the token of another person’s session is refused [security 10 csrf]', async () => {
    const other = await signedIn(people.get('viewer'))
    const { as } = await signedIn()
    expect((await as.post('/console/me/language', { csrf: other.csrf, language: 'pt-BR' })).status).toBe(403)
  })

  test('in another type than a form is refused [security 10 csrf]', async () => {
    const { as, csrf } = await signedIn()
    for (const type of ['application/json', 'text/plain', 'multipart/form-data; boundary=x', '']) {
      const headers = { ...fromOurs, ...(type !== '' && { 'content-type': type }) }
      const answer = await as.ask('/console/me/language', {
        method: 'POST',
        headers,
        body: JSON.stringify({ csrf, language: 'en' }),
      })
      expect([type, answer.status]).toEqual([type, 415])
    }
  })
})

describe('an invitation over the web', () => {
  test('is shown to who has the link, accepted once, and never told again', async () => {
    const link = (
      await installation.repasse(
        'user',
        'add',
        'newcomer',
        '--role',
        'viewer',
        '--lang',
        'en',
        '--by',
        'boss',
      )
    ).trim()
    const path = new URL(link).pathname
    const page = await browser.get(path)
    expect([page.status, page.headers['cache-control'], page.headers['referrer-policy']]).toEqual([
      200,
      'no-store',
      'no-referrer',
    ])
    expect(page.body).not.toMatch(/<code/)
    const begun = await browser.post(path, {})
    const secret = /<code class="mono">([A-Z2-7 ]+)</.exec(begun.body)![1]!.replaceAll(' ', '')

    const accept = (more: Record<string, string>) =>
      browser.post(path, {
        password: 'a sentence will do',
        again: 'a sentence will do',
        code: codeOf(installation, secret),
        ...more,
      })
    expect((await accept({ again: 'another' })).body).toContain('The two passwords differ')
    expect((await accept({ password: 'short', again: 'short' })).body).toContain('The password is short')
    expect((await accept({ code: '000000' })).body).toContain('The code is wrong')
    const done = await accept({})
    expect([done.status, done.to]).toEqual([303, '/console/sign-in?ready'])
    expect((await accept({})).status).toBe(410)
    expect((await browser.get(path)).status).toBe(410)
  })

  test.each(['x', 'A'.repeat(43), `${'A'.repeat(42)}%00`, '..%2F..%2Fetc', "' or 1=1 --"])(
    '%j is no invitation',
    async token => {
      expect([410, 400]).toContain(
        (await browser.get(`/console/welcome/${encodeURIComponent(token).replaceAll('%25', '%')}`)).status,
      )
    },
  )

  test('accepted after a reset does not bring the old sessions back', async () => {
    const person = await addTestPerson(installation, 'loser', 'maker', 'en')
    const { as } = await signedIn(person)
    const link = (await installation.repasse('user', 'reset', 'loser', '--by', 'boss')).trim()
    expect((await as.get('/console/me')).status).toBe(302)
    const { db, world } = installation.running.app
    const token = link.split('/').at(-1)!
    const own = newToken(world)
    const opening = await openInvitation(db, world, token, own)
    if (opening.is !== 'open') throw new Error(opening.is)
    const secret = opening.secret!
    expect(
      (
        await acceptInvitation(db, world, {
          token,
          browser: own,
          password: 'a sentence will do',
          code: codeOf(installation, secret),
        })
      ).is,
    ).toBe('done')
    expect((await as.get('/console/me')).status).toBe(302)
  })
})

describe('an address', () => {
  test.each(['evil.example', 'evil.example:80', `127.0.0.1:1@evil.example`])(
    'that names the host %s is told nothing of it [security redirects]',
    async host => {
      const { as } = await signedIn()
      for (const path of ['/console/me', '/console/people', '/console/sign-in', '/', '/console/nowhere']) {
        const { body, headers, status } = await as.ask(path, { headers: { host } })
        expect([
          path,
          body.includes('evil.example'),
          JSON.stringify(headers).includes('evil.example'),
          status >= 500,
        ]).toEqual([path, false, false, false])
      }
      const { body } = await openAsker(installation.origin).ask('/console', { headers: { host } })
      expect(body).not.toContain('evil.example')
    },
  )

  test.each([
    '/console/sign-in?next=%0d%0aset-cookie:%20a=b',
    '/console/me%0d%0aset-cookie:%20a=b',
    '/?lang=en%0d%0aset-cookie:%20a=b',
    '/console/audit?after=1%0d%0aset-cookie:%20a=b',
  ])('with a line end in it adds no header: %s [security injection]', async path => {
    const { as } = await signedIn()
    for (const each of [as, openAsker(installation.origin)]) {
      const { headers } = await each.get(path)
      expect(JSON.stringify(headers['set-cookie'] ?? [])).not.toContain('a=b')
      expect(headers['location'] ?? '').not.toMatch(/[\r\n]/)
    }
  })

  test.each([
    '/assets/../web.ts',
    '/assets/%2e%2e/web.ts',
    '/assets/..%2fweb.ts',
    '/assets/..%5cweb.ts',
    '/assets//etc/passwd',
    '/assets/%2fetc%2fpasswd',
    '/assets/page.css',
    '/photos/..%2f..%2fpackage.json',
    '/photos/%2e%2e/package.json',
    '/../package.json',
  ])('that climbs out of its folder finds nothing [security traversal]: %s', async path => {
    const { status, body } = await browser.get(path)
    expect(status).toBe(404)
    expect(body).not.toMatch(/root:|"dependencies"|export |--/)
  })

  test('of no page is told in constant words, without a version or a stack [security 19]', async () => {
    const { as } = await signedIn()
    for (const path of [
      '/console/nowhere',
      '/nowhere',
      '/console/people/usr_none',
      '/assets/none.js',
      '/console/%',
      '/%00',
    ]) {
      const { status, body, headers } = await as.get(path)
      expect([path, status >= 400 && status < 500]).toEqual([path, true])
      expect(body).not.toMatch(/ at .*\.ts|node_modules|Error:/)
      expect([headers['x-powered-by'], headers['server']]).toEqual([undefined, undefined])
    }
  })
})

/**
 * The people of an installation's console: invited as for real, each with a password and an authenticator,
 * and signed in without the page where a story is not about that.
 */
import { codeAt, stepAt } from '../../src/people/totp.ts'
import { acceptInvitation, newToken, openInvitation, signIn, type Role } from '../../src/people/people.ts'
import type { BrowserContext } from 'playwright-core'
import type { PageInstallation } from './pageInstallation.ts'

export interface TestPerson {
  name: string
  password: string
  /** Of their authenticator, base 32. */
  secret: string
}

const stepMs = 30_000

/** Adds somebody from the command line and has them accept. */
export const addTestPerson = async (
  installation: PageInstallation,
  name: string,
  role: Role,
  language = 'pt-BR',
): Promise<TestPerson> =>
  acceptAs(
    installation,
    name,
    (
      await installation.repasse('user', 'add', name, '--role', role, '--lang', language, '--by', 'root')
    ).trim(),
  )

/**
 * Somebody follows the link of their invitation to its end. A code works once, so the clock is put past the
 * one they showed.
 */
export async function acceptAs(
  installation: PageInstallation,
  name: string,
  link: string,
): Promise<TestPerson> {
  const token = link.split('/').at(-1)!
  const { db, world } = installation.running.app
  const browser = newToken(world)
  const opening = await openInvitation(db, world, token, browser)
  if (opening.is !== 'open' || opening.secret === undefined)
    throw new Error(`the invitation of ${name} is ${opening.is}`)
  const { secret } = opening
  const password = `${name} guarda 12 palavras`
  const accepted = await acceptInvitation(db, world, {
    token,
    browser,
    password,
    code: codeOf(installation, secret),
  })
  if (accepted.is !== 'done') throw new Error(`${name} could not accept: ${accepted.is}`)
  installation.authenticators.set(name.toLowerCase(), secret)
  await installation.skip(stepMs)
  return { name, password, secret }
}

/** What an authenticator shows now. */
export const codeOf = (installation: PageInstallation, secret: string): string =>
  codeAt(secret, stepAt(installation.clock.now()))

/** Signs in and answers the session's token. */
export async function tokenOf(
  installation: PageInstallation,
  { name, password, secret }: TestPerson,
): Promise<string> {
  const { db, world } = installation.running.app
  await installation.skip(stepMs)
  const code = codeOf(installation, secret)
  const answer = await signIn(db, world, { name, password, code, address: '127.0.0.1', agent: 'Chromium' })
  if (answer.is !== 'in') throw new Error(`${name} could not sign in: ${answer.is}`)
  return answer.token
}

/** Puts a session into a browser, as the sign-in page would have. */
export const carry = (
  context: BrowserContext,
  installation: PageInstallation,
  token: string,
  origin = installation.origin,
): Promise<void> => {
  const secure = origin.startsWith('https:')
  const name = secure ? '__Host-console' : 'console'
  return context.addCookies([{ name, value: token, url: origin, httpOnly: true, secure, sameSite: 'Lax' }])
}

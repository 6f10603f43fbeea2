/**
 * The people of a town's console: invited as for real, each with a password and an authenticator, and signed
 * in without the page where a story is not about that.
 */
import { codeAt, stepAt } from '../../src/people/totp.ts'
import { acceptInvitation, newToken, openInvitation, signIn, type Role } from '../../src/people/people.ts'
import type { BrowserContext } from 'playwright-core'
import type { PageTown } from './pageTown.ts'

export interface Folk {
  name: string
  password: string
  /** Of their authenticator, base 32. */
  secret: string
}

const stepMs = 30_000

/** Adds somebody from the command line and has them accept. */
export const addFolk = async (town: PageTown, name: string, role: Role, language = 'pt-BR'): Promise<Folk> =>
  acceptAs(
    town,
    name,
    (await town.repasse('user', 'add', name, '--role', role, '--lang', language, '--by', 'root')).trim(),
  )

/**
 * Somebody follows the link of their invitation to its end. A code works once, so the clock is put past the
 * one they showed.
 */
export async function acceptAs(town: PageTown, name: string, link: string): Promise<Folk> {
  const token = link.split('/').at(-1)!
  const { db, world } = town.running.app
  const browser = newToken(world)
  const opening = await openInvitation(db, world, token, browser)
  if (opening.is !== 'open' || opening.secret === undefined)
    throw new Error(`the invitation of ${name} is ${opening.is}`)
  const { secret } = opening
  const password = `${name} guarda 12 palavras`
  const accepted = await acceptInvitation(db, world, { token, browser, password, code: codeOf(town, secret) })
  if (accepted.is !== 'done') throw new Error(`${name} could not accept: ${accepted.is}`)
  town.authenticators.set(name.toLowerCase(), secret)
  await town.skip(stepMs)
  return { name, password, secret }
}

/** What an authenticator shows now. */
export const codeOf = (town: PageTown, secret: string): string => codeAt(secret, stepAt(town.clock.now()))

/** Signs in and answers the session's token. */
export async function tokenOf(town: PageTown, { name, password, secret }: Folk): Promise<string> {
  const { db, world } = town.running.app
  await town.skip(stepMs)
  const code = codeOf(town, secret)
  const answer = await signIn(db, world, { name, password, code, address: '127.0.0.1', agent: 'Chromium' })
  if (answer.is !== 'in') throw new Error(`${name} could not sign in: ${answer.is}`)
  return answer.token
}

/** Puts a session into a browser, as the sign-in page would have. */
export const carry = (
  context: BrowserContext,
  town: PageTown,
  token: string,
  origin = town.origin,
): Promise<void> => {
  const secure = origin.startsWith('https:')
  const name = secure ? '__Host-console' : 'console'
  return context.addCookies([{ name, value: token, url: origin, httpOnly: true, secure, sameSite: 'Lax' }])
}

/** The people of a town's console: invited as for real, each with a password and an authenticator, and signed in without the page where a story is not about that. */
import { codeAt, stepAt } from '../../src/people/totp.ts'
import { acceptInvitation, invitationOf, signIn, type Role } from '../../src/people/people.ts'
import type { BrowserContext } from 'playwright-core'
import type { PageTown } from './pageTown.ts'

export interface Folk {
  name: string
  password: string
  /** Of their authenticator, base 32. */
  secret: string
}

const stepMs = 30_000

/** Adds somebody and has them accept. A code works once, so the clock is put past the one they showed. */
export async function addFolk(town: PageTown, name: string, role: Role, language = 'pt-BR'): Promise<Folk> {
  const link = (await town.repasse('user', 'add', name, '--role', role, '--lang', language, '--by', 'root')).trim()
  const token = link.split('/').at(-1)!
  const { store, world } = town.house.desk
  const { secret } = (await invitationOf(store, world, token))!
  const password = `${name} guarda 12 palavras`
  const accepted = await acceptInvitation(store, world, { token, password, code: codeOf(town, secret) })
  if (accepted.is !== 'done') throw new Error(`${name} could not accept: ${accepted.is}`)
  await town.skip(stepMs)
  return { name, password, secret }
}

/** What an authenticator shows now. */
export const codeOf = (town: PageTown, secret: string): string => codeAt(secret, stepAt(town.clock.now()))

/** Signs in and answers the session's token. */
export async function tokenOf(town: PageTown, { name, password, secret }: Folk): Promise<string> {
  const { store, world } = town.house.desk
  await town.skip(stepMs)
  const code = codeOf(town, secret)
  const answer = await signIn(store, world, { name, password, code, address: '127.0.0.1', agent: 'Chromium' })
  if (answer.is !== 'in') throw new Error(`${name} could not sign in: ${answer.is}`)
  return answer.token
}

/** Puts a session into a browser, as the sign-in page would have. */
export const carry = (context: BrowserContext, town: PageTown, token: string): Promise<void> =>
  context.addCookies([{ name: 'console', value: token, url: town.origin, httpOnly: true, sameSite: 'Lax' }])

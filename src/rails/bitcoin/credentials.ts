/**
 * Where the node is and who we are to it: URL, cookie file, user and password, of which nothing is ever
 * repeated.
 */
import { readFile } from 'node:fs/promises'
import { BadInput, done, refused, denied, type Answer } from '../../base/answer.ts'

export interface CredentialOptions {
  /**
   * `http://127.0.0.1:8332`; credentials may stand in it, `http://user:password@host:port`, and are taken out
   * at once.
   */
  url: string
  /** The node's `.cookie`, new at every start of it; used where no user is given. */
  cookieFile?: string | undefined
  user?: string | undefined
  password?: string | undefined
}

export interface Credentials {
  readonly fromFile: boolean
  /** `user:password`. */
  get(): Promise<Answer<string>>
  /** After a denial of `tried`: others, where there are. */
  renew(tried: string): Promise<Answer<string>>
}

/**
 * Parts the URL from the credentials in it. The URL is not repeated in a message, for they may stand in it.
 */
export function readCredentials({ url, cookieFile, user, password }: CredentialOptions): {
  base: string
  place: string
  credentials: Credentials
} {
  const parsed = URL.parse(url)
  if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.search || parsed.hash)
    throw new BadInput(
      'the node’s URL must be http://HOST:PORT, with or without USER:PASSWORD@ before the host',
    )
  const named = {
    user: user ?? decodeURIComponent(parsed.username),
    password: password ?? decodeURIComponent(parsed.password),
  }
  parsed.username = parsed.password = ''
  const base = parsed.href.endsWith('/') ? parsed.href : `${parsed.href}/`
  if (named.user !== '' || named.password !== '') {
    const text = `${named.user}:${named.password}`
    const fixed: Credentials = {
      fromFile: false,
      get: async () => done(text),
      renew: async () => denial(false),
    }
    return { base, place: parsed.host, credentials: fixed }
  }
  if (!cookieFile)
    throw new BadInput(`the node at ${parsed.host} needs a cookie file, or a user and a password in its URL`)
  return { base, place: parsed.host, credentials: cookie(cookieFile) }
}

function cookie(file: string): Credentials {
  let known: string | undefined
  const load = async (): Promise<Answer<string>> => {
    try {
      known = (await readFile(file, 'utf8')).trim()
    } catch (fault) {
      // The node removes it when it stops, so it may be there again soon.
      return refused(
        `the node’s cookie file ${file} cannot be read${codeOf(fault)}: is the node running?`,
        true,
      )
    }
    return done(known)
  }
  return {
    fromFile: true,
    get: async () => (known === undefined ? load() : done(known)),
    renew: async tried => {
      const found = await load()
      return found.is === 'done' && found.value === tried ? denial(true) : found
    },
  }
}

export const denial = (fromFile: boolean): Answer<never> =>
  fromFile
    ? denied('the node refused its cookie (401): is the file of this node?')
    : denied('the node refused the user or the password (401)')

/** ` (ECONNREFUSED)`, of the fault or what caused it; nothing else of it is repeated. */
export function codeOf(fault: unknown): string {
  for (let at = fault; typeof at === 'object' && at !== null; at = (at as Error).cause) {
    const { code } = at as { code?: unknown }
    if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,40}$/.test(code)) return ` (${code})`
  }
  return ''
}

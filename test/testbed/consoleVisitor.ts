/**
 * Somebody at the console without a browser: asks for pages and sends forms as one would, with a session of
 * their own.
 */
import { addTestPerson, codeOf, tokenOf, type TestPerson } from './testPerson.ts'
import type { PageInstallation } from './pageInstallation.ts'
import type { Role } from '../../src/people/people.ts'

export interface ConsoleVisitor {
  person: TestPerson
  /** A page, or where it leads. `text` is what it holds. */
  get(path: string): Promise<Shown>
  /** A form with the session's token and a fresh code, unless the fields say otherwise. */
  post(path: string, fields?: Record<string, string>): Promise<Shown>
  /** The same with a file. */
  upload(
    path: string,
    fields: Record<string, string>,
    file: { field: string; name: string; bytes: Uint8Array },
  ): Promise<Shown>
  fetch(path: string, init?: RequestInit): Promise<Response>
}

export interface Shown {
  status: number
  text: string
  /** Where a redirect leads; '' where it is none. */
  to: string
  type: string
}

export const consoleVisitor = async (
  installation: PageInstallation,
  name: string,
  role: Role,
  language = 'pt-BR',
): Promise<ConsoleVisitor> => visitorOf(installation, await addTestPerson(installation, name, role, language))

/** Somebody who has a password already, in a session of their own. */
export async function visitorOf(installation: PageInstallation, person: TestPerson): Promise<ConsoleVisitor> {
  const token = await tokenOf(installation, person)
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`${installation.origin}${path}`, {
      ...init,
      redirect: 'manual',
      headers: { ...init.headers, cookie: `console=${token}` },
    })
  const shown = async (answer: Response): Promise<Shown> => ({
    status: answer.status,
    text: await answer.text(),
    to: answer.headers.get('location') ?? '',
    type: answer.headers.get('content-type') ?? '',
  })
  let csrf: string | undefined
  const token2 = async () =>
    (csrf ??= /name="csrf" value="([^"]+)"/.exec((await shown(await ask('/console/me'))).text)![1]!)
  const origin = { origin: installation.origin, 'sec-fetch-site': 'same-origin' }
  const all = async (fields: Record<string, string>) => {
    // A code works once.
    if (fields['code'] === undefined) await installation.skip(30_000)
    return { csrf: await token2(), code: codeOf(installation, person.secret), ...fields }
  }
  return {
    person,
    fetch: ask,
    get: async path => shown(await ask(path)),
    async post(path, fields = {}) {
      return shown(
        await ask(path, { method: 'POST', headers: origin, body: new URLSearchParams(await all(fields)) }),
      )
    },
    async upload(path, fields, { field, name: fileName, bytes }) {
      const form = new FormData()
      for (const [key, value] of Object.entries(await all(fields))) form.set(key, value)
      form.set(field, new Blob([new Uint8Array(bytes)]), fileName)
      return shown(await ask(path, { method: 'POST', headers: origin, body: form }))
    },
  }
}

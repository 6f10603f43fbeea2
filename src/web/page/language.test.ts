/**
 * In which language a page answers: by link, then by what was kept, then by the browser's list; Portuguese
 * where nobody says.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { serveSmall, type SmallServer } from '../../../test/testbed/smallServer.ts'
import { spoken } from './language.ts'

let server: SmallServer
beforeAll(async () => {
  server = await serveSmall([ctx => void (ctx.body = spoken(ctx))])
})
afterAll(() => server.close())

const ask = async (path: string, headers: Record<string, string> = {}) => {
  const answer = await fetch(`${server.url}${path}`, { headers: { 'accept-language': '', ...headers } })
  return { lang: await answer.text(), kept: answer.headers.getSetCookie() }
}

test.each([
  ['nothing at all', '/', {}, 'pt-BR'],
  ['anything', '/', { 'accept-language': '*' }, 'pt-BR'],
  ['a language we have not', '/', { 'accept-language': 'de-DE,fr;q=0.9' }, 'pt-BR'],
  ['English', '/', { 'accept-language': 'en-US,en;q=0.9' }, 'en'],
  ['English before Portuguese', '/', { 'accept-language': 'en;q=0.9,pt-BR;q=0.5' }, 'en'],
  ['Portuguese before English', '/', { 'accept-language': 'pt-BR,en;q=0.9' }, 'pt-BR'],
  ['that of Portugal', '/', { 'accept-language': 'pt-PT,en;q=0.5' }, 'pt-BR'],
  ['English by link', '/?lang=en', { 'accept-language': 'pt-BR' }, 'en'],
  ['Portuguese by link, English kept', '/?lang=pt-BR', { cookie: 'lang=en' }, 'pt-BR'],
  ['English kept', '/', { cookie: 'lang=en', 'accept-language': 'pt-BR' }, 'en'],
  ['nonsense by link and kept', '/?lang=xx', { cookie: 'lang=%0d%0a' }, 'pt-BR'],
  ['two by link', '/?lang=en&lang=pt-BR', {}, 'pt-BR'],
] as const)('who asks for %s', async (_, path, headers, lang) => {
  expect((await ask(path, headers)).lang).toBe(lang)
})

test('what a link asked for is kept for the next page, and nothing else is', async () => {
  expect((await ask('/?lang=en')).kept.join()).toMatch(
    /^lang=en; path=\/; expires=.*; samesite=lax; httponly$/i,
  )
  expect((await ask('/', { 'accept-language': 'en' })).kept).toEqual([])
  expect((await ask('/?lang=xx')).kept).toEqual([])
})

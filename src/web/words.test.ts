/** The words of the pages: each language says what the other says, and no English stands in Portuguese. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
  .filter(name =>
    /^(?:console|shop)\/.*(?:[wW]ords|[rR]efusals)\.ts$|^console\/list\/amounts\.ts$/.test(name),
  )
  .map(name => join(import.meta.dirname, name))

/** Words that English cannot do without and Portuguese does not have. */
const english =
  /(?<!\p{L})(?:the|was|were|is|are|not|this|that|with|from|been|have|it|its|of|and|by)(?!\p{L})/iu

/** Every text under its path; what is a function is asked with words that are of no language. */
function texts(value: unknown, path: string): [path: string, text: string][] {
  if (typeof value === 'string') return [[path, value]]
  if (typeof value === 'function') return texts(said(value as (...given: unknown[]) => unknown), path)
  if (Array.isArray(value)) return value.flatMap((each, at) => texts(each, `${path}[${at}]`))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, each]) => texts(each, `${path}.${name}`))
}
function said(say: (...given: unknown[]) => unknown): unknown {
  // What a refusal bears, or a number: whichever it takes; its own page's tests see what takes neither.
  for (const given of [7, bearing])
    try {
      return say(...Array.from({ length: say.length }, () => given))
    } catch {}
  return undefined
}

/** Has every value that a refusal may bear, each a word of no language. */
const bearing: unknown = new Proxy(
  {},
  { get: (_, name) => (String(name).endsWith('Units') ? 7n : name === 'what' ? ['7'] : '7') },
)

const isBoth = (value: unknown): value is Record<'pt-BR' | 'en', unknown> =>
  typeof value === 'object' && value !== null && 'pt-BR' in value && 'en' in value

const all = await Promise.all(
  files.map(async file => Object.entries((await import(file)) as Record<string, unknown>)),
)
const both = all
  .flat()
  .filter((entry): entry is [string, Record<'pt-BR' | 'en', unknown>] => isBoth(entry[1]))

test('the pages’ words are found', () => {
  expect(both.length).toBeGreaterThan(10)
  expect(both.flatMap(([, words]) => texts(words['pt-BR'], '')).length).toBeGreaterThan(500)
})

test.each(both)('%s has no English in its Portuguese', (name, words) => {
  expect(
    texts(words['pt-BR'], name).filter(([, text]) => english.test(text.replaceAll(/\{\w+\}/g, ''))),
  ).toEqual([])
})

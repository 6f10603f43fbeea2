/** Every reason is said in both languages, with the same facts in both, and in Portuguese without English. */
import { expect, test } from 'vitest'
import { because, english, reasonOf, sentence, told, type Code } from '../../../base/reasons.ts'
import { portuguese, reasonIn } from './reasonWords.ts'

const codes = Object.keys(english) as Code[]

/** Any detail: each value is a fact that can be found again in what is said. */
const anything: Record<string, unknown> = new Proxy(
  {},
  {
    get: (_, name) => {
      const key = String(name)
      if (key === 'asset') return 'BTC'
      if (key === 'per') return 'payout'
      if (/^(from|until|at|restoredAt)$/.test(key)) return '2026-11-30T12:00:00.000Z'
      if (key === 'restored' || key === 'ofAccount') return true
      if (/^(units|cap|least|now|before)$/.test(key)) return '123'
      if (/^(count|batches|depth|of|later|most|height)$/.test(key)) return 7
      if (key === 'because') return told(because('credited'))
      if (key === 'reasons') return [told(because('credited'))]
      if (/^(transfers|changed|invoices)$/.test(key) || (key === 'said' && listed)) return [`<${key}>`]
      return `<${key}>`
    },
    ownKeys: () => [],
  },
)
let listed = false
const factsOf = (said: string) => [...new Set(said.match(/<[a-zA-Z]+>/g))].toSorted()

/** Words that no Portuguese sentence has; what is quoted, or an address, a code or a command, is left out. */
const englishWords =
  /(?<!\p{L})(the|is|was|of|it|by|its|this|that|which|with|and|not|has|are|bank|payout|order|transfer|invoice)(?!\p{L})/iu

test('both languages have every reason', () => {
  expect(Object.keys(portuguese).toSorted()).toEqual(codes.toSorted())
})

test.each(codes)('%s says the same facts in both, and no English in Portuguese', code => {
  listed = code === 'order-failed'
  const inEnglish = (english[code] as (detail: unknown) => string)(anything)
  const inPortuguese = (portuguese[code] as (detail: unknown) => string)(anything)
  expect(factsOf(inPortuguese)).toEqual(factsOf(inEnglish))
  expect(inPortuguese.replaceAll(/“[^”]*”|<[a-zA-Z]+>/g, '')).not.toMatch(englishWords)
})

test('what is kept is said as it was, and what was edited is left to its words', () => {
  const why = because('redirected', { madeBy: 'ana', by: 'bia', to: 'b', from: 'a', said: 'closed' })
  const kept = { reason: why.code, detail: JSON.stringify(why.detail) }
  expect(sentence(reasonOf(kept)!)).toBe('ana and bia: to b instead of a: closed')
  expect(reasonIn('pt-BR', reasonOf(kept)!)).toBe('ana e bia: para b em vez de a: “closed”')
  for (const edited of [
    { ...kept, reason: 'of-a-newer-version' },
    { ...kept, detail: null },
    { ...kept, detail: '{' },
    { reason: 'above-limit', detail: '{"units":"many"}' },
  ])
    expect(reasonOf(edited)).toBeUndefined()
})

/** A refusal ends an act from wherever it is found, and is what the act answers. */
import { expect, test } from 'vitest'
import { refusing, wordRefusal, type WordsOf } from './refusal.ts'

type Fruit = { is: 'unripe'; days: number } | { is: 'eaten' }
const { refuse, refuseIf, answering } = refusing<Fruit>()

test('an act answers what it did, or the refusal that ended it', async () => {
  expect(await answering(async () => ({ is: 'done' }))).toEqual({ is: 'done' })
  expect(await answering(async () => refuse({ is: 'unripe', days: 2 }))).toEqual({ is: 'unripe', days: 2 })
  expect(await answering(async () => refuseIf(undefined))).toBeUndefined()
})

test('a surprise is no answer', async () => {
  const surprise = new Error('the branch broke')
  await expect(answering(() => Promise.reject(surprise))).rejects.toBe(surprise)
})

test('a refusal has a sentence, and what was done has none', () => {
  const words: WordsOf<Fruit> = { unripe: ({ days }) => `ripe in ${days} days`, eaten: () => 'gone' }
  expect(wordRefusal(words, { is: 'unripe', days: 2 } as Fruit)).toBe('ripe in 2 days')
  expect(wordRefusal(words, { is: 'done' })).toBeUndefined()
  expect(wordRefusal(words, { is: 'toString' })).toBeUndefined()
})

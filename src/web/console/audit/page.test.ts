/** The audit log's words, held against every act the source writes down; and where its lines lead. */
import { expect, test } from 'vitest'
import { projectFiles } from '../../../../test/testbed/tree.ts'
import { subjectPath } from './page.tsx'
import { actsInPortuguese } from './words.ts'

test('every act that is written down has a name in Portuguese', () => {
  const sources = projectFiles(/\.tsx?$/).filter(
    ({ path, text }) => /^src\/(?!web\/)/.test(path) && !path.includes('.test.') && text.includes('audit('),
  )
  const written = sources.flatMap(({ text }) =>
    [...text.matchAll(/\bact: (?:[^'\n,;`]*\? )?'([a-z][^']+)'(?: : '([^']+)')?/g)].flatMap(
      ([, one, other]) => [one, other],
    ),
  )
  const known = new Set(written.filter(act => act !== undefined))
  expect(known.size).toBeGreaterThan(25)
  expect([...known].filter(act => !Object.hasOwn(actsInPortuguese, act))).toEqual([])
})

const id = (prefix: string) => `${prefix}_01jd0000000000000000000000`

test.each([
  [id('inv'), '/console/invoices/'],
  [id('pay'), '/console/payouts/'],
  [id('acc'), '/console/accounts/'],
  [id('sch'), '/console/schedules/'],
  [id('run'), '/console/runs/'],
])('what %s was about is under %s', (subject, path) => {
  expect(subjectPath('anything', subject, false)).toBe(`${path}${subject}`)
})

test('people are shown to admins, events by their number, and anything else leads nowhere', () => {
  expect(subjectPath('anything', id('usr'), true)).toBe(`/console/people/${id('usr')}`)
  expect(subjectPath('event replayed', '42', false)).toBe('/console/events/42')
  expect(subjectPath('external accepted', '42', false)).toBeUndefined()
  expect(subjectPath('anything', 'payouts', false)).toBe('/console/payouts')
  for (const subject of [
    id('xxx'),
    '',
    'console',
    'javascript:alert(1)',
    '//evil.example',
    '../x',
    `${id('inv')}/..`,
    '42/..',
  ])
    expect(subjectPath('anything', subject, true)).toBeUndefined()
  expect(subjectPath('anything', id('usr'), false)).toBeUndefined()
})

/**
 * Every requirement and every known attack is held by a test that names it, and docs/security.md says by
 * which.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { docsFile, faultsOf, groups, securityTable, titlesOf, withTable } from './securityTable.ts'
import { projectFiles, projectRoot } from './testbed/tree.ts'

const titles = titlesOf(projectFiles(/\.tsx?$/))

test('each is held by a test, and no title names anything else', () => {
  expect(faultsOf(titles)).toEqual([])
})

test('a requirement without a test and an unknown name are faults', () => {
  const source = (title: string) =>
    titlesOf([{ path: 'src/a.test.ts', text: `test('${title}', () => {})\n` }])
  expect(source('a body of 65 kB is refused [security 1 slow]')).toEqual([
    { path: 'src/a.test.ts', title: 'a body of 65 kB is refused', keys: ['1', 'slow'] },
  ])
  expect(faultsOf(source('a [security 1]'))).toHaveLength(groups.flatMap(({ held }) => held).length - 1)
  expect(faultsOf([...titles, ...source('a [security 21]')])).toEqual([
    'src/a.test.ts: "a" names 21, which is none',
  ])
})

test(`${docsFile} says so: node test/securityTable.ts --write-docs writes it`, () => {
  const page = readFileSync(join(projectRoot, docsFile), 'utf8')
  expect(withTable(page, securityTable(titles))).toBe(page)
})

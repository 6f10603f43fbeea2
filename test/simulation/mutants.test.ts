/**
 * What can be taken out is there to be taken out, and docs/simulation.md is that list; `mutate.ts` takes it
 * out, which takes longer.
 */
import { existsSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { projectRoot } from '../testbed/tree.ts'
import { applied } from './mutantCopy.ts'
import { docsFile, securityDocs, securityDocsFile, simulationDocs } from './mutantDocs.ts'
import { editsOf, mutants, roomOf } from './mutants.ts'
import { securityMutants } from './securityMutants.ts'

const read = (file: string) => readFileSync(join(projectRoot, file), 'utf8')

test.each([...mutants, ...securityMutants])(
  '$rule: it occurs once, and without it the program is still one',
  mutant => {
    const texts = new Map<string, string>()
    for (const edit of editsOf(mutant))
      texts.set(edit.file, applied(texts.get(edit.file) ?? read(edit.file), edit))
    for (const [file, text] of texts) {
      expect(text).not.toBe(read(file))
      expect(() => stripTypeScriptTypes(text)).not.toThrow()
    }
  },
)

test('each rule is there once, and what finds it is named, or that nothing does', () => {
  for (const list of [mutants, securityMutants])
    expect(new Set(list.map(({ rule }) => rule)).size).toBe(list.length)
  expect(
    mutants.filter(({ seeds = [], test: file, note }) => seeds.length === 0 && (file ?? note) === undefined),
  ).toEqual([])
})

test('seeds are of the room of their rule, and tests are there', () => {
  for (const mutant of mutants) {
    const { rule, stories, test: file, seeds = [] } = mutant
    const { first, step } = roomOf(mutant)
    if (stories === undefined)
      expect(
        seeds.filter(seed => seed < first || (seed - first) % step !== 0),
        rule,
      ).toEqual([])
    for (const named of [stories, file])
      if (named !== undefined) expect(existsSync(join(projectRoot, named)), named).toBe(true)
  }
})

test('of each check of security the test that fails is there, by its title', () => {
  const missing = securityMutants.filter(
    ({ test: file, title }) => title === '' || !read(file).includes(title),
  )
  expect(missing.map(({ rule, title }) => `${rule}: ${title}`)).toEqual([])
})

test.each([
  [docsFile, simulationDocs],
  [securityDocsFile, securityDocs],
])('%s is what its list says, as mutate.ts --write-docs writes it', (file, docs) => {
  expect(read(file)).toBe(docs())
})

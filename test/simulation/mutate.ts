/**
 * Takes each rule of docs/simulation.md, or of docs/security-rules.md, out of a copy of the program and says
 * what finds it: node test/simulation/mutate.ts [--security] [--rule WORDS] [--look N].
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readFlags } from '../../sim/flags.ts'
import { projectRoot } from '../testbed/tree.ts'
import { firstFault, openTests, runTest, tidyOnSignals, withMutant, type Tests } from './mutantCopy.ts'
import { docsFile, securityDocs, securityDocsFile, simulationDocs } from './mutantDocs.ts'
import { editsOf, mutants, seedsOf, type Mutant } from './mutants.ts'
import { securityMutants } from './securityMutants.ts'

const values = readFlags({
  options: {
    security: { type: 'boolean', default: false },
    rule: { type: 'string' },
    look: { type: 'string' },
    'write-docs': { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
if (values.help) {
  process.stdout.write(
    `node test/simulation/mutate.ts [--security] [--rule WORDS] [--look N]: takes each rule of test/simulation/mutants.ts out of a copy of the program, tells its
seeds or runs its test there, and says which one finds that it is gone, and with what fault; ends with 1 where nothing does. A seed that has faults
with the rule in place as well finds nothing.
  --security     takes out the checks of test/simulation/securityMutants.ts instead
  --rule WORDS   only rules in which all of the words occur
  --look N       where nothing named finds it, tells the seeds from 1 to N of its room until one does (stories of restores: the first N)
  --write-docs   writes ${docsFile}, or ${securityDocsFile}, from the list, and takes nothing out\n`,
  )
  process.exit(0)
}
if (values.look !== undefined && !/^[1-9]\d{0,14}$/.test(values.look)) {
  process.stderr.write(`--look is "${values.look}": expected a whole number above 0\n`)
  process.exit(2)
}
if (values['write-docs']) {
  const [file, text] = values.security ? [securityDocsFile, securityDocs()] : [docsFile, simulationDocs()]
  writeFileSync(join(projectRoot, file), text)
  process.stdout.write(`${file} is written\n`)
  process.exit(0)
}
const words = (values.rule ?? '').toLowerCase().split(/\s+/)
const list: readonly Mutant[] = values.security ? securityMutants : mutants
const chosen = list.filter(({ rule }) => words.every(word => rule.toLowerCase().includes(word)))
if (chosen.length === 0) {
  const of = values.security ? 'securityMutants' : 'mutants'
  process.stderr.write(`no rule has "${values.rule}" in it: the list is test/simulation/${of}.ts\n`)
  process.exit(2)
}

/** Opened with the first test that is asked for. */
let tests: Tests | undefined

const short = (text: string) => text.replace(/\s+/g, ' ').slice(0, 200)

/** The test of the simulation tells these in every run, so they have none with every rule in place. */
const toldAnyhow = 500
/** Others are told with every rule in place, too: whether they have none. */
const sound = new Map<number, boolean>()
async function isSound(seed: number): Promise<boolean> {
  if (seed <= toldAnyhow) return true
  if (!sound.has(seed)) sound.set(seed, (await firstFault(projectRoot, [seed])) === undefined)
  return sound.get(seed)!
}

/** The first of these seeds that finds it, and how. */
async function foundBySeed(folder: string, seeds: readonly number[]): Promise<string | undefined> {
  for (let rest = seeds; rest.length > 0;) {
    const found = await firstFault(folder, rest)
    if (!found) return undefined
    if (await isSound(found.seed)) return `seed ${found.seed}: ${short(found.faults[0]!)}`
    console.log(`  seed ${found.seed} has faults with the rule in place as well`)
    rest = rest.slice(rest.indexOf(found.seed) + 1)
  }
  return undefined
}

/** A story of restores that went wrong is said as `seed N: …` in why the test failed. */
async function foundByStory(folder: string, file: string, stories: number): Promise<string | undefined> {
  const { failed, said } = await runTest(folder, file, stories)
  if (failed.length === 0) return undefined
  const told = new Map(
    [...said.matchAll(/"seed (\d+): ([^\n]*)",?$/gm)].map(([, number, why]) => [number, why!]),
  )
  const [first] = told.values()
  return first === undefined
    ? `${file}: ${failed.join(' | ')}`
    : `${file}, restores ${[...told.keys()].join(', ')}: ${short(first)}`
}

async function foundByTest(mutant: Mutant): Promise<string | undefined> {
  if (mutant.test === undefined) return undefined
  tests ??= openTests()
  const failed = await tests
    .failing(editsOf(mutant), mutant.test, mutant.title || undefined)
    .catch(async (error: unknown) => {
      // It may have been ended with its test: the next one is asked of another.
      await tests?.close()
      tests = undefined
      throw error
    })
  return failed.length === 0 ? undefined : `${mutant.test}: ${failed.join(' | ')}`
}

async function find(mutant: Mutant): Promise<string | undefined> {
  const { stories, seeds = [] } = mutant
  const inCopy = (told: (folder: string) => Promise<string | undefined>) => withMutant(editsOf(mutant), told)
  const named =
    seeds.length === 0
      ? undefined
      : await inCopy(folder =>
          stories ? foundByStory(folder, stories, Math.max(...seeds)) : foundBySeed(folder, seeds),
        )
  const found = named ?? (await foundByTest(mutant))
  if (found !== undefined || values.look === undefined) return found
  const last = Number(values.look)
  const others = await inCopy(folder =>
    stories ? foundByStory(folder, stories, last) : foundBySeed(folder, seedsOf(mutant, last)),
  )
  return others && `none of those named, but ${others}`
}

tidyOnSignals()
let alive = 0
for (const mutant of chosen) {
  const started = performance.now()
  const found = await find(mutant).catch((error: unknown) => {
    console.log(`  ${short(String(error))}`)
    return undefined
  })
  if (found === undefined) alive++
  console.log(
    `${found === undefined ? 'LIVES' : 'found'}  ${mutant.rule}\n  ${found ?? 'nothing finds that it is gone'} (${((performance.now() - started) / 1_000).toFixed(0)} s)`,
  )
}
await tests?.close()
console.log(`${chosen.length} rules taken out, ${chosen.length - alive} found, ${alive} not`)
process.exitCode = alive === 0 ? 0 : 1

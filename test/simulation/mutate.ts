/** Takes each rule of docs/simulation.md out of a copy of the program and says what finds it: node test/simulation/mutate.ts [--rule WORDS] [--look N]. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readFlags } from '../../sim/flags.ts'
import { projectRoot } from '../testbed/tree.ts'
import { firstFault, runTest, tidyOnSignals, withMutant } from './mutantCopy.ts'
import { docsFile, simulationDocs } from './mutantDocs.ts'
import { editsOf, mutants, seedsOf, type Mutant } from './mutants.ts'

const values = readFlags({
  options: {
    rule: { type: 'string' },
    look: { type: 'string' },
    'write-docs': { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
if (values.help) {
  process.stdout.write(
    `node test/simulation/mutate.ts [--rule WORDS] [--look N]: takes each rule of test/simulation/mutants.ts out of a copy of the program, tells its
seeds or runs its test there, and says which one finds that it is gone, and with what fault; ends with 1 where nothing does. A seed that has faults
with the rule in place as well finds nothing.
  --rule WORDS   only rules in which all of the words occur
  --look N       where nothing named finds it, tells the seeds from 1 to N of its room until one does (stories of restores: the first N)
  --write-docs   writes ${docsFile} from the list, and takes nothing out\n`,
  )
  process.exit(0)
}
if (values.look !== undefined && !/^[1-9]\d{0,14}$/.test(values.look)) {
  process.stderr.write(`--look is "${values.look}": expected a whole number above 0\n`)
  process.exit(2)
}
if (values['write-docs']) {
  writeFileSync(join(projectRoot, docsFile), simulationDocs())
  process.stdout.write(`${docsFile} is written\n`)
  process.exit(0)
}
const words = (values.rule ?? '').toLowerCase().split(/\s+/)
const chosen = mutants.filter(({ rule }) => words.every(word => rule.toLowerCase().includes(word)))
if (chosen.length === 0) {
  process.stderr.write(`no rule has "${values.rule}" in it: the list is test/simulation/mutants.ts\n`)
  process.exit(2)
}

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
  const told = new Map([...said.matchAll(/"seed (\d+): ([^\n]*)",?$/gm)].map(([, number, why]) => [number, why!]))
  const [first] = told.values()
  return first === undefined ? `${file}: ${failed.join(' | ')}` : `${file}, restores ${[...told.keys()].join(', ')}: ${short(first)}`
}

async function foundByTest(folder: string, file: string): Promise<string | undefined> {
  const { failed } = await runTest(folder, file)
  return failed.length === 0 ? undefined : `${file}: ${failed.join(' | ')}`
}

const find = (mutant: Mutant): Promise<string | undefined> =>
  withMutant(editsOf(mutant), async folder => {
    const { stories, test, seeds = [] } = mutant
    const named = stories ? seeds.length > 0 && (await foundByStory(folder, stories, Math.max(...seeds))) : await foundBySeed(folder, seeds)
    if (named) return named
    const byTest = test === undefined ? undefined : await foundByTest(folder, test)
    if (byTest !== undefined || values.look === undefined) return byTest
    const anew = stories
      ? await foundByStory(folder, stories, Number(values.look))
      : await foundBySeed(folder, seedsOf(mutant, Number(values.look)))
    return anew && `none of those named, but ${anew}`
  })

tidyOnSignals()
let alive = 0
for (const mutant of chosen) {
  const started = performance.now()
  const found = await find(mutant)
  if (found === undefined) alive++
  console.log(
    `${found === undefined ? 'LIVES' : 'found'}  ${mutant.rule}\n  ${found ?? 'nothing finds that it is gone'} (${((performance.now() - started) / 1_000).toFixed(0)} s)`,
  )
}
console.log(`${chosen.length} rules taken out, ${chosen.length - alive} found, ${alive} not`)
process.exitCode = alive === 0 ? 0 : 1

/**
 * `./dev-utils.sh test`: runs vitest on what was asked for, looks for what it left behind, and says how it
 * ended in one line.
 */
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { startBusyLoops, sumUp } from './run/calm.ts'
import { endLeftovers, endOrphans, removeOldFolders } from './run/leftovers.ts'
import { findNear } from './run/near.ts'
import { ownId } from './run/processes.ts'
import { closingLine, passSignalsOn, runVitest, wasStopped, type Count, type Ran } from './run/vitest.ts'
import { readWords } from './run/words.ts'
import { memoryFolder } from './testbed/postgres.ts'
import { projectRoot } from './testbed/tree.ts'

// A run inside a run, as a test of this makes one, is found by the outer one too.
const outer = process.env['REPASSE_TEST_RUN']
const run = outer === undefined ? ownId() : `${outer}.${randomBytes(4).toString('hex')}`

const say = (line: string) => void process.stderr.write(`· ${line}\n`)
const warn = (line: string) => void process.stderr.write(`✗ ${line}\n`)
const sum = (a: Count, b: Count): Count => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
})
const failure = (failed: number): Count => ({ passed: 0, failed, skipped: 0 })

async function main(): Promise<Count> {
  const asked = readWords(process.argv.slice(2))
  passSignalsOn()
  if (outer === undefined) await clearUp()
  const { files, types } = asked.near ? near(asked.near.base) : { files: asked.rest, types: failure(0) }
  const words = asked.near ? [...asked.rest, ...files] : files
  const ran = asked.rounds === undefined ? await once(words) : await calm(words, asked.rounds)
  return sum(ran, types)
}

/** What a run that was killed left here. */
async function clearUp(): Promise<void> {
  for (const orphan of await endOrphans()) say(`left running by a run that was killed, ended now: ${orphan}`)
  const inMemory = memoryFolder()
  const folders = [...removeOldFolders(), ...(inMemory === undefined ? [] : removeOldFolders(inMemory))]
  if (folders.length > 0) say(`removed ${folders.length} folders of tests that ended more than a day ago`)
}

function near(base: string | undefined): { files: string[]; types: Count } {
  const found = findNear(base)
  if (found.isLastCommit)
    say('nothing changed that is not in the last commit: --near compares that with the one before it, HEAD~1')
  say(
    `${found.changed.length} files changed since ${found.base.slice(0, 12)} reach ${found.files.length + found.left.length} test files`,
  )
  const minutes = Math.max(1, Math.round(found.leftSeconds / 60))
  if (found.touchAll.length > 0) {
    warn(
      `${found.touchAll.join(', ')} changed, on which every test depends: this is a sample, the whole suite is needed: ./dev-utils.sh test`,
    )
    if (found.left.length > 0) say(`left out, about ${minutes} min: ${found.left.length} test files`)
  } else if (found.left.length > 0) {
    say(`left out, about ${minutes} min: ./dev-utils.sh test ${found.left.join(' ')}`)
  }
  say('tsc --noEmit -p .')
  const { status } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '--noEmit', '-p', '.'], {
    cwd: projectRoot,
    stdio: 'inherit',
  })
  if (status !== 0) warn('the types do not fit: see above')
  return { files: found.files, types: failure(status === 0 ? 0 : 1) }
}

async function once(words: readonly string[]): Promise<Count> {
  say(`vitest run ${words.join(' ')}`)
  const { count } = await runVitest(words, run)
  return sum(count, await leftovers())
}

async function calm(words: readonly string[], rounds: number): Promise<Count> {
  const ran: Ran[] = []
  let left = failure(0)
  const loops = startBusyLoops()
  try {
    for (let round = 1; round <= rounds && !wasStopped(); round++) {
      say(`round ${round} of ${rounds}, with ${loops.pids.length} busy loops: vitest run ${words.join(' ')}`)
      ran.push(await runVitest(words, run))
      left = sum(left, await leftovers())
    }
  } finally {
    loops.stop()
  }
  const { count, lines } = sumUp(ran, rounds)
  console.log(['', ...lines].join('\n'))
  return sum(count, left)
}

/** One failure, however many processes there were. */
async function leftovers(): Promise<Count> {
  const left = await endLeftovers(run)
  for (const each of left) warn(`left running by this run, ended now: ${each}`)
  return failure(left.length > 0 ? 1 : 0)
}

let count: Count
try {
  count = await main()
} catch (error) {
  warn(error instanceof Error ? error.message : String(error))
  count = failure(1)
}
// dev-utils.sh prints it after everything else, and one of its own where this process was killed.
const file = process.env['REPASSE_CLOSING_LINE']
if (file) writeFileSync(file, closingLine(count))
else console.log(closingLine(count))
process.exitCode = count.failed > 0 || count.passed === 0 ? 1 : 0

/**
 * A vitest reporter that prints what the run cost: seconds and processor of each file and what it asserted, the
 * slowest tests, and the servers that were started.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { Reporter, TestModule, Vitest } from 'vitest/node'
import type {} from './measure.ts'
import { compare, readBudget, writeBudget, type Cost } from './budget.ts'
import { machineSeconds, processorSeconds } from './processor.ts'
import type { Start } from './starts.ts'
import { projectRoot } from './tree.ts'

export interface FileCost extends Cost {
  path: string
  /** How often `expect` was called. */
  expects: number
}
export interface TestTime {
  path: string
  title: string
  seconds: number
}
export interface Whole {
  seconds: number
  /** Of vitest itself, its workers and all that they started; missing where there is no /proc. */
  cpu?: number | undefined
  /** Of everything on this machine meanwhile, engines of containers included. */
  machine?: number | undefined
}

const dearest = 20
const slowest = 10
const wholeTable = join(projectRoot, 'node_modules/.cache/test-times.txt')

const figure = (value: number | undefined): string =>
  (value === undefined ? '-' : value.toFixed(1)).padStart(8)
const line = (first: number | undefined, second: number | undefined, what: string) =>
  `${figure(first)}${figure(second)}  ${what}`
const fileLine = ({ seconds, cpu, expects }: Omit<FileCost, 'path'>, what: string) =>
  `${figure(seconds)}${figure(cpu)}${String(expects).padStart(9)}  ${what}`

/** The table of files, the dearest first: by processor, and by seconds where no processor is known. */
export function fileTable(files: readonly FileCost[], most = files.length): string[] {
  const sorted = files.toSorted((a, b) => (b.cpu ?? 0) - (a.cpu ?? 0) || b.seconds - a.seconds)
  const sum = (of: readonly (number | undefined)[]) => of.reduce<number>((all, one) => all + (one ?? 0), 0)
  const knowsCpu = files.some(({ cpu }) => cpu !== undefined)
  const all = {
    seconds: sum(files.map(({ seconds }) => seconds)),
    ...(knowsCpu && { cpu: sum(files.map(({ cpu }) => cpu)) }),
    expects: sum(files.map(({ expects }) => expects)),
  }
  return [
    ' seconds     cpu  expects  file',
    ...sorted.slice(0, most).map(file => fileLine(file, file.path)),
    fileLine(all, `all ${files.length} files`),
  ]
}

/** Which servers were started how often, and the seconds that were waited for them. */
export function startTable(starts: readonly Start[]): string[] {
  const named = [...Map.groupBy(starts, ({ name }) => name)].map(([name, those]) => ({
    name,
    count: those.length,
    seconds: those.reduce((sum, { seconds }) => sum + seconds, 0),
  }))
  return named
    .toSorted((a, b) => b.seconds - a.seconds)
    .map(({ name, count, seconds }) => line(seconds, undefined, `${count} x ${name}`))
}

/** What is printed, `most` files long. */
export function report(
  run: { files: FileCost[]; tests: TestTime[]; starts: Start[]; whole: Whole },
  most?: number,
): string[] {
  const { files, tests, starts, whole } = run
  const slow = tests.toSorted((a, b) => b.seconds - a.seconds).slice(0, slowest)
  return [
    ...fileTable(files, most),
    line(whole.seconds, whole.cpu, 'the whole run'),
    ...(whole.machine === undefined ? [] : [line(undefined, whole.machine, 'the whole machine meanwhile')]),
    '',
    ' seconds          slowest tests',
    ...slow.map(({ seconds, path, title }) => line(seconds, undefined, `${path}: ${title}`)),
    ...(starts.length === 0 ? [] : ['', ' seconds          servers started', ...startTable(starts)]),
  ]
}

export default class Timing implements Reporter {
  private since = { seconds: 0, cpu: 0, machine: 0 }
  private everyTest = true

  onInit({ config }: Vitest): void {
    this.everyTest = config.testNamePattern === undefined
  }

  onTestRunStart(): void {
    this.since = {
      seconds: performance.now() / 1_000,
      cpu: processorSeconds() ?? 0,
      machine: machineSeconds() ?? 0,
    }
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const files: FileCost[] = []
    const tests: TestTime[] = []
    const starts: Start[] = []
    for (const module of modules) {
      const path = relative(projectRoot, module.moduleId)
      const measured = module.meta().measured
      if (measured)
        files.push({
          path,
          seconds: measured.seconds,
          ...(measured.cpu !== undefined && { cpu: measured.cpu }),
          expects: measured.expects,
        })
      starts.push(...(measured?.starts ?? []))
      for (const test of module.children.allTests()) {
        const seconds = (test.diagnostic()?.duration ?? 0) / 1_000
        tests.push({ path, title: test.fullName, seconds })
      }
    }
    if (files.length === 0) return
    const [cpu, machine] = [processorSeconds(), machineSeconds()]
    // What a worker leaves running, as a shell that ends its server, is no child of ours any more: the files
    // themselves know better.
    const ofFiles = files.reduce((sum, file) => sum + (file.cpu ?? 0), 0)
    const whole: Whole = {
      seconds: performance.now() / 1_000 - this.since.seconds,
      cpu: cpu === undefined ? undefined : Math.max(cpu - this.since.cpu, ofFiles),
      machine: machine === undefined ? undefined : machine - this.since.machine,
    }
    const run = { files, tests, starts, whole }
    mkdirSync(dirname(wholeTable), { recursive: true })
    writeFileSync(wholeTable, report(run).join('\n') + '\n')
    console.log(
      [
        '',
        ...report(run, dearest),
        '',
        `All files: ${relative(projectRoot, wholeTable)}`,
        ...(this.everyTest ? judge(files) : []),
      ].join('\n'),
    )
  }
}

/** Holds the files against the budget, or writes it where REPASSE_BUDGET=write. */
function judge(files: readonly FileCost[]): string[] {
  const file = join(projectRoot, 'test/budget.json')
  const budget = existsSync(file) ? readBudget(readFileSync(file, 'utf8')) : {}
  if (process.env['REPASSE_BUDGET'] !== 'write') return compare(files, budget)
  const stay = Object.entries(budget).filter(([path]) => existsSync(join(projectRoot, path)))
  writeFileSync(
    file,
    writeBudget({
      ...Object.fromEntries(stay),
      ...Object.fromEntries(files.map(({ path, expects: _, ...cost }) => [path, cost])),
    }),
  )
  return [`${files.length} files written to test/budget.json`]
}

/**
 * How fast, against plain ways of doing the same: `./dev-utils.sh bench [--json] [--only name,name]
 * [--quick]`. With `--tiny` it is only seen whether each still runs.
 */
import { cpus } from 'node:os'
import { readFlags } from '../sim/flags.ts'
import { block } from './block.ts'
import { blocks } from './blocks.ts'
import { catchup } from './catchup.ts'
import { derive } from './derive.ts'
import { met, table, type BenchOptions, type Figure } from './figure.ts'
import { edge, intake } from './intake.ts'
import { issue } from './issue.ts'
import { pages } from './pages.ts'
import { pace } from './pace.ts'
import { past } from './past.ts'
import { settle } from './settle.ts'
import { shop } from './shop.ts'
import { slots } from './slots.ts'
import { start } from './start.ts'
import { steady } from './steady.ts'
import { window } from './window.ts'

const benches: Record<string, (options: BenchOptions) => Promise<Figure[]>> = {
  intake,
  edge,
  past,
  settle,
  pace,
  steady,
  block,
  issue,
  slots,
  start,
  blocks,
  catchup,
  derive,
  shop,
  pages,
  window,
}

const values = readFlags({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    tiny: { type: 'boolean', default: false },
    only: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
const quick = values.quick || values.tiny
const names = Object.keys(benches)
const wanted = values.only?.split(',') ?? names
const unknown = wanted.filter(name => !names.includes(name))
if (values.help || unknown.length > 0) {
  if (unknown.length > 0) process.stderr.write(`--only "${unknown.join(',')}" is no bench\n`)
  process.stderr.write(`bench [--json] [--quick|--tiny] [--only ${names.join(',')}]\n`)
  process.exit(unknown.length > 0 ? 2 : 0)
}

// Progress goes to stderr, so that what is on stdout is the result alone.
const say = (line: string) => void process.stderr.write(`${line}\n`)
const figures: Figure[] = []
for (const name of wanted) {
  say(`· ${name}`)
  figures.push(...(await benches[name]!({ quick, tiny: values.tiny, say })))
}

const machine = `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}${quick ? `, --${values.tiny ? 'tiny' : 'quick'}: not for quoting` : ''}`
if (values.json)
  process.stdout.write(
    `${JSON.stringify({ machine, quick, figures: figures.map(figure => ({ ...figure, met: met(figure) })) }, null, 2)}\n`,
  )
else process.stdout.write(`${[...table(figures), '', machine].join('\n')}\n`)

/** The demonstration: a simulated bank, a worker beside it, and the figures live. `--once` runs one batch to its end and judges the books. */
import { readFlags } from './flags.ts'
import { runDemo } from './demoRun.ts'

const values = readFlags({
  options: {
    once: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    seconds: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

if (values.help) {
  process.stdout.write(`A simulated bank and the worker, live in the terminal; Ctrl-C ends it and everything it started.
  --once        one batch to its end; exit 0 only if the books add up and the bank agrees
  --keep        leaves the folder with the database and the log behind
  --seconds N   ends by itself after N seconds, as Ctrl-C would
`)
  process.exit(0)
}
const seconds = values.seconds === undefined ? undefined : Number(values.seconds)
if (seconds !== undefined && !(seconds > 0)) {
  process.stderr.write(`--seconds is "${values.seconds}": expected a number above 0\n`)
  process.exit(2)
}

// The first signal ends it in order; whoever insists is obeyed at once by the default action.
const over = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => over.abort())
if (seconds !== undefined) setTimeout(() => over.abort(), seconds * 1_000).unref()

process.exitCode = await runDemo({ once: values.once, keep: values.keep, signal: over.signal, out: process.stdout })

/**
 * The demonstration: a simulated bank, a Bitcoin node, a worker beside them, and the figures live. `--once`
 * runs one batch to its end and judges the books.
 */
import { readFlags } from './flags.ts'
import { runDemo } from './demoRun.ts'

const values = readFlags({
  options: {
    once: { type: 'boolean', default: false },
    simulated: { type: 'boolean', default: false },
    'without-bitcoin': { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    seconds: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

if (values.help) {
  process.stdout
    .write(`A simulated bank, a Bitcoin node on regtest and the worker, live in the terminal; Ctrl-C ends it and everything it started.
The node is a real bitcoind (BITCOIND, .tools/ or PATH) where there is one, else the simulated one.
  --once             one batch on each rail to its end; exit 0 only if the books add up and the bank and the node agree
  --simulated        the simulated node, though a bitcoind is there
  --without-bitcoin  the bank alone
  --keep             leaves the folder with the database and the log behind
  --seconds N        ends by itself after N seconds, as Ctrl-C would
`)
  process.exit(0)
}
if (values.simulated && values['without-bitcoin']) {
  process.stderr.write('--simulated and --without-bitcoin are both given: leave one out\n')
  process.exit(2)
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

const { once, keep } = values
const bitcoin = values['without-bitcoin'] ? 'none' : values.simulated ? 'simulated' : 'any'
process.exitCode = await runDemo({ once, keep, bitcoin, signal: over.signal, out: process.stdout })

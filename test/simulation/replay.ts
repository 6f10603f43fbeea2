/** Tells one seed's story line by line: node test/simulation/replay.ts --seed N [--many M [--step S]]. */
import { readFlags } from '../../sim/flags.ts'
import { tell } from './simulation.ts'

const values = readFlags({
  options: {
    seed: { type: 'string', default: '1' },
    many: { type: 'string' },
    step: { type: 'string', default: '1' },
    'dies-at': { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
if (values.help) {
  process.stdout.write(
    `node test/simulation/replay.ts [--seed N] [--dies-at POINT] [--many M [--step S]]: tells storm N line by line, or only the faults of M storms from N on,
each S further than the last; those whose number ends in 0 have the Bitcoin rail too\n`,
  )
  process.exit(0)
}
for (const flag of ['seed', 'many', 'step'] as const)
  if (values[flag] !== undefined && !/^\d{1,15}$/.test(values[flag])) {
    process.stderr.write(`--${flag} is "${values[flag]}": expected a whole number, 0 or more\n`)
    process.exit(2)
  }
const first = Number(values.seed)
const started = performance.now()
if (values.many === undefined) {
  const told = await tell(first, { diesAt: values['dies-at'] })
  for (const line of told.trace) console.log(line)
  console.log(told.figures, told.chain ?? 'no chain', told.digest)
  process.exitCode = told.faults.length === 0 ? 0 : 1
} else {
  let bad = 0
  for (
    let seed = first;
    seed < first + Number(values.many) * Number(values.step);
    seed += Number(values.step)
  ) {
    const { faults } = await tell(seed, { diesAt: values['dies-at'] }).catch((error: unknown) => ({
      faults: [String(error instanceof Error ? error.stack : error)],
    }))
    if (faults.length === 0) continue
    bad++
    console.log(
      `seed ${seed}: ${faults.slice(0, 3).join(' | ')}${faults.length > 3 ? ` and ${faults.length - 3} more` : ''}`,
    )
  }
  console.log(
    `${values.many} seeds, ${bad} with faults, ${((performance.now() - started) / Number(values.many)).toFixed(1)} ms each`,
  )
  process.exitCode = bad === 0 ? 0 : 1
}

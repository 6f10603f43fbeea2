/**
 * `./dev-utils.sh storm`: kills the real program at the worst moments, on both databases, and holds the books
 * against the bank's and the chain's.
 */
import { readFlags } from '../../sim/flags.ts'
import { postgresAvailable, startPostgres } from '../testbed/postgres.ts'
import { stormPoints } from './points.ts'
import { storm, type StormOptions, type Told } from './run.ts'

const values = readFlags({
  options: {
    kills: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    database: { type: 'string', default: 'both' },
    workers: { type: 'string', default: '4' },
    'true-clock': { type: 'boolean', default: false },
    'no-people': { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

if (values.help) {
  process.stdout
    .write(`Kills the worker with kill -9, from outside and at every named point between two effects, under a bank that
duplicates, reorders, drops, forges, refuses, hangs and loses answers, and beside a chain whose payers pay in parts and too much and whose
blocks are left behind (a real bitcoind where there is one); then lets it settle and audits every cent and every satoshi. Exit 0 only if
all holds.
  --kills N      how many deaths on each database (200)
  --seed S       what goes wrong at the bank and when it is killed; real processes are not replayed exactly by it
  --database D   sqlite, postgres or both (both)
  --workers W    processes on PostgreSQL (4); SQLite has one
  --no-people    nobody stops, holds, refunds, cancels or approves anything meanwhile, and no money goes back
  --true-clock   at the machine's own speed, where a grace of eighty seconds takes eighty seconds; otherwise time runs twenty times as
                 fast, and stands still while the machine gives a process no processor
For storms that replay byte for byte: node test/simulation/replay.ts --seed N
`)
  process.exit(0)
}

function wrong(message: string): never {
  process.stderr.write(`${message}\n`)
  process.exit(2)
}
const whole = (flag: 'kills' | 'seed' | 'workers', least: number): number =>
  /^\d{1,9}$/.test(values[flag]) && Number(values[flag]) >= least
    ? Number(values[flag])
    : wrong(`--${flag} is "${values[flag]}": expected a whole number, ${least} or more`)

const [kills, seed, workers] = [whole('kills', 1), whole('seed', 0), whole('workers', 1)]
if (!['sqlite', 'postgres', 'both'].includes(values.database))
  wrong(`--database is "${values.database}": expected sqlite, postgres or both`)

const say = (line: string) => void process.stdout.write(`${line}\n`)
let holds = true

async function tellOne(options: Pick<StormOptions, 'databaseUrl' | 'workers'>): Promise<void> {
  const told = await storm({
    seed,
    kills,
    trueClock: values['true-clock'],
    people: !values['no-people'],
    say,
    ...options,
  })
  show(told)
  if (told.faults.length > 0) holds = false
}

function show({ faults, deaths, figures, folder }: Told): void {
  const { invoices, credited, transfers, events, seconds, virtualMinutes, stoodSeconds } = figures
  say(
    `${invoices} invoices, ${credited} credited, ${transfers} transfers, ${events} events; ${virtualMinutes} minutes of its time in ${seconds} s, of which its clock stood still for ${stoodSeconds}`,
  )
  for (const point of ['anywhere', ...stormPoints()])
    say(
      `  ${String(deaths.get(point) ?? 0).padStart(5)} died ${point === 'anywhere' ? point : `at "${point}"`}`,
    )
  for (const fault of faults) say(`FAULT ${fault}`)
  say(
    faults.length === 0
      ? '0 events lost, 0 double payouts, 0 unbalanced, 0 stuck without being listed'
      : `look into ${folder}`,
  )
  say('')
}

if (values.database !== 'postgres') await tellOne({ databaseUrl: 'sqlite:', workers: 1 })
if (values.database !== 'sqlite') {
  if (!postgresAvailable()) wrong('no PostgreSQL here: --database sqlite leaves it out')
  const postgres = await startPostgres()
  try {
    await tellOne({ databaseUrl: await postgres.freshDatabase(), workers })
  } finally {
    await postgres.stop()
  }
}
process.exitCode = holds ? 0 : 1

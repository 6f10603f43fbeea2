/**
 * Tells seeds one after another until one has a fault: node test/simulation/firstFault.ts SEED…. Each is a
 * line of JSON; `mutate.ts` reads them.
 */
import { tell } from './simulation.ts'

for (const seed of process.argv.slice(2).map(Number)) {
  const { faults } = await tell(seed).catch((error: unknown) => ({
    faults: [error instanceof Error ? (error.stack ?? error.message) : String(error)],
  }))
  process.stdout.write(`${JSON.stringify({ seed, faults })}\n`)
  if (faults.length > 0) break
}
// A story that broke off may have left its database and its sleepers behind.
process.exit(0)

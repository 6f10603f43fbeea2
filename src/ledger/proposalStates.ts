/** What a proposal may become. It imports types alone, so that `--help` loads no database. */
import type { Machine } from '../base/machine.ts'

export const proposalMachine = {
  open: ['approved', 'refused', 'withdrawn'],
  approved: [],
  refused: [],
  withdrawn: [],
} as const satisfies Machine

/** The states of statement lines that are about nothing of ours. */

/** `opening`: older than this database, so it is part of what was there when the books began. */
export const strangerMachine = {
  open: ['ruled', 'accepted'],
  opening: [],
  ruled: [],
  accepted: [],
} as const

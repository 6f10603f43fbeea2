/** The states of a twin: a second invoice at the bank under the tag of one of ours. */

/**
 * `open`: the payer can still pay it. `paid`: somebody did, and the bank has not credited it yet. `credited`:
 * its money is with us and is the payer's, so a person decides. `approved`: it is to be refunded.
 * `refunding`: the bank is being asked. `sent`: the bank took the refund on. `kept`: a person says that it
 * was settled otherwise.
 */
export const twinMachine = {
  open: ['canceled', 'paid', 'credited'],
  // What was canceled or expired may turn out to have been paid before.
  canceled: ['paid', 'credited'],
  paid: ['credited'],
  credited: ['approved', 'kept', 'refunded'],
  // Back to `credited`: this database was restored, and it may have been settled since.
  approved: ['refunding', 'refunded', 'credited'],
  // Back to `credited`: the bank will not do it, and a person decides again.
  refunding: ['sent', 'unsure', 'approved', 'credited', 'refunded'],
  unsure: ['sent', 'approved', 'credited', 'refunded'],
  sent: ['refunded', 'credited'],
  // The bank gave it back after all.
  kept: ['refunded'],
  // The payer's bank sent it back after all.
  refunded: ['credited'],
} as const

export type TwinState = keyof typeof twinMachine

/** What is wrong with an address, a descriptor or a key that somebody typed. */
import { BadInput } from '../../base/answer.ts'

/**
 * What a page says in its own words; without it the text is no address, or a descriptor that cannot be used.
 */
export type DestinationFault =
  | { is: 'other-network' | 'checksum' | 'descriptor-checksum' | 'key' | 'ours' }
  /** `sum`: the one that belongs at its end. */
  | { is: 'descriptor-unchecked'; sum: string }

/** The message is the command line's; `fault` is what it found. */
export class BadDestination extends BadInput {
  readonly fault: DestinationFault
  constructor(fault: DestinationFault, message: string, options?: { flag: string }) {
    super(message, options)
    this.fault = fault
  }
}

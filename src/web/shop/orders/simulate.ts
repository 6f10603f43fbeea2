/**
 * Has the make-believe payer pay what an order asks for. There is one in the demonstration, and nowhere else.
 */
import type { Log } from '../../../base/log.ts'
import type { Code } from '../../../shop/shop.ts'

const patienceMs = 10_000

/**
 * Asks whoever pays at `url`: `POST /pay` with `{ brcode }` or `{ address, units }`, satoshis as text.
 * Answers whether it was done. A part is six tenths, as some payers in the demonstration do by themselves.
 */
export async function simulatePayment(
  url: string,
  code: Code,
  share: 'all' | 'part',
  log: Log,
): Promise<boolean> {
  const what =
    'brcode' in code
      ? { brcode: code.brcode }
      : { address: code.address, units: `${share === 'part' ? (code.units * 6n) / 10n : code.units}` }
  try {
    const answer = await fetch(`${url}/pay`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(what),
      redirect: 'error',
      signal: AbortSignal.timeout(patienceMs),
    })
    await answer.arrayBuffer()
    return answer.ok
  } catch (error) {
    log.warn(
      { why: error instanceof Error ? error.message : 'unknown' },
      'the payer of the demonstration did not answer',
    )
    return false
  }
}

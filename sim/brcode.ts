/**
 * A Pix code as the payer's bank scans it: EMV fields, and a CRC16-CCITT over all of them (BR Code manual,
 * Banco Central).
 */

const field = (id: string, value: string) => id + String(value.length).padStart(2, '0') + value

/** CRC16-CCITT, polynomial 0x1021, from 0xFFFF, as four capital hex digits. */
export function crc16(text: string): string {
  let crc = 0xffff
  for (let place = 0; place < text.length; place++) {
    crc ^= text.charCodeAt(place) << 8
    for (let bit = 0; bit < 8; bit++)
      crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff
  }
  return crc.toString(16).toUpperCase().padStart(4, '0')
}

/** `uuid`: 32 hex digits, the place where the payer's bank fetches the charge. */
export function brcode(uuid: string): string {
  const account = field('00', 'br.gov.bcb.pix') + field('25', `brcode-h.sandbox.starkinfra.com/v2/${uuid}`)
  const open =
    field('00', '01') +
    field('01', '12') +
    field('26', account) +
    field('52', '0000') +
    field('53', '986') +
    field('58', 'BR') +
    field('59', 'Stark Bank S.A. - Institu') +
    field('60', 'Sao Paulo') +
    field('62', field('05', '***')) +
    '6304'
  return open + crc16(open)
}

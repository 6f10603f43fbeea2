/** Writes JSON as the bank does, byte for byte as Python's `json.dumps(value, sort_keys=True)`. */

// JSON has one kind of number and Python has two; these fields are floats at the bank, so 2 is written 2.0.
const floats = new Set(['fine', 'interest', 'percentage'])

const number = (value: number, key: string) =>
  floats.has(key) && Number.isInteger(value) ? `${value}.0` : String(value)

/** Nothing in it is escaped: almost every text of the bank. */
const isPlain = (value: string) => /^[ !#-[\]-~]*$/.test(value)
const text = (value: string) =>
  isPlain(value)
    ? `"${value}"`
    : JSON.stringify(value).replace(
        /[^ -~]/g,
        char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
      )

/** The same few names stand in everything the bank writes. */
const names = new Map<string, string>()
function nameText(name: string): string {
  const known = names.get(name)
  if (known !== undefined) return known
  const written = text(name)
  if (names.size < 1_000) names.set(name, written)
  return written
}

/** `key` is the field the value stands in; a field that is undefined is left out. */
export function pythonJson(value: unknown, key = ''): string {
  switch (typeof value) {
    case 'string':
      return text(value)
    case 'number':
      return number(value, key)
    case 'boolean':
      return String(value)
    case 'object':
      break
    default:
      throw new TypeError(`the bank has no words for ${typeof value} in ${key || 'the body'}`)
  }
  if (value === null) return 'null'
  if (Array.isArray(value)) return `[${value.map(item => pythonJson(item, key)).join(', ')}]`
  const fields = value as Record<string, unknown>
  const written: string[] = []
  for (const name of Object.keys(fields).sort()) {
    if (fields[name] !== undefined) written.push(`${nameText(name)}: ${pythonJson(fields[name], name)}`)
  }
  return `{${written.join(', ')}}`
}

/** `2024-02-29T05:00:12.051456+00:00`: the bank keeps microseconds. */
export const stampOf = (ms: number, microseconds = 0): string =>
  `${new Date(ms).toISOString().slice(0, 23)}${String(microseconds).padStart(3, '0')}+00:00`

/**
 * Somebody at a browser without scripts: follows links, keeps cookies, fills in the forms a page really has,
 * and goes where it is sent.
 */

export interface PageForm {
  method: 'GET' | 'POST'
  action: string
  /** What its fields hold as the page came, by name; of radio buttons and boxes those that are chosen. */
  fields: Record<string, string>
  /** Name and value of each button, where it has them. */
  buttons: { name: string; value: string; says: string }[]
}

export interface Page {
  status: number
  /** Where it was found in the end, path and query. */
  path: string
  html: string
  headers: Headers
  /** What it reads as, without its marks. */
  text: string
  forms: PageForm[]
}

export interface Visitor {
  /** By name: a browser sends them back, and so do we. */
  cookies: Map<string, string>
  get(path: string): Promise<Page>
  /** Sends a form as it stands, with `values` typed over it, by a button of it where it has several. */
  send(
    form: PageForm,
    values?: Record<string, string>,
    button?: { name: string; value: string },
  ): Promise<Page>
  /** One request as it is, not followed anywhere. `form` makes it a POST. */
  raw(
    path: string,
    options?: { form?: Record<string, string>; headers?: Record<string, string>; method?: string },
  ): Promise<Response>
}

const maxSteps = 5

/** `language` is what the browser asks for in `Accept-Language`. */
export function visitor(origin: string, { language }: { language?: string } = {}): Visitor {
  const cookies = new Map<string, string>()

  const raw: Visitor['raw'] = async (path, { form, headers, method } = {}) => {
    const answer = await fetch(new URL(path, origin), {
      method: method ?? (form ? 'POST' : 'GET'),
      redirect: 'manual',
      headers: {
        'sec-fetch-site': form ? 'same-origin' : 'none',
        ...(language !== undefined && { 'accept-language': language }),
        ...(cookies.size > 0 && {
          cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        }),
        ...headers,
      },
      ...(form && { body: new URLSearchParams(form) }),
    })
    for (const line of answer.headers.getSetCookie()) keep(cookies, line)
    return answer
  }

  async function follow(first: Promise<Response>, path: string): Promise<Page> {
    let answer = await first
    let at = path
    for (let steps = 0; answer.status >= 300 && answer.status < 400; steps++) {
      await answer.arrayBuffer()
      if (steps === maxSteps) throw new Error(`${path} leads round and round`)
      const next = new URL(answer.headers.get('location') ?? '', new URL(at, origin))
      if (next.origin !== new URL(origin).origin) throw new Error(`${path} leads away, to ${next.origin}`)
      at = `${next.pathname}${next.search}`
      answer = await raw(at)
    }
    const html = await answer.text()
    return {
      status: answer.status,
      path: at,
      html,
      headers: answer.headers,
      text: textOf(html),
      forms: formsOf(html),
    }
  }

  return {
    cookies,
    raw,
    get: path => follow(raw(path), path),
    send(form, values = {}, button) {
      for (const name in values)
        if (!(name in form.fields)) throw new Error(`the form to ${form.action} has no field ${name}`)
      const fields = { ...form.fields, ...values, ...(button && { [button.name]: button.value }) }
      if (form.method === 'POST') return follow(raw(form.action, { form: fields }), form.action)
      const path = `${form.action}?${new URLSearchParams(fields).toString()}`
      return follow(raw(path), path)
    },
  }
}

/** The form that leads to `action`; of several, the one that has this field with this value. */
export function formTo(page: Page, action: string, having: Record<string, string> = {}): PageForm {
  const found = page.forms.find(
    form =>
      form.action === action && Object.entries(having).every(([name, value]) => form.fields[name] === value),
  )
  if (!found)
    throw new Error(`${page.path} (${page.status}) has no form to ${action}: ${page.text.slice(0, 300)}`)
  return found
}

function keep(cookies: Map<string, string>, line: string): void {
  const [pair = '', ...attributes] = line.split(';').map(part => part.trim())
  const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]
  const expires = attributes.find(attribute => /^expires=/i.test(attribute))?.slice('expires='.length)
  if (value === '' || (expires !== undefined && Date.parse(expires) < Date.now())) cookies.delete(name)
  else cookies.set(name, value)
}

/** The pages are ours and written by one renderer, so their forms can be read without a whole browser. */
function formsOf(html: string): PageForm[] {
  return [...html.matchAll(/<form\b((?:[^>"]|"[^"]*")*)>([\s\S]*?)<\/form>/g)].map(
    ([, head = '', body = '']) => {
      const of = attributesOf(head)
      const fields: Record<string, string> = {}
      for (const [, tag = ''] of body.matchAll(/<input\b((?:[^>"]|"[^"]*")*)>/g)) {
        const { name, value = '', type = 'text', ...rest } = attributesOf(tag)
        if (name === undefined || 'disabled' in rest) continue
        if (type === 'radio' || type === 'checkbox') {
          if ('checked' in rest) fields[name] = value || 'on'
        } else fields[name] = value
      }
      for (const [, tag = '', text = ''] of body.matchAll(
        /<textarea\b((?:[^>"]|"[^"]*")*)>([\s\S]*?)<\/textarea>/g,
      )) {
        const { name } = attributesOf(tag)
        if (name !== undefined) fields[name] = unescaped(text)
      }
      const buttons = [...body.matchAll(/<button\b((?:[^>"]|"[^"]*")*)>([\s\S]*?)<\/button>/g)].map(
        ([, tag = '', text = '']) => {
          const { name = '', value = '' } = attributesOf(tag)
          return { name, value, says: textOf(text) }
        },
      )
      return {
        method: of['method']?.toUpperCase() === 'POST' ? 'POST' : 'GET',
        action: of['action'] ?? '',
        fields,
        buttons,
      }
    },
  )
}

const attributesOf = (tag: string): Record<string, string> =>
  Object.fromEntries(
    [...tag.matchAll(/([\w:-]+)(?:="([^"]*)")?/g)].map(([, name = '', value = '']) => [
      name,
      unescaped(value),
    ]),
  )

const unescaped = (text: string) =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')

const textOf = (html: string) =>
  unescaped(
    html
      .replace(/<(head|noscript|svg)\b[\s\S]*?<\/\1>/g, ' ')
      .replace(/<(?:[^>"]|"[^"]*")*>/g, ' ')
      .replace(/\s+/g, ' '),
  ).trim()

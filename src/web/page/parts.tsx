/**
 * Small parts that shop and console share: a field with its fault, a status with icon and word, a time, a
 * notice.
 */
import type { ComponentChildren } from 'preact'
import type { Instant } from '../../base/world.ts'
import { Icon, type IconName } from './icon.tsx'
import type { Language } from './language.ts'
import { moment } from './tell.ts'

interface FieldParts {
  name: string
  /** Where another form of the page has a field of this name too. */
  id?: string
  label: string
  value?: string | undefined
  /** What is wrong with what was typed. */
  fault?: string | undefined
  hint?: string | undefined
  type?: 'text' | 'email' | 'password' | 'number' | 'search' | 'tel' | 'date' | 'datetime-local'
  required?: boolean
  autoComplete?: string
  inputMode?: 'text' | 'numeric' | 'decimal' | 'email' | 'tel'
  maxLength?: number
  placeholder?: string
}

const describedBy = (id: string, hint?: string, fault?: string) =>
  [hint && `${id}-hint`, fault && `${id}-fault`].filter(Boolean).join(' ') || undefined

/** One line of text. Its fault stands beside it and is read with it. */
export const Field = ({
  name,
  id = name,
  label,
  value,
  fault,
  hint,
  type = 'text',
  required,
  autoComplete,
  inputMode,
  maxLength = 200,
  placeholder,
}: FieldParts) => (
  <div class={fault ? 'field wrong' : 'field'}>
    <label for={id}>{label}</label>
    {hint && (
      <p class="hint" id={`${id}-hint`}>
        {hint}
      </p>
    )}
    <input
      // The types of attributes go by one type at a time.
      type={type as 'text'}
      {...{ id, name, value, required, maxLength, placeholder, inputMode }}
      autocomplete={autoComplete ?? 'off'}
      aria-invalid={fault ? 'true' : undefined}
      aria-describedby={describedBy(id, hint, fault)}
    />
    {fault && (
      <p class="fault" id={`${id}-fault`}>
        {fault}
      </p>
    )}
  </div>
)

/** Several lines of text. */
export const TextArea = ({
  name,
  label,
  value,
  fault,
  hint,
  required,
  maxLength = 60_000,
  rows = 4,
}: Omit<FieldParts, 'type'> & { rows?: number }) => (
  <div class={fault ? 'field wrong' : 'field'}>
    <label for={name}>{label}</label>
    {hint && (
      <p class="hint" id={`${name}-hint`}>
        {hint}
      </p>
    )}
    <textarea
      {...{ id: name, name, rows, required, maxLength }}
      spellcheck={false}
      aria-invalid={fault ? 'true' : undefined}
      aria-describedby={describedBy(name, hint, fault)}
    >
      {value}
    </textarea>
    {fault && (
      <p class="fault" id={`${name}-fault`}>
        {fault}
      </p>
    )}
  </div>
)

/** One of several, from a list. `options`: value and words. */
export const Select = ({
  name,
  label,
  value,
  options,
  fault,
  hint,
  required,
}: FieldParts & { options: readonly (readonly [string, string])[] }) => (
  <div class={fault ? 'field wrong' : 'field'}>
    <label for={name}>{label}</label>
    {hint && (
      <p class="hint" id={`${name}-hint`}>
        {hint}
      </p>
    )}
    <select
      id={name}
      name={name}
      required={required}
      aria-invalid={fault ? 'true' : undefined}
      aria-describedby={describedBy(name, hint, fault)}
    >
      {options.map(([option, words]) => (
        <option value={option} selected={option === value}>
          {words}
        </option>
      ))}
    </select>
    {fault && (
      <p class="fault" id={`${name}-fault`}>
        {fault}
      </p>
    )}
  </div>
)

/** All faults of a form at its top, each leading to its field. Nothing where there are none. */
export const Faults = ({ title, faults }: { title: string; faults: Readonly<Record<string, string>> }) =>
  Object.keys(faults).length === 0 ? null : (
    <div class="faults" role="alert" tabIndex={-1}>
      <h2>{title}</h2>
      <ul>
        {Object.entries(faults).map(([name, fault]) => (
          <li>
            <a href={`#${name}`}>{fault}</a>
          </li>
        ))}
      </ul>
    </div>
  )

/** `info`: on its way, and nobody has to do anything; `still`: over, or not begun. */
export type Tone = 'good' | 'info' | 'wait' | 'bad' | 'still'
const icons: Record<Tone, IconName> = { good: 'ok', info: 'clock', wait: 'pause', bad: 'warn', still: 'ban' }

/** A state as icon and word: never by colour alone. */
export const Badge = ({
  tone,
  icon = icons[tone],
  children,
}: {
  tone: Tone
  icon?: IconName
  children: ComponentChildren
}) => (
  <span class={`badge ${tone}`}>
    <Icon name={icon} />
    <span>{children}</span>
  </span>
)

/** A time in words, with the instant for machines. */
export const Time = ({ lang, at, zone }: { lang: Language; at: Instant; zone?: string }) => (
  <time dateTime={at} title={at}>
    {moment(lang, at, zone)}
  </time>
)

export const Notice = ({ tone, children }: { tone: Tone; children: ComponentChildren }) => (
  <div class={`notice ${tone}`} role={tone === 'bad' ? 'alert' : 'status'}>
    {children}
  </div>
)

/** Names and values, as a description list; a value of undefined or null is left out. */
export const Facts = ({ facts }: { facts: readonly (readonly [string, ComponentChildren])[] }) => (
  <dl class="facts">
    {facts
      .filter(([, value]) => value !== undefined && value !== null && value !== '')
      .map(([name, value]) => (
        <div>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
  </dl>
)

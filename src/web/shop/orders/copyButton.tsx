/**
 * A button that copies a field. Without scripts it could do nothing, so it is hidden until the page's module
 * shows it.
 */

/** `of`: the id of the field. `copied` is said aloud, and shown on the button for a moment. */
export const CopyButton = ({
  of,
  label,
  copied,
  plain = false,
}: {
  of: string
  label: string
  copied: string
  plain?: boolean
}) => (
  <p>
    <button type="button" hidden class={plain ? 'copy plain' : 'copy'} data-copy={of} data-copied={copied}>
      {label}
    </button>
  </p>
)

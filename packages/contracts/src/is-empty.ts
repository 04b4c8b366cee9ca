/** Whether an object has no fields; `Object.keys` would make an array of them for each message. */
export function isEmpty(record: object): boolean {
  for (const _name in record) return false
  return true
}

/** Of nats-server: `2.10.27` is at least `2.9.15`. */
export function isAtLeast(serverVersion: string, wanted: string): boolean {
  const [have, want] = [serverVersion, wanted].map((version) =>
    version.split('.').map((part) => Number.parseInt(part, 10)),
  )
  for (const [index, part] of (want as number[]).entries()) {
    const ours = have?.[index] ?? 0
    if (ours !== part) return ours > part
  }
  return true
}

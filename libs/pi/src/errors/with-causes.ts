/** For the log: the message of an error may reach a client, so what names hosts is left to its causes. */
export function withCauses(error: unknown): string {
  const reasons: string[] = [];
  for (let at = error; at instanceof Error && reasons.length < 4; at = at.cause) reasons.push(at.message);
  return reasons.join(' ← ') || String(error);
}

/**
 * Compiles how faults and the journal name paths:
 * - `/v2/payments`: every path that begins so;
 * - `/v2/payments/:id/complete`, `/accounts/*`: the whole path, `:name` and `*` standing for one segment, `**` for any number;
 * - `^/accounts/[A-Z0-9]+$`: a regular expression (it starts with `^`).
 * A query is never part of the path.
 *
 * @throws SyntaxError when a regular expression is not one.
 */
export function pathPattern(pattern: string): (path: string) => boolean {
  if (pattern.startsWith('^')) {
    const expression = new RegExp(pattern);
    return (path) => expression.test(path);
  }
  if (!/\*|\/:/.test(pattern)) return (path) => path.startsWith(pattern);
  const expression = new RegExp(`^${pattern.split('/').map(segment).join('/')}$`);
  return (path) => expression.test(path);
}

function segment(text: string): string {
  if (text.startsWith(':')) return '[^/]+';
  return text
    .split('**')
    .map((part) => part.split('*').map(escape).join('[^/]*'))
    .join('.*');
}

const escape = (text: string): string => text.replace(/[.+?^${}()|[\]\\]/g, String.raw`\$&`);

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import ts from 'typescript';

const root = resolve(__dirname, '..');
const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  'libs/pi/README.md',
  'libs/pi-emulator/README.md',
].filter((page) => existsSync(join(root, page)));

/** The code blocks of a page that import something of ours: whole samples, which a reader will copy. */
function samplesOf(page: string): Map<string, string> {
  const text = readFileSync(join(root, page), 'utf8');
  const blocks = [...text.matchAll(/^```(?:ts|typescript)\n([\s\S]*?)^```/gm)].map(([, code]) => code ?? '');
  const samples = blocks.filter((code) => /from '(nestjs-pi|pi-emulator)/.test(code));
  return new Map(samples.map((code, i) => [join(root, 'test', `${page.replaceAll(/\W/g, '-')}-${i}.ts`), code]));
}

function typeErrors(samples: Map<string, string>): string[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path));
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [], include: [] }, ts.sys, root);
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (path) => samples.has(path) || fileExists(path);
  host.readFile = (path) => samples.get(path) ?? readFile(path);
  host.getSourceFile = (path, language, ...rest) =>
    samples.has(path)
      ? ts.createSourceFile(path, samples.get(path) ?? '', language)
      : getSourceFile(path, language, ...rest);
  const program = ts.createProgram([...samples.keys()], options, host);
  return [...samples.keys()].flatMap((path) =>
    ts
      .getPreEmitDiagnostics(program, program.getSourceFile(path))
      .map(({ messageText }) => `${path}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`),
  );
}

describe('the documentation', () => {
  it('shows samples that type-check as they stand', () => {
    const samples = new Map(pages.flatMap((page) => [...samplesOf(page)]));
    expect(samples.size).toBeGreaterThan(0);
    expect(typeErrors(samples)).toEqual([]);
  }, 60_000);

  it.each(pages)('%s links to pages that exist', (page) => {
    const links = [...readFileSync(join(root, page), 'utf8').matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)];
    const broken = links.map(([, link]) => link ?? '').filter((link) => !existsSync(join(root, dirname(page), link)));
    expect(broken).toEqual([]);
  });
});

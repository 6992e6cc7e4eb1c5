import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { diskFileSystem } from './file-system.ts';

describe('diskFileSystem with a root', () => {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'kustomize-fs-')));
  const root = join(base, 'root');
  mkdirSync(root);
  writeFileSync(join(root, 'in.yaml'), 'in');
  writeFileSync(join(base, 'out.yaml'), 'out');
  symlinkSync('in.yaml', join(root, 'link-in'));
  symlinkSync('../out.yaml', join(root, 'link-out'));
  after(() => rmSync(base, { recursive: true }));
  const files = diskFileSystem(root);

  test('reads files and links inside', () => {
    assert.equal(String(files.readFile(join(root, 'link-in'))), 'in');
    assert.equal(files.isFile(join(root, 'in.yaml')), true);
    assert.equal(files.isDirectory(root), true);
  });

  for (const path of ['link-out', '../out.yaml', '../missing.yaml', '/etc/passwd']) {
    const absolute = path.startsWith('/') ? path : join(root, path);
    test(`keeps ${path} out`, () => {
      const refused = {
        code: 'restricted',
        message: /^fs-security-constraint \w+ \S+: path '\S+' is not in or below '\S+'$/,
      };
      assert.throws(() => files.readFile(absolute), refused);
      assert.throws(() => files.realPath(absolute), refused);
      assert.equal(files.isFile(absolute), false);
    });
  }

  test('names the first component that is missing', () => {
    const message = `lstat ${join(root, 'a')}: no such file or directory`;
    assert.throws(() => files.realPath(join(root, 'a/b/c')), { code: 'fileMissing', message });
  });
});

import { testCatalog } from '/work/main/packages/config/test/test-catalog.ts';
import { ConfigError, checkConfig, resolveConfig } from '@millrace/config';
import { readdirSync, writeFileSync } from 'node:fs';
const cwd='/work/main/packages/config/testdata/invalid';
for (const f of readdirSync(cwd).filter(f=>f.endsWith('.yaml')).sort()) {
  if (process.argv[2] && !f.includes(process.argv[2])) continue;
  try { const c = await checkConfig(await resolveConfig({locations:[f],env:{LOOP:'x${env:LOOP}'},cwd}),testCatalog); console.log('==',f,'VALID', c.warnings); }
  catch(e){ if(!(e instanceof ConfigError)) {console.log('==',f); throw e;} console.log('==',f+'\n'+e.message); if(process.argv[3]==='w'||process.argv[2]===''&&0) {} writeFileSync(cwd+'/'+f.replace('.yaml','.txt'), e.message+'\n'); }
}

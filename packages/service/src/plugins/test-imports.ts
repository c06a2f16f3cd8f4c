import * as testing from '@millrace/api/testing';
import { provide } from './plugin-imports.ts';

provide('@millrace/api/testing', testing);

/** What a process imports first (`node --import`), so that plugins and their tests find this program's `@millrace/api`. */
export const testImportsUrl: string = import.meta.url;

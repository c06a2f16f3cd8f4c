import type { Consumer, Factory } from '@millrace/api';
import type { LedgerEntry } from './item-ledger.ts';

/**
 * Sees everything that goes into and out of the components of a service. While there is one every visitor walks alone: the result is that of
 * the fused walk, and there is something to see between two of them. For tests and explanations, never for a service under load.
 */
export interface Observer {
  /** What is built in the place of a component: the factory itself, or one that stays away from the network. */
  standIn(factory: Factory): Factory;
  /** What stands before a component (`entry.origin`) and hands on to it. */
  into(entry: LedgerEntry, next: Consumer): Consumer;
  /** What stands behind a component or a pipeline's own books, and hands on to whatever follows. */
  outOf(entry: LedgerEntry, next: Consumer): Consumer;
}

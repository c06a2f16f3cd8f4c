export { connectorFactory, factory } from './factory.ts';

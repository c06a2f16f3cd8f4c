export { compileCondition, compileConditions, compileExpression, compileStatements, inferContext } from './compile.ts';
export type { CompileOptions, Condition, ErrorMode, FailureReport, StatementOptions, Statements } from './compile.ts';
export { contextNames } from './context-name.ts';
export type { ContextName } from './context-name.ts';
export { describeItem } from './describe-item.ts';
export { FailureLog } from './failure-log.ts';
export type { FailureWords } from './failure-log.ts';
export type { EditableMap } from './editable-map.ts';
export {
  bool,
  boolLike,
  boolLiteral,
  bytesLike,
  converter,
  duration,
  editor,
  float,
  floatLike,
  floatLiteral,
  functionName,
  getter,
  int,
  intLike,
  intLiteral,
  list,
  listOf,
  listTarget,
  map,
  mapTarget,
  optional,
  string,
  stringLike,
  stringLiteral,
  target,
  time,
} from './function.ts';
export type {
  Arguments,
  FunctionArgument,
  FunctionDefinition,
  FunctionSetup,
  ListTarget,
  MapTarget,
  Parameter,
  ParameterKind,
  Parameters,
  Target,
} from './function.ts';
export { conditionFunctions } from './functions/condition-functions.ts';
export { standardFunctions } from './functions/index.ts';
export { derive, keyOf, literal } from './getter.ts';
export type { Getter } from './getter.ts';
export { OttlError } from './ottl-error.ts';
export { Duration, Time, utc } from './time.ts';
export type { Zone } from './time.ts';
export { TransformContext } from './transform-context.ts';
export { Id, Opaque, isList, isMap, typeName } from './value.ts';
export type { Value, ValueList, ValueMap } from './value.ts';

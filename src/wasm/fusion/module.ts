/** A WebAssembly module as bytes: a memory that it imports, and functions. */
import { type Code, control, symbolOf } from './assembler.ts';
import { ofLocals, plain, typeCodes } from './instructions.ts';
import { type LocalPlaces, type Locals, localUses } from './locals.ts';
import { makeSymbols, type Symbols } from './symbols.ts';

/** A function of a module, under the name that it is exported by. It returns nothing. */
export interface FunctionCode {
  readonly name: string;
  readonly locals: Locals;
  readonly code: Code;
}

/** Where a function's locals are, from the order in which its code uses them. */
function placesIn(locals: Locals, symbols: Int32Array): LocalPlaces {
  const uses = localUses(locals);
  const isLoop: boolean[] = [];
  symbols.forEach((symbol, at) => {
    if (symbol < 0) uses.use(symbolOf(symbol), symbols[at - 1] === ofLocals.get);
    else if (symbol === control + plain.loop[0]) {
      isLoop.push(true);
      uses.beginLoop();
    } else if (symbol === control + plain.block[0] || symbol === control + plain.if[0]) isLoop.push(false);
    else if (symbol === control + plain.end[0] && isLoop.pop() === true) uses.endLoop();
  });
  return uses.places();
}

/** What engines take of a function, by the limits that WebAssembly's JavaScript interface sets. */
const mostLocals = 50_000;
const mostBytes = 7_654_321;

/** The bytes of a function's body: its locals and its code; undefined where engines refuse as many. */
function bodyOf({ locals, code }: FunctionCode): Symbols | undefined {
  const symbols = code.symbols();
  const { types, of } = placesIn(locals, symbols);
  if (locals.parameters.length + types.length > mostLocals) return undefined;
  const body = makeSymbols();
  body.putUnsigned(types.length);
  for (const type of types) body.putAll([1, typeCodes[type]]);
  for (const symbol of symbols) {
    if (symbol < 0) body.putUnsigned(of[symbolOf(symbol)]!);
    else body.put(symbol % control);
  }
  body.putAll(plain.end);
  return body.view().length > mostBytes ? undefined : body;
}

function putSized(to: Symbols, body: Symbols): void {
  const bytes = body.view();
  to.putUnsigned(bytes.length);
  to.putAll(bytes);
}

function putName(to: Symbols, text: string): void {
  to.putUnsigned(text.length);
  to.putAll([...text].map((letter) => letter.charCodeAt(0)));
}

/** A module that imports `env.memory` and exports its functions; undefined where one of them is too large for engines. */
export function assemble(functions: readonly FunctionCode[], shared: boolean): Uint8Array<ArrayBuffer> | undefined {
  const bodies: Symbols[] = [];
  for (const own of functions) {
    const body = bodyOf(own);
    if (body === undefined) return undefined;
    bodies.push(body);
  }
  const bytes = makeSymbols();
  bytes.putAll([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  const section = (id: number, count: number, fill: (body: Symbols) => void): void => {
    const body = makeSymbols();
    body.putUnsigned(count);
    fill(body);
    bytes.put(id);
    putSized(bytes, body);
  };
  section(1, functions.length, (body) => {
    for (const { locals } of functions) {
      body.put(0x60);
      body.putUnsigned(locals.parameters.length);
      body.putAll(locals.parameters.map((own) => typeCodes[own]));
      body.put(0);
    }
  });
  section(2, 1, (body) => {
    putName(body, 'env');
    putName(body, 'memory');
    body.putAll([2, shared ? 3 : 1, 0]);
    body.putUnsigned(65536);
  });
  section(3, functions.length, (body) => {
    functions.forEach((_, index) => {
      body.putUnsigned(index);
    });
  });
  section(7, functions.length, (body) => {
    functions.forEach(({ name }, index) => {
      putName(body, name);
      body.put(0);
      body.putUnsigned(index);
    });
  });
  section(10, functions.length, (body) => {
    for (const own of bodies) putSized(body, own);
  });
  return Uint8Array.from(bytes.view());
}

declare const brand: unique symbol;

/** A type of its own for plain text or a plain number, so that one kind of it is never taken for another. */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };

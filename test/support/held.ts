/** What a file's hooks open and its tests use. Reading it before that is a mistake of the test, and says so. */
export function held<T>(what: string): { get(): T; set(value: T): void; peek(): T | undefined } {
  let value: T | undefined
  return {
    get: () => {
      if (value === undefined) throw new Error(`${what} is there while tests run, not before`)
      return value
    },
    set: (opened) => {
      value = opened
    },
    peek: () => value,
  }
}

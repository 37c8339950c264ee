// Where the code runs. A bundler's stand-in for `process` has no version of Node.
const { process } = globalThis as { process?: { versions?: { node?: string } } };

export const inNode = Boolean(process?.versions?.node);

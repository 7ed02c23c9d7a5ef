// Encodes a JSON array of texts from standard input with tiktoken, and prints the ids, one line of JSON for each text.
import { readFileSync } from 'node:fs';
import { get_encoding } from 'tiktoken';

const names = ['o200k_base', 'cl100k_base'];
const encodings = names.map((name) => get_encoding(name));
const lines = JSON.parse(readFileSync(0, 'utf8')).map((text) =>
    JSON.stringify(Object.fromEntries(names.map((name, i) => [name, [...encodings[i].encode_ordinary(text)]]))));
process.stdout.write(lines.map((line) => line + '\n').join(''));

"""Token ids are those of OpenAI's own tokenizer, tiktoken (compiled to WebAssembly), text by text and id by id."""

import json
import os
import random
import subprocess
from pathlib import Path

import pytest
import yaml

from harness.process import ROOT, clean_environment

NODE = Path(__file__).parent / "node"
VOCABULARIES = ("o200k_base", "cl100k_base")
# What the counter can hold of one piece (TG_TOKEN_COUNTER_BYTES); a text without such a long piece is counted exactly.
COUNTER_BYTES = 1024

CHOSEN = [
    "", "a", " ", "\n", "Hello, world!", "The quick brown fox jumps over the lazy dog.",
    "IT'S we'll WE'LL I'm i'M you'Re they'vE he'D 'tis 's 'S'T a'b don'tt 'lla O'Reilly's", "a'\u017fb x'\u017f '\u017f",
    "  two  spaces   three\t\ttabs \n newline\r\n\r\n  indented\n\n\n   \n", "\n \n  \n", " \r\n \r \n", "x \u00a0 y\u2003\u2003z\u3000",
    "trailing   ", "trailing\n  ", "trailing \n\n", "\u0085next\u0085\u0085line", "\ufeffbom \ufeff", "zero\u200bwidth\u200dx",
    "1 12 123 1234 12345 1234567890 3.14159 ٣٤٥٦ Ⅷ ½ ²³ 1,000,000", "a1b22c333d4444",
    "camelCase PascalCase XMLHttpRequest ALLCAPS snake_case kebab-case iPhone eBay McDonald's", "ǅungla ǈ ǅǅ aǅ Aǅa",
    "héllo wörld ÀÉÎ naïve e\u0301 E\u0301E a\u0300\u0301\u0302", "\u0301A's \u0301's -\u0301x --\u0301x", "日本語の文章です。漢字とカナ、ＡＢＣ１２３", "漢字ABC漢字Abc字A字",
    "中文文本，没有空格。", "한국어 텍스트입니다.", "العربية نص مع ١٢٣ أرقام", "עברית טקסט", "ภาษาไทยไม่มีช่องว่าง", "हिन्दी में पाठ", "Ελληνικά ΚΕΦΑΛΑΙΑ",
    "Русский ТЕКСТ и слова", "👍 👍🏽 👨‍👩‍👧‍👦 🏳️‍🌈 🇩🇪🇫🇷 ❤️ 😀😀😀😀", "=====-----*****/////\n\n//// http://example.test/a/b?c=d&e=f#g", "//\n//\n/\n/", "!!!\n\n/\n",
    "if (x == \"a\\n\")\n\t\treturn x->y[0] + 0x1F;  // done\n}\n", "<|endoftext|> <|im_start|>user<|im_end|>", "\x00\x01\x02\x7f\x1b[31mred\x1b[0m",
    "\U0001d400\U0001d41a \U00020000\U0002a6d6 \U0010ffff\ue000", "a\u0301" * 40, "\u1c89\u1c8a \u0560\u0588 \ua7cb",
    "supercalifragilisticexpialidocious Donaudampfschifffahrtsgesellschaftskapitän", "ȺȾɐ ŉ ﬁ ß ẞ İi ıI",
]


def random_text(source, alphabet, length):
    return "".join(source.choice(alphabet) for _ in range(length))


def random_texts():
    source = random.Random(20240513)
    planes = [chr(c) for c in range(0x30000) if not 0xD800 <= c < 0xE000]
    alphabets = [
        "aAbB '\n\r\t1/-.\u0301字ǅ\u00a0", "sStTmMdDlLvVrReE' \u017fa", " \n\r\t\u3000\u0085x", "0123456789 ", "aA漢\u0301", "=-*/#\n\r ",
        "abcdefghijklmnopqrstuvwxyz", "ABCDEFabcdef0123456789", "ETAOINetaoin ,.", "ab", "\u0e01\u0e02\u0e33\u0e40\u0e48", "😀👍🏽\u200d\ufe0f", planes,
        [chr(c) for c in range(0x250)], [chr(c) for c in range(0x20, 0x7F)], [chr(c) for c in range(0x80, 0x3000)],
    ]
    return [random_text(source, alphabet, source.choice((1, 2, 3, 5, 9, 20, 60, 200))) for alphabet in alphabets for _ in range(120)]


def long_texts():
    source = random.Random(7)
    texts = [character * 5000 for character in ("a", "A", " ", "\n", "=", "漢", "é", "ab", "aB", "\t ", " \n", "\x00", "😀", "ๆ")]
    texts += [random_text(source, alphabet, 3000) for alphabet in ("abcdefghijklmnopqrstuvwxyz", "ab", "etaoinshr", "=-*_#", " \t", "漢字日本語中文", "acgt")]
    letters = [chr(c) for c in range(0x61, 0x24F) if chr(c).islower()]
    return texts + [random_text(source, letters, 3000) for _ in range(10)]


def project_texts():
    """Code and prose that people wrote: this project's own."""
    names = ("common/base/*.c", "common/tokens/*.h", "script/*", "docs/**/*.md", "tests/integration/*.py", "migrations/*.sql")
    return [path.read_text(encoding="utf-8") for name in names for path in sorted(ROOT.glob(name)) if path.is_file()]


def recorded_texts():
    """The bodies of exchanges with real providers, if the reference data is at hand."""
    folder = Path(os.environ.get("TOLLGATE_CORPORA", ROOT / ".." / "shared" / "data")) / "cassettes"
    bodies = []
    for path in sorted(folder.rglob("*.yaml"))[::3]:
        for exchange in (yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader) or {}).get("interactions", ()):
            for message in filter(None, (exchange.get("request"), exchange.get("response"))):
                body = message.get("body") or message.get("parsed_body") or ""
                body = body.get("string", "") if isinstance(body, dict) and "string" in body else body
                bodies.append(body if isinstance(body, str) else json.dumps(body, ensure_ascii=False, default=str))
    return [body[:20000] for body in bodies if body]


def ask_tiktoken(texts):
    assert (NODE / "node_modules" / "tiktoken").is_dir(), "npm ci has not run in tests/integration/node (script/test does)"
    run = subprocess.run(["node", "tokens.mjs"], cwd=NODE, input=json.dumps(texts), capture_output=True, text=True,
                         timeout=300, env=clean_environment())
    assert run.returncode == 0, run.stderr
    return [json.loads(line) for line in run.stdout.splitlines()]


def ask_tollgate(encoded_texts):
    program = Path(os.environ.get("TOLLGATE_BIN", ROOT / "build" / "dev" / "bin")).parent / "tests" / "encode_texts"
    frames = b"".join(b"%d\n%s" % (len(text), text) for text in encoded_texts)
    run = subprocess.run([program], input=frames, capture_output=True, timeout=300, env=clean_environment())
    assert run.returncode == 0, run.stderr.decode()
    return [json.loads(line) for line in run.stdout.splitlines()]


def assert_agreement(texts, is_counted_exactly=True):
    expected = ask_tiktoken(texts)
    seen = ask_tollgate([text.encode() for text in texts])
    assert len(seen) == len(expected) == len(texts)
    for text, ours, theirs in zip(texts, seen, expected):
        for vocabulary, counted in zip(VOCABULARIES, ours["in_parts"]):
            assert ours[vocabulary] == theirs[vocabulary], f"{vocabulary}: {text[:200]!r}"
            if is_counted_exactly:
                assert counted == len(theirs[vocabulary]), f"{vocabulary}, in parts: {text[:200]!r}"
            else:
                parts = len(text.encode()) // (COUNTER_BYTES - 4) + 1
                assert abs(counted - len(theirs[vocabulary])) <= 2 * parts, f"{vocabulary}, in parts: {text[:200]!r}"


def test_chosen_texts_have_tiktoken_s_ids():
    assert_agreement(CHOSEN)


def test_random_texts_have_tiktoken_s_ids():
    assert_agreement(random_texts())


def test_every_character_is_cut_where_tiktoken_cuts_it():
    planes = (range(0xD800), range(0xE000, 0x32400), range(0xE0000, 0xE0200))  # beyond them nothing is assigned
    points = [chr(c) for plane in planes for c in plane]
    # Each stands where its class decides: before a contraction, between capitals, after a space, before a line break.
    assert_agreement(["".join(f"{point}'s A{point}A {point}\n" for point in points[at:at + 2000]) for at in range(0, len(points), 2000)])


def test_words_without_end_have_tiktoken_s_ids():
    assert_agreement(long_texts(), is_counted_exactly=False)


def test_this_project_has_tiktoken_s_ids():
    assert_agreement(project_texts())


def test_recorded_exchanges_have_tiktoken_s_ids():
    texts = recorded_texts()
    if not texts:
        pytest.skip("no recorded exchanges (set TOLLGATE_CORPORA to the folder that holds cassettes/)")
    assert_agreement(texts, is_counted_exactly=False)


def test_bytes_that_are_not_utf8_are_counted_and_kept():
    source = random.Random(3)
    texts = [source.randbytes(300) for _ in range(300)] + [b"\xc3", b"a\xe2\x82", b"\xed\xa0\x80", b"\xf0\x9f\x98", b"\xff\xfe", b"\xc0\xaf"]
    for text, ours in zip(texts, ask_tollgate(texts)):
        for vocabulary, counted in zip(VOCABULARIES, ours["in_parts"]):
            assert len(ours[vocabulary]) == counted <= len(text)

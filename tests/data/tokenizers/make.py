#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# usage: make.py              writes the tokenizers and their cases beside this script
#        make.py CLI FILE...  compares 10,000 strings by CLI (tests/hf/encode) with each tokenizer.json
#
# Trains small byte-level BPE tokenizers with Hugging Face's `tokenizers` 0.23.3, whose pre-tokenizers,
# normalizers and post-processors are those of GPT-2, SmolLM2, Llama 3.1 and Qwen2, and writes what that
# library makes of some strings: NAME.json, and cases.json {"strings", "ids": {NAME: [...]}}.
#
# Strings leave out characters that Unicode 14 does not have, and those of blocks that grew after Unicode 9,
# by whose tables the library normalises (utf8proc and Python agree on newer ones).

import json
import os
import random
import re
import struct
import subprocess
import sys
import unicodedata

from tokenizers import Tokenizer, trainers

HERE = os.path.dirname(os.path.abspath(__file__))

# The first article of the Universal Declaration of Human Rights, and what else models are fed.
SAMPLES = r"""All human beings are born free and equal in dignity and rights. They're endowed with reason; I'll say it's what we've got, don't you'd think?
Alle Menschen sind frei und gleich an Würde und Rechten geboren. Straße, GRÖSSE, Fußgängerübergänge!
Tous les êtres humains naissent libres et égaux en dignité et en droits. L'œuvre d'où naît l'été…
Todos los seres humanos nacen libres e iguales en dignidad y derechos. ¿Cómo estás? ¡Mañana!
Все люди рождаются свободными и равными в своём достоинстве и правах.
Усі люди народжуються вільними і рівними у своїй гідності та правах. Ґанок, їжак, п'ять
Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα.
כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם. שָׁלוֹם עֲלֵיכֶם
يولد جميع الناس أحرارًا متساوين في الكرامة والحقوق. ٠١٢٣٤٥٦٧٨٩ العَرَبِيَّة
تمام افراد بشر آزاد به دنیا می‌آیند و از لحاظ حیثیت و حقوق با هم برابرند.
सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है। क्षत्रिय १२३
সমস্ত মানুষ স্বাধীনভাবে সমান মর্যাদা এবং অধিকার নিয়ে জন্মগ্রহণ করে।
எல்லா மனிதர்களும் சுதந்திரமாகவே பிறக்கின்றனர்; மதிப்பிலும், உரிமைகளிலும் சமமானவர்கள்.
ప్రతిపత్తిస్వత్వముల విషయమున మానవులెల్లరును జన్మతః స్వతంత్రులును సమానులును నగుదురు.
ಎಲ್ಲಾ ಮಾನವರೂ ಸ್ವತಂತ್ರರಾಗಿಯೇ ಜನಿಸಿದ್ದಾರೆ. മനുഷ്യരെല്ലാവരും തുല്യാവകാശങ്ങളോടും
มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ
ມະນຸດເກີດມາມີສິດເສລີພາບ ແລະ ສະເໝີໜ້າກັນໃນທຸກໆທາງ
လူတိုင်းသည် တူညီ လွတ်လပ်သော ဂုဏ်သိက္ခာဖြင့် လည်းကောင်း၊
មនុស្សទាំងអស់កើតមកមានសេរីភាពនិងសមភាព
人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，並應以兄弟關係的精神相對待。
すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。カタカナ ﾊﾝｶｸ がぎぐげご
모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다. 각
Tất cả mọi người sinh ra đều được tự do và bình đẳng về nhân phẩm và quyền.
Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar. İstanbul ılık IĞDIR
Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. Zażółć gęślą jaźń
Všichni lidé rodí se svobodní a sobě rovní. Příliš žluťoučký kůň úpěl ďábelské ódy
Kaikki ihmiset syntyvät vapaina ja tasavertaisina. Ǻ Åland Ångström
ყველა ადამიანი იბადება თავისუფალი და თანასწორი თავისი ღირსებითა და უფლებებით.
Բոլոր մարդիկ ծնվում են ազատ ու հավասար իրենց արժանապատվությամբ ու իրավունքներով։
የሰው ልጅ ሁሉ ሲወለድ ነጻና በክብርና በመብትም እኩልነት ያለው ነው።
ᎠᏂᏴᏫᎯ ᏗᎾᏓᏅᏟ ᠮᠣᠩᠭᠣᠯ ᠬᠦᠮᠦᠨ མིའི་རིགས་རྒྱུད་ ᓄᓇᕗᑦ 𐎠𐎡𐎢 𒀀𒁀 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝟙𝟚𝟛 Ⅷ ① ½ ² ㊿
for (int i = 0; i < n; i++) {\n\tif (a[i] != b[i]) return -1;  /* differ */\n}\n\n\n    x += 0x1F;\r\n
def f(x):\n    return x ** 2  # comment\n\n\nclass A(B):\n        pass\n
{"key": [1, 2.5e-3, null], "url": "https://example.org/a?b=c&d=%20"}\t\t\n
SELECT * FROM t WHERE id>=10 AND name LIKE '%foo%'; -- 1234567890 12,345.67
👍🏽👩‍👩‍👧‍👦🇩🇪🏳️‍🌈 ❤️ ☃ ★ → ∑ ∞ ≠ √ 🤖🤖🤖 e\u0301a\u0300\u0323o\u0328\u0304 \ufb01 \u212b \u2126 \u1e9b\u0323 \u0958 \u1100\u1161\u11a8""".split("\n")
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|begin_of_text|>", "<|eot_id|>", "<tool_call>",
           "<|im_", "<|", "<repo_name>", "<reponame>", "|>"]
SPACES = [" ", "  ", "   ", "\n", "\n\n", "\r\n", "\t", " \n", "\n ", "\u00a0", "\u3000", "\u2009",
          "\u200b", "\x0b", "\x0c", "\x85", "\u2028", "\x1c", "\u180e", "\ufeff"]
SHORT = ["'s", "'S", "'re", "'LL", "'\u017f", "'ve", "'t", "'m", "'d", "\u2019s", "'", "''", "\u017f", "\u212a"]
MARKS = [" ", "\u0301", "\u0323", "\u3099"]
RANGES = [(0x20, 0x7f), (0xa0, 0x250), (0x250, 0x370), (0x300, 0x370), (0x370, 0x400), (0x400, 0x530),
          (0x590, 0x600), (0x600, 0x700), (0x900, 0xe00), (0xe00, 0x1000), (0x1100, 0x1200),
          (0x1ab0, 0x1b00), (0x1e00, 0x2000), (0x2000, 0x2070), (0x2070, 0x2c00), (0x3000, 0x3400),
          (0x3400, 0x9fff), (0xac00, 0xd7a4), (0xf900, 0xfb00), (0xfb00, 0xfe00), (0xfe00, 0x10000),
          (0x10000, 0x12000), (0x1d000, 0x1d800), (0x1f000, 0x1fb00), (0x20000, 0x2fa20),
          (0xe0000, 0xe01f0), (0, 0x20), (0, 0x110000)]
GROWN = [(0x61d, 0x61d), (0x870, 0x8ff), (0xb55, 0xb55), (0xc3c, 0xc3c), (0xd3b, 0xd3c), (0xeba, 0xeba), (0x1715, 0x1715),
         (0x180f, 0x180f), (0x1abf, 0x1ace), (0x1b4c, 0x1b7e), (0x1dfa, 0x1dfa), (0x2c2f, 0x2c5f),
         (0xa7c0, 0xa7f4), (0xfbc2, 0xfbc2), (0xfd40, 0xfdff), (0x10570, 0x105bf), (0x10780, 0x107bf),
         (0x10ef0, 0x10f8f), (0x11000, 0x119ff), (0x1b11f, 0x1b122), (0x1cf00, 0x1cfff),
         (0x1d1e0, 0x1d1ff), (0x1df00, 0x1dfff), (0x1e100, 0x1e9ff), (0x2a6de, 0x2b738)]


def usable(c):
    return not 0xd800 <= c < 0xe000 and unicodedata.category(chr(c)) != "Cn" and not any(
        a <= c <= b for a, b in GROWN)


SAMPLES = [re.sub(r"\\(?:u([0-9a-f]{4})|([ntr]))", lambda m: chr(int(m[1], 16)) if m[1] else
                  {"n": "\n", "t": "\t", "r": "\r"}[m[2]], s) for s in SAMPLES]


def one(r, allowed):
    while True:
        c = r.randrange(*r.choice(RANGES))
        if allowed(c):
            return chr(c)


def natural(r):
    s = r.choice(SAMPLES)
    at = r.randrange(len(s))
    return s[at:at + r.randrange(1, 120)]


def string(r, kind, allowed=usable):
    """Natural text, several of them, random characters, what splits words, runs, and marks."""
    def char():
        return one(r, allowed)
    if kind == 0:
        return natural(r)
    if kind == 1:
        return "".join(natural(r) + r.choice(SPACES) for _ in range(r.randrange(1, 6)))
    if kind == 2:
        return "".join(char() for _ in range(r.randrange(1, 60)))
    if kind == 3:
        return "".join(r.choice([natural(r)[:8], r.choice(SPACES), r.choice(SHORT), r.choice(SPECIAL), char(),
                                 str(r.randrange(10 ** r.randrange(1, 12)))]) for _ in range(r.randrange(1, 25)))
    if kind == 4:
        return r.choice(SPACES) * r.randrange(5) + "".join(
            r.choice([char() * r.randrange(1, 6), natural(r)[:20], r.choice(SPACES) * r.randrange(1, 9)])
            for _ in range(r.randrange(1, 12)))
    chars = [char() for _ in range(20)]
    return "".join(r.choice(chars + MARKS) for _ in range(r.randrange(1, 50)))


def strings(count, seed, allowed=usable):
    r = random.Random(seed)
    return [string(r, i % 6, allowed) for i in range(count)]


def token(number, content, special=True, **more):
    return {"id": number, "content": content, "single_word": False, "lstrip": False, "rstrip": False,
            "normalized": False, "special": special, **more}


def byte_level(regex, trim=True, prefix=False):
    return {"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": trim, "use_regex": regex}


def split(regex):
    return {"type": "Sequence", "pretokenizers": [
        {"type": "Split", "pattern": {"Regex": regex}, "behavior": "Isolated", "invert": False},
        byte_level(False)]}


LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
          r"|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace("{1,3}", "")
BOS = "<|begin_of_text|>"


def kinds(size):
    template = {"type": "TemplateProcessing",
                "single": [{"SpecialToken": {"id": BOS, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
                "pair": [], "special_tokens": {BOS: {"id": BOS, "ids": [size], "tokens": [BOS]}}}
    smol = {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": True}, byte_level(True)]}
    return {
        "gpt2": dict(pre_tokenizer=byte_level(True), normalizer=None, post_processor=byte_level(True, False, True),
                     added_tokens=[token(size, "<|endoftext|>")]),
        "smollm2": dict(pre_tokenizer=smol, normalizer=None, post_processor=None, drop_bytes=True,
                        added_tokens=[token(size + i, t) for i, t in enumerate(
                            ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<repo_name>", "<reponame>"])]),
        "llama3": dict(pre_tokenizer=split(LLAMA3), normalizer=None, ignore_merges=True, pairs=True,
                       post_processor={"type": "Sequence", "processors": [byte_level(True, False, True), template]},
                       added_tokens=[token(size, BOS), token(size + 1, "<|eot_id|>")]),
        "qwen2": dict(pre_tokenizer=split(QWEN2), normalizer={"type": "NFC"}, post_processor=byte_level(False, False),
                      added_tokens=[token(size, "<|endoftext|>"), token(size + 1, "<|im_start|>"),
                                    token(size + 2, "<|im_end|>"), token(size + 3, "<tool_call>", False)]),
        # What no published model of these kinds has, but the format allows.
        "flags": dict(pre_tokenizer=byte_level(True, True, True), normalizer={"type": "NFC"}, post_processor=None,
                      added_tokens=[token(size, "<|im_start|>", lstrip=True), token(size + 1, "digni", rstrip=True),
                                    token(size + 2, "égaux", single_word=True), token(size + 3, "<|im_", rstrip=True),
                                    token(size + 4, "e\u0301", False, normalized=True, lstrip=True)]),
    }


def plain(parts, vocabulary, merges):
    model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
             "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False,
             "ignore_merges": parts.get("ignore_merges", False), "vocab": vocabulary, "merges": merges}
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": parts["added_tokens"],
            "normalizer": parts["normalizer"], "pre_tokenizer": parts["pre_tokenizer"],
            "post_processor": parts["post_processor"], "decoder": byte_level(True), "model": model}


def train(parts, alphabet, size):
    """Merges of the most frequent pairs, by the library's own trainer."""
    empty = plain(parts | {"added_tokens": []}, {c: i for i, c in enumerate(alphabet)}, [])
    t = Tokenizer.from_str(json.dumps(empty))
    t.train_from_iterator(SAMPLES * 2, trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet,
                                                           show_progress=False))
    model = json.loads(t.to_str())["model"]
    vocabulary, merges = model["vocab"], [tuple(m) for m in model["merges"]]
    if parts.get("drop_bytes"):  # as in SmolLM2, bytes that no text has have no token
        for c in alphabet[-12:]:
            used = any(c in pair for pair in merges)
            vocabulary = vocabulary if used else {k: v for k, v in vocabulary.items() if k != c}
    return vocabulary, [list(m) if parts.get("pairs") else " ".join(m) for m in merges]


def alphabet():
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    return [chr(b) for b in shown] + [chr(256 + i) for i in range(256 - len(shown))]


def write():
    size, cases = 900, {"strings": [s for s in strings(200, 1)], "ids": {}}
    for name, parts in kinds(size).items():
        t = plain(parts, *train(parts, alphabet(), size))
        path = os.path.join(HERE, name + ".json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump(t, f, ensure_ascii=False, separators=(",", ":"))
            f.write("\n")
        library = Tokenizer.from_file(path)
        cases["ids"][name] = [library.encode(s, add_special_tokens=False).ids for s in cases["strings"]]
    with open(os.path.join(HERE, "cases.json"), "w", encoding="utf-8") as f:
        json.dump(cases, f, ensure_ascii=False, separators=(",", ":"))
        f.write("\n")


def compare(cli, path, texts):
    data = b"".join(struct.pack("<I", len(s.encode())) + s.encode() for s in texts)
    out = subprocess.run([cli, path], input=data, stdout=subprocess.PIPE, check=True).stdout
    library, at, same, back, tokens = Tokenizer.from_file(path), 0, 0, 0, 0
    for s in texts:
        count, = struct.unpack_from("<I", out, at)
        ids = list(struct.unpack_from(f"<{count}i", out, at + 4))
        at += 4 + 4 * count
        size, = struct.unpack_from("<I", out, at)
        decoded = out[at + 4:at + 4 + size].decode("utf-8", "replace")
        at += 4 + size
        wanted = library.encode(s, add_special_tokens=False).ids
        if ids != wanted:
            print(f"{path}: {s!r}\n  got    {ids}\n  wanted {wanted}")
        same += ids == wanted
        back += decoded == library.decode(wanted, skip_special_tokens=False)
        tokens += count
    print(f"{path}: {same} of {len(texts)} strings equal, {back} decoded alike, {tokens} tokens")


if len(sys.argv) < 3:
    write()
else:
    for file in sys.argv[2:]:
        compare(sys.argv[1], file, strings(10000, 7))

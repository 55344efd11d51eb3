#!/usr/bin/env python3
"""Queries that are asked to hurt: hostile.py CONTESTANT TABLE INDEX [ROUNDS]

CONTESTANT is souk-search-peer, TABLE the products that INDEX was built of (`build TABLE INDEX`). Prints a
table: CPU of the first use of each query and of the slowest after it, hits, whether the answer is partial."""
import collections
import json
import os
import random
import re
import subprocess
import sys
import tempfile


def frequent_words(table, documents=20_000):
    """By how many of the documents have them, most first."""
    seen = collections.Counter()
    with open(table, encoding="utf-8") as rows:
        for row, _ in zip(rows, range(documents)):
            columns = row.split("\t")
            seen.update(set(re.findall(r"[a-z0-9]{2,}", " ".join(columns[1:2] + columns[4:6]).lower())))
    return [word for word, _ in seen.most_common(3_000)]


def fitted(words, most=4_096):
    """As many of the words as q may have bytes."""
    text = ""
    for word in words:
        if len(text) + len(word) + 1 > most:
            break
        text += (" " if text else "") + word
    return text


def typo(word, source):
    place = source.randrange(1, len(word) - 1)
    return word[:place] + word[place + 1] + word[place] + word[place + 2:]


def nested(leaves):
    text = "price:>0"
    for i in range(leaves - 1):
        text = f"({text} {'||' if i % 2 else '&&'} price:>{i})"
    return text


FACETS = "brand,categories,price,in_stock,rating"
KEYS = "price:asc,available:desc,rating:desc,rating_count:desc,popularity:desc,created_at:desc,updated_at:desc,id:asc"
COUNTED = "facet_by=brand,categories,price", "filter_by=price:>100"


def queries(words):
    source = random.Random(7)
    short = [word for word in words if len(word) == 3] + [word for word in words if len(word) == 2]
    long = [word for word in words if len(word) >= 8 and word.isalpha()]
    two = [typo(typo(word, source), source) for word in long[:20]]
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    yield from (("one letter: " + letter, letter) for letter in letters)
    yield from (("two letters: " + pair, pair) for pair in ("co", "re", "pr", "in", "st", "1 ", "10"))
    yield "one letter, counted", "s", *COUNTED
    yield "any of all that fits into q", fitted(short + words), "match=any"
    yield "the same of frequent words", fitted(words), "match=any"
    yield "the same, filtered and counted", fitted(words), "match=any", *COUNTED
    for count in (10, 30, 100, 300):
        yield f"any of {count} words", " ".join(words[:count]), "match=any"
        yield f"any of {count} words, filtered and counted", " ".join(words[:count]), "match=any", *COUNTED
        yield f"any of {count} words, by price", " ".join(words[:count]), "match=any", "sort_by=price:asc"
        yield f"any of {count} words, grouped", " ".join(words[:count]), "match=any", "group_by=brand"
    yield "all of 60 words, else any", " ".join(words[:60]), "any_below=100"
    yield "60 words, dropped one by one", " ".join(words[:60])
    yield "60 words and a letter, else any", " ".join(words[:60]) + " s", "any_below=100"
    yield "one letter for a word with a typo", "x", "num_typos=2"
    yield "20 words with two typos each", " ".join(two)
    yield "20 words with two typos each, else any", " ".join(two), "any_below=100"
    yield "20 words with a typo, any of them", " ".join(typo(word, source) for word in long[:20]), "match=any"
    yield "60 words with a typo", " ".join(typo(word, source) for word in long[:60])
    yield "20 words that are none", " ".join(word[::-1] + "qx" for word in long[:20])
    yield "one word of 64 letters that is none", "qx" * 32
    yield "a phrase of two frequent words", f'"{words[0]} {words[1]}"'
    yield "a phrase of 20 frequent words", '"' + " ".join(words[:20]) + '"'
    yield "a phrase of one word 20 times", '"' + " ".join(words[:1] * 20) + '"'
    yield "10 phrases of two frequent words", " ".join(f'"{a} {b}"' for a, b in zip(words[:10], words[1:]))
    yield "60 phrases left out", "a " + " ".join(f'-"{a} {b}"' for a, b in zip(words[:60], words[1:]))
    yield "30 synonyms of 8 words", words[0], *("rewrite=" + " ".join(words[i:i + 8]) for i in range(30))
    yield "30 synonyms of one word", words[0], *("rewrite=" + word for word in words[1:31])
    yield "30 synonyms of one letter", "a", *("rewrite=" + letter for letter in letters[1:31])
    yield "a word in 60 attributes", words[0], "query_by=" + ",".join(f"attributes.a{i}" for i in range(60))
    yield "250 hits of 60 words, highlighted", " ".join(words[:60]), "match=any", "per_page=250"
    yield "everything", "*"
    yield "everything, filtered and counted", "*", *COUNTED
    yield "everything, 5 facets", "*", "facet_by=" + FACETS
    yield "everything, 64 facets", "*", "facet_by=" + FACETS + "".join(f",attributes.a{i}" for i in range(59))
    yield "everything, 100 ranges of price", "*", "facet_by=price(" + ",".join(
        f"r{i}:[{i * 100}, {i * 100 + 100}]" for i in range(100)) + ")"
    yield "everything by 8 keys", "*", "sort_by=" + KEYS
    yield "everything by 8 keys, deep", "*", "sort_by=" + KEYS, "page=1000", "per_page=100"
    yield "everything, page 1,000 of 100", "*", "page=1000", "per_page=100"
    yield "everything, page 400 of 250", "*", "page=400", "per_page=250"
    yield "one letter, page 400 of 250", "s", "page=400", "per_page=250"
    yield "frequent words, page 400 of 250", " ".join(words[:3]), "page=400", "per_page=250"
    yield "everything by brand", "*", "group_by=brand"
    yield "everything by brand, deep, 99 each", "*", "group_by=brand", "group_limit=99", "page=100", "per_page=100"
    yield "everything by price", "*", "group_by=price"
    yield "everything by id", "*", "group_by=id"
    yield "everything by id, deep, 99 each", "*", "group_by=id", "group_limit=99", "page=400", "per_page=250"
    yield "everything by 8 fields", "*", "group_by=brand,price,available,rating,popularity,created_at,updated_at,id"
    for leaves in (10, 30, 60):
        yield f"{leaves} nested filters", "*", "filter_by=" + nested(leaves)
        yield f"{leaves} nested filters of a letter", "s", "filter_by=" + nested(leaves)
    yield "100 nested filters", "*", "filter_by=" + nested(100)
    yield "a list of 500 values", "*", "filter_by=sku:=[" + ",".join(f"x{i}" for i in range(500)) + "]"
    yield "a list of 500 prices", "*", "filter_by=price:=[" + ",".join(str(i) for i in range(500)) + "]"
    yield "values that match a word", "*", "filter_by=brand:a || categories:b || sku:x || id:y"
    yield "a letter of which nothing passes", "s", "filter_by=price:<0"
    yield "any of 100 words of which nothing passes", " ".join(words[:100]), "match=any", "filter_by=price:<0"


class Contestant:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def main():
    program, table, index = sys.argv[1:4]
    rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 2
    contestant = Contestant(program)
    contestant.ask("open " + index)
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "queries.tsv")
        with open(file, "w", encoding="utf-8") as out:
            out.writelines("\t".join(query) + "\n" for query in queries(frequent_words(table)))
        answers = [contestant.ask("asked " + file) for _ in range(rounds + 1)]
    print("| query | first use, ms | after, ms | hits | partial |\n| --- | --- | --- | --- | --- |")
    for each in zip(*answers):
        name = each[0]["name"]
        if "refused" in each[0]:
            print(f"| {name} | | | | refused: {each[0]['refused']} |")
            continue
        after = max(answer["ms"] for answer in each[1:])
        partial = sorted({"yes" if answer["partial"] else "no" for answer in each})
        print(f"| {name} | {each[0]['ms']:.1f} | {after:.1f} | {each[0]['found']} | {', '.join(partial)} |")


if __name__ == "__main__":
    main()

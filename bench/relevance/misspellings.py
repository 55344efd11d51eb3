#!/usr/bin/env python3
"""How well misspelled words are found: 1,000 words of product titles that at most 250 products have, each with one random typo
that makes it no word of the collection, asked over HTTP.

Recall@10 of a query: of the products that the right spelling finds, so many are among the first ten, of ten or all of them if
there are fewer. Also counted: queries that num_typos=0 finds anything for (there must be none), that found nothing, and whose
answer does not tell the right spelling (corrected_query).

bench/relevance/misspellings.py [--data FOLDER] [--count N] [--seed N] [--url URL] [--no-import]"""
import argparse
import gzip
import json
import os
import random
import re
import urllib.parse

from ndcg import DEFAULT_DATA, FOLDERS, Node, icecat_product

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def misspelled(word, chance):
    """One letter wrong, missing, too many, or swapped with the next."""
    at = chance.randrange(len(word))
    kind = chance.randrange(4)
    if kind == 0:
        return word[:at] + chance.choice(LETTERS) + word[at + 1:]
    if kind == 1:
        return word[:at] + word[at + 1:]
    if kind == 2:
        return word[:at] + chance.choice(LETTERS) + word[at:]
    at = min(at, len(word) - 2)
    return word[:at] + word[at + 1] + word[at] + word[at + 2:]


def search(node, query, **params):
    fields = dict(q=query, per_page="10", highlight_fields="none", include_fields="id", drop_tokens_threshold="0", prefix="false")
    fields.update(params)
    answer = json.loads(node.ask("/v1/search?" + urllib.parse.urlencode(fields)))
    return [hit["document"]["id"] for hit in answer["hits"]], answer["found"], answer.get("corrected_query")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default=DEFAULT_DATA, help="folder of the judged sets (default ../shared/data)")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--url", help="a running node that holds icecat and nothing else")
    parser.add_argument("--no-import", action="store_true")
    parser.add_argument("--verbose", action="store_true", help="say which failed")
    options = parser.parse_args()
    folder = os.path.join(options.data, FOLDERS["icecat"])
    if not os.path.isdir(folder):
        print("skipped: no %s" % folder)
        return
    with gzip.open(os.path.join(folder, "products.jsonl.gz"), "rt", encoding="utf-8") as lines:
        products = [icecat_product(json.loads(line)) for line in lines]
    words = sorted({word for product in products for word in re.findall(r"(?<![^\W_])[a-z]+(?![^\W_])", product["title"].lower()) if 5 <= len(word) <= 20})
    chance = random.Random(options.seed)
    node = Node(options.url)
    try:
        if not options.no_import:
            node.load(products)
        asked = found_without = nothing = told = places = exact_first = 0
        recalls = []
        while asked < options.count:
            word = chance.choice(words)
            typo = misspelled(word, chance)
            if typo == word or search(node, typo, num_typos="0", split_join_tokens="off")[1] > 0:
                continue  # another word of the collection
            right, count, _ = search(node, word, num_typos="0", per_page="250")
            if count == 0 or count > 250:
                continue
            asked += 1
            hits, found, corrected = search(node, typo)
            wanted = min(10, len(right))
            recalls.append(len(set(hits) & set(right)) / wanted)
            nothing += found == 0
            told += corrected == word
            mixed = search(node, word, typo_tokens_threshold="1000")[0]
            first = all(hit in set(right) for hit in mixed[:wanted])
            exact_first += first
            if options.verbose and (not first or found == 0):
                print("  %s for %s: %d found, exact %s, best %s" % (typo, word, found, right[:10], mixed))
        print("%d misspellings of %d words, seed %d" % (asked, len(words), options.seed))
        print("  recall@10 %.4f" % (sum(recalls) / len(recalls)))
        print("  nothing found: %d, told as spelled: %d" % (nothing, told))
        print("  of the right spellings, exact matches stand first: %d of %d" % (exact_first, asked))
    finally:
        node.stop()


if __name__ == "__main__":
    main()

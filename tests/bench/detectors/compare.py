"""Finds personal data with dayseal and with Presidio in the same labelled texts, and scores both alike.

    compare.py --dayseal BINARY [--json] [CORPUS]     CORPUS: tests/privacy/corpus.jsonl if not given

Recall: planted values that findings cover to the last byte, whatever their kind. Precision: findings of a
kind that touch a planted value. The scorer is not that of the project's own test.

Presidio runs its own recognizers for patterns, with its own context words, over a blank English pipeline:
its recognizers of names and places need a model of a language, dayseal has no such rules, and they would
only cost it time here. It gives each finding a score and leaves the threshold to its user: scored are its
default, which takes all, and 0.5. It has no recognizer for keys, tokens and PEM.
"""

import argparse
import json
import logging
import statistics
import subprocess
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]
# Our rules, and what Presidio calls them.
KINDS = {
    "card": "CREDIT_CARD", "email": "EMAIL_ADDRESS", "ipv4": "IP_ADDRESS", "ipv6": "IP_ADDRESS", "iban": "IBAN_CODE", "ssn": "US_SSN",
    "phone": "PHONE_NUMBER", "secret": None, "jwt": None, "aws_key": None, "api_key": None, "pem": None, "bearer": None,
}  # fmt: skip


def unmark(marked):
    """The text as bytes, and what is planted in it: (kind, start, end)."""
    text, planted, rest = b"", [], marked
    while "⟦" in rest:
        before, rest = rest.split("⟦", 1)
        label, rest = rest.split("⟧", 1)
        kind, value = label.split(":", 1)
        text += before.encode()
        planted.append((kind, len(text), len(text) + len(value.encode())))
        text += value.encode()
    return text + rest.encode(), planted


def dayseal(binary, texts, rounds):
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        file.writelines(json.dumps(text.decode()) + "\n" for text in texts)
        file.flush()
        done = subprocess.run([binary, "find", file.name, "--rounds", str(rounds)], check=True, capture_output=True, text=True)
    *lines, times = map(json.loads, done.stdout.splitlines())
    return [[(f["rule"], f["start"], f["end"]) for f in line] for line in lines], times["seconds"]


def presidio(texts, rounds):
    logging.getLogger("presidio-analyzer").setLevel(logging.ERROR)
    import spacy
    import tldextract
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    # The list of domains that it brings, not one from the network.
    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)

    class Blank(SpacyNlpEngine):
        """Words and sentences, without a model."""

        def load(self):
            pipeline = spacy.blank("en")
            pipeline.max_length = 10_000_000
            self.nlp = {"en": pipeline}

    blank = Blank()
    blank.load()
    kinds = sorted({kind for kind in KINDS.values() if kind})
    analyzer = AnalyzerEngine(nlp_engine=blank, supported_languages=["en"])
    ours, seconds = {kind: rule for rule, kind in KINDS.items() if kind}, []
    for _ in range(rounds):
        begin = time.perf_counter()
        found = [analyzer.analyze(text=text.decode(), language="en", entities=kinds) for text in texts]
        seconds.append(time.perf_counter() - begin)

    def in_bytes(text, results):
        text = text.decode()
        return [(ours[r.entity_type], len(text[: r.start].encode()), len(text[: r.end].encode())) for r in results]

    def above(threshold):
        kept = [[r for r in results if r.score >= threshold] for results in found]
        return [in_bytes(text, results) for text, results in zip(texts, kept)], statistics.median(seconds)

    name = f"presidio {version('presidio-analyzer')}"
    return {name: above(0), f"{name}, 0.5": above(0.5)}


def score(corpus, findings):
    """For each kind: planted, covered, found, right. Both kinds of address are one for Presidio."""
    scores = {kind: [0, 0, 0, 0] for kind in KINDS}
    for (_, planted), found in zip(corpus, findings, strict=True):
        for kind, start, end in planted:
            covered = set().union(*(range(a, b) for _, a, b in found))
            scores[kind][0] += 1
            scores[kind][1] += covered >= set(range(start, end))
        for kind, start, end in found:
            scores[kind][2] += 1
            scores[kind][3] += any(start < b and a < end for _, a, b in planted)
    v4, v6 = scores.pop("ipv4"), scores.pop("ipv6")
    return {"address": [a + b for a, b in zip(v4, v6)], **scores}


def main():
    parse = argparse.ArgumentParser()
    parse.add_argument("--dayseal", required=True)
    parse.add_argument("--json", action="store_true")
    parse.add_argument("--rounds", type=int, default=3)
    parse.add_argument("corpus", nargs="?", default=TOP / "tests/privacy/corpus.jsonl")
    args = parse.parse_args()
    corpus = [unmark(json.loads(line)) for line in Path(args.corpus).read_text().splitlines()]
    texts = [text for text, _ in corpus]
    sides = {"dayseal": dayseal(args.dayseal, texts, args.rounds), **presidio(texts, args.rounds)}
    size = sum(map(len, texts))
    scores = {name: score(corpus, found) for name, (found, _) in sides.items()}
    speeds = {name: size / seconds / 1e6 for name, (_, seconds) in sides.items()}
    if args.json:
        print(json.dumps({"bench": "detectors", "texts": len(texts), "bytes": size, "scores": scores, "megabytes_per_second": speeds}))
        return

    def ratio(part, whole):
        return f"{part / whole:.3f}" if whole else "–"

    print(f"{len(texts)} texts, {size:,} bytes")
    print("| kind | planted |" + "".join(f" {name}: recall | precision | found |" for name in sides))
    print("| --- " * (2 + 3 * len(sides)) + "|")
    for kind in next(iter(scores.values())):
        rows = [of[kind] for of in scores.values()]
        print(f"| {kind} | {rows[0][0]} |" + "".join(f" {ratio(covered, planted)} | {ratio(right, found)} | {found} |" for planted, covered, found, right in rows))
    print("\n".join(f"{name}: {speed:.3f} MB/s" for name, speed in speeds.items()))


if __name__ == "__main__":
    main()

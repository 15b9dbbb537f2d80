#!/usr/bin/env python3
"""Makes the labelled corpus on which redaction is measured (docs/privacy.md).

    corpus.py                       writes corpus.jsonl beside this file: made-up texts
    corpus.py --real FILE.jsonl.gz  prints a corpus of real prompts and answers, every fourth with a
                                    secret planted between two of its words

A line is a JSON string; what is to be found stands as ⟦rule:value⟧. Nothing here is about a real
person: numbers are drawn, domains and addresses are those reserved for documentation (RFC 2606,
5737, 3849), telephone numbers those reserved for fiction. The same run gives the same bytes.

Knows nothing of the code it measures: checks of card and account numbers are written anew.
"""

import argparse
import base64
import gzip
import json
import random
import string
from pathlib import Path

HERE = Path(__file__).parent


def luhn(digits):
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


class Maker:
    def __init__(self, seed):
        self.r = random.Random(seed)

    def of(self, alphabet, count):
        return "".join(self.r.choices(alphabet, k=count))

    def digits(self, count):
        return self.of(string.digits, count)

    # What is to be found.

    CARDS = [  # prefix, length, groups
        ("4", 16, (4, 4, 4, 4)), ("4", 13, (4, 3, 3, 3)), ("4", 19, (4, 4, 4, 4, 3)),
        ("51", 16, (4, 4, 4, 4)), ("55", 16, (4, 4, 4, 4)), ("2221", 16, (4, 4, 4, 4)),
        ("2720", 16, (4, 4, 4, 4)), ("34", 15, (4, 6, 5)), ("37", 15, (4, 6, 5)),
        ("36", 14, (4, 6, 4)), ("305", 14, (4, 6, 4)), ("6011", 16, (4, 4, 4, 4)),
        ("65", 16, (4, 4, 4, 4)), ("3528", 16, (4, 4, 4, 4)), ("62", 16, (4, 4, 4, 4)),
        ("62", 19, (6, 13)), ("5018", 12, (4, 4, 4)), ("6759", 13, (4, 4, 5)), ("6304", 19, (4, 4, 4, 4, 3)),
    ]  # fmt: skip

    def card(self):
        prefix, length, groups = self.r.choice(self.CARDS)
        while True:
            number = prefix + self.digits(length - len(prefix))
            if luhn(number):
                break
        separator = self.r.choice(["", "", " ", " ", "-", "."])
        parts, at = [], 0
        for group in groups:
            parts.append(number[at : at + group])
            at += group
        return separator.join(parts)

    def jwt(self):
        part = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
        claims = {"sub": self.digits(6), "exp": 1_700_000_000 + self.r.randrange(10**8)}
        signature = base64.urlsafe_b64encode(self.r.randbytes(32)).decode().rstrip("=")
        return f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part(claims)}.{signature}"

    def aws_key(self):
        return self.r.choice(["AKIA", "AKIA", "ASIA"]) + self.of(string.ascii_uppercase + "234567", 16)

    def api_key(self):
        letters = string.ascii_letters + string.digits
        prefix, count = self.r.choice([("sk-proj-", 40), ("sk_live_", 24), ("ghp_", 36), ("xoxb-", 32), ("hf_", 34)])
        return prefix + self.of(letters, count - 1) + "7"

    def pem(self):
        kind = self.r.choice(["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"])
        body = base64.b64encode(self.r.randbytes(48)).decode()
        return f"-----BEGIN {kind}-----\n{body}\n-----END {kind}-----"

    def bearer(self):
        return self.r.choice(["Bearer ", "bearer "]) + self.of(string.ascii_letters + string.digits + "-._", 23) + "4x"

    NAMES = ["ada", "alan.turing", "grace_hopper", "edsger+lists", "barbara", "t.berners-lee", "m", "dk1938"]

    def email(self):
        domain = self.r.choice(["example.com", "mail.example.org", "example.net", "dept.example.co.uk", "firm.test"])
        name = self.r.choice(self.NAMES)
        if self.r.random() < 0.03:
            return f'"{name} x"@{domain}'  # quoted local parts: rare and hard
        return f"{name}@{domain}"

    def ipv4(self):
        net = self.r.choice(["192.0.2", "198.51.100", "203.0.113", "10.1.2", "172.16.30"])
        return f"{net}.{self.r.randrange(1, 255)}"

    def ipv6(self):
        group = lambda: f"{self.r.randrange(1, 65536):x}"
        return self.r.choice([
            f"2001:db8::{group()}", f"2001:db8:{group()}:{group()}::{group()}",
            "2001:db8:" + ":".join(group() for _ in range(6)), f"fe80::{group()}:{group()}", f"::ffff:{self.ipv4()}",
        ])  # fmt: skip

    def iban(self):
        country, shape = self.r.choice([("DE", "n18"), ("GB", "a4n14"), ("FR", "n23"), ("NL", "a4n10"), ("NO", "n11"), ("ES", "n20")])
        rest = self.of(string.ascii_uppercase, 4) + self.digits(int(shape[3:])) if shape[0] == "a" else self.digits(int(shape[1:]))
        number = int("".join(str(int(c, 36)) for c in rest + country + "00"))
        whole = f"{country}{98 - number % 97:02}{rest}"
        if self.r.random() < 0.03:
            return whole.lower()  # hard
        if self.r.random() < 0.4:
            return " ".join(whole[i : i + 4] for i in range(0, len(whole), 4))
        return whole

    def ssn(self):
        area, group, serial = self.r.randrange(1, 660), self.r.randrange(1, 100), self.r.randrange(1, 10_000)
        separator = self.r.choice(["-", "-", "-", " "]) if self.r.random() > 0.05 else ""  # without: hard
        return separator.join([f"{area:03}", f"{group:02}", f"{serial:04}"])

    def phone(self):
        last = f"{self.r.randrange(100, 200):04}"
        area = self.r.choice(["202", "415", "617", "305"])
        forms = [
            f"+1{area}555{last}", f"+1 {area} 555 {last}", f"({area}) 555-{last}", f"{area}-555-{last}",
            f"{area}.555.{last}", f"+44 20 7946 {self.r.randrange(1000):04}", f"+49 30 23125 {self.r.randrange(1000):03}",
        ]  # fmt: skip
        if self.r.random() < 0.05:
            return f"{area}555{last}"  # hard
        return self.r.choice(forms)

    def secret(self):
        value = self.of(string.ascii_letters + string.digits, self.r.randrange(8, 20)) + "9"
        words = self.r.choice(["hunter-two", "correct-horse", "letmein", "s3same"])
        mark = lambda text: f"⟦secret:{text}⟧"
        forms = [
            f"password={mark(value)}", f'{{"db_password": "{mark(words)}", "user": "ada"}}',
            f"X-Api-Key: {mark(value)}", f"client_secret={mark(value)}&scope=read", f"Password: {mark(words)}",
            f"AWS_SECRET_ACCESS_KEY={mark(value)}", f"postgres://app:{mark(value)}@db.internal/main",
            f"'accessToken': '{mark(value)}'", f"Authorization: {mark('Basic ' + value)}", f"cvv: {mark(self.digits(3))}",
        ]  # fmt: skip
        if self.r.random() < 0.05:
            return f"mysql --password {mark(value)}"  # hard
        return self.r.choice(forms)

    # What is not.

    def harmless(self):
        r, hexadecimal = self.r, "0123456789abcdef"
        version = ".".join(str(r.randrange(30)) for _ in range(3))
        return r.choice([
            f"sha256:{self.of(hexadecimal, 64)}", f"trace {self.of(hexadecimal, 32)} span {self.of(hexadecimal, 16)}",
            f"{self.of(hexadecimal, 8)}-{self.of(hexadecimal, 4)}-4{self.of(hexadecimal, 3)}-a{self.of(hexadecimal, 3)}-{self.of(hexadecimal, 12)}",
            f"task 8{self.digits(17)}", f"at 17{self.digits(11)} ms", f"ts=17{self.digits(14)}", f"score 0.{self.digits(16)}",
            f"order #{self.digits(10)}", f"v{version} of the client", f"Mozilla/5.0 (X11) Chrome/{r.randrange(90, 130)}.0.0.0 Safari/537.36",
            f"{r.randrange(24):02}:{r.randrange(60):02}:{r.randrange(60):02} UTC", f"arn:aws:iam::{self.digits(12)}:user/ada",
            f"role AROA{self.of(string.ascii_uppercase + '234567', 17)}", f"years 2019 2020 2021 {2022 + r.randrange(5)}",
            f"max_tokens: {r.randrange(4096)}, stop_token: </s>", "std::collections::HashMap", f"call f::g({r.randrange(9)})",
            "The token: a small word", "the bearer of this letter", "key: value, monkey=banana", f"mac aa:bb:cc:dd:ee:{r.randrange(10, 99)}",
            f"budget {r.randrange(1, 9)},{self.digits(3)},{self.digits(3)}.00 EUR", f"rows {r.randrange(1000)}-{r.randrange(1000)}-{r.randrange(10)}",
            f"{r.randrange(1, 13)}/{r.randrange(1, 29)}/2026", f"matrix 1 2 3 4 5 6 7 8 9 10 11 12 13 {r.randrange(99)}",
            f"@{r.choice(['ada', 'alan'])} wrote: ok", f"isbn 978-{self.digits(10)}", f"pi is 3.{self.digits(15)}",
            f"account {self.digits(r.randrange(8, 12))}", f"serial {self.of(string.ascii_uppercase + string.digits, 20)}x",
        ])  # fmt: skip

    WORDS = """the a request of user was declined after review because quota exceeded model answered slowly and
        retry succeeded payment moved to next month ticket closed by support agent asked again for invoice export
        failed with timeout while region changed policy allows this tool call only in staging thanks for waiting""".split()

    def near_miss(self):
        """Right in form, wrong in its check: what tells a detector from a pattern."""
        number = self.r.choice("456") + self.digits(15)
        while luhn(number):
            number = self.r.choice("456") + self.digits(15)
        groups = " ".join(number[i : i + 4] for i in range(0, 16, 4))
        area = self.r.choice(["000", "666", f"9{self.digits(2)}"])
        account = "DE00" + self.digits(18)  # check digits are never 00
        return self.r.choice([f"reference {number}", f"reference {groups}", f"case {area}-{self.digits(2)}-{self.digits(4)}",
                              f"booking {account}", f"host 256.{self.r.randrange(999)}.1.2", f"part 115-{self.digits(3)}-{self.digits(4)}"])  # fmt: skip

    def words(self, count):
        return " ".join(self.r.choices(self.WORDS, k=count))

    RULES = ["secret", "card", "jwt", "aws_key", "api_key", "pem", "bearer", "email", "ipv4", "ipv6", "iban", "ssn", "phone"]

    def planted(self, rule):
        value = getattr(self, rule)()
        return value if rule == "secret" else f"⟦{rule}:{value}⟧"

    def text(self, rule):
        """Some words, something harmless, and what `rule` is to find between what stands around values."""
        before, after = self.r.choice([("", ""), ("(", ")"), ("<", ">"), ("", ","), ("", "."), ('"', '"'), ("", ";"), ("[", "]")])
        # After what runs to the end of its line or quote, nothing else is said.
        found = self.planted(rule) if rule in ("secret", "pem") else before + self.planted(rule) + after
        parts = [self.words(self.r.randrange(1, 7)), self.harmless(), self.words(self.r.randrange(1, 4))]
        parts.insert(self.r.randrange(3), found)
        return "\n".join(parts) if rule == "secret" else " ".join(parts)


def made_up():
    maker, lines = Maker(20261121), []
    for rule in Maker.RULES:
        count = {"card": 190, "pem": 25, "jwt": 40, "secret": 120}.get(rule, 60)
        lines += [maker.text(rule) for _ in range(count)]
    lines += [f"{maker.words(3)} {maker.harmless()} {maker.words(2)} {maker.harmless()}" for _ in range(400)]
    lines += [f"{maker.words(2)} {maker.near_miss()} {maker.words(2)}" for _ in range(200)]
    return lines


def real(path):
    maker = Maker(20261122)
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for n, line in enumerate(lines):
            record = json.loads(line)
            text = (record["input"] + "\n" + record["output"]).replace("⟦", "[").replace("⟧", "]")
            if n % 4 == 0:
                words = text.split(" ")
                rule = Maker.RULES[n // 4 % len(Maker.RULES)]
                words.insert(maker.r.randrange(len(words) + 1), "\n" + maker.planted(rule) + "\n")
                text = " ".join(words)
            yield text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real", metavar="FILE")
    real_path = parser.parse_args().real
    dump = lambda text: json.dumps(text, ensure_ascii=False) + "\n"
    if real_path:
        for text in real(real_path):
            print(dump(text), end="")
    else:
        (HERE / "corpus.jsonl").write_text("".join(map(dump, made_up())), encoding="utf-8")


if __name__ == "__main__":
    main()

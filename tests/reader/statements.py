"""Signed statements, from docs/spec/statement.md alone: what officers order and attest."""

import re

from primitives import Bad, batch_key, origin_name, time_ms

OFFICER = "/officer/"
WORD = re.compile(r"[a-z][a-z-]{0,31}", re.ASCII)
MAX_STATEMENT = 16_384
BASIS = re.compile(r"[a-z0-9-]{1,64}", re.ASCII)
HIDING = re.compile("[\\u0000-\\u001f\\u007f-\\u009f\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069]")


def officer_name(text):
    """(origin, name) of an officer."""
    log, middle, name = text.rpartition(OFFICER)
    if not middle or len(text) > 128 or "/" in name or len(name) > 64:
        raise ValueError("not an officer")
    origin_name(name)
    return origin_name(log), name


class Statement:
    """A statement's text, whoever signed it."""

    def __init__(self, text):
        bad = lambda why: Bad("statement", why)
        if len(text.encode()) > MAX_STATEMENT:
            raise bad("too long")
        if not text.endswith("\n"):
            raise bad("no newline at the end")
        first, *lines = text[:-1].split("\n")
        self.kind, v, version = first.partition(" v")
        if not v or not self.kind.startswith("dayseal-") or not WORD.fullmatch(self.kind[8:]):
            raise bad("first line")
        if not re.fullmatch(r"0|[1-9][0-9]{0,9}", version, re.ASCII):
            raise bad("version")
        if version != "1":
            raise Bad("version", version)
        self.lines = []
        for line in lines:
            word, space, value = line.partition(" ")
            if not space or not WORD.fullmatch(word) or HIDING.search(value):
                raise bad(f"line {line!r}")
            if not 1 <= len(value.encode()) <= 1_024 or value != value.strip(" "):
                raise bad(f"value of {word}")
            self.lines.append((word, value))
        try:
            self.origin = origin_name(self.one("origin"))
            self.time = self.one("time")
            time_ms(self.time)
        except ValueError as error:
            raise bad(str(error)) from None

    def one(self, word):
        """The value of the next line, which must be of this word."""
        if not self.lines or self.lines[0][0] != word:
            raise ValueError(f"expected {word}")
        return self.lines.pop(0)[1]

    def maybe(self, word):
        return self.one(word) if self.lines and self.lines[0][0] == word else None

    def end(self):
        if self.lines:
            raise ValueError(f"{self.lines[0][0]} has no place here")


def read_statement(data, kind, origin, opened):
    """The statement of `kind` about `origin` in a signed note; `opened` verifies and gives its text."""
    if len(data) > MAX_STATEMENT:
        raise Bad("statement", "too long")
    statement = Statement(opened(data))
    if statement.kind != kind:
        raise Bad("kind", statement.kind)
    if statement.origin != origin:
        raise Bad("other_origin", statement.origin)
    return statement


def read_removal(data, origin, opened):
    """The key of the batch that an order removes (manifest.md, "Lawful removal")."""
    statement = read_statement(data, "dayseal-removal", origin, opened)
    try:
        key = statement.one("object")
        batch_key(key)
        statement.one("reason")
        if not BASIS.fullmatch(statement.one("basis")):
            raise ValueError("basis")
        statement.end()
    except ValueError as error:
        raise Bad("statement", str(error)) from None
    return key

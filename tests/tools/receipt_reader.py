#!/usr/bin/python3
"""Checks a receipt from what is written alone: "Checking a receipt by hand" in gateway/journal/README.md, the field numbers in
proto/README.md, C2SP signed-note and tlog-cosignature, RFC 9162 (2.1.3.2), RFC 8032. Standard library only.
Usage: receipt_reader.py RECEIPT NAME LOG_KEY_HEX [WITNESS_VKEY]"""
import base64
import hashlib
import sys
from pathlib import Path


def need(condition, text):
    if not condition:
        raise ValueError(text)


def b64(text):
    """Base64 in its one canonical form."""
    raw = base64.b64decode(text, validate=True)
    need(base64.b64encode(raw).decode() == text, "base64 that is not canonical")
    return raw


# ---- Ed25519 (RFC 8032, section 5.1), for verification alone

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
I = pow(2, (P - 1) // 4, P)


def point(raw):
    """x, y, z, t of an encoded point."""
    y = int.from_bytes(raw, "little") & (1 << 255) - 1
    need(len(raw) == 32 and y < P, "a point is 32 bytes, below the prime")
    u, v = y * y - 1, D * y * y + 1
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if (v * x * x - u) % P:
        x = x * I % P
    need((v * x * x - u) % P == 0, "no point has this y")
    if x & 1 != raw[31] >> 7:
        x = -x % P
    return x, y, 1, x * y % P


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(n, p):
    out = (0, 1, 1, 0)
    while n:
        out = add(out, p) if n & 1 else out
        p, n = add(p, p), n >> 1
    return out


BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def verify(key, said, signature):
    s = int.from_bytes(signature[32:], "little")
    need(len(signature) == 64 and s < L, "the signature is misshapen")
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + said).digest(), "little") % L
    left, right = times(s, BASE), add(point(signature[:32]), times(h, point(key)))
    need(all((left[i] * right[2] - right[i] * left[2]) % P == 0 for i in (0, 1)), "the signature does not fit")


# ---- protobuf: only what a receipt and a record need

def varint(raw, at):
    n = shift = 0
    while True:
        n |= (raw[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if raw[at - 1] < 128:
            return n, at


def fields(raw):
    """{number: [values]}: integers and bytes."""
    out, at = {}, 0
    while at < len(raw):
        tag, at = varint(raw, at)
        value, at = varint(raw, at)
        need(tag & 7 in (0, 2), "a wire type that our schemas do not use")
        if tag & 7 == 2:
            need(value <= len(raw) - at, "a field runs over the end")
            value, at = raw[at:at + value], at + value
        out.setdefault(tag >> 3, []).append(value)
    return out


# ---- the receipt

def check(raw, name, key, vkey=None):
    r = fields(raw)
    need(all(isinstance(v, int if n == 2 else bytes) and (n == 5 or len(r[n]) == 1) for n in r for v in r[n]) and
         set(r) <= {1, 2, 3, 4, 5, 6}, "no receipt")
    leaf, index, salt, record, path, note = r[1][0], r.get(2, [0])[0], r[3][0], r[4][0], r.get(5, []), r[6][0].decode()

    text, _, lines = note.partition("\n\n")
    origin, size, root = text.split("\n")
    signed = (text + "\n").encode()
    found = {}
    need(lines.endswith("\n"), "the last line is not ended")
    for line in lines.split("\n")[:-1]:
        dash, who, blob = line.split(" ")
        need(dash == "\u2014", "a signature line begins otherwise")
        blob = b64(blob)
        found[who, blob[:4]] = blob[4:]
    key_hash = hashlib.sha256(name.encode() + b"\n\x01" + key).digest()[:4]
    need((name, key_hash) in found, "no line of the log")
    verify(key, signed, found[name, key_hash])
    need(origin.startswith(name + "/journal/"), "the origin is another log's")
    witnessed = None
    if vkey:
        who, digest, blob = vkey.strip().split("+", 2)
        blob = b64(blob)
        need(blob[0] == 4 and hashlib.sha256(who.encode() + b"\n" + blob).digest()[:4].hex() == digest, "no verifier key of a witness")
        need((who, bytes.fromhex(digest)) in found, "no line of the witness")
        line = found[who, bytes.fromhex(digest)]
        witnessed = int.from_bytes(line[:8], "big")
        verify(blob[1:], b"cosignature/v1\ntime %d\n" % witnessed + signed, line[8:])

    need(len(leaf) == 40 and leaf[0] == 1 and leaf[2:4] == b"\0\0", "no leaf of version 1")
    need(hashlib.blake2b(record, digest_size=32, key=salt, person=b"sluis1-record".ljust(16, b"\0")).digest() == leaf[8:],
         "another record than the leaf commits to")
    h, i, m = hashlib.sha256(b"\0" + leaf).digest(), index, int(size) - 1
    need(i <= m, "the index lies beyond the tree")
    for p in path:
        need(m > 0, "the path is too long")
        if i & 1 or i == m:
            h = hashlib.sha256(b"\1" + p + h).digest()
            while i and not i & 1:
                i, m = i >> 1, m >> 1
        else:
            h = hashlib.sha256(b"\1" + h + p).digest()
        i, m = i >> 1, m >> 1
    need(m == 0 and h == b64(root), "the path does not lead to the root")

    c = fields(record)
    return {"index": index, "origin": origin, "size": int(size), "witnessed": witnessed, "when": c.get(2, [0])[0],
            "transaction": c.get(3, [b""])[0].hex(), "message_hash": c.get(4, [b""])[0].hex(), "from": c.get(6, [b""])[0].decode(),
            "to": c.get(7, [b""])[0].decode(), "decision": c.get(17, [b""])[0].decode()}


def main():
    raw = Path(sys.argv[1]).read_bytes()
    facts = check(raw, sys.argv[2], bytes.fromhex(sys.argv[3]), Path(sys.argv[4]).read_text() if len(sys.argv) > 4 else None)
    for k, v in facts.items():
        print(f"{k:13} {v}")


if __name__ == "__main__":
    main()

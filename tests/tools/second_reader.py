#!/usr/bin/python3
"""Reads tests/data/envelope_vectors.json from proto/README.md alone: a second implementation of the format.

Standard library only; the curves and the cipher are written out below from their specifications, for
checking, not for use (slow, not constant in time). Usage: second_reader.py [vectors.json]
"""
import base64
import datetime
import hashlib
import json
import struct
import sys

# ---- X25519 (RFC 7748 section 5), Ed25519 verification (RFC 8032 section 5.1) --------------------------
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def x25519(scalar, u):
    k = int.from_bytes(scalar, "little")
    k = (k & ~7 & (2**255 - 1)) | 2**254
    x1 = int.from_bytes(u, "little") & (2**255 - 1)
    x2, z2, x3, z3 = 1, 0, x1, 1
    for t in range(254, -1, -1):
        bit = k >> t & 1
        if bit:
            x2, z2, x3, z3 = x3, z3, x2, z2
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        da, cb, aa, bb = d * a, c * b, a * a, b * b
        x3, z3 = (da + cb) ** 2 % P, x1 * (da - cb) ** 2 % P
        e = aa - bb
        x2, z2 = aa * bb % P, e * (aa + 121665 * e) % P
        if bit:
            x2, z2, x3, z3 = x3, z3, x2, z2
    out = (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")
    need(any(out), "bad-seal")
    return out


def point(raw):
    y = int.from_bytes(raw, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    need(y < P, "bad-signature")
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    need((x * x - x2) % P == 0 and (x or not sign), "bad-signature")
    return (P - x if x & 1 != sign else x, y)


def add(a, b):
    t = D * a[0] * b[0] * a[1] * b[1] % P
    x = (a[0] * b[1] + b[0] * a[1]) * pow(1 + t, P - 2, P) % P
    y = (a[1] * b[1] + a[0] * b[0]) * pow(1 - t, P - 2, P) % P
    return (x, y)


def multiply(k, a):
    r = (0, 1)
    while k:
        if k & 1:
            r = add(r, a)
        a, k = add(a, a), k >> 1
    return r


def verify(pk, message, signature):
    base = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
    s = int.from_bytes(signature[32:], "little")
    need(s < L, "bad-signature")
    h = int.from_bytes(hashlib.sha512(signature[:32] + pk + message).digest(), "little") % L
    right = add(point(signature[:32]), multiply(h, point(pk)))
    need(multiply(s, base) == right, "bad-signature")


# ---- XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03, RFC 8439) ------------------------------------------
def rounds(state):
    s = list(state)

    def quarter(a, b, c, d):
        for x, y, z, n in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            s[x] = (s[x] + s[y]) & 0xFFFFFFFF
            v = s[z] ^ s[x]
            s[z] = (v << n | v >> (32 - n)) & 0xFFFFFFFF

    for _ in range(10):
        for i in range(4):
            quarter(i, i + 4, i + 8, i + 12)
        for i in range(4):
            quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return s


CONSTANTS = struct.unpack("<4I", b"expand 32-byte k")


def chacha20(key, nonce, counter, data):
    out = bytearray()
    for at in range(0, len(data), 64):
        state = CONSTANTS + struct.unpack("<8I", key) + (counter + at // 64,) + struct.unpack("<3I", nonce)
        stream = struct.pack("<16I", *((a + b) & 0xFFFFFFFF for a, b in zip(rounds(state), state)))
        out += bytes(a ^ b for a, b in zip(data[at:at + 64], stream))
    return bytes(out)


def poly1305(key, message):
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    a = 0
    for at in range(0, len(message), 16):
        a = (a + int.from_bytes(message[at:at + 16] + b"\x01", "little")) * r % (2**130 - 5)
    return ((a + int.from_bytes(key[16:], "little")) % 2**128).to_bytes(16, "little")


def ae_open(key, nonce, ad, sealed):
    s = rounds(CONSTANTS + struct.unpack("<8I", key) + struct.unpack("<4I", nonce[:16]))
    subkey = struct.pack("<8I", *(s[:4] + s[12:]))
    nonce = bytes(4) + nonce[16:]
    text, tag = sealed[:-16], sealed[-16:]
    mac = ad + bytes(-len(ad) % 16) + text + bytes(-len(text) % 16) + struct.pack("<QQ", len(ad), len(text))
    need(poly1305(chacha20(subkey, nonce, 0, bytes(32)), mac) == tag, "bad-seal")
    return chacha20(subkey, nonce, 1, text)


# ---- the format (proto/README.md) -----------------------------------------------------------------------
class Refused(Exception):
    pass


def need(condition, token):
    if not condition:
        raise Refused(token)


def H(tag, message, key=b""):
    return hashlib.blake2b(message, digest_size=32, key=key, person=tag.encode().ljust(16, b"\0")).digest()


def varint(raw, at):
    value = shift = 0
    while True:
        need(at < len(raw), "truncated")
        byte = raw[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if not byte & 128:
            need(byte or shift == 7, "non-canonical")
            return value, at


def fields(raw):
    """[(number, value)]: a value is an int or bytes."""
    at, out = 0, []
    while at < len(raw):
        tag, at = varint(raw, at)
        value, at = varint(raw, at)
        if tag & 7 == 2:
            need(value <= len(raw) - at, "truncated")
            value, at = raw[at:at + value], at + value
        else:
            need(tag & 7 == 0 and value, "non-canonical")
        out.append((tag >> 3, value))
    need([n for n, _ in out] == sorted(n for n, _ in out), "non-canonical")
    return out


def message(raw, repeated=()):
    out = {n: [] for n in repeated}
    for number, value in fields(raw):
        if number in repeated:
            out[number].append(value)
        else:
            need(number not in out, "invalid")
            out[number] = value
    return out


def root_of(leaf, index, size, path, node):
    """RFC 9162 section 2.1.3.2."""
    need(index < size, "invalid")
    fn, sn, r = index, size - 1, leaf
    for p in path:
        need(sn, "bad-signature")
        if fn & 1 or fn == sn:
            r = node(p, r)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node(r, p)
        fn, sn = fn >> 1, sn >> 1
    need(sn == 0, "bad-signature")
    return r


class Envelope:
    def __init__(self, raw):
        at, got = 0, []
        for number in (1, 2, 3):
            need(at < len(raw), "truncated")
            need(raw[at] == number << 3 | 2, "non-canonical")
            n, at = varint(raw, at + 1)
            need(n <= len(raw) - at, "truncated")
            got.append(raw[at:at + n])
            at += n
        need(at == len(raw), "invalid")
        self.header, sig, self.body = got
        need(len(self.body) >= 528 and (len(self.body) - 16) % 512 == 0, "invalid")
        h = message(self.header, repeated=(4,))
        self.core, self.commitment, self.body_hash, self.wrapped = h[1], h[2], h[3], h[4]
        c = message(self.core, repeated=(9,))
        need(c[1] == 1, "suite")
        self.sender, self.signing_key, self.epoch_pk, self.nonce = c[5], c[6], c[7], c[8]
        self.recipients = [(r[1], r[2]) for r in map(message, c[9])]
        need(len(self.recipients) == len(self.wrapped), "invalid")
        s = message(sig, repeated=(3,))
        self.n, self.index, self.path, self.signature = s[1], s.get(2, 0), s[3], s[4]
        self.hc = H("sluis1-core", self.core)
        self.mh = H("sluis1-header", self.header)

    def verify(self, pk):
        root = root_of(self.mh, self.index, self.n, self.path, lambda a, b: H("sluis1-node", a + b))
        said = (b"sluis/1 batch\n" + struct.pack(">H", 1) + self.sender + self.signing_key +
                struct.pack(">I", self.n) + root)
        verify(pk, said, self.signature)
        need(H("sluis1-sealed", self.body) == self.body_hash, "body-hash")

    def open(self, oin, sk, pk, key_id):
        i = self.recipients.index((oin, key_id))
        binding = struct.pack(">H", 1) + self.epoch_pk + pk + self.sender + self.signing_key + oin + key_id
        kek = H("sluis1-kek", binding, x25519(sk, self.epoch_pk))
        key = ae_open(kek, self.nonce, self.hc, self.wrapped[i])
        need(H("sluis1-commit", self.hc, key) == self.commitment, "bad-commitment")
        body_key = H("sluis1-body", self.hc, key)
        padded = ae_open(body_key, self.nonce, self.hc, self.body)
        plain = padded.rstrip(b"\0")
        need(plain[-1:] == b"\x80" and len(padded) - len(plain) < 512, "bad-seal")
        return plain[:-1], kek, key, body_key


def check_receipt(v):
    r = message(bytes.fromhex(v["raw"]), repeated=(5,))
    leaf, index, salt, record, path, note = r[1], r.get(2, 0), r[3], r[4], r[5], r[6].decode()
    need(len(leaf) == 40 and leaf[0] == 1 and leaf[2:4] == b"\0\0", "invalid")
    need(H("sluis1-record", record, salt) == leaf[8:], "bad-commitment")
    text, signatures = note.split("\n\n")
    origin, size, root = text.split("\n")
    name, pk = v["log_name"], bytes.fromhex(v["log_pk"])
    key_hash = hashlib.sha256(name.encode() + b"\n\x01" + pk).digest()[:4]
    dash, who, blob = signatures.split("\n")[0].split(" ")
    blob = base64.b64decode(blob)
    need((dash, who, blob[:4]) == ("\u2014", name, key_hash), "unknown-key")
    verify(pk, (text + "\n").encode(), blob[4:])
    node = lambda a, b: hashlib.sha256(b"\x01" + a + b).digest()
    got = root_of(hashlib.sha256(b"\0" + leaf).digest(), index, int(size), path, node)
    need(got == base64.b64decode(root) and index == v["index"], "invalid")


def proto_bytes(number, raw):
    return proto_varint(number << 3 | 2) + proto_varint(len(raw)) + raw if raw else b""


def proto_varint(n):
    out = b""
    while n > 0x7F:
        out, n = out + bytes([n & 0x7F | 0x80]), n >> 7
    return out + bytes([n])


def packed_agreement(a):
    """What both sign: canonical, no field with its default, repeated names one after the other."""
    def day(text):
        then = datetime.datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=datetime.timezone.utc)
        return int(then.timestamp()) * 1000
    out = proto_bytes(1, a["party"].encode()) + proto_bytes(2, a["municipality"].encode()) + proto_bytes(3, a["covenant"].encode())
    out += b"\x20" + proto_varint(a["version"]) + proto_bytes(5, bytes.fromhex(a["text_sha256"]))
    for number, key in ((6, "purposes"), (7, "gives"), (8, "asks"), (9, "attributes")):
        out += b"".join(proto_bytes(number, name.encode()) for name in a[key])
    return out + b"\x50" + proto_varint(day(a["valid_from"])) + b"\x58" + proto_varint(day(a["valid_until"]))


def check_agreement(v):
    file = v["file"]
    said = packed_agreement(file["agreement"])
    need(H("sluis1-agreement", said)[:16].hex() == v["id"], "invalid")
    verify(bytes.fromhex(file["party_pk"]), b"sluis/1 agreement\n" + said, bytes.fromhex(file["party_signature"]))
    verify(bytes.fromhex(v["directory_pk"]), b"sluis/1 agreement accepted\n" + said, bytes.fromhex(file["municipality_signature"]))


def main():
    with open(sys.argv[1] if len(sys.argv) > 1 else "tests/data/envelope_vectors.json") as f:
        v = json.load(f)
    parties = {p["oin"].encode(): {k: bytes.fromhex(p[k]) for k in p if "_" in k} for p in v["parties"]}
    for p in parties.values():
        for use, kind in ((1, "sign"), (2, "seal")):
            assert H("sluis1-keyid", bytes([use]) + p[kind + "_pk"])[:16] == p[kind + "_id"]
    for x in v["envelopes"]:
        e = Envelope(bytes.fromhex(x["raw"]))
        assert (e.hc.hex(), e.mh.hex(), e.n, e.index) == (x["hc"], x["message_hash"], x["n"], x["index"])
        e.verify(parties[e.sender]["sign_pk"])
        for r in x["recipients"]:
            p = parties[r["oin"].encode()]
            got = e.open(r["oin"].encode(), p["seal_sk"], p["seal_pk"], p["seal_id"])
            assert [g.hex() for g in got] == [x["plaintext"], r["kek"], r["content_key"], r["body_key"]], x["name"]
    for x in v["refused"]:
        try:
            e = Envelope(bytes.fromhex(x["raw"]))
            e.verify(parties[e.sender]["sign_pk"])
            p = parties[e.recipients[0][0]]
            e.open(e.recipients[0][0], p["seal_sk"], p["seal_pk"], p["seal_id"])
        except Refused as why:
            assert str(why) == x["error"], f"{x['name']}: {why}"
        else:
            raise AssertionError(f"accepted: {x['name']}")
    check_receipt(v["receipt"])
    with open("tests/data/agreement_vector.json") as f:
        v_agreement = json.load(f)
    check_agreement(v_agreement)
    v_agreement["file"]["agreement"]["gives"].append("criminal")
    try:
        check_agreement(v_agreement)
    except Refused:
        pass
    else:
        raise AssertionError("accepted: an agreement wider than was signed")
    print(f"second reader: {len(v['envelopes'])} opened, {len(v['refused'])} refused, 1 receipt, 1 agreement: ok")


if __name__ == "__main__":
    main()

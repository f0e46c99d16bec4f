"""Whoever holds the master key and the raw files, and tries to read data of persons out of them: the key file by DESIGN's
words, the store's pages by LMDB's nodes, free pages included; no code of the gateway, and libsodium for the cipher."""
import ctypes
import ctypes.util
import hashlib
import re

SECRET = slice(21, 53)  # of a keyfile without a passphrase: proto/crypto/keyfile.h
HEADER, SLOT = 4096, 128
NONCE, TAG = 24, 16
DATUM_KEY = 16 + 4 + 16 + 8  # sid, attribute, instance, version
sodium = ctypes.CDLL(ctypes.util.find_library("sodium"))


def blake(tag, key, message):
    return hashlib.blake2b(message, digest_size=32, key=key, person=tag.encode().ljust(16, b"\0")).digest()


def unseal(key, nonce, ad, sealed):
    """XChaCha20-Poly1305; None: another key, or other bytes."""
    plain = ctypes.create_string_buffer(max(1, len(sealed) - TAG))
    failed = len(sealed) < TAG or sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
        plain, None, None, sealed, ctypes.c_ulonglong(len(sealed)), ad, ctypes.c_ulonglong(len(ad)), nonce, key)
    return None if failed else plain.raw[:len(sealed) - TAG]


class Slot:
    """Of one person: where it is found by, the random id, the wrapped key."""

    def __init__(self, raw):
        self.raw, self.p, self.sid, self.nonce, self.wrapped = raw, raw[8:40], raw[40:56], raw[56:80], raw[80:128]


class Opener:
    def __init__(self, keys):
        km = (keys / "master.key").read_bytes()[SECRET]
        self.pseud, self.wrap = blake("sluis1-k-pseud", km, b""), blake("sluis1-k-wrap", km, b"")

    def slots(self, path):
        """Every live slot of a key file."""
        raw = path.read_bytes()
        return [Slot(raw[i:i + SLOT]) for i in range(HEADER, len(raw) - SLOT + 1, SLOT) if raw[i] == 1]

    def place(self, name, tag="sluis1-subject"):
        return blake(tag, self.pseud, name.encode())

    def slot(self, path, name, tag="sluis1-subject"):
        """Of this number, or own name; None."""
        p = self.place(name, tag)
        return next((s for s in self.slots(path) if s.p == p), None)

    def key(self, slot):
        return unseal(self.wrap, slot.nonce, slot.raw[:56], slot.wrapped)


def data_rows(raw, sid):
    """(key, sealed) of every row of the table of data about this person that lies in these bytes: a node is size u32, flags
    u16, size of the key u16, key, value."""
    for found in re.finditer(re.escape(DATUM_KEY.to_bytes(2, "little") + sid), raw):
        at = found.start()
        size, flags = int.from_bytes(raw[at - 6:at - 2], "little"), int.from_bytes(raw[at - 2:at], "little")
        key, value = raw[at + 2:at + 2 + DATUM_KEY], raw[at + 2 + DATUM_KEY:at + 2 + DATUM_KEY + size]
        if flags == 0 and NONCE + TAG < size == len(value) <= 4096:
            yield key, value


def node(raw, at, key_len):
    """(key, value) of the node whose key of this length begins at this place; None: there is none, or it fills pages of its own."""
    if at < 8 or int.from_bytes(raw[at - 2:at], "little") != key_len:
        return None
    size, flags = int.from_bytes(raw[at - 8:at - 4], "little"), int.from_bytes(raw[at - 4:at - 2], "little")
    value = raw[at + key_len:at + key_len + size]
    return (raw[at:at + key_len], value) if flags == 0 and size == len(value) <= 4096 else None


# Tables whose rows say in their first bytes whose they are, by the length of their keys: gateway/tables/tables.h. A row: sid 16 |
# check 16 | nonce 24 | sealed with table u8 | key.
SEALED = {24: (15, 26, 27), 32: (30,), 16: (7, 22)}  # dossier, settled, restriction; what the client asked; requests, reports of concern
PAST = 8 + DATUM_KEY  # history: the journal index before the key that it had


def all_rows(raw, sid):
    """(what it is bound to, sealed) of every row about this person that lies in these bytes, of any table: for opened()."""
    yield from data_rows(raw, sid)
    for found in re.finditer(re.escape(sid), raw):
        at = found.start()
        if past := node(raw, at - 8, PAST):
            yield past[0][8:], past[1]
        for length, tables in SEALED.items():
            row = node(raw, at, length) or node(raw, at - length, length)  # in its key, or in its value
            if row and row[1][:16] == sid:
                yield from ((bytes([t]) + row[0], row[1][32:]) for t in tables)


def opened(keys, rows):
    """What any of these keys opens of the rows."""
    plain = (unseal(k, value[:NONCE], key, value[NONCE:]) for key, value in rows for k in keys)
    return [p for p in plain if p is not None]

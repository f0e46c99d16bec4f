#!/usr/bin/python3
"""Checks an export of the journal from the specifications alone: C2SP tlog-tiles, tlog-checkpoint, signed-note
(with tlog-cosignature), RFC 6962. Standard library only. Usage: tlog_reader.py DIR NAME LOG_KEY_HEX"""
import base64
import hashlib
import sys
from pathlib import Path


def need(condition, text):
    if not condition:
        raise ValueError(text)


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def root(hashes):
    """RFC 6962 2.1, over leaf hashes."""
    if len(hashes) == 1:
        return hashes[0]
    k = 1 << (len(hashes) - 1).bit_length() - 1
    return sha(b"\x01", root(hashes[:k]), root(hashes[k:]))


def consistency(m, hashes, whole=True):
    """RFC 6962 2.1.2: the proof between the first m leaves and all of them."""
    n = len(hashes)
    if m == n:
        return [] if whole else [root(hashes)]
    k = 1 << (n - 1).bit_length() - 1
    if m <= k:
        return consistency(m, hashes[:k], whole) + [root(hashes[k:])]
    return consistency(m - k, hashes[k:], False) + [root(hashes[:k])]


def note(text):
    """(origin, size, root, text that is signed, [(name, key hash, signature)])"""
    body, _, lines = text.partition("\n\n")
    origin, size, top = body.split("\n")
    need(str(int(size)) == size, "the size is not canonical")
    signatures = []
    for line in lines.split("\n")[:-1]:
        dash, name, b64 = line.split(" ")
        raw = base64.b64decode(b64, validate=True)
        need(dash == "\u2014", "a signature line begins otherwise")
        signatures.append((name, raw[:4], raw[4:]))
    need(lines.endswith("\n") and signatures, "no signature line")
    return origin, int(size), base64.b64decode(top, validate=True), (body + "\n").encode(), signatures


def key_hash(name, algorithm, key):
    return sha(name.encode(), b"\n", bytes([algorithm]), key)[:4]


def tile_path(tree, n, width):
    groups = [f"{n % 1000:03}"]
    while n >= 1000:
        n //= 1000
        groups.insert(0, f"x{n % 1000:03}")
    return f"tile/{tree}/{'/'.join(groups)}" + (f".p/{width}" if width < 256 else "")


def read(folder, tree, count, one):
    """All of a level (or the entries): the full tiles and the last, partial one."""
    out = []
    for n in range((count + 255) // 256):
        width = min(256, count - 256 * n)
        raw = (folder / tile_path(tree, n, width)).read_bytes()
        need(len(raw) == width * one, f"{tile_path(tree, n, width)} has {len(raw)} bytes")
        out += [raw[i:i + one] for i in range(0, len(raw), one)]
    return out


def check(folder, name, key):
    """(size, leaf hashes) of an export that is whole and true."""
    origin, size, top, _, signatures = note((folder / "checkpoint").read_text())
    need(origin.startswith(name + "/journal/"), f"origin {origin}")
    need([s for s in signatures if s[0] == name and s[1] == key_hash(name, 1, key) and len(s[2]) == 64],
         "no signature of the log")
    leaves = read(folder, "entries", size, 42)
    need(all(e[:3] == b"\x00\x28\x01" and e[4:6] == b"\x00\x00" for e in leaves), "an entry is no leaf of version 1")
    hashes = [sha(b"\x00", e[2:]) for e in leaves]
    need(root(hashes) == top, "the entries do not lead to the checkpoint's root")
    level, nodes = 0, hashes
    while nodes:
        need(read(folder, level, len(nodes), 32) == nodes, f"level {level} differs from the entries below it")
        nodes = [root(nodes[i:i + 256]) for i in range(0, len(nodes) - 255, 256)]
        level += 1
    return size, hashes


def main():
    size, _ = check(Path(sys.argv[1]), sys.argv[2], bytes.fromhex(sys.argv[3]))
    print(f"{size} entries: whole, and under the checkpoint's root")


if __name__ == "__main__":
    main()

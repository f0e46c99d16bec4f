"""The other end of shim_io.h: tells a preloaded program which of its writes and syncs fail."""
import errno
import mmap
import struct

from house import check

WRITE, SYNC, ALLOCATE, TRUNCATE, META, NAME, KEYS = 1, 2, 4, 8, 16, 32, 64
KILL = -1  # as an error
LAYOUT = struct.Struct("=QQQQiI")  # points, from, count, failed, error, kinds
FOREVER = 1 << 62
LIBRARY = "shim_io.so"


class Shim:
    def __init__(self, city):
        self.path = city.root / "shim"
        self.path.write_bytes(bytes(LAYOUT.size))
        self.file = open(self.path, "r+b")
        self.map = mmap.mmap(self.file.fileno(), LAYOUT.size)
        self.library = city.bin.parent / "tests" / LIBRARY
        check(self.library.exists(), f"{self.library} is not built")

    def env(self, env):
        return dict(env, LD_PRELOAD=str(self.library), SLUIS_SHIM=str(self.path))

    def points(self):
        return LAYOUT.unpack(self.map[:])[0]

    def failed(self):
        return LAYOUT.unpack(self.map[:])[3]

    def fail(self, kinds, error=errno.EIO, after=1, count=1):
        """So many calls of these kinds fail, the first being the call after so many (of any kind), or the next of its kind."""
        self.heal()
        struct.pack_into("=QQiI", self.map, 16, count, 0, error, kinds)
        struct.pack_into("=Q", self.map, 8, self.points() + after)

    def heal(self):
        struct.pack_into("=Q", self.map, 8, 0)

"""What sluisctl says to people: its help, what it says of a wrong command line, and its screens."""
import contextlib
import fcntl
import os
import pty
import re
import socket
import struct
import subprocess
import termios

from city import CHILD, PARTIES
from house import SLOW, check
from test_requests import held_by

FRESH = True


def say(city, *args):
    done = subprocess.run([city.bin / "sluisctl", *args], capture_output=True, text=True, env=city.env, timeout=60)
    return done.returncode, done.stdout, done.stderr


def on_terminal(city, columns, *args):
    """What stands on a terminal of so many columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 25, columns, 0, 0))
    done = subprocess.run([city.bin / "sluisctl", *args], stdout=theirs, stderr=subprocess.PIPE, env=city.env, timeout=60)
    os.close(theirs)
    check(done.returncode == 0, f"{done}")
    shown = b""
    with open(ours, "rb", buffering=0) as screen, contextlib.suppress(OSError):  # at the end, since nobody has the other side
        while more := screen.read(4096):
            shown += more
    return shown.decode().replace("\r\n", "\n")


def test_help_and_usage(city):
    code, every, _ = say(city, "--help")
    columns = {line.index(re.split("  +", line.strip())[1]) for line in every.splitlines() if re.match("  [a-z]", line)}
    check(code == 0 and columns == {27}, f"the explanations begin at {columns}")
    check(max(map(len, every.splitlines())) < 80, "a line that a terminal of 80 columns breaks")
    code, out, _ = say(city, "inbox", "--help")
    check(code == 0 and {line.split()[0] for line in out.splitlines() if line[2] != " "} == {"inbox"} and "inbox release ID" in out, f"{code} {out}")
    for args, text in ((("inbox", "bogus"), "there is no command `inbox bogus', but\n  inbox list"), (("inbox",), "`inbox' is one of\n  inbox list"),
                       (("bogus", "--help"), "there is no command `bogus'; `sluisctl --help' lists them"),
                       (("config", "check"), "config check: name --config FILE, --rules DIR, or both"),
                       (("trace",), "TRANSACTION is missing"), (("key", "new"), "--dir is missing")):
        code, out, err = say(city, *args)
        check(code == 2 and not out and text in err, f"{args}: {code} {out}{err}")
    _, out, _ = say(city, "inbox", "ask", "--help")
    check(re.search(r"--by=WHO +Pseudonym of the person who asks\s+\(required\)", out), out)


def test_every_program_says_what_it_is(city):
    """One release for all, and how each daemon ends: as its help says."""
    def run(program, *args):
        done = subprocess.run([city.bin / program, *args], capture_output=True, text=True, env=city.env, timeout=60)
        return done.returncode, done.stdout, done.stderr
    programs = ("sluisd", "sluis-http", "sluis-adapter", "sluis-link", "sluisctl")
    said = [run(p, "--version") for p in programs]
    check([(code, out.split()[0]) for code, out, _ in said] == [(0, p) for p in programs], f"{said}")
    check(len({out.split()[1] for _, out, _ in said}) == 1, f"{said}")
    wrong = city.root / "wrong.conf"
    wrong.write_text("nonsense = 1;\n")
    for p in programs[:4]:
        code, out, _ = run(p, "--help")
        ends = {int(n): text for n, text in re.findall(r"^  (\d+)  (\S.*)$", out.split("Exit codes:")[1], re.M)}
        check(code == 0 and sorted(ends) == [0, 1, 64, 70, 78], f"{p}: {out}")
        code, out, err = run(p, "--config", wrong)
        check(code == 78 and "nonsense" in out + err, f"{p}: {code} {out}{err}")
        check(run(p, "--no-such-option")[0] == 64, p)


def test_what_a_start_needs(city):
    """What is not there, or not to be had, ends a start with 1 (a program's own settings read wrong: 78), and words that name it."""
    city.make()
    root, conf = city.root, city.root / "sluisd.conf"
    sound = conf.read_text()

    def ends(program, file, code, *words):
        done = subprocess.run([city.bin / program, "--config", file], capture_output=True, text=True, env=city.env, timeout=60 * SLOW)
        last = (done.stdout + done.stderr).strip().splitlines()[-2:]  # another thread may say at that moment that it is ready
        check(done.returncode == code and any(all(str(w) in line for w in words) for line in last),
              f"{program}: {done.returncode}, not {code} {words}: {last}")

    def sluisd(old, new, *words):
        check(old in sound, old)
        conf.write_text(sound.replace(old, new))
        ends("sluisd", conf, 1, *words)
        conf.write_text(sound)
    (root / "file").write_text("no folder\n")
    sluisd(f'{root}/data"', f'{root}/file/data"', "sluisd.start", root / "file" / "data", "Not a directory")
    sluisd(f'"{city.control}"', f'"{root}/nowhere/sock"', "control.start", root / "nowhere" / "sock",
           "control cannot be bound: No such file or directory; make its folder, writable for us, or name another path")
    sluisd(f'"{city.control}"', f'"{root}/file"', "control.start", "control: is no socket: remove it or name another path")
    sluisd(f"ipc://{root}/api", f"ipc://{root}/file/api", "bus.start", "api.endpoint", root / "file", "Not a directory")
    sluisd(city.endpoint, "tcp://192.0.2.1:1", "bus.start", "bus.endpoint", "tcp://192.0.2.1:1 cannot be bound: ", "name an address of this machine")
    sluisd(city.endpoint, "tsp://x", "bus.start", "bus.endpoint", "tsp://x cannot be bound: Protocol not supported")
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", city.ports["bus"]))
        taken.listen()
        ends("sluisd", conf, 1, "bus.start", "bus.endpoint", f"{city.endpoint} cannot be bound: Address already in use; stop the program that has it")
    make = "no such file; make it with `sluisctl key new`"
    for name, text in (("sign.key", make), ("master.key", make), ("delegation.bin", "have the root sign one (`sluisctl key delegate`)")):
        (city.keys / name).rename(root / name)
        ends("sluisd", conf, 1, "sluisd.start", city.keys / name, text)
        (root / name).rename(city.keys / name)

    city.start_gateway()
    ends("sluisd", conf, 1, "sluisd.start", root / "data" / "store", "another program holds this store: stop it first")
    city.start_http()
    ends("sluis-http", root / "sluis-http.conf", 1, f"listen: cannot listen on 127.0.0.1 port {city.ports['http']}: Address already in use")
    oin, title, domain = PARTIES["school"]
    city.make_party("school", oin, title, domain)
    adapter = root / "adapters" / "school" / "adapter.conf"
    text = city.adapter_config("school")
    for old, new, code, *words in ((f'"{city.adapter_control("school")}"', f'"{root}/nowhere/sock"', 1, "control cannot be bound: No such file or directory"),
                                   (f'{root}/adapters/school/store"', f'{root}/file/store"', 1, root / "file" / "store", "Not a directory"),
                                   (f'{root}/adapters/school/keys"', f'{root}/nowhere"', 78, root / "nowhere", make)):
        check(old in text, old)
        adapter.write_text(text.replace(old, new))
        ends("sluis-adapter", adapter, code, *words)


def test_screens(city):
    """A list as words with commas, what is within a member below it, and no blank at the end of a line."""
    city.up(parties=("ggd",))
    t = city.file(city.open_case([(CHILD, "kind")]), 1, "ggd", ["jgz-lengte"])["verzoekId"]
    held_by(city, "ggd", t)
    socket = ("--socket", city.adapter_control("ggd"))
    _, shown, _ = say(city, "inbox", "show", t, *socket)
    check("\nfields 1\n  name               jgz-lengte\n" in shown and "\n  values             140.2, 145.5\n" in shown, shown)
    _, status, _ = say(city, "status", *socket)
    check("\nsource\n  files              1\n" in status, status)
    _, table, _ = say(city, "inbox", "list", *socket)
    check(re.fullmatch(r"id .* attributes\n[0-9a-f-]{36} .* jgz-lengte\n", table), table)
    check(not re.search(r" $", shown + status + table, re.M), "a blank at the end of a line")
    check(on_terminal(city, 300, "inbox", "list", *socket) == table, "a terminal that is wide enough")
    narrow = on_terminal(city, 80, "inbox", "list", *socket)
    check(re.fullmatch(r"id                 [0-9a-f-]{36}\nstate              held\n(.*\n)*attributes         jgz-lengte\n", narrow), narrow)
    check(max(map(len, narrow.splitlines())) < 80, narrow)

"""What of the gateway's CPU time the careful core takes: the judging of a round trip by rules, case, agreements and
terms, which a gateway that only routes and registers would not do. Sampled by perf while the ordinary load runs; without
perf (Debian's linux-perf, and a kernel that lets us) there is no such figure."""
import shutil
import signal
import subprocess
import time

# Entered from the handlers of a request and its answer. Not among them: journal, register, outbox, the client's dossier.
JUDGING = ("asking_application", "asking_motivation", "asking_case", "case_facts_about", "rules_attribute", "policy_decide",
           "policy_view", "agreed_request", "deadline_of", "deadline_begin", "due_add", "from_register_split", "results_check",
           "results_text", "rectify_heard", "cooperation_answered")
HANDLERS = ("handle_request", "handle_response")


def judging(stack):
    """Whether a stack (innermost first) is within the judging of a handler."""
    outer = stack[::-1]
    for handler in HANDLERS:
        if handler in outer:
            at = outer.index(handler) + 1
            return at < len(outer) and outer[at] in JUDGING
    return False


def stacks(data):
    text = subprocess.run(["perf", "script", "-i", data, "--no-inline", "-F", "ip,sym"], capture_output=True, text=True, timeout=600).stdout
    for sample in text.split("\n\n"):
        lines = [line.split() for line in sample.splitlines()]
        stack = [words[1] for words in lines if len(words) > 1]
        if stack:
            yield stack


def judging_cpu_pct(pid, data, load):
    """load: a function that keeps the gateway busy. None: perf cannot look here."""
    if not shutil.which("perf"):
        return None
    perf = subprocess.Popen(["perf", "record", "-q", "-F", "499", "--call-graph", "dwarf,8192", "-o", data, "-p", str(pid)],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    if perf.poll() is not None:
        return None
    load()
    perf.send_signal(signal.SIGINT)
    perf.wait(60)
    seen = [judging(stack) for stack in stacks(data)]
    return 100 * sum(seen) / len(seen) if len(seen) > 500 else None

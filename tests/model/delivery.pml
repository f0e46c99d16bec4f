/* Session, outbox and de-duplication between a sender, the gateway and a recipient, with a kill possible at every
 * step of each. Checked for: nothing lost, nothing registered or taken twice, no deadlock.
 *
 * What lives on disk survives a kill; all else, and what was on its way over a lost connection, does not. A step of
 * the model is what the program does between two moments at which it could die: receive, commit, send.
 *
 *   here                      in the program
 *   Sender: stored, acked     the adapter's outgoing store, proto/session/pending.c
 *   Gateway: commit           core.c run_turn: DEDUP, registry and journal, OUTBOX in one transaction
 *   Gateway: gen, sent        bus/sessions.c; a row of OUTBOX is deleted by done alone (core/outbox.c)
 *   Recipient: inbox          adapters/runtime/inbox.c: stored before done
 *
 * Left out, because they add states and no new ways to lose: signatures, credit beyond what the channels hold,
 * expiry and the cap on attempts (which end a delivery by returning it), timers (a new session resends instead).
 *
 * check.sh runs it with two messages and a kill, and with one message and three kills.
 * Broken on purpose, each must fail:  -DACK_BEFORE_COMMIT  -DNO_DEDUP  -DDONE_BEFORE_STORE  -DDELETE_WHEN_SENT
 * -DFORGET_SENT (a resend is not made after a new session) */

#ifndef MESSAGES
#define MESSAGES 2
#endif
#ifndef KILLS
#define KILLS 3
#endif
#define NONE MESSAGES
#define EACH(m) m : 0 .. MESSAGES - 1

mtype = { HELLO, WELCOME, SUBMIT, ACK, DELIVER, DONE }

/* Frames carry a message's number and the generation of the session they belong to. */
chan up = [3] of { mtype, byte, byte };   /* sender -> gateway */
chan back = [3] of { mtype, byte, byte }; /* gateway -> sender */
chan down = [3] of { mtype, byte, byte }; /* gateway -> recipient */
chan done = [3] of { mtype, byte, byte }; /* recipient -> gateway */

byte kills;      /* still to come, of whomever */
byte generation; /* grows over restarts, too: it comes from the clock */

/* On disk. */
bool acked[MESSAGES];                           /* the sender's: it need not send this again */
bool known[MESSAGES], outbox[MESSAGES];         /* the gateway's: DEDUP and OUTBOX */
byte registered[MESSAGES];                      /* the gateway's: journal and registry */
bool inbox[MESSAGES];                           /* the recipient's */
byte taken[MESSAGES];                           /* how often it acted on it */

/* In memory; reset by a kill of its owner, and the parties' connections by a kill of the gateway as well. */
bool s_hello; byte s_gen; bool s_sent[MESSAGES];
bool r_hello; byte r_gen;

#if MESSAGES == 1
#define CLEAR(flags) flags[0] = false
#define ALL(flags) flags[0]
#else
#define CLEAR(flags) flags[0] = false; flags[1] = false
#define ALL(flags) flags[0] && flags[1]
#endif
inline drain(c) { do :: nempty(c) -> c ? _, _, _ :: empty(c) -> break od }

proctype Sender()
{
    byte m, g;
    do
    :: atomic { !s_hello && nfull(up) -> up ! HELLO(NONE, 0); s_hello = true }
    :: atomic {
           back ? WELCOME(_, g) ->
           if
           :: s_hello -> s_gen = g;
#ifndef FORGET_SENT
              CLEAR(s_sent)
#endif
           :: else
           fi }
    :: atomic { back ? ACK(m, _) -> acked[m] = true; m = 0 }
    :: atomic { s_gen && nfull(up) && !acked[0] && !s_sent[0] -> up ! SUBMIT(0, s_gen); s_sent[0] = true }
#if MESSAGES == 2
    :: atomic { s_gen && nfull(up) && !acked[1] && !s_sent[1] -> up ! SUBMIT(1, s_gen); s_sent[1] = true }
#endif
    :: atomic { kills > 0 -> kills--; s_hello = false; s_gen = 0; CLEAR(s_sent) }
    :: s_hello && ALL(acked) -> break
    od
}

proctype Gateway()
{
    byte m, g;
    byte gen_s = 0, gen_r = 0;           /* the live sessions; 0 = none */
    byte hand = NONE, owed = NONE;       /* received and not committed; committed and not acknowledged */
    byte finished = NONE;                /* done received and not committed */
    bool sent[MESSAGES];
end:
    do
    :: atomic {
           nfull(back) && up ? [HELLO(_, _)] -> up ? HELLO(_, _); generation++; gen_s = generation; back ! WELCOME(NONE, gen_s) }
    :: atomic {
           hand == NONE && owed == NONE && up ? [SUBMIT(_, _)] -> up ? SUBMIT(m, g);
           if
           :: g == gen_s -> hand = m
           :: else /* of an older session: refused, and sent again in the new one */
           fi; m = 0; g = 0 }
#ifdef ACK_BEFORE_COMMIT
    :: hand != NONE && owed == NONE && nfull(back) -> back ! ACK(hand, gen_s); owed = hand
    :: hand != NONE && owed != NONE -> atomic {
           if
           :: !known[hand] -> known[hand] = true; registered[hand]++; outbox[hand] = true
           :: else
           fi; hand = NONE; owed = NONE }
#else
    :: hand != NONE -> atomic { /* one transaction */
           if
#ifdef NO_DEDUP
           :: true -> registered[hand]++; outbox[hand] = true
#else
           :: !known[hand] -> known[hand] = true; registered[hand]++; outbox[hand] = true
           :: else /* a duplicate: the first receipt again */
#endif
           fi;
           assert(registered[hand] <= 1);
           owed = hand; hand = NONE }
    :: owed != NONE && nfull(back) -> back ! ACK(owed, gen_s); owed = NONE
#endif
    :: atomic {
           nfull(down) && done ? [HELLO(_, _)] -> done ? HELLO(_, _); generation++; gen_r = generation; CLEAR(sent); down ! WELCOME(NONE, gen_r) }
    :: atomic { gen_r && nfull(down) && outbox[0] && !sent[0] -> down ! DELIVER(0, gen_r); sent[0] = true;
#ifdef DELETE_WHEN_SENT
           outbox[0] = false
#endif
       }
#if MESSAGES == 2
    :: atomic { gen_r && nfull(down) && outbox[1] && !sent[1] -> down ! DELIVER(1, gen_r); sent[1] = true;
#ifdef DELETE_WHEN_SENT
           outbox[1] = false
#endif
       }
#endif
    :: atomic {
           finished == NONE && done ? [DONE(_, _)] -> done ? DONE(m, g);
           if
           :: g == gen_r -> finished = m
           :: else
           fi; m = 0; g = 0 }
    :: finished != NONE -> atomic { outbox[finished] = false; finished = NONE }
    :: atomic { kills > 0 -> kills--;
           gen_s = 0; gen_r = 0; hand = NONE; owed = NONE; finished = NONE; CLEAR(sent);
           drain(up); drain(back); drain(down); drain(done); /* both see their connection end */
           s_hello = false; s_gen = 0; r_hello = false; r_gen = 0 }
    od
}

proctype Recipient()
{
    byte m, g;
    byte hand = NONE, owed = NONE; /* received and not stored; stored and not confirmed */
end:
    do
    :: atomic { !r_hello && nfull(done) -> done ! HELLO(NONE, 0); r_hello = true }
    :: atomic {
           down ? WELCOME(_, g) ->
           if
           :: r_hello -> r_gen = g; hand = NONE; owed = NONE
           :: else
           fi; g = 0 }
    :: atomic {
           hand == NONE && owed == NONE && down ? [DELIVER(_, _)] -> down ? DELIVER(m, g);
           if
           :: r_gen && g == r_gen -> hand = m
           :: else /* meant for who we were before: it comes again */
           fi; m = 0; g = 0 }
#ifdef DONE_BEFORE_STORE
    :: hand != NONE && owed == NONE && nfull(done) -> done ! DONE(hand, r_gen); owed = hand
    :: hand != NONE && owed != NONE -> atomic {
           if :: !inbox[hand] -> inbox[hand] = true; taken[hand]++ :: else fi; hand = NONE; owed = NONE }
#else
    :: hand != NONE -> atomic {
           if
           :: !inbox[hand] -> inbox[hand] = true; taken[hand]++
           :: else /* delivered before */
           fi;
           assert(taken[hand] <= 1);
           owed = hand; hand = NONE }
    :: owed != NONE && nfull(done) -> done ! DONE(owed, r_gen); owed = NONE
#endif
    :: atomic { kills > 0 -> kills--; r_hello = false; r_gen = 0; hand = NONE; owed = NONE }
    od
}

/* When nothing more can happen, everything has happened, once. */
proctype Judge()
{
    byte m;
    timeout;
    for (EACH(m)) {
        assert(acked[m]);
        assert(registered[m] == 1);
        assert(taken[m] == 1);
        assert(!outbox[m])
    }
}

init
{
    atomic {
        select(kills : 0 .. KILLS); /* fewer kills, too: a kill may heal what is stuck without one */
        run Sender(); run Gateway(); run Recipient(); run Judge()
    }
}

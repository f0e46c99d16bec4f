#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/keyfile.h"
#include "crypto/pubfile.h"

static char dir[] = "/tmp/sluis-keys-XXXXXX", path[64], pub[72];
static sluis_fail f;

static int start(void **state)
{
    (void)state;
    if (crypto_start() != SLUIS_OK || !mkdtemp(dir))
        return -1;
    snprintf(path, sizeof path, "%s/key", dir);
    snprintf(pub, sizeof pub, "%s.pub", path);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    return rmdir(dir);
}

static int clean(void **state)
{
    (void)state;
    fail_clear(&f);
    unlink(path);
    unlink(pub);
    return 0;
}

static void put_file(const void *p, size_t n, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, p, n), (ssize_t)n);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static size_t get_file(const char *name, void *out, size_t cap)
{
    int fd = open(name, O_RDONLY);
    assert_true(fd >= 0);
    ssize_t n = read(fd, out, cap);
    assert_true(n >= 0);
    close(fd);
    return (size_t)n;
}

static mode_t mode_of(const char *name)
{
    struct stat st;
    assert_int_equal(stat(name, &st), 0);
    return st.st_mode & 07777;
}

static void uses_have_names(void **state)
{
    (void)state;
    key_use u;
    for (int i = USE_SIGN; i <= USE_WITNESS; i++) {
        assert_int_equal(key_use_parse(&u, key_use_name((key_use)i)), SLUIS_OK);
        assert_int_equal(u, i);
    }
    assert_string_equal(key_use_name(USE_CURVE), "curve");
    assert_string_equal(key_use_name((key_use)0), "unknown");
    assert_int_equal(key_use_parse(&u, "unknown"), SLUIS_INVALID);
    assert_int_equal(key_use_parse(&u, ""), SLUIS_INVALID);
}

static void every_use_round_trips(void **state)
{
    for (int i = USE_SIGN; i <= USE_WITNESS; i++) {
        keypair k, r;
        assert_int_equal(keypair_generate(&k, (key_use)i, 1795501260123), SLUIS_OK);
        assert_int_equal(keyfile_write(path, &k, &f), SLUIS_OK);
        assert_int_equal(mode_of(path), 0600);
        assert_int_equal(keyfile_read(&r, path, (key_use)i, &f), SLUIS_OK);
        assert_true(r.created == 1795501260123);
        assert_memory_equal(r.pk, k.pk, PK_LEN);
        assert_true(keyid_equal(&r.id, &k.id));
        assert_memory_equal(r.sk, k.sk, i == USE_SEAL || i == USE_CURVE ? 32 : 64);
        keypair_close(&k);
        keypair_close(&k);
        keypair_close(&r);
        assert_null(r.sk);
        clean(state);
    }
}

/* The whole file, byte for byte; the checksum is Python's hashlib.blake2b(first 53 bytes,
 * person="sluis1-keyfile"). */
static void bytes_on_disk(void **state)
{
    (void)state;
    uint8_t seed[32], want[85], got[100];
    char text[300], line[200];
    memset(seed, 0x42, sizeof seed);
    keypair k;
    assert_int_equal(keypair_from_seed(&k, USE_SIGN, seed, 0x0102030405060708), SLUIS_OK);
    assert_int_equal(keyfile_write(path, &k, &f), SLUIS_OK);
    assert_int_equal(
        hex_decode(want, 85,
                   "736c7569732d6b65792d310a01010203040506070842424242424242424242424242424242424242424242424"
                   "24242424242424242c458470eedb3046e8ca19608f8980e81efef76dd758c0be559fb1670045fef39",
                   170),
        SLUIS_OK);
    assert_int_equal(get_file(path, got, sizeof got), 85);
    assert_memory_equal(got, want, 85);

    char pk[65], id[33];
    hex_encode(pk, k.pk, 32);
    hex_encode(id, k.id.b, 16);
    snprintf(line, sizeof line, "sign %s %s\n", pk, id);
    text[get_file(pub, text, sizeof text - 1)] = '\0';
    assert_string_equal(text, line);
    keypair_close(&k);
}

static void seeds_give_known_keys(void **state)
{
    (void)state;
    uint8_t seed[32], want[32];
    keypair k;
    hex_decode(seed, 32, "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", 64);
    hex_decode(want, 32, "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", 64);
    assert_int_equal(keypair_from_seed(&k, USE_LOG, seed, 0), SLUIS_OK);
    assert_memory_equal(k.pk, want, 32); /* RFC 8032 7.1 test 3 */
    keypair_close(&k);
    hex_decode(seed, 32, "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a", 64);
    hex_decode(want, 32, "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a", 64);
    assert_int_equal(keypair_from_seed(&k, USE_SEAL, seed, 0), SLUIS_OK);
    assert_memory_equal(k.pk, want, 32); /* RFC 7748 6.1 */
    keyid id = keyid_of(USE_SEAL, want);
    assert_true(keyid_equal(&k.id, &id));
    keypair_close(&k);
}

static void nothing_is_overwritten(void **state)
{
    (void)state;
    keypair k;
    assert_int_equal(keypair_generate(&k, USE_SIGN, 1), SLUIS_OK);
    put_file("mine", 4, 0600);
    assert_int_equal(keyfile_write(path, &k, &f), SLUIS_EXISTS);
    assert_string_equal(f.where, path);
    char was[5] = "";
    assert_int_equal(get_file(path, was, 4), 4);
    assert_string_equal(was, "mine");
    assert_int_equal(access(pub, F_OK), -1);

    /* a public half that is in the way leaves no secret behind */
    assert_int_equal(rename(path, pub), 0);
    assert_int_equal(keyfile_write(path, &k, NULL), SLUIS_EXISTS);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(access(pub, F_OK), 0);
    keypair_close(&k);
}

static void writing_says_what_is_wrong(void **state)
{
    (void)state;
    keypair k;
    assert_int_equal(keypair_generate(&k, USE_SIGN, 1), SLUIS_OK);
    assert_int_equal(keyfile_write("/nonexistent/key", &k, NULL), SLUIS_NOT_FOUND);
    char longer[5000];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_int_equal(keyfile_write(longer, &k, NULL), SLUIS_TOO_BIG);
    assert_int_equal(secretfile_write(longer, NULL), SLUIS_TOO_BIG);
    keypair_close(&k);
}

static void loose_files_are_refused(void **state)
{
    keypair k, r;
    assert_int_equal(keypair_generate(&k, USE_SIGN, 1), SLUIS_OK);
    assert_int_equal(keyfile_write(path, &k, &f), SLUIS_OK);
    static const mode_t loose[] = {0644, 0640, 0604, 0610, 0601, 0602, 0620, 0777};
    for (size_t i = 0; i < sizeof loose / sizeof *loose; i++) {
        assert_int_equal(chmod(path, loose[i]), 0);
        fail_clear(&f);
        assert_int_equal(keyfile_read(&r, path, USE_SIGN, &f), SLUIS_PERMISSION);
        assert_non_null(strstr(f.text, "chmod 600"));
    }
    assert_int_equal(chmod(path, 0400), 0);
    assert_int_equal(keyfile_read(&r, path, USE_SIGN, NULL), SLUIS_OK);
    keypair_close(&r);

    unlink(pub);
    assert_int_equal(symlink(path, pub), 0);
    fail_clear(&f);
    assert_int_equal(keyfile_read(&r, pub, USE_SIGN, &f), SLUIS_PERMISSION);
    assert_non_null(strstr(f.text, "symbolic link"));
    clean(state);
    assert_int_equal(mkfifo(path, 0600), 0); /* must not block */
    assert_int_equal(keyfile_read(&r, path, USE_SIGN, NULL), SLUIS_PERMISSION);
    assert_int_equal(keyfile_read(&r, dir, USE_SIGN, NULL), SLUIS_PERMISSION);
    if (geteuid() == 0) {
        clean(state);
        assert_int_equal(keyfile_write(path, &k, NULL), SLUIS_OK);
        assert_int_equal(chown(path, 65534, 65534), 0);
        fail_clear(&f);
        assert_int_equal(keyfile_read(&r, path, USE_SIGN, &f), SLUIS_PERMISSION);
        assert_non_null(strstr(f.text, "chown"));
    }
    keypair_close(&k);
}

static void damaged_files_are_refused(void **state)
{
    (void)state;
    keypair k, r;
    uint8_t raw[86] = {0};
    assert_int_equal(keypair_generate(&k, USE_SIGN, 1), SLUIS_OK);
    assert_int_equal(keyfile_write(path, &k, &f), SLUIS_OK);
    keypair_close(&k);
    get_file(path, raw, 85);
    for (size_t i = 0; i < 85; i++) {
        raw[i] ^= 1;
        put_file(raw, 85, 0600);
        sluis_err want = i < 10 ? SLUIS_INVALID : i < 12 ? SLUIS_VERSION : SLUIS_CORRUPT;
        assert_int_equal(keyfile_read(&r, path, USE_SIGN, NULL), want);
        raw[i] ^= 1;
    }
    for (size_t n = 0; n <= 86; n++) {
        put_file(raw, n, 0600);
        sluis_err want = n < 12 ? SLUIS_INVALID : n == 85 ? SLUIS_OK : SLUIS_CORRUPT;
        assert_int_equal(keyfile_read(&r, path, USE_SIGN, NULL), want);
        if (!want)
            keypair_close(&r);
    }
    unlink(path);
    assert_int_equal(keyfile_read(&r, path, USE_SIGN, NULL), SLUIS_NOT_FOUND);
}

static void one_key_one_use(void **state)
{
    (void)state;
    keypair k, r;
    uint8_t *secret = NULL;
    assert_int_equal(keypair_generate(&k, USE_LOG, 1), SLUIS_OK);
    assert_int_equal(keyfile_write(path, &k, &f), SLUIS_OK);
    keypair_close(&k);
    assert_int_equal(keyfile_read(&r, path, USE_SIGN, &f), SLUIS_INVALID);
    assert_string_equal(f.text, "holds a key for use \"log\"; here a \"sign\" key is needed");
    assert_int_equal(secretfile_read(&secret, path, NULL), SLUIS_INVALID);
    assert_null(secret);
}

static void bare_secret(void **state)
{
    (void)state;
    uint8_t *a = NULL, *b = NULL, raw[85];
    keypair r;
    assert_int_equal(secretfile_write(path, &f), SLUIS_OK);
    assert_int_equal(secretfile_write(path, &f), SLUIS_EXISTS);
    assert_int_equal(mode_of(path), 0600);
    assert_int_equal(access(pub, F_OK), -1);
    assert_int_equal(secretfile_read(&a, path, NULL), SLUIS_OK);
    assert_int_equal(get_file(path, raw, sizeof raw), 85);
    assert_memory_equal(a, raw + 21, 32);
    assert_int_equal(raw[12], 0);
    assert_int_equal(keyfile_read(&r, path, USE_SIGN, NULL), SLUIS_INVALID);
    unlink(path);
    assert_int_equal(secretfile_write(path, NULL), SLUIS_OK);
    assert_int_equal(secretfile_read(&b, path, NULL), SLUIS_OK);
    assert_memory_not_equal(a, b, 32);
    secret_free(a);
    secret_free(b);
}

/* ---- under a passphrase ---- */

static void write_pass(const char *name, const char *text, mode_t mode)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, mode);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void a_passphrase_comes_from_a_file_or_a_descriptor(void **state)
{
    char name[300], fd_name[32];
    passphrase p = {0};
    int ends[2];
    (void)state;
    snprintf(name, sizeof name, "%s/pass", dir);
    write_pass(name, "a long enough one\nnot this\n", 0600);
    assert_int_equal(passphrase_open(&p, name, &f), SLUIS_OK);
    assert_int_equal(p.n, 17);
    assert_memory_equal(p.text, "a long enough one", 17);
    passphrase_close(&p);
    passphrase_close(&p);
    write_pass(name, "a long enough one", 0640);
    fail_clear(&f);
    assert_int_equal(passphrase_open(&p, name, &f), SLUIS_PERMISSION);
    write_pass(name, "too short\n", 0600);
    fail_clear(&f);
    assert_int_equal(passphrase_open(&p, name, &f), SLUIS_INVALID);
    assert_null(p.text);
    assert_non_null(strstr(f.text, "12 bytes"));
    assert_null(strstr(f.text, "too short"));
    assert_int_equal(passphrase_open(&p, "/nergens/pass", NULL), SLUIS_NOT_FOUND);
    assert_int_equal(passphrase_open(&p, "fd:x", NULL), SLUIS_INVALID);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "through a pipe\n", 15), 15);
    close(ends[1]);
    snprintf(fd_name, sizeof fd_name, "fd:%d", ends[0]);
    assert_int_equal(passphrase_open(&p, fd_name, NULL), SLUIS_OK);
    assert_int_equal(p.n, 14);
    passphrase_close(&p);
    close(ends[0]);
    unlink(name);
}

static void a_passphrase_is_a_credential(void **state)
{
    char name[300];
    passphrase p = {0};
    (void)state;
    unsetenv("CREDENTIALS_DIRECTORY");
    fail_clear(&f);
    assert_int_equal(passphrase_open(&p, "credential:keys", &f), SLUIS_NOT_FOUND);
    assert_non_null(strstr(f.text, "LoadCredential=keys:"));
    setenv("CREDENTIALS_DIRECTORY", dir, 1);
    snprintf(name, sizeof name, "%s/keys", dir);
    write_pass(name, "from the service manager\n", 0400);
    assert_int_equal(passphrase_open(&p, "credential:keys", NULL), SLUIS_OK);
    assert_int_equal(p.n, 24);
    passphrase_close(&p);
    assert_int_equal(passphrase_open(&p, "credential:../keys", NULL), SLUIS_INVALID);
    assert_int_equal(passphrase_open(&p, "credential:", NULL), SLUIS_INVALID);
    assert_int_equal(passphrase_open(&p, "credential:other", NULL), SLUIS_NOT_FOUND);
    unsetenv("CREDENTIALS_DIRECTORY");
    unlink(name);
}

/* From none to one, to another, and back: the same key, its age kept, and no other file left. */
static void a_key_goes_from_passphrase_to_passphrase(void **state)
{
    uint8_t one[] = "correct horse battery", two[] = "another horse entirely";
    passphrase p = {.text = one, .n = sizeof one - 1}, q = {.text = two, .n = sizeof two - 1}, none = {0};
    passphrase *const steps[] = {&none, &p, &p, &q, &none};
    keypair k, r = {0};
    keyfile_facts facts;
    (void)state;
    assert_int_equal(keypair_generate(&k, USE_SIGN, 1795501260123), SLUIS_OK);
    assert_int_equal(keyfile_write(path, &k, &f), SLUIS_OK);
    for (size_t i = 0; i + 1 < sizeof steps / sizeof *steps; i++) {
        passphrase *to = steps[i + 1]->n ? steps[i + 1] : NULL;
        assert_int_equal(keyfile_reseal(path, steps[i], to, &f), SLUIS_OK);
        assert_int_equal(keyfile_inspect(&facts, path, &f), SLUIS_OK);
        assert_int_equal(facts.version, to ? 2 : 1);
        assert_memory_equal(facts.pk, k.pk, PK_LEN);
        assert_true(facts.created == 1795501260123);
        assert_int_equal(mode_of(path), 0600);
        assert_int_equal(keyfile_open(&r, path, USE_SIGN, to, &f), SLUIS_OK);
        assert_memory_equal(r.sk, k.sk, 64);
        keypair_close(&r);
        if (to)
            assert_int_equal(keyfile_reseal(path, to == &p ? &q : &p, NULL, NULL), SLUIS_UNAUTHENTICATED);
    }
    secret_free(p.key);
    secret_free(q.key);
    keypair_close(&k);
}

static void a_sealed_key_opens_with_its_passphrase_only(void **state)
{
    uint8_t right[] = "correct horse battery", wrong[] = "correct horse batterz", got[300], clear[100];
    passphrase p = {.text = right, .n = sizeof right - 1}, q = {.text = wrong, .n = sizeof wrong - 1},
               none = {0};
    keypair k, r = {0};
    keyfile_facts facts;
    uint8_t *secret = NULL;
    assert_int_equal(keypair_generate(&k, USE_SEAL, 1795501260123), SLUIS_OK);
    assert_int_equal(keyfile_seal(path, &k, &p, &f), SLUIS_OK);
    assert_int_equal(mode_of(path), 0600);
    assert_int_equal(get_file(path, got, sizeof got), 181);
    assert_null(memmem(got, 181, k.sk, 32));
    assert_int_equal(keyfile_open(&r, path, USE_SEAL, &p, &f), SLUIS_OK);
    assert_memory_equal(r.sk, k.sk, 32);
    assert_true(r.created == k.created && keyid_equal(&r.id, &k.id));
    keypair_close(&r);
    assert_int_equal(keyfile_open(&r, path, USE_SEAL, &q, NULL), SLUIS_UNAUTHENTICATED);
    assert_int_equal(keyfile_open(&r, path, USE_SEAL, &none, NULL), SLUIS_UNAUTHENTICATED);
    fail_clear(&f);
    assert_int_equal(keyfile_read(&r, path, USE_SEAL, &f), SLUIS_UNAUTHENTICATED);
    assert_non_null(strstr(f.text, "passphrase_file"));
    assert_null(r.sk);
    assert_int_equal(keyfile_inspect(&facts, path, NULL), SLUIS_OK); /* what is public needs no passphrase */
    assert_int_equal(facts.version, 2);
    assert_int_equal(facts.use, USE_SEAL);
    assert_memory_equal(facts.pk, k.pk, PK_LEN);
    assert_true(keyid_equal(&facts.id, &k.id));

    /* Whoever mends the checksum after a change still needs the passphrase: its header is authenticated. */
    static const size_t at[] = {13, 21, 53, 77, 101, 148};
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        got[at[i]] ^= 1;
        hash_one(got + 149, "sluis1-keyfile", NULL, got, 149);
        put_file(got, 181, 0600);
        assert_int_equal(keyfile_open(&r, path, USE_SEAL, &p, NULL), SLUIS_UNAUTHENTICATED);
        got[at[i]] ^= 1;
    }
    got[69] = 0x7f; /* more passes than anyone asks for: refused before they are made */
    hash_one(got + 149, "sluis1-keyfile", NULL, got, 149);
    put_file(got, 181, 0600);
    assert_int_equal(keyfile_open(&r, path, USE_SEAL, &p, NULL), SLUIS_INVALID);
    got[69] = 0;
    put_file(got, 181, 0600);
    assert_int_equal(keyfile_open(&r, path, USE_SEAL, &p, NULL), SLUIS_CORRUPT);
    put_file(got, 85, 0600);
    assert_int_equal(keyfile_open(&r, path, USE_SEAL, &p, NULL), SLUIS_CORRUPT);
    clean(state);

    assert_int_equal(keyfile_write(path, &k, NULL), SLUIS_OK); /* without one: read with and without */
    assert_int_equal(get_file(path, clear, sizeof clear), 85);
    assert_int_equal(keyfile_open(&r, path, USE_SEAL, &p, NULL), SLUIS_OK);
    keypair_close(&r);
    clean(state);
    assert_int_equal(secretfile_seal(path, &p, NULL), SLUIS_OK);
    assert_int_equal(secretfile_open(&secret, path, &q, NULL), SLUIS_UNAUTHENTICATED);
    assert_null(secret);
    assert_int_equal(secretfile_open(&secret, path, &p, NULL), SLUIS_OK);
    secret_free(secret);
    keypair_close(&k);
    secret_free(p.key);
    secret_free(q.key);
}

/* How often these 32 bytes, given as their complement, lie in the memory of this process that it may write.
 */
static unsigned copies_of(const uint8_t hidden[static 32])
{
    char line[512], mode[8];
    unsigned long from, to;
    unsigned found = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    assert_non_null(maps);
    while (fgets(line, sizeof(line), maps)) {
        if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) != 3 || strncmp(mode, "rw", 2) != 0)
            continue;
        for (const volatile uint8_t *p = (const volatile uint8_t *)from; (unsigned long)p + 32 <= to; p++) {
            size_t same = 0;
            while (same < 32 && (p[same] ^ hidden[same]) == 0xff)
                same++;
            found += same == 32;
        }
    }
    fclose(maps);
    return found;
}

/* A private key that was closed is nowhere in memory: not on the heap or the stack of whoever wrote, read or
 * opened it.
 */
static void a_closed_key_is_gone(void **state)
{
    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip(); /* the memory that they map is too much to read */
#endif
    uint8_t hidden[32], text[] = "correct horse battery";
    keypair k, r;
    for (int sealed = 0; sealed < 2; sealed++) {
        passphrase p = {.text = text, .n = sizeof text - 1}, none = {0};
        assert_int_equal(keypair_generate(&k, USE_SEAL, 1795501260123), SLUIS_OK);
        for (size_t i = 0; i < 32; i++)
            hidden[i] = k.sk[i] ^ 0xff;
        assert_int_equal(copies_of(hidden), 1); /* it would be seen */
        assert_int_equal(sealed ? keyfile_seal(path, &k, &p, &f) : keyfile_write(path, &k, &f), SLUIS_OK);
        assert_int_equal(keyfile_open(&r, path, USE_SEAL, sealed ? &p : &none, &f), SLUIS_OK);
        assert_int_equal(copies_of(hidden), 2);
        keypair_close(&k);
        keypair_close(&r);
        assert_int_equal(copies_of(hidden), 0);
        clean(NULL);
    }
}

/* The next key in the place of the old one; each point at which it may be cut off ends the same. */
static void a_key_succeeds(void **state)
{
    char next[80], next_pub[96];
    uint8_t pk[PK_LEN];
    (void)state;
    snprintf(next, sizeof next, "%s/key.next", dir);
    snprintf(next_pub, sizeof next_pub, "%s.pub", next);
    assert_int_equal(keyfile_succeed(path, next, NULL), SLUIS_NOT_FOUND);
    for (int cut = 0; cut < 3; cut++) {
        keypair old, new, now = {0};
        assert_int_equal(keypair_generate(&old, USE_SIGN, 1), SLUIS_OK);
        assert_int_equal(keypair_generate(&new, USE_SIGN, 2), SLUIS_OK);
        assert_int_equal(keyfile_write(cut ? next : path, cut ? &new : &old, &f), SLUIS_OK);
        if (!cut)
            assert_int_equal(keyfile_write(next, &new, &f), SLUIS_OK);
        else /* the new one is in its place already; its public half there is the old one's, or missing */
            assert_int_equal(keyfile_write(path, &new, &f), SLUIS_OK);
        if (cut)
            unlink(cut == 1 ? pub : next_pub);
        assert_int_equal(keyfile_succeed(path, next, &f), SLUIS_OK);
        assert_int_equal(keyfile_read(&now, path, USE_SIGN, &f), SLUIS_OK);
        assert_memory_equal(now.pk, new.pk, PK_LEN);
        assert_int_equal(pubfile_read(pk, pub, USE_SIGN, &f), SLUIS_OK);
        assert_memory_equal(pk, new.pk, PK_LEN);
        assert_int_not_equal(access(next, F_OK), 0);
        assert_int_not_equal(access(next_pub, F_OK), 0);
        assert_int_equal(mode_of(path), 0600);
        keypair_close(&old);
        keypair_close(&new);
        keypair_close(&now);
        clean(NULL);
    }
    keypair sign, seal;
    assert_int_equal(keypair_generate(&sign, USE_SIGN, 1), SLUIS_OK);
    assert_int_equal(keypair_generate(&seal, USE_SEAL, 1), SLUIS_OK);
    assert_int_equal(keyfile_write(path, &sign, &f), SLUIS_OK);
    assert_int_equal(keyfile_write(next, &seal, &f), SLUIS_OK);
    assert_int_equal(keyfile_succeed(path, next, NULL), SLUIS_INVALID);
    keypair_close(&sign);
    keypair_close(&seal);
    unlink(next);
    unlink(next_pub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uses_have_names),
        cmocka_unit_test_teardown(every_use_round_trips, clean),
        cmocka_unit_test_teardown(bytes_on_disk, clean),
        cmocka_unit_test(seeds_give_known_keys),
        cmocka_unit_test_teardown(nothing_is_overwritten, clean),
        cmocka_unit_test_teardown(writing_says_what_is_wrong, clean),
        cmocka_unit_test_teardown(loose_files_are_refused, clean),
        cmocka_unit_test_teardown(damaged_files_are_refused, clean),
        cmocka_unit_test_teardown(one_key_one_use, clean),
        cmocka_unit_test_teardown(bare_secret, clean),
        cmocka_unit_test(a_passphrase_comes_from_a_file_or_a_descriptor),
        cmocka_unit_test(a_passphrase_is_a_credential),
        cmocka_unit_test_teardown(a_key_goes_from_passphrase_to_passphrase, clean),
        cmocka_unit_test_teardown(a_closed_key_is_gone, clean),
        cmocka_unit_test_teardown(a_key_succeeds, clean),
        cmocka_unit_test_teardown(a_sealed_key_opens_with_its_passphrase_only, clean),
    };
    return cmocka_run_group_tests(tests, start, stop);
}

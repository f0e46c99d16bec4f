/* Any bytes as a directory snapshot, under the root key of corpus/snapshot: as they come, and signed anew by
 * the directory key, so that what lies under the signature is reached. A directory that opens can be asked.
 */
#include <stdlib.h>
#include <string.h>

#include "directory/directory.h"
#include "directory/statement.h"
#include "wire/envelope.h"

#define NOW UINT64_C(1795500000000)

static void look(const directory *d)
{
    const party_key *key;
    for (size_t i = 0; i < directory_count(d); i++) {
        const party *p = directory_at(d, i);
        if (!p || directory_find(d, &p->oin) != p)
            abort();
        directory_current(d, p, USE_SEAL, NOW, &key, NULL);
        for (size_t k = 0; k < p->key_count; k++)
            directory_by_curve(d, p->keys[k].pk, NOW);
    }
}

static void open_one(bytes raw, const uint8_t *root_pk)
{
    snapshot s;
    sluis_fail f = {0};
    sluis_err e = snapshot_open(&s, raw, root_pk, NOW, &f);
    if (e && (s.dir || f.code != e || !f.where[0] || !f.text[0]))
        abort();
    if (!e)
        look(s.dir);
    snapshot_close(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const uint8_t root_seed[32] = {92}, dir_seed[32] = {91};
    uint8_t sig[SIG_LEN];
    keypair root, dir;
    buffer b;
    Sluis__SignedSnapshot s = SLUIS__SIGNED_SNAPSHOT__INIT;
    if (crypto_start() || keypair_from_seed(&root, USE_ROOT, root_seed, 0) ||
        keypair_from_seed(&dir, USE_DIRECTORY, dir_seed, 0))
        abort();
    open_one(BYTES(data, n), root.pk);
    buffer_init(&b, n + 4096);
    s.snapshot = (ProtobufCBinaryData){n, (uint8_t *)(uintptr_t)data};
    s.signature = (ProtobufCBinaryData){SIG_LEN, sig};
    if (statement_sign(sig, STATEMENT_SNAPSHOT, BYTES(data, n), &dir) || wire_pack(&b, &s.base))
        abort();
    open_one(buffer_bytes(&b), root.pk);
    buffer_close(&b);
    keypair_close(&root);
    keypair_close(&dir);
    return 0;
}

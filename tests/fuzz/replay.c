/* Replays a corpus through one fuzz target, without the fuzzer: each file of the folder, and each of its
 * prefixes at a few lengths. Crashes and sanitizer reports end the program; so does an empty corpus. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define FILE_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* The bytes are in memory of their exact size, so that reading past the end is seen. */
static int run(const uint8_t *data, size_t n)
{
    uint8_t *exact = malloc(n ? n : 1);
    if (!exact)
        return 1;
    for (size_t i = 0; i < n; i++)
        exact[i] = data[i];
    LLVMFuzzerTestOneInput(exact, n);
    free(exact);
    return 0;
}

static int replay(const char *path, uint8_t *data)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return 1;
    size_t n = fread(data, 1, FILE_MAX, f);
    int bad = ferror(f) != 0;
    fclose(f);
    const size_t lengths[] = {n, n / 2, n ? n - 1 : 0, 0};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths && !bad; i++)
        bad = run(data, lengths[i]);
    return bad;
}

int main(int argc, char **argv)
{
    int files = 0, bad = 0;
    char path[4096];
    DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
    uint8_t *data = malloc(FILE_MAX);
    if (!dir || !data) {
        fprintf(stderr, "usage: replay FOLDER\n");
        free(data);
        return 2;
    }
    for (struct dirent *e; (e = readdir(dir));) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", argv[1], e->d_name);
        if (replay(path, data)) {
            fprintf(stderr, "%s: cannot be read\n", path);
            bad++;
        }
        files++;
    }
    closedir(dir);
    free(data);
    printf("%d files replayed\n", files);
    return bad || files == 0;
}

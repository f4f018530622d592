/* SPDX-License-Identifier: MIT */
/* Runs a libFuzzer harness over every file of the directories that are named, without libFuzzer: replay DIRECTORY... */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_LIMIT ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void replay_file(const char *path)
{
        FILE *file = fopen(path, "rb");
        uint8_t *data = malloc(INPUT_LIMIT);
        uint8_t *exact = NULL;
        size_t size;

        if (file == NULL || data == NULL) {
                fprintf(stderr, "%s: %s\n", path, strerror(errno));
                exit(1);
        }
        size = fread(data, 1, INPUT_LIMIT, file);
        /* Memory of just this size: a sanitizer sees the first byte that is read beyond. */
        exact = malloc(size > 0 ? size : 1);
        if (exact == NULL || ferror(file)) {
                fprintf(stderr, "%s: cannot read\n", path);
                exit(1);
        }
        memcpy(exact, data, size);
        (void)LLVMFuzzerTestOneInput(exact, size);
        free(exact);
        free(data);
        (void)fclose(file);
}

static unsigned int replay_dir(const char *directory)
{
        DIR *dir = opendir(directory);
        const struct dirent *entry;
        char path[4096];
        unsigned int n = 0;

        if (dir == NULL) {
                fprintf(stderr, "%s: %s\n", directory, strerror(errno));
                exit(1);
        }
        while ((entry = readdir(dir)) != NULL) {
                if (entry->d_name[0] == '.')
                        continue;
                if (snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name) >= (int)sizeof(path))
                        exit(1);
                replay_file(path);
                n++;
        }
        (void)closedir(dir);
        return n;
}

int main(int argc, char **argv)
{
        unsigned int n = 0;

        for (int i = 1; i < argc; i++)
                n += replay_dir(argv[i]);
        printf("%u inputs replayed\n", n);
        return n == 0; /* an empty corpus tests nothing */
}

/*
 * Stands in for werfault: checks the request, prints "signal=N words=TEXT" to the file FAKE_OUT, and answers that the
 * report is stored. LAST_WORDS is the offset of the last words in the block.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct request {
    char magic[4];
    uint32_t version, pid, tid, signal, deadline_ms;
    uint64_t siginfo, ucontext, block;
    unsigned char id[16];
};

int main(int argc, char **argv)
{
    struct request request;
    struct { uint32_t sequence, length; char bytes[4096]; } words;
    char path[64];
    int memory;
    FILE *out = fopen(getenv("FAKE_OUT"), "a");
    if (argc != 2 || strcmp(argv[1], "--crash") != 0 || out == NULL)
        return 2;
    if (read(3, &request, sizeof(request)) != 64 || memcmp(request.magic, "WERC", 4) != 0)
        return 3;
    snprintf(path, sizeof(path), "/proc/%u/mem", request.pid);
    memory = open(path, O_RDONLY);
    if (pread(memory, &words, sizeof(words), (off_t)(request.block + LAST_WORDS)) != sizeof(words))
        return 4;
    fprintf(out, "signal=%u words=", request.signal);
    for (uint32_t i = 0; i < words.length; i++)
        fprintf(out, words.bytes[i] < ' ' ? "\\x%02x" : "%c", words.bytes[i]);
    fprintf(out, "\n");
    fclose(out);
    return write(4, "s", 1) != 1;
}

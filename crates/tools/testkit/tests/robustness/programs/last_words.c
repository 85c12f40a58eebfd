/* Says words, and ends itself in one of the ways in which glibc says some too.
 *
 *   attach         WerAttachCrashHandler
 *   words TEXT     WerSetLastWords
 *   then one of:   assert, double-free, invalid-free, overwritten, smash, overflow, abort, crash
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wer_linux.h>

static volatile size_t beyond = 32;
static int *volatile nowhere;

static void must(HRESULT result) {
    if (result != S_OK) {
        fprintf(stderr, "answered %08x\n", (unsigned)result);
        exit(1);
    }
}

static void fill(volatile char *bytes, char with) {
    for (size_t at = 0; at < beyond; at++) {
        bytes[at] = with;
    }
}

__attribute__((noinline)) static void smash(void) {
    volatile char local[16];
    fill(local, 'A');
}

static void overflow(const char *text) {
    char *small = malloc(4);
    strcpy(small, text);
    puts(small);
}

static void end(const char *way) {
    char *volatile block = malloc(40);
    if (strcmp(way, "assert") == 0) {
        assert(strlen(way) == 0);
    } else if (strcmp(way, "double-free") == 0) {
        free(block);
        free(block);
    } else if (strcmp(way, "invalid-free") == 0) {
        char *volatile inside = block + 8;
        /* Else what lies before `inside` may be taken for the size of another heap's block. */
        fill(block, 0);
        free(inside);
    } else if (strcmp(way, "overwritten") == 0) {
        /* Two large blocks lie side by side, the size of the second between them. */
        char *volatile first = malloc(2024);
        char *volatile second = malloc(2024);
        beyond = second > first ? (size_t)(second - first) : 0;
        fill(first, 0);
        free(second);
    } else if (strcmp(way, "smash") == 0) {
        smash();
    } else if (strcmp(way, "overflow") == 0) {
        overflow(way);
    } else if (strcmp(way, "abort") == 0) {
        abort();
    } else if (strcmp(way, "crash") == 0) {
        *nowhere = 1;
    }
}

int main(int count, char **words) {
    for (int at = 1; at < count; at++) {
        if (strcmp(words[at], "attach") == 0) {
            must(WerAttachCrashHandler());
        } else if (strcmp(words[at], "words") == 0 && at + 1 < count) {
            must(WerSetLastWords(words[++at]));
        } else {
            end(words[at]);
        }
    }
    return 2;
}

/*
 * A program that wants to be started again: restarts OUT WHAT... Each start writes a line to OUT: working folder, the
 * variable MARK, the limit of descriptors, what its standard input is, then its arguments. Then it does what its words
 * say, one after the other, and crashes with the word "crash".
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <werapi.h>

static const char *out;

static void line(int count, char **words) {
    char folder[512] = "?", input[512] = "?";
    struct rlimit limit = {0, 0};
    const char *mark = getenv("MARK");
    FILE *file = fopen(out, "a");
    int i;
    if (!file) exit(90);
    if (!getcwd(folder, sizeof folder)) exit(91);
    if (readlink("/proc/self/fd/0", input, sizeof input - 1) < 0) exit(92);
    getrlimit(RLIMIT_NOFILE, &limit);
    fprintf(file, "%s %s %lu %s", folder, mark ? mark : "-", (unsigned long)limit.rlim_cur, input);
    for (i = 1; i < count; i++) fprintf(file, " [%s]", words[i]);
    fputs("\n", file);
    fclose(file);
}

static void note(const char *text) {
    FILE *file = fopen(out, "a");
    if (!file) exit(93);
    fprintf(file, "%s\n", text);
    fclose(file);
}

static DWORD WINAPI saves(PVOID parameter) {
    BOOL cancelled = TRUE;
    if (strcmp((const char *)parameter, "parameter") != 0) _exit(94);
    if (ApplicationRecoveryInProgress(&cancelled) != S_OK || cancelled) _exit(95);
    note("saved");
    if (RegisterApplicationRestart(L"OUT --recovered", 0) != S_OK) _exit(96);
    ApplicationRecoveryFinished(TRUE);
    return 0;
}

static DWORD WINAPI crashes(PVOID parameter) {
    (void)parameter;
    note("crashes again");
    abort();
}

/* Only a first start does what follows: the restarted one has been there. */
static int is_first(void) {
    FILE *file = fopen(out, "r");
    int lines = 0, c;
    while (file && (c = fgetc(file)) != EOF) lines += c == '\n';
    if (file) fclose(file);
    return lines == 1;
}

static HRESULT act(const char *word) {
    if (!strcmp(word, "with")) return RegisterApplicationRestart(L"OUT --again \"a b\" \\\"", 0);
    if (!strcmp(word, "own")) return RegisterApplicationRestart(NULL, 0);
    if (!strcmp(word, "no-crash")) return RegisterApplicationRestart(L"OUT", RESTART_NO_CRASH);
    if (!strcmp(word, "saves")) return RegisterApplicationRecoveryCallback(saves, (PVOID) "parameter", 0, 0);
    if (!strcmp(word, "fails")) return RegisterApplicationRecoveryCallback(crashes, NULL, 0, 0);
    if (!strcmp(word, "mark")) return setenv("MARK", "changed", 1) ? E_FAIL : S_OK;
    if (!strcmp(word, "elsewhere")) return chdir("/") ? E_FAIL : S_OK;
    if (!strcmp(word, "if-first")) return is_first() ? S_OK : (exit(0), S_OK);
    if (!strcmp(word, "crash")) {
        if (WerAttachCrashHandler() != S_OK) return E_FAIL;
        *(volatile int *)0 = 0;
    }
    return S_OK;
}

/* The path of OUT is in a variable: the command lines above name it by the letters "OUT" only. */
int main(int count, char **words) {
    int i;
    out = getenv("OUT");
    if (!out) return 97;
    line(count, words);
    for (i = 1; i < count; i++) {
        if (act(words[i]) != S_OK) {
            fprintf(stderr, "%s failed\n", words[i]);
            return 98;
        }
    }
    return 0;
}

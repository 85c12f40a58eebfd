/* The store: three reports in the user's queue, nothing elsewhere. Valid C11 and C++17, with 16- and 32-bit wchar_t. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <werapi.h>

#if __SIZEOF_WCHAR_T__ == 2
#define W(text) L##text
#else
#define W(text) u##text
#endif

#define NO_MORE_FILES HRESULT_FROM_WIN32(ERROR_NO_MORE_FILES)
#define REPORTS 3

static int failures;

static void expect(HRESULT got, HRESULT wanted, int line)
{
    if (got != wanted) {
        printf("line %d: 0x%08X, not 0x%08X\n", line, (unsigned)got, (unsigned)wanted);
        failures++;
    }
}

#define EXPECT(call, wanted) expect((call), (wanted), __LINE__)
#define CHECK(condition) expect(!(condition), 0, __LINE__)
#define OFFSET(type, field, wanted) expect((HRESULT)offsetof(type, field), (wanted), __LINE__)

/* Whether a text is this ASCII one. */
static int is(const WCHAR *text, const char *wanted)
{
    while (*wanted != 0 && *text == (WCHAR)*wanted) {
        text++;
        wanted++;
    }
    return *text == (WCHAR)*wanted;
}

static void layouts(void)
{
    OFFSET(WER_REPORT_PARAMETER, Value, 258);
    OFFSET(WER_REPORT_SIGNATURE, Parameters, 130);
    OFFSET(WER_REPORT_METADATA_V1, BucketId, 7912);
    OFFSET(WER_REPORT_METADATA_V1, ReportId, 7928);
    OFFSET(WER_REPORT_METADATA_V1, CreationTime, 7944);
    OFFSET(WER_REPORT_METADATA_V1, SizeInBytes, 7952);
    OFFSET(WER_REPORT_METADATA_V2, CabId, 7960);
    OFFSET(WER_REPORT_METADATA_V2, ReportStatus, 8480);
    OFFSET(WER_REPORT_METADATA_V2, ReportIntegratorId, 8484);
    OFFSET(WER_REPORT_METADATA_V2, NumberOfFiles, 8500);
    OFFSET(WER_REPORT_METADATA_V2, SizeOfFileNames, 8504);
    OFFSET(WER_REPORT_METADATA_V2, FileNames, 8512);
    OFFSET(WER_REPORT_METADATA_V3, FriendlyEventName, 8520);
    OFFSET(WER_REPORT_METADATA_V3, ApplicationName, 8776);
    OFFSET(WER_REPORT_METADATA_V3, ApplicationPath, 9032);
    OFFSET(WER_REPORT_METADATA_V3, Description, 9552);
    OFFSET(WER_REPORT_METADATA_V3, BucketIdString, 10576);
    OFFSET(WER_REPORT_METADATA_V3, LegacyBucketId, 11096);
}

/* Handles that are none, on every function that takes one. */
static void no_store(HREPORTSTORE store)
{
    static WER_REPORT_METADATA_V3 metadata;
    WER_SUBMIT_RESULT result;
    ULONGLONG size;
    DWORD count;
    PCWSTR key = W("x");

    EXPECT(WerStoreGetFirstReportKey(store, &key), E_INVALIDARG);
    CHECK(key == NULL);
    EXPECT(WerStoreGetNextReportKey(store, &key), E_INVALIDARG);
    EXPECT(WerStoreQueryReportMetadataV1(store, W("key"), (PWER_REPORT_METADATA_V1)&metadata), E_INVALIDARG);
    EXPECT(WerStoreQueryReportMetadataV2(store, W("key"), (PWER_REPORT_METADATA_V2)&metadata), E_INVALIDARG);
    EXPECT(WerStoreQueryReportMetadataV3(store, W("key"), &metadata), E_INVALIDARG);
    EXPECT(WerStoreUploadReport(store, W("key"), 0, &result), E_INVALIDARG);
    EXPECT(WerStoreGetReportCount(store, &count), E_INVALIDARG);
    EXPECT(WerStoreGetSizeOnDisk(store, &size), E_INVALIDARG);
    WerStoreClose(store);
}

static void handles(void)
{
    HREPORTSTORE store = NULL, closed;
    HREPORT report;

    EXPECT(WerStoreOpen(E_STORE_USER_QUEUE, NULL), E_INVALIDARG);
    store = (HREPORTSTORE)&failures;
    EXPECT(WerStoreOpen(E_STORE_INVALID, &store), E_INVALIDARG);
    CHECK(store == NULL);
    EXPECT(WerStoreOpen(E_STORE_USER_QUEUE, &closed), S_OK);
    WerStoreClose(closed);
    EXPECT(WerReportCreate(W("Event"), WerReportNonCritical, NULL, &report), S_OK);
    no_store(NULL);
    no_store(closed);
    no_store(report);
    no_store((HREPORTSTORE)&failures);
    no_store((HREPORTSTORE)(LONG_PTR)-1);
    EXPECT(WerReportCloseHandle(report), S_OK);
}

/* Every byte of a folder's path is ASCII here. */
static int has_report(PCWSTR key)
{
    char path[4096];
    size_t i;
    FILE *file;
    for (i = 0; key[i] != 0 && i < sizeof(path) - 16; i++)
        path[i] = (char)key[i];
    memcpy(path + i, "/Report.wer", 12);
    file = fopen(path, "rb");
    if (file == NULL)
        return 0;
    fclose(file);
    return 1;
}

static void empty(REPORT_STORE_TYPES type)
{
    HREPORTSTORE store;
    PCWSTR key;
    DWORD count = 7;
    ULONGLONG size = 7;
    EXPECT(WerStoreOpen(type, &store), S_OK);
    EXPECT(WerStoreGetFirstReportKey(store, &key), NO_MORE_FILES);
    CHECK(key == NULL);
    EXPECT(WerStoreGetNextReportKey(store, &key), NO_MORE_FILES);
    EXPECT(WerStoreGetReportCount(store, &count), S_OK);
    EXPECT(WerStoreGetSizeOnDisk(store, &size), S_OK);
    CHECK(count == 0 && size == 0);
    WerStoreClose(store);
}

static void metadata(HREPORTSTORE store, PCWSTR key)
{
    static WER_REPORT_METADATA_V3 v3;
    static const WCHAR unpaired[] = {0xD800, 0};
    WER_REPORT_METADATA_V1 *v1 = (WER_REPORT_METADATA_V1 *)malloc(sizeof(*v1));
    WER_REPORT_METADATA_V2 *v2 = (WER_REPORT_METADATA_V2 *)calloc(1, sizeof(*v2));
    WCHAR *names;
    DWORD size;

    EXPECT(WerStoreQueryReportMetadataV1(store, NULL, v1), E_INVALIDARG);
    EXPECT(WerStoreQueryReportMetadataV1(store, key, NULL), E_INVALIDARG);
    EXPECT(WerStoreQueryReportMetadataV1(store, W(""), v1), E_INVALIDARG);
    EXPECT(WerStoreQueryReportMetadataV1(store, W(".."), v1), E_INVALIDARG);
    EXPECT(WerStoreQueryReportMetadataV1(store, unpaired, v1), E_INVALIDARG);
    EXPECT(WerStoreQueryReportMetadataV1(store, W("nothing"), v1), WER_E_NOT_FOUND);
    EXPECT(WerStoreQueryReportMetadataV1(store, key, v1), S_OK);
    CHECK(is(v1->Signature.EventName, "MyEvent"));
    CHECK(is(v1->Signature.Parameters[0].Name, "First") && is(v1->Signature.Parameters[0].Value, "one"));
    CHECK(v1->Signature.Parameters[1].Name[0] == 0);
    CHECK(v1->ReportId.Data1 >= 1 && v1->ReportId.Data1 <= REPORTS && v1->ReportId.Data3 == 0x4000);
    CHECK(v1->CreationTime.dwHighDateTime == (DWORD)(132000000000000000ull >> 32));
    CHECK(v1->SizeInBytes > 6);

    EXPECT(WerStoreQueryReportMetadataV2(store, key, v2), WER_E_INSUFFICIENT_BUFFER);
    CHECK(v2->NumberOfFiles == 2 && v2->FileNames == NULL && v2->SizeInBytes == v1->SizeInBytes);
    size = v2->SizeOfFileNames;
    CHECK(size == 2 * (sizeof("Report.wer") + sizeof("a.log") + 1));
    /* As few bytes as one of Windows' pages says, and no more: under a sanitizer or not, nothing behind is written. */
    names = (WCHAR *)malloc(size + 2);
    memset(names, 0x77, size + 2);
    v2->FileNames = names;
    v2->SizeOfFileNames = size - 1;
    EXPECT(WerStoreQueryReportMetadataV2(store, key, v2), WER_E_INSUFFICIENT_BUFFER);
    CHECK(v2->SizeOfFileNames == size && names[0] == 0x7777);
    EXPECT(WerStoreQueryReportMetadataV2(store, key, v2), S_OK);
    CHECK(v2->FileNames == names && v2->SizeOfFileNames == size && names[size / 2] == 0x7777);
    CHECK(is(names, "Report.wer") && is(names + 11, "a.log") && names[17] == 0);
    CHECK(memcmp(&v2->ReportIntegratorId, &v1->ReportId, sizeof(GUID)) == 0 && v2->CabId[0] == 0);
    CHECK(v2->ReportStatus == 4);

    v3.FileNames = names;
    v3.SizeOfFileNames = size;
    EXPECT(WerStoreQueryReportMetadataV3(store, key, &v3), S_OK);
    CHECK(is(v3.FriendlyEventName, "Stopped") && is(v3.ApplicationName, "game"));
    CHECK(is(v3.ApplicationPath, "/bin/game") && v3.LegacyBucketId == 0 && v3.BucketIdString[40] == 0);
    free(names);
    free(v1);
    free(v2);
}

static void submission(HREPORTSTORE store, PCWSTR key)
{
    WER_SUBMIT_RESULT result = WerReportFailed;
    EXPECT(WerStoreUploadReport(store, NULL, 0, &result), E_INVALIDARG);
    EXPECT(WerStoreUploadReport(store, key, 0x10000, &result), E_INVALIDARG);
    EXPECT(WerStoreUploadReport(store, W("nothing"), 0, &result), WER_E_NOT_FOUND);
    CHECK(result == WerReportFailed);
    /* Nobody has consented. */
    EXPECT(WerStoreUploadReport(store, key, WER_SUBMIT_OUTOFPROCESS, &result), S_OK);
    CHECK(result == WerReportQueued);
    EXPECT(WerStoreUploadReport(store, key, 0, NULL), S_OK);
}

static void walk(void)
{
    HREPORTSTORE store;
    PCWSTR keys[REPORTS], key;
    DWORD count = 0;
    ULONGLONG size = 0;
    int i;

    EXPECT(WerStoreOpen(E_STORE_USER_QUEUE, &store), S_OK);
    EXPECT(WerStoreGetReportCount(store, &count), S_OK);
    EXPECT(WerStoreGetSizeOnDisk(store, &size), S_OK);
    CHECK(count == REPORTS && size > 0);
    EXPECT(WerStoreGetReportCount(store, NULL), E_INVALIDARG);
    EXPECT(WerStoreGetSizeOnDisk(store, NULL), E_INVALIDARG);
    EXPECT(WerStoreGetFirstReportKey(store, NULL), E_INVALIDARG);
    EXPECT(WerStoreGetNextReportKey(store, NULL), E_INVALIDARG);
    EXPECT(WerStoreGetFirstReportKey(store, &keys[0]), S_OK);
    for (i = 1; i < REPORTS; i++)
        EXPECT(WerStoreGetNextReportKey(store, &keys[i]), S_OK);
    EXPECT(WerStoreGetNextReportKey(store, &key), NO_MORE_FILES);
    CHECK(key == NULL);
    if (failures != 0)
        return;
    for (i = 0; i < REPORTS; i++)
        CHECK(has_report(keys[i]));
    metadata(store, keys[0]);
    submission(store, keys[1]);
    WerStoreClose(store);
    WerStoreClose(store);
    for (i = 0; i < REPORTS; i++)
        WerFreeString(keys[i]);
    WerFreeString(keys[0]);
    WerFreeString(NULL);
    WerFreeString(W("not a key"));
}

struct sharer {
    HREPORTSTORE store;
    int told;
    pthread_t thread;
};

static void *share(void *argument)
{
    struct sharer *sharer = (struct sharer *)argument;
    PCWSTR key;
    while (WerStoreGetNextReportKey(sharer->store, &key) == S_OK) {
        WerFreeString(key);
        sharer->told++;
    }
    return NULL;
}

/* Two threads go through one store: each key is told once. */
static void sharing(void)
{
    struct sharer sharers[2];
    HREPORTSTORE store;
    PCWSTR key;
    int i;

    EXPECT(WerStoreOpen(E_STORE_USER_QUEUE, &store), S_OK);
    EXPECT(WerStoreGetFirstReportKey(store, &key), S_OK);
    WerFreeString(key);
    for (i = 0; i < 2; i++) {
        sharers[i].store = store;
        sharers[i].told = 0;
        pthread_create(&sharers[i].thread, NULL, share, &sharers[i]);
    }
    for (i = 0; i < 2; i++)
        pthread_join(sharers[i].thread, NULL);
    CHECK(sharers[0].told + sharers[1].told == REPORTS - 1);
    WerStoreClose(store);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "open") == 0) {
        HREPORTSTORE store;
        printf("0x%08X\n", (unsigned)WerStoreOpen(E_STORE_USER_QUEUE, &store));
        return 0;
    }
    layouts();
    handles();
    empty(E_STORE_USER_ARCHIVE);
    empty(E_STORE_MACHINE_ARCHIVE);
    empty(E_STORE_MACHINE_QUEUE);
    walk();
    sharing();
    EXPECT(WerStorePurge(), S_OK);
    empty(E_STORE_USER_QUEUE);
    EXPECT(WerStorePurge(), S_OK);
    return failures != 0;
}

/*
 * An application in C++17 that says what should be known about it after a crash, and then crashes. Without -fshort-wchar:
 * WCHAR is char16_t.
 *
 * usage: app FILE        FILE joins the report
 */
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>
#include <werapi.h>

namespace {

void check(const char *call, HRESULT result)
{
    if (FAILED(result)) {
        char text[64];
        std::snprintf(text, sizeof text, "%s failed: 0x%08X", call, static_cast<unsigned>(result));
        throw std::runtime_error(text);
    }
}

/* Memory that reports hold, for as long as this lives. */
class ReportedMemory {
public:
    explicit ReportedMemory(std::size_t bytes) : bytes_(bytes)
    {
        check("WerRegisterMemoryBlock", WerRegisterMemoryBlock(bytes_.data(), static_cast<DWORD>(bytes_.size())));
    }
    ~ReportedMemory() { WerUnregisterMemoryBlock(bytes_.data()); }
    ReportedMemory(const ReportedMemory &) = delete;
    ReportedMemory &operator=(const ReportedMemory &) = delete;

    /* The newest line, after those before it, as far as there is room. */
    void append(std::string_view line)
    {
        length_ += line.copy(bytes_.data() + length_, bytes_.size() - length_);
    }

private:
    std::vector<char> bytes_;
    std::size_t length_ = 0;
};

/* A file that joins reports when the server asks for more. */
class ReportedFile {
public:
    explicit ReportedFile(const std::filesystem::path &path) : path_(std::filesystem::absolute(path).u16string())
    {
        check("WerRegisterFile", WerRegisterFile(path_.c_str(), WerRegFileTypeOther, WER_FILE_ANONYMOUS_DATA));
    }
    ~ReportedFile() { WerUnregisterFile(path_.c_str()); }
    ReportedFile(const ReportedFile &) = delete;
    ReportedFile &operator=(const ReportedFile &) = delete;

private:
    std::u16string path_;
};

struct Document {
    int pages;
};

__attribute__((noinline)) void save(volatile Document *document)
{
    document->pages = 1;
}

} // namespace

int main(int argc, char **argv)
try {
    if (argc != 2) {
        std::fprintf(stderr, "usage: %s FILE\n", argv[0]);
        return 2;
    }
    /* Printable ASCII; paths and last words may be any text. */
    const std::u16string channel = u"sample";
    check("WerRegisterCustomMetadata", WerRegisterCustomMetadata(u"Channel", channel.c_str()));
    ReportedFile settings(argv[1]);
    ReportedMemory log(4096);
    log.append("12:00:00 started\n");
    check("WerAttachCrashHandler", WerAttachCrashHandler());
    log.append("12:00:02 saving\n");
    save(nullptr);
    return 0;
} catch (const std::exception &error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}

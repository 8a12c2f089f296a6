#include "data/fetch/test_archive.h"

#include <archive.h>
#include <archive_entry.h>

#include <memory>

#include "third_party/logging/logging.h"

namespace sid {
namespace {

void WriteEntry(struct archive* writer, const TestEntry& test_entry) {
  const std::unique_ptr<struct archive_entry, decltype(&archive_entry_free)> entry(archive_entry_new(),
                                                                                   archive_entry_free);
  archive_entry_set_pathname(entry.get(), test_entry.path.c_str());
  archive_entry_set_filetype(entry.get(), test_entry.path.back() == '/' ? AE_IFDIR : AE_IFREG);
  archive_entry_set_perm(entry.get(), 0400);
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(test_entry.bytes.size()));
  if (!test_entry.symlink.empty()) {
    archive_entry_set_filetype(entry.get(), AE_IFLNK);
    archive_entry_set_symlink(entry.get(), test_entry.symlink.c_str());
  }
  if (!test_entry.hardlink.empty()) archive_entry_set_hardlink(entry.get(), test_entry.hardlink.c_str());
  CHECK_EQ(archive_write_header(writer, entry.get()), ARCHIVE_OK) << archive_error_string(writer);
  CHECK_EQ(archive_write_data(writer, test_entry.bytes.data(), test_entry.bytes.size()),
           static_cast<la_ssize_t>(test_entry.bytes.size()));
}

}  // namespace

void WriteTestArchive(const std::string& path, ArchiveFormat format, const std::vector<TestEntry>& entries) {
  const std::unique_ptr<struct archive, decltype(&archive_write_free)> writer(archive_write_new(), archive_write_free);
  if (format == ArchiveFormat::kTarGz) {
    archive_write_add_filter_gzip(writer.get());
    archive_write_set_format_ustar(writer.get());
  } else {
    archive_write_set_format_zip(writer.get());
  }
  CHECK_EQ(archive_write_open_filename(writer.get(), path.c_str()), ARCHIVE_OK);
  for (const TestEntry& entry : entries) WriteEntry(writer.get(), entry);
  CHECK_EQ(archive_write_close(writer.get()), ARCHIVE_OK);
}

}  // namespace sid

#include "data/formats/recognise.h"

#include <cctype>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace sid {
namespace {

struct Format {
  size_t offset;
  std::string_view magic;
  const char* name;
};

// Longer magic before shorter ones that could be theirs by chance.
constexpr Format kFormats[] = {
    {0, "\x89PNG\r\n", "a PNG image"},
    {0, "\xff\xd8\xff", "a JPEG image"},
    {0, "GIF8", "a GIF image"},
    {8, "WEBP", "a WebP image"},
    {4, "ftyp", "an AVIF or HEIC image or a film"},
    {0, std::string_view("II*\0", 4), "a TIFF image"},
    {0, std::string_view("MM\0*", 4), "a TIFF image"},
    {0, "\x1f\x8b", "a gzip file"},
    {0, "\x1f\x9d", "a file of compress (.Z)"},
    {0, "PK\x03\x04", "a zip archive"},
    {0, "7z\xbc\xaf\x27\x1c", "a 7-Zip archive"},
    {0, "Rar!", "a RAR archive"},
    {0,
     std::string_view("\xfd"
                      "7zXZ",
                      5),
     "an xz file"},
    {0, "BZh", "a bzip2 file"},
    {0, "\x28\xb5\x2f\xfd", "a Zstandard file"},
    {257, "ustar", "a tar archive"},
    {0, "\x93NUMPY", "an array of NumPy"},
    {0, "\x89HDF", "an HDF5 file"},
    {0, "PAR1", "a Parquet file"},
    {0, "\x80\x02", "a pickle of Python"},
    {0, "\x80\x03", "a pickle of Python"},
    {0, "\x80\x04", "a pickle of Python"},
    {0, std::string_view("\0\x05\x16\x07", 4), "what macOS keeps beside a file"},
    {0, "version https://git-lfs", "a Git LFS pointer, not the file"},
    {0, "%PDF", "a PDF"},
    {0, "BM", "a BMP image"},
};

}  // namespace

std::string RecogniseFormat(std::string_view bytes) {
  for (const Format& format : kFormats) {
    if (bytes.size() >= format.offset && bytes.substr(format.offset, format.magic.size()) == format.magic)
      return format.name;
  }
  while (!bytes.empty() && std::isspace(static_cast<unsigned char>(bytes[0])) != 0) bytes.remove_prefix(1);
  const absl::string_view start(bytes.data(), bytes.size());
  const bool page = absl::StartsWithIgnoreCase(start, "<!doctype html") || absl::StartsWithIgnoreCase(start, "<html");
  return page ? "an HTML page, perhaps a server's message" : "";
}

std::string ItIs(std::string_view bytes) {
  const std::string format = RecogniseFormat(bytes);
  return format.empty() ? "" : absl::StrCat(" (it is ", format, ")");
}

}  // namespace sid

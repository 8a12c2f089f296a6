#include "data/formats/image_cache.h"

#include <ATen/ops/empty.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

struct Header {
  char magic[8] = {'S', 'I', 'D', 'I', 'M', 'G', 'v', '1'};
  uint64_t fingerprint = 0;
  int64_t sizes[4] = {};
  uint64_t checksum = 0;  // CRC-32 of the pixels
  uint64_t unused = 0;
};
static_assert(sizeof(Header) == 64, "pixels start at a cache line");

int64_t FileBytes(at::IntArrayRef sizes) {
  CHECK_EQ(sizes.size(), size_t{4});
  return static_cast<int64_t>(sizeof(Header)) + sizes[0] * sizes[1] * sizes[2] * sizes[3];
}

Header MakeHeader(uint64_t fingerprint, const at::Tensor& images) {
  Header header;
  header.fingerprint = fingerprint;
  std::copy(images.sizes().begin(), images.sizes().end(), header.sizes);
  header.checksum = crc32_z(0, images.data_ptr<uint8_t>(), images.numel());
  return header;
}

absl::Status Unfit(const std::string& path, const std::string& why) {
  return absl::FailedPreconditionError(absl::StrCat(path, " ", why));
}

}  // namespace

absl::StatusOr<at::Tensor> ReadImageCache(const std::string& path, uint64_t fingerprint, at::IntArrayRef sizes) {
  std::error_code error;
  const auto found = std::filesystem::file_size(path, error);
  if (error == std::errc::no_such_file_or_directory) return absl::NotFoundError(absl::StrCat("there is no ", path));
  if (error) return Unfit(path, absl::StrCat("cannot be read: ", error.message()));
  if (static_cast<int64_t>(found) != FileBytes(sizes))
    return Unfit(path, absl::StrCat("has ", found, " bytes, expected ", FileBytes(sizes)));
  std::ifstream file(path, std::ios::binary);
  Header header;
  file.read(reinterpret_cast<char*>(&header), sizeof(header));
  if (!file || std::memcmp(header.magic, Header().magic, sizeof(header.magic)) != 0)
    return Unfit(path, "has another format");
  if (header.fingerprint != fingerprint) return Unfit(path, "is of another state of the source");
  const at::Tensor images = at::empty(sizes, at::kByte);
  file.read(reinterpret_cast<char*>(images.data_ptr<uint8_t>()), images.numel());
  if (!file) return Unfit(path, "cannot be read");
  const Header expected = MakeHeader(fingerprint, images);
  if (std::memcmp(&header, &expected, sizeof(header)) != 0) return Unfit(path, "is damaged: its checksum is wrong");
  return images;
}

absl::Status WriteImageCache(const std::string& path, uint64_t fingerprint, const at::Tensor& images) {
  CHECK(images.is_contiguous() && images.scalar_type() == at::kByte);
  const Header header = MakeHeader(fingerprint, images);
  return WriteFileAtomically(path, {std::string_view(reinterpret_cast<const char*>(&header), sizeof(header)),
                                    std::string_view(reinterpret_cast<const char*>(images.data_ptr<uint8_t>()),
                                                     static_cast<size_t>(images.numel()))});
}

}  // namespace sid

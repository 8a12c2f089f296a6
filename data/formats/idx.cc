#include "data/formats/idx.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status.h"
#include "data/formats/gunzip.h"
#include "data/formats/recognise.h"

namespace sid {
namespace {

constexpr uint32_t kUnsignedBytes = 0x0800;        // of the magic; its last byte is the number of dimensions
constexpr int64_t kMostValues = int64_t{1} << 31;  // far more than any set of this format; keeps products in range

uint32_t BigEndian(const char* bytes) {
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

absl::Status Damaged(const std::string& where, const std::string& what) {
  return absl::DataLossError(absl::StrCat(where, ": ", what, "; delete the file and get it again"));
}

absl::Status WrongSize(const std::string& where, const std::vector<int64_t>& sizes, int64_t expected,
                       const std::string& found, bool truncated) {
  return Damaged(
      where, absl::StrCat("is ", truncated ? "truncated" : "overlong", ": its header promises ",
                          absl::StrJoin(sizes, " x "), " values, ", expected, " bytes with the header, found ", found));
}

// The dimensions that the header gives. `bytes` may end anywhere after it.
absl::StatusOr<std::vector<int64_t>> ParseHeader(const std::string& bytes, size_t dimensions,
                                                 const std::string& where) {
  if (bytes.size() < 4 * (dimensions + 1)) {
    return Damaged(where, absl::StrCat("is truncated: expected a header of ", 4 * (dimensions + 1), " bytes, found ",
                                       bytes.size()));
  }
  const uint32_t magic = BigEndian(bytes.data());
  if (magic != (kUnsignedBytes | dimensions)) {
    return Damaged(where,
                   absl::StrCat("has magic number ", magic, ItIs(bytes), ", expected ", kUnsignedBytes | dimensions,
                                " (idx, unsigned bytes, dimensions: ", dimensions, ")"));
  }
  std::vector<int64_t> sizes;
  int64_t values = 1;
  for (size_t i = 1; i <= dimensions; ++i) {
    sizes.push_back(BigEndian(bytes.data() + 4 * i));
    if (sizes.back() == 0 || sizes.back() > kMostValues / values) {
      return Damaged(where, absl::StrCat("promises ", absl::StrJoin(sizes, " x "),
                                         " values in its header, expected 1 to ", kMostValues));
    }
    values *= sizes.back();
  }
  return sizes;
}

int64_t TotalBytes(const std::vector<int64_t>& sizes) {
  int64_t values = 1;
  for (const int64_t size : sizes) values *= size;
  return values + 4 * (static_cast<int64_t>(sizes.size()) + 1);
}

// Header and values, inflated where needed, with as many values as the header in them promises (`sizes`).
absl::StatusOr<std::string> Unpack(std::string bytes, size_t dimensions, const std::string& where,
                                   std::vector<int64_t>* sizes) {
  const bool gzipped = IsGzip(bytes);
  std::string header = bytes.substr(0, 4 * (dimensions + 1));
  if (gzipped) {
    SID_ASSIGN_OR_RETURN(header, Gunzip(bytes, header.size(), where));
  }
  SID_ASSIGN_OR_RETURN(*sizes, ParseHeader(header, dimensions, where));
  const int64_t expected = TotalBytes(*sizes);
  if (gzipped) {
    if (expected > MostGunzipped(bytes.size())) {
      return WrongSize(where, *sizes, expected, absl::StrCat(bytes.size(), " gzipped bytes"), /*truncated=*/true);
    }
    // One byte more than promised tells an overlong stream from a right one.
    SID_ASSIGN_OR_RETURN(bytes, Gunzip(bytes, expected + 1, where));
  }
  const int64_t found = static_cast<int64_t>(bytes.size());
  if (found == expected) return bytes;
  return WrongSize(where, *sizes, expected, found > expected && gzipped ? "more" : absl::StrCat(found),
                   found < expected);
}

// A uint8 tensor on the values in `bytes`, which it keeps alive.
at::Tensor View(std::string bytes, const std::vector<int64_t>& sizes) {
  const auto owner = std::make_shared<std::string>(std::move(bytes));
  return at::from_blob(
      owner->data() + 4 * (sizes.size() + 1), sizes, [owner](void*) {}, at::kByte);
}

}  // namespace

absl::StatusOr<at::Tensor> ParseIdxImages(std::string bytes, const std::string& where) {
  std::vector<int64_t> sizes;
  SID_ASSIGN_OR_RETURN(std::string unpacked, Unpack(std::move(bytes), 3, where, &sizes));
  return View(std::move(unpacked), sizes).unsqueeze(1);
}

absl::StatusOr<at::Tensor> ParseIdxLabels(std::string bytes, const std::string& where, int64_t classes) {
  std::vector<int64_t> sizes;
  SID_ASSIGN_OR_RETURN(const std::string unpacked, Unpack(std::move(bytes), 1, where, &sizes));
  const at::Tensor labels = at::empty({sizes[0]}, at::kLong);
  int64_t* const values = labels.data_ptr<int64_t>();
  for (int64_t example = 0; example < sizes[0]; ++example) {
    values[example] = static_cast<uint8_t>(unpacked[8 + example]);
    if (values[example] >= classes) {
      return Damaged(where, absl::StrCat("example ", example, " has label ", values[example],
                                         ", but labels go from 0 to ", classes - 1));
    }
  }
  return labels;
}

}  // namespace sid

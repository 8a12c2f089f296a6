#include "base/safetensors/safetensors.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <bit>
#include <set>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/safetensors/safetensors_header.h"
#include "base/status.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian, and bytes are copied as such");

// As Python's reader: no true header is longer, and a damaged length must not make us allocate.
constexpr uint64_t kLongestHeader = 100'000'000;

std::string_view Bytes(const at::Tensor& tensor) {
  return {static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes()};
}

absl::Status CheckNamesAndTypes(const std::string& path, const std::vector<NamedTensor>& tensors) {
  std::set<std::string> names = {"__metadata__"};
  for (const NamedTensor& named : tensors) {
    CHECK(named.tensor.defined()) << named.name;
    if (!names.insert(named.name).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("cannot write ", path, ": the name '", named.name, "' is taken; rename one of the tensors"));
    }
    const absl::Status type = CheckSafetensorsType(named.tensor.scalar_type());
    if (!type.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("cannot write ", path, ": tensor '", named.name, "': ", type.message(), "; convert it first"));
    }
  }
  return absl::OkStatus();
}

// A bool that is neither 0 nor 1 is undefined behaviour as soon as it is read.
bool HoldsOnlyBools(const at::Tensor& tensor) {
  const std::string_view bytes = Bytes(tensor);
  return std::all_of(bytes.begin(), bytes.end(), [](char byte) { return byte == 0 || byte == 1; });
}

// Each tensor's bytes are read to their place.
absl::StatusOr<SafetensorsFile> Load(FileReader& file) {
  const uint64_t size = file.size();
  uint64_t length = 0;
  if (size < sizeof(length)) return absl::DataLossError(absl::StrCat("it has only ", size, " bytes"));
  SID_RETURN_IF_ERROR(file.Read(&length, sizeof(length)));
  if (length > kLongestHeader || length > size - sizeof(length)) {
    return absl::DataLossError(absl::StrCat("a header of ", length, " bytes is no part of ", size, " bytes"));
  }
  std::string text(length, ' ');
  SID_RETURN_IF_ERROR(file.Read(text.data(), length));
  SID_ASSIGN_OR_RETURN(SafetensorsHeader header, ParseSafetensorsHeader(text, size - sizeof(length) - length));
  SafetensorsFile loaded = {.metadata = std::move(header.metadata)};
  for (SafetensorsEntry& entry : header.entries) {
    const at::Tensor tensor = at::empty(entry.shape, entry.type);
    SID_RETURN_IF_ERROR(file.Read(tensor.mutable_data_ptr(), tensor.nbytes()));
    if (entry.type == at::kBool && !HoldsOnlyBools(tensor))
      return absl::DataLossError("a tensor of type BOOL holds bytes other than 0 and 1");
    loaded.tensors.push_back({std::move(entry.name), tensor});
  }
  return loaded;
}

}  // namespace

absl::Status SaveSafetensors(const std::string& path, const std::vector<NamedTensor>& tensors,
                             const std::map<std::string, std::string>& metadata) {
  SID_RETURN_IF_ERROR(CheckNamesAndTypes(path, tensors));
  std::vector<NamedTensor> ordered;
  ordered.reserve(tensors.size());
  for (const NamedTensor& named : tensors) ordered.push_back({named.name, named.tensor.detach().cpu().contiguous()});
  std::stable_sort(ordered.begin(), ordered.end(), [](const NamedTensor& a, const NamedTensor& b) {
    return a.tensor.element_size() > b.tensor.element_size();
  });
  SafetensorsHeader header = {.metadata = metadata};
  uint64_t begin = 0;
  for (const NamedTensor& named : ordered) {
    const at::Tensor& tensor = named.tensor;
    header.entries.push_back({named.name, tensor.scalar_type(), tensor.sizes().vec(), begin, begin + tensor.nbytes()});
    begin += tensor.nbytes();
  }
  const std::string text = WriteSafetensorsHeader(header);
  const uint64_t length = text.size();
  // In parts, as they lie in memory: no second copy of the weights.
  std::vector<std::string_view> parts = {{reinterpret_cast<const char*>(&length), sizeof(length)}, text};
  for (const NamedTensor& named : ordered) parts.push_back(Bytes(named.tensor));
  return WriteFileAtomically(path, parts);
}

absl::StatusOr<SafetensorsFile> LoadSafetensors(const std::string& path) {
  SID_ASSIGN_OR_RETURN(FileReader file, FileReader::Open(path));
  absl::StatusOr<SafetensorsFile> loaded = Load(file);
  if (loaded.ok()) return loaded;
  return absl::DataLossError(absl::StrCat(path, " is no whole safetensors file: ", loaded.status().message(),
                                          "; it is damaged or of another format"));
}

}  // namespace sid

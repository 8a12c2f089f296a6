#include "data/fingerprint.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/checksum.h"

namespace sid {

std::string Fingerprint(const Dataset& dataset) {
  Sha256 checksum;
  for (const Examples* part : {&dataset.train, &dataset.validation, &dataset.test}) {
    checksum.AddText(absl::StrCat(part->size()));
    if (part->size() == 0) continue;
    checksum.AddText(absl::StrJoin(part->images.sizes(), " "));
    for (const at::Tensor& tensor : {part->images.contiguous(), part->labels.contiguous()})
      checksum.Add({static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes()});
  }
  return checksum.Hex();
}

}  // namespace sid

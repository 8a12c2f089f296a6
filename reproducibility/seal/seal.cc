#include "reproducibility/seal/seal.h"

#include <openssl/evp.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/json/write.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

constexpr char kKey[] = "sha256";

std::string SealOf(nlohmann::json document) {
  document.erase(kKey);
  return CanonicalSha256(document);
}

}  // namespace

std::string Sha256(std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  CHECK_EQ(EVP_Digest(text.data(), text.size(), digest, &length, EVP_sha256(), nullptr), 1);
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest), length));
}

std::string CanonicalSha256(const nlohmann::json& document) { return Sha256(ToText(document)); }

void Seal(nlohmann::ordered_json& document) { document[kKey] = SealOf(document); }

absl::Status CheckSeal(const nlohmann::ordered_json& document, const std::string& path) {
  const bool sealed = document.is_object() && document.contains(kKey);
  if (sealed && document.at(kKey) == SealOf(document)) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(path,
                                          sealed ? " was changed after it was written: its checksum does not fit"
                                                 : " has no checksum: it was written by another program",
                                          "; remove it to run it again"));
}

}  // namespace sid

#include "base/checksum.h"

#include <openssl/evp.h>

#include "absl/strings/escaping.h"
#include "third_party/logging/logging.h"

namespace sid {

Sha256::Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
  CHECK_EQ(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr), 1) << "this machine's OpenSSL has no SHA-256";
}

void Sha256::Add(std::string_view bytes) { CHECK_EQ(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()), 1); }

void Sha256::AddText(std::string_view text) {
  const uint64_t size = text.size();
  Add({reinterpret_cast<const char*>(&size), sizeof(size)});
  Add(text);
}

std::string Sha256::Hex() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  CHECK_EQ(EVP_DigestFinal_ex(context_.get(), digest, &length), 1);
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest), length));
}

std::string Sha256Of(std::string_view bytes) {
  Sha256 checksum;
  checksum.Add(bytes);
  return checksum.Hex();
}

}  // namespace sid
